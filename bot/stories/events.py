"""Events: what several outlets tell in words of their own. Their articles together are one story, as copies are.

An article's opening is compared with those of the stories that are there already: cosine of tf-idf weights, averaged
over the story's tellings (average link), so that one article which resembles two stories does not make them one.
What was measured, and on what, is in ``docs/stories.md``.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from bot.model import Article, Story
from bot.stories.copies import identity, leading
from bot.stories.once import Once
from bot.stories.vocabulary import FEWEST, Vocabulary, opening, terms

LIKENESS = 0.13
"""From here on two openings tell one event. It depends on their length (``vocabulary.LENGTH``)."""

SPARSE = 0.07
"""So much more among two openings alone, less the more there are: nothing tells there which of their words are rare."""

WINDOW = timedelta(hours=72)
"""So long after its first article a story takes others in."""

RARE, FEW, MANY = 0.05, 3, 60
"""A term is rare in this share of all openings, or in ``FEW`` of a small archive; in more than ``MANY`` it never is."""

SHARED = 3
"""So many rare terms an article must share with a story: what all reports of council meetings say joins none."""

DOUBT = timedelta(hours=72)
"""For each such time between them an article must be twice as like: tomorrow's match is not today's."""

OTHER_NUMBERS = 1.5
"""So much more like must an article be that names numbers, and none of the story's."""

SERIES = 2.0
"""The same where one source tells both, as it tells the weather each day; what it numbers itself never joins."""

CANDIDATES = 4
"""So many stories, those that share most rare terms, are compared with an article."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How much each term of an article's opening weighs (a vector of length 1), and which of them are rare.

    ``headline`` are the terms of its title, ``numbers`` those that begin with a digit.
    """

    weights: dict[str, float]
    rare: list[str]
    headline: set[str]
    numbers: set[str]


def weighed(articles: Sequence[Article], vocabulary: Vocabulary, once: Once | None = None) -> list[Opening]:
    """The articles' openings, weighed by how rare their terms are in ``vocabulary`` and among themselves."""
    once = once or Once()
    read = [once(_read, each.title, each.standfirst, each.body) for each in articles]
    headlines, openings = [headline for headline, _ in read], [counted for _, counted in read]
    known = vocabulary.with_more(openings)
    holders = known.holders
    rarely = min(max(RARE * known.openings, FEW), MANY)
    by_count = {count: known.weight(count) for count in set(holders.values())}
    weight = {term: by_count[holders[term]] for term in set(chain.from_iterable(openings))}
    rare = {term for term in weight if 1 < holders[term] <= rarely}
    return [_opening(each, weight, rare, set(headline)) for headline, each in zip(headlines, openings, strict=True)]


def _read(title: str, standfirst: str, body: str) -> tuple[list[str], Counter[str]]:
    headline = terms(title)
    return headline, Counter(opening(headline, standfirst, body))


def likeness(one: Opening, other: Opening) -> float:
    """0 for openings that share no term, 1 for the same."""
    return _common(one.weights, other.weights)


def events_of(
    stories: Sequence[Story], vocabulary: Vocabulary, site: str = "", once: Once | None = None
) -> tuple[Story, ...]:
    """The stories with those joined that tell one event, newest lead first; independent of the order they come in.

    ``stories`` are those of ``stories_of``: copies are one telling. ``vocabulary`` is what the newsroom's older
    articles say: what is often in them is no sign of an event. ``site`` is the host of the newsroom's own articles.
    """
    ordered = sorted(stories, key=lambda story: (story.lead.published, identity(story.lead)))
    enough = least(vocabulary.openings + len(ordered))
    events: list[_Event] = []
    holders: dict[str, list[int]] = {}
    for story, told in zip(ordered, weighed([each.lead for each in ordered], vocabulary, once), strict=True):
        event = _nearest(enough, story, told, events, holders)
        if event is None:
            event = len(events)
            events.append(_Event(story.lead.published))
        events[event].take(story, told)
        for term in told.rare:
            found = holders.setdefault(term, [])
            if event not in found:
                found.append(event)
    joined = [_joined(each.stories, site) for each in events]
    return tuple(sorted(joined, key=lambda story: (-story.lead.published.timestamp(), *identity(story.lead))))


