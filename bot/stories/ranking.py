"""Which stories come first, and why: a score whose parts an editor can read, and no section that crowds out others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Article, Pick, Story
from bot.stories.words import counted, span

HALF_LIFE = timedelta(hours=18)
"""After this time a story's newness counts half."""

PINNED, SOURCES, IMAGE, STANDFIRST = 2.0, 0.3, 0.1, 0.1
"""What a story gains beside its newness, which is 1 at publication and halves with ``HALF_LIFE``.

A pinned story so comes before all others; a picture weighs as much as 2 h 45 min of age. The parts were weighed by
judgement: no labelled data exists (research, 2026-11-23).
"""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A story with its score, the sum of ``parts``; ``newest_in`` is the section it is the newest of, or ""."""

    story: Story
    score: float
    parts: dict[str, float]
    newest_in: str


def rank(stories: Iterable[Story], now: datetime) -> list[Ranked]:
    """The stories, best first. Equal scores go by time, then by identity: the same stories, the same order."""
    known = sorted(stories, key=lambda story: (-story.lead.published.timestamp(), story.lead.source, story.lead.guid))
    newest: dict[str, Story] = {}
    for story in known:
        newest.setdefault(section_key(story), story)
    ranked = []
    for story in known:
        parts = score_parts(story, now)
        first = newest[section_key(story)] is story
        ranked.append(Ranked(story, sum(parts.values()), parts, section_name(story.lead) if first else ""))
    return sorted(ranked, key=lambda each: -each.score)


def score_parts(story: Story, now: datetime) -> dict[str, float]:
    """``recency``, ``sources``, ``pinned``, ``image``, ``standfirst``: what each adds to the score."""
    lead = story.lead
    age = max(now - lead.published, timedelta(0))
    sources = len({article.source for article in story.articles})
    return {
        "recency": 0.5 ** (age / HALF_LIFE),
        "sources": SOURCES * math.log2(sources),
        "pinned": PINNED * lead.pinned,
        "image": IMAGE * (lead.image is not None),
        "standfirst": STANDFIRST * bool(lead.standfirst.strip()),
    }


def choose(ranked: Sequence[Ranked], maximum: int) -> list[Ranked]:
    """The best ``maximum``, in order; of one section no more than half (rounded up), unless nothing else is there.

    Pinned stories, and those without a section, are not counted.
    """
    wanted = min(maximum, len(ranked))
    most = math.ceil(wanted / 2)
    taken: Counter[str] = Counter()
    chosen: list[int] = []
    put_off: list[int] = []
    for position, each in enumerate(ranked):
        section = "" if each.story.lead.pinned else section_key(each.story)
        if len(chosen) < wanted and (not section or taken[section] < most):
            taken[section] += 1
            chosen.append(position)
        else:
            put_off.append(position)
    chosen += put_off[: wanted - len(chosen)]
    return [ranked[position] for position in sorted(chosen)]


def picked(ranked: Ranked, now: datetime) -> Pick:
    """The pick of a story, its reason in the editor's words: ``Newest in City hall, with picture; 3 h old.``"""
    lead = ranked.story.lead
    if lead.pinned:
        reason = "Pinned by the newsroom"
    elif ranked.newest_in:
        reason = f"Newest in {ranked.newest_in}"
    else:
        section = section_name(lead)
        reason = f"New in {section}" if section else "New"
    sources = len({article.source for article in ranked.story.articles})
    if sources > 1:
        reason += f", told by {counted(sources, 'source')}"
    if lead.image:
        reason += ", with picture"
    reason += f"; {span(now - lead.published)} old."
    return Pick(ranked.story, reason, ranked.score, ranked.parts)


def section_name(article: Article) -> str:
    """The article's first section, as the newsroom writes it; "" without one."""
    return next((section.strip() for section in article.sections if section.strip()), "")


def section_key(story: Story) -> str:
    return section_name(story.lead).casefold()
