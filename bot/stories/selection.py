"""Which stories an edition takes: pure, and every article has its reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.model import Article, Rejection, Selected, Story
from bot.settings import SelectionTable, parse_window
from bot.stories.copies import retold, stories_of
from bot.stories.ranking import Ranked, choose, picked, rank
from bot.stories.rules import Circumstances, refusal
from bot.stories.words import counted, span

__all__ = ["Circumstances", "select"]


def select(articles: Sequence[Article], rules: SelectionTable, circumstances: Circumstances) -> Selected:
    """The stories to take, best first, and each other article with the rule that left it out.

    Every article is the lead of one pick or stands in one rejection. The copies that a picked story holds in its
    ``others`` are rejections too (rule ``copy``, naming their lead). ``skip`` and ``hold`` leave the picks in, so that
    an editor sees what it was about. Neither depends on the order of ``articles``.
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
    fresh: list[Article] = []
    told = [each for each in ordered if each.id in circumstances.consumed | circumstances.reserved]
    for article, earlier in zip(new, retold(new, told), strict=True):
        if earlier:
            reason = f"A copy of “{_name(earlier)}”, which another edition of this schedule took."
            rejections.append(Rejection(article, "copy", reason))
        else:
            fresh.append(article)
    ranked = rank(stories_of(fresh), circumstances.now)
    chosen = choose(ranked, rules.maximum)
    rejections += _left_out(ranked, chosen, rules.maximum)
    skip = _skip(len(ranked), rules, circumstances)
    return Selected(
        picks=tuple(picked(each, circumstances.now) for each in chosen),
        rejections=tuple(rejections),
        skip=skip,
        hold="" if skip else _hold(len(new), rules),
    )


def _left_out(ranked: Sequence[Ranked], chosen: Sequence[Ranked], maximum: int) -> Iterator[Rejection]:
    taken = {id(each) for each in chosen}
    for place, each in enumerate(ranked, start=1):
        if id(each) not in taken:
            reason = f"It ranks {place} among {counted(len(ranked), 'new story')}; the edition takes {maximum}."
            yield Rejection(each.story.lead, "over-maximum", reason)
        yield from _copies(each.story)


def _copies(story: Story) -> Iterator[Rejection]:
    for other in story.others:
        yield Rejection(other, "copy", f"A copy of “{_name(story.lead)}” ({story.lead.source}), which leads its story.")


def _name(article: Article) -> str:
    return article.title or article.url


def _skip(stories: int, rules: SelectionTable, around: Circumstances) -> str:
    if stories == 0:
        window = parse_window(rules.window)
        return f"nothing new since {around.told(around.since)}" if window is None else f"nothing new in {span(window)}"
    if stories < rules.minimum:
        return f"{counted(stories, 'new story')}, at least {rules.minimum} are wanted"
    return ""


def _hold(new: int, rules: SelectionTable) -> str:
    if new <= rules.flood:
        return ""
    return f"{counted(new, 'new article')} at once, more than the {rules.flood} that may go out unseen"