@dataclass(slots=True)
class _Event:
    began: datetime
    stories: list[Story] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    headlines: set[str] = field(default_factory=set)
    weights: dict[str, float] = field(default_factory=dict)
    """The sum of its tellings' weights: what an opening has in common with it is the sum of its likenesses."""

    def take(self, story: Story, told: Opening) -> None:
        self.stories.append(story)
        self.headlines |= told.headline
        self.numbers |= told.numbers
        self.sources.update(each.source for each in story.articles)
        if not self.weights:
            self.weights = told.weights.copy()
            return
        for term, weight in told.weights.items():
            self.weights[term] = self.weights.get(term, 0.0) + weight


def _opening(terms: Counter[str], weight: dict[str, float], rare: set[str], headline: set[str]) -> Opening:
    # Sublinear: a word said twice does not tell twice as much.
    weights = {
        term: weight[term] * (1 + math.log(times)) if times > 1 else weight[term] for term, times in terms.items()
    }
    length = math.sqrt(sum([each * each for each in weights.values()])) or 1.0
    return Opening(
        {term: each / length for term, each in weights.items()},
        [term for term in weights if term in rare],
        headline,
        {term for term in weights if term < ":"},
    )


def _nearest(
    enough: float, story: Story, told: Opening, events: list[_Event], holders: dict[str, list[int]]
) -> int | None:
    """The event whose tellings this one is like on average, the older of equals; found through its rare terms."""
    shared = Counter(chain.from_iterable([holders[term] for term in told.rare if term in holders]))
    near = [event for event, common in shared.items() if common >= SHARED]
    if len(near) > CANDIDATES:
        near = sorted(near, key=lambda event: (-shared[event], event))[:CANDIDATES]
    best, nearest = 0.0, None
    for event in near:
        among = events[event]
        if story.lead.published - among.began > WINDOW or not _is_about(told, among):
            continue
        like = _common(told.weights, among.weights) / len(among.stories)
        if like < _wanted(enough, story, told, among):
            continue
        if like > best or (like == best and nearest is not None and event < nearest):
            best, nearest = like, event
    return nearest


def least(openings: int) -> float:
    """How like two openings must be to tell one event, when so many are known."""
    return LIKENESS + SPARSE * max(0.0, 1 - openings / FEWEST)


def _wanted(enough: float, story: Story, told: Opening, event: _Event) -> float:
    """How like its tellings an article must be to join an event: the more, the more speaks against it."""
    wanted = enough * 2 ** ((story.lead.published - event.began) / DOUBT)
    if told.numbers and event.numbers and told.numbers.isdisjoint(event.numbers):
        series = not event.sources.isdisjoint({each.source for each in story.articles})
        if series and not told.numbers.isdisjoint(told.headline) and not event.numbers.isdisjoint(event.headlines):
            return math.inf
        wanted *= SERIES if series else OTHER_NUMBERS
    return wanted


def _is_about(told: Opening, event: _Event) -> bool:
    """Whether each speaks of something in the other's title: texts made by one pattern may share all but that."""
    return not told.headline.isdisjoint(event.weights) and not event.headlines.isdisjoint(told.weights)


def _common(one: dict[str, float], other: dict[str, float]) -> float:
    # Summed exactly: sets of words have no order that would hold from one process to the next.
    return math.fsum([one[term] * other[term] for term in one.keys() & other.keys()])


def _joined(tellings: list[Story], site: str) -> Story:
    if len(tellings) == 1:
        return tellings[0]
    articles = chain.from_iterable([each.articles for each in tellings])
    lead, *others = sorted(articles, key=lambda article: leading(article, site))
    return Story(lead, tuple(others))
