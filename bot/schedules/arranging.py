"""Which stories an edition tells, in which order, and by which article: changed by an editor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.editions import edits
from bot.errors import NotFound, UsageError
from bot.model import Article, Edition, EditionStory, EditionWords, Phrase, Told, ToldStory
from bot.schedules.change import Apply, Change, changed
from bot.schedules.installation import Installation


def order(
    installation: Installation, edition: str, articles: Sequence[int], *, version: int, who: str, now: datetime
) -> Edition:
    """Puts the stories into the order of ``articles``, all of them, by their leads' ids. Pinned ones stay in place."""

    def apply(now_is: Edition) -> Edition:
        return replace(now_is, stories=edits.ordered(now_is.stories, articles))

    return _reordered(installation, edition, apply, version=version, who=who, now=now)


def move(
    installation: Installation, edition: str, article: int, to: int, *, version: int, who: str, now: datetime
) -> Edition:
    """Puts one story into place ``to`` (from 1; beyond the last is the last), the others close up around it.

    A story moved to place 1 leads. Pinned ones stay in place, unless it is the pinned one that is moved.
    """

    def apply(now_is: Edition) -> Edition:
        return replace(now_is, stories=edits.moved(now_is.stories, article, to))

    return _reordered(installation, edition, apply, version=version, who=who, now=now)


def pin(
    installation: Installation, edition: str, article: int, *, pinned: bool, version: int, who: str, now: datetime
) -> Edition:
    """Keeps the story in its place whatever becomes of the others, or lets it go."""

    def apply(now_is: Edition) -> Edition:
        story = edits.story_of(now_is.stories, article)
        if bool(story.words.pinned) == pinned:
            return now_is
        words = replace(story.words, pinned=who if pinned else "")
        return replace(now_is, stories=edits.changed(now_is.stories, replace(story, words=words)))

    return changed(
        installation,
        edition,
        Change(what="the pin", apply=apply, value=lambda told: _pinned(told, article), yours=who if pinned else ""),
        version=version,
        who=who,
        now=now,
    )


def drop(installation: Installation, edition: str, article: int, *, version: int, who: str, now: datetime) -> Edition:
    """Takes the story out; other editions may pick it again. Raises ``StateError`` for the last one: cancel instead."""

    def apply(now_is: Edition) -> Edition:
        stories = edits.dropped(now_is.stories, article)
        return replace(now_is, stories=stories, words=_without(now_is.words, article))

    return changed(
        installation,
        edition,
        Change(what="the stories", apply=apply, value=lambda told: _words_of(told, article), yours=""),
        version=version,
        who=who,
        now=now,
    )


def add(
    installation: Installation,
    edition: str,
    article: int,
    *,
    at: int = 0,
    version: int,
    who: str,
    now: datetime,
) -> Edition:
    """Takes in a stored article as a story at place ``at`` (from 1; 0: the last).

    Raises ``ReservedElsewhere`` when an edition of the same schedule holds or sent it, ``NotFound``.
    """

    def apply(now_is: Edition) -> Edition:
        if any(article in each.article_ids for each in now_is.stories):
            raise UsageError(Phrase("the edition tells it already"))
        with installation.store.read() as tx:
            found = tx.articles.get(article)
        if found is None or found.withdrawn:
            raise NotFound(Phrase("the article is not there any more"))
        story = edits.of_article(found, Phrase("Added by %(who)s.", who=who))
        return replace(now_is, stories=edits.added(now_is.stories, story, at))

    return changed(
        installation,
        edition,
        Change(what="the stories", apply=apply, value=lambda _: "", yours=""),
        version=version,
        who=who,
        now=now,
    )


def tellings(installation: Installation, story: EditionStory) -> tuple[Article, ...]:
    """The other articles of a story, by which it could be told; those that were withdrawn are none."""
    with installation.store.read() as tx:
        found = [tx.articles.get(each) for each in story.article_ids if each != story.article.id]
    return tuple(each for each in found if each and not each.withdrawn)


def retell(
    installation: Installation, edition: str, article: int, by: int, *, version: int, who: str, now: datetime
) -> Edition:
    """Tells a story by another one of its articles: ``by``, one of the story's ``article_ids``.

    What an editor wrote of the story is gone with the telling it was about.
    """
    outlets = {name: str(table.get("outlet") or "") for name, table in installation.settings.sources.items()}

    def apply(now_is: Edition) -> Edition:
        story = edits.story_of(now_is.stories, article)
        known = tellings(installation, story)
        lead = next((each for each in known if each.id == by), None)
        if lead is None:
            raise NotFound(Phrase("no other telling of the story is known by this number"))
        with installation.store.read() as tx:
            before = tx.articles.get(article)
        stay = [before] if before and not before.withdrawn else []
        others = [*stay, *(each for each in known if each is not lead)]
        reason = Phrase("%(reason)s Told otherwise by %(who)s.", reason=story.reason, who=who)
        fresh = edits.retold(story, lead, others, site=installation.newsroom.site, outlets=outlets, reason=reason)
        words = _without(now_is.words, article)
        return replace(now_is, stories=edits.changed(now_is.stories, fresh), words=words)

    return changed(
        installation,
        edition,
        Change(what="the telling", apply=apply, value=lambda told: _words_of(told, article), yours=""),
        version=version,
        who=who,
        now=now,
    )


def _reordered(
    installation: Installation, edition: str, apply: Apply, *, version: int, who: str, now: datetime
) -> Edition:
    return changed(
        installation,
        edition,
        Change(
            what="the order",
            apply=apply,
            value=lambda told: "\n".join(each.title for each in told.stories),
            yours="",
        ),
        version=version,
        who=who,
        now=now,
    )


def _told(told: Told, article: int) -> ToldStory | None:
    return next((each for each in told.stories if each.article == article), None)


def _pinned(told: Told, article: int) -> str:
    story = _told(told, article)
    return story.pinned if story else ""


def _words_of(told: Told, article: int) -> str:
    """What is lost with a story: who drops it has seen just these words."""
    story = _told(told, article)
    return f"{story.title}\n{story.summary}" if story else ""


def _without(words: EditionWords, article: int) -> EditionWords:
    """The words without those that go with a story."""
    posts = tuple(each for each in words.posts if each.article != article)
    if words.about == article:
        return EditionWords(posts=posts)
    return replace(words, posts=posts)
