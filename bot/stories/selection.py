"""Which stories an edition takes: pure, and every article has its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from bot.model import Article, Phrase, Rejection, Selected, Story, plural
from bot.settings import SelectionTable, parse_window
from bot.stories.copies import Identity, identity, retold, stories_of
from bot.stories.events import events_of, likeness, weighed
from bot.stories.once import Once
from bot.stories.ranking import Chosen, Ranked, choose, picked, rank, section_name
from bot.stories.rules import Circumstances, refusal
from bot.stories.updates import Follows, updates

__all__ = ["Circumstances", "select"]


def select(articles: Sequence[Article], rules: SelectionTable, circumstances: Circumstances) -> Selected:
    """The stories to take, best first, and each other article with the rule that left it out.

    Every article is the lead of one pick or stands in one rejection. What a picked story holds in its ``others`` is
    rejected too, naming its lead (rule ``copy`` for the same text, ``same-event`` for other words). ``skip`` and
    ``hold`` leave the picks in, so that an editor sees what it was about. Neither depends on the order of
    ``articles``.
    """
    ordered = sorted(articles, key=lambda each: (-each.published.timestamp(), each.source, each.guid, each.id))
    new: list[Article] = []
    rejections: list[Rejection] = []
    for article in ordered:
        refused = refusal(article, rules, circumstances)
        if refused:
            rejections.append(Rejection(article, *refused))
        else:
            new.append(article)
    told, once = [each for each in ordered if _is_taken(each, circumstances)], Once()
    fresh: list[Article] = []
    for article, earlier in zip(new, retold(new, told, circumstances.sent, once), strict=True):
        if earlier:
            reason = Phrase("A copy of “%(title)s”, which another edition of this schedule took.", title=_name(earlier))
            rejections.append(Rejection(article, "copy", reason))
        else:
            fresh.append(article)
    known = updates(fresh, told, circumstances.vocabulary, circumstances.site, once)
    follows = {identity(each): found for each, found in zip(fresh, known, strict=True) if found}
    rejections += [_told(each, follows[identity(each)]) for each in fresh if _is_told(each, follows)]
    copied = stories_of([each for each in fresh if not _is_told(each, follows)], circumstances.site, once)
    stories = events_of(copied, circumstances.vocabulary, circumstances.site, once)
    followed = {found for found, what in follows.items() if not what.own}
    ranked = rank(stories, circumstances.now, rules, followed)
    chosen = choose(ranked, rules, _likeness(stories, circumstances, once))
    rejections += _left_out(ranked, chosen, rules, {identity(each.lead): each for each in copied})
    skip = _skip(len(ranked), rules, circumstances)
    return Selected(
        picks=tuple(picked(each, circumstances.now, _followed(each.story, follows)) for each in chosen.stories),
        rejections=tuple(rejections),
        skip=skip,
        hold="" if skip else _hold(len(new), rules),
    )


def _is_taken(article: Article, around: Circumstances) -> bool:
    # The edition that holds a withdrawn article drops it: then its copy, as of a site that moved, is the one to take.
    return article.id in around.consumed or (article.id in around.reserved and not article.withdrawn)


def _is_told(article: Article, follows: Mapping[Identity, Follows]) -> bool:
    found = follows.get(identity(article))
    return found is not None and found.told


def _told(article: Article, found: Follows) -> Rejection:
    reason = Phrase(
        "Tells in other words what “%(title)s” told, which another edition of this schedule took.",
        title=_name(found.earlier),
    )
    return Rejection(article, "told-before", reason)


def _followed(story: Story, follows: Mapping[Identity, Follows]) -> str:
    found = follows.get(identity(story.lead))
    return _name(found.earlier) if found else ""


def _likeness(stories: Sequence[Story], around: Circumstances, once: Once) -> Callable[[Story, Story], float]:
    openings = weighed([each.lead for each in stories], around.vocabulary, once)
    known = {identity(story.lead): told for story, told in zip(stories, openings, strict=True)}
    return lambda one, other: likeness(known[identity(one.lead)], known[identity(other.lead)])


def _left_out(
    ranked: Sequence[Ranked], chosen: Chosen, rules: SelectionTable, copied: Mapping[Identity, Story]
) -> Iterator[Rejection]:
    taken = {identity(each.story.lead) for each in chosen.stories}
    crowded = {identity(each.story.lead) for each in chosen.crowded_out}
    for place, each in enumerate(ranked, start=1):
        lead = each.story.lead
        if identity(lead) in crowded:
            reason = plural(
                rules.section_maximum,
                "The edition holds %(count)s story of %(section)s already, the most it takes of one section.",
                "The edition holds %(count)s stories of %(section)s already, the most it takes of one section.",
                section=section_name(lead),
            )
            yield Rejection(lead, "section-full", reason)
        elif identity(lead) not in taken:
            reason = plural(
                len(ranked),
                "It ranks %(place)s among %(count)s new story; the edition takes %(most)s.",
                "It ranks %(place)s among %(count)s new stories; the edition takes %(most)s.",
                place=place,
                most=rules.maximum,
            )
            yield Rejection(lead, "over-maximum", reason)
        yield from _others(each.story, copied[identity(lead)])


def _others(story: Story, copied: Story) -> Iterator[Rejection]:
    copies = {identity(each) for each in copied.others}
    lead = {"title": _name(story.lead), "source": story.lead.source}
    for other in story.others:
        if identity(other) in copies:
            reason = Phrase("A copy of “%(title)s” (%(source)s), which leads its story.", **lead)
            yield Rejection(other, "copy", reason)
        else:
            reason = Phrase("Tells the same event as “%(title)s” (%(source)s), which leads its story.", **lead)
            yield Rejection(other, "same-event", reason)


def _name(article: Article) -> str:
    return article.title or article.url


def _skip(stories: int, rules: SelectionTable, around: Circumstances) -> str:
    if stories == 0:
        window = parse_window(rules.window)
        if window is None:
            return Phrase("nothing new since %(time)s", time=around.told(around.since))
        return Phrase("nothing new in %(window)s", window=window)
    if stories < rules.minimum:
        return plural(
            stories,
            "%(count)s new story, at least %(least)s are wanted",
            "%(count)s new stories, at least %(least)s are wanted",
            least=rules.minimum,
        )
    return ""


def _hold(new: int, rules: SelectionTable) -> str:
    if new <= rules.flood:
        return ""
    return plural(
        new,
        "%(count)s new article at once, more than the %(most)s that may go out unseen",
        "%(count)s new articles at once, more than the %(most)s that may go out unseen",
        most=rules.flood,
    )
