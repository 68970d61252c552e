"""An edition's stories in another order, with one more or one fewer. Pure.

A pinned story keeps its place whatever becomes of the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from bot.editions.compose import tellings, topics
from bot.errors import NotFound, StateError, UsageError
from bot.model import Article, EditionStory, Phrase, Story, StoryWords
from bot.summaries.extractive import summarise

Stories = tuple[EditionStory, ...]


def story_of(stories: Sequence[EditionStory], article: int) -> EditionStory:
    """The story that the article ``article`` leads. Raises ``NotFound``."""
    found = next((each for each in stories if each.article.id == article), None)
    if found is None:
        raise NotFound(Phrase("this story is not in the edition any more"))
    return found


def ordered(stories: Sequence[EditionStory], articles: Sequence[int]) -> Stories:
    """The stories in the order of ``articles``, but for those that are pinned. Raises ``UsageError``."""
    by_article = {each.article.id: each for each in stories}
    if sorted(articles) != sorted(by_article):
        raise UsageError(Phrase("the order must name each story of the edition once"))
    free = [by_article[each] for each in articles if not by_article[each].words.pinned]
    return _settled(free, _fixed(stories), len(stories))


def moved(stories: Sequence[EditionStory], article: int, to: int) -> Stories:
    """The stories with one at place ``to`` (from 1), or at the nearest place that is nobody's by a pin."""
    story = story_of(stories, article)
    others = [each for each in stories if each is not story]
    fixed = {place: each for place, each in _fixed(stories).items() if each is not story}
    return _with(others, fixed, story, to, len(stories))


def added(stories: Sequence[EditionStory], story: EditionStory, at: int) -> Stories:
    """The stories with one more at place ``at``; 0: the last."""
    return _with(list(stories), _fixed(stories), story, at or len(stories) + 1, len(stories) + 1)


def dropped(stories: Sequence[EditionStory], article: int) -> Stories:
    """The stories without one. Raises ``StateError`` when it is the only one, ``NotFound``."""
    story = story_of(stories, article)
    if len(stories) == 1:
        raise StateError(Phrase("it is the edition's only story; cancel the edition instead"))
    fixed = {place: each for place, each in _fixed(stories).items() if each is not story}
    free = [each for each in stories if each is not story and not each.words.pinned]
    return _settled(free, fixed, len(stories) - 1)


def changed(stories: Sequence[EditionStory], story: EditionStory) -> Stories:
    """The stories with ``story`` at its own place."""
    return tuple(story if each.position == story.position else each for each in stories)


def of_article(article: Article, reason: str) -> EditionStory:
    """A story told by one article alone. ``reason`` is why it is in the edition."""
    return EditionStory(
        position=0, article=article, summary=summarise(article), article_ids=(article.id,), reason=reason
    )


def retold(
    story: EditionStory, by: Article, others: Sequence[Article], *, site: str, outlets: Mapping[str, str], reason: str
) -> EditionStory:
    """The story told by another one of its articles; ``others`` are all but that one. Only its pin stays."""
    told = Story(by, tuple(others))
    return EditionStory(
        position=story.position,
        article=by,
        summary=summarise(by),
        also=tellings(told, site, outlets),
        article_ids=tuple(each.id for each in told.articles),
        also_about=topics(told),
        reason=reason,
        words=StoryWords(pinned=story.words.pinned),
    )


def _fixed(stories: Sequence[EditionStory]) -> dict[int, EditionStory]:
    """The pinned stories by their places, from 0."""
    return {place: each for place, each in enumerate(stories) if each.words.pinned}


def _with(
    others: Sequence[EditionStory], fixed: Mapping[int, EditionStory], story: EditionStory, to: int, size: int
) -> Stories:
    """``others`` and ``story`` at place ``to``, or the free one that is nearest to it."""
    able = [place for place in range(size) if place not in fixed]
    place = min(able, key=lambda each: (abs(each - (to - 1)), each))
    free = [each for each in others if each not in fixed.values()]
    return _settled(free, {**fixed, place: story}, size)


def _settled(free: Sequence[EditionStory], fixed: Mapping[int, EditionStory], size: int) -> Stories:
    """All stories, those that are ``fixed`` at their places or as near to them as there are places."""
    places: dict[int, EditionStory] = {}
    for place, story in sorted(fixed.items(), reverse=True):
        at = min(place, size - 1)
        while at in places:
            at -= 1
        places[at] = story
    rest = iter(free)
    return tuple(replace(places[place] if place in places else next(rest), position=place + 1) for place in range(size))
