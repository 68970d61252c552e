"""Which stories come first, and why: a score whose parts an editor can read, and no section that crowds out others."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model import Article, Phrase, Pick, Several, Story, plural
from bot.settings import SelectionTable
from bot.stories.copies import Identity, identity

PINNED, SOURCES, IMAGE, STANDFIRST = 2.0, 0.3, 0.1, 0.1
"""What a story gains beside its newness, which is 1 at publication and halves with the selection's ``half_life``.

A pinned story so comes before all others; a picture weighs as much as 2 h 45 min of age. The parts were weighed by
judgement: no labelled data exists (research, 2026-11-23).
"""

DIVERSITY = 1.0
"""What a story loses for each part of likeness to one that was chosen: what shares a tenth with it loses 0.1."""

TOLD = 0.3
"""What a story loses whose event an earlier edition told, when none of the newsroom's own articles tells it now."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A story with its score, the sum of ``parts``; ``newest_in`` is the section it is the newest of, or ""."""

    story: Story
    score: float
    parts: dict[str, float]
    newest_in: str


def rank(
    stories: Iterable[Story], now: datetime, rules: SelectionTable, told: Collection[Identity] = ()
) -> list[Ranked]:
    """The stories, best first. Equal scores go by time, then by identity: the same stories, the same order.

    ``told`` names the leads, none of the newsroom's own, whose event an earlier edition told.
    """
    known = sorted(stories, key=lambda story: (-story.lead.published.timestamp(), story.lead.source, story.lead.guid))
    newest: dict[str, Story] = {}
    for story in known:
        newest.setdefault(section_key(story), story)
    ranked = []
    for story in known:
        parts = score_parts(story, now, rules) | ({"told": -TOLD} if identity(story.lead) in told else {})
        first = newest[section_key(story)] is story
        ranked.append(Ranked(story, sum(parts.values()), parts, section_name(story.lead) if first else ""))
    return sorted(ranked, key=lambda each: -each.score)


def score_parts(story: Story, now: datetime, rules: SelectionTable) -> dict[str, float]:
    """``recency``, ``sources``, ``pinned``, ``image``, ``standfirst``, ``weights``: what each adds to the score."""
    lead = story.lead
    age = max(now - lead.published, timedelta(0))
    sources = len({article.source for article in story.articles})
    return {
        "recency": 0.5 ** (age / rules.half_life),
        "sources": SOURCES * math.log2(sources),
        "pinned": PINNED * lead.pinned,
        "image": IMAGE * (lead.image is not None),
        "standfirst": STANDFIRST * bool(lead.standfirst.strip()),
        "weights": _weight(lead, rules),
    }


@dataclass(frozen=True, slots=True)
class Chosen:
    """The stories of an edition, in its order; ``crowded_out`` are those that their section had no more room for."""

    stories: tuple[Ranked, ...]
    crowded_out: tuple[Ranked, ...] = ()


def choose(
    ranked: Sequence[Ranked], rules: SelectionTable, like: Callable[[Story, Story], float] = lambda _one, _other: 0.0
) -> Chosen:
    """The best ``rules.maximum``, each weighed against those before it: what is like one of them loses (``diversity``).

    Of one section no more than ``rules.section_maximum``; without that no more than half (rounded up), unless nothing
    else is there. Pinned stories lose nothing and, as those without a section, are not counted.
    """
    wanted = min(rules.maximum, len(ranked))
    most = rules.section_maximum or math.ceil(wanted / 2)
    taken: Counter[str] = Counter()
    left = dict(enumerate(ranked))
    likest = [0.0] * len(ranked)
    chosen: list[tuple[float, int]] = []
    while left and len(chosen) < wanted:
        room = [at for at, each in left.items() if _fits(each, taken, most)]
        if not room and rules.section_maximum:
            break
        best = max(room or left, key=lambda at: (ranked[at].score - DIVERSITY * likest[at], -at))
        taken[_counted(left.pop(best))] += 1
        chosen.append((ranked[best].score - DIVERSITY * likest[best], best))
        for at, each in left.items():
            if not each.story.lead.pinned:
                likest[at] = max(likest[at], like(ranked[best].story, each.story))
    chosen.sort(key=lambda each: (-each[0], each[1]))
    last = max((at for _, at in chosen), default=-1)
    full = rules.section_maximum and [
        each for at, each in left.items() if not _fits(each, taken, most) and (at < last or len(chosen) < wanted)
    ]
    return Chosen(tuple(_against(ranked[at], likest[at]) for _, at in chosen), tuple(full or ()))


def _fits(ranked: Ranked, taken: Counter[str], most: int) -> bool:
    section = _counted(ranked)
    return not section or taken[section] < most


def _counted(ranked: Ranked) -> str:
    return "" if ranked.story.lead.pinned else section_key(ranked.story)


def _against(ranked: Ranked, likest: float) -> Ranked:
    if not likest:
        return ranked
    parts = ranked.parts | {"diversity": -DIVERSITY * likest}
    return replace(ranked, parts=parts, score=sum(parts.values()))


def _weight(lead: Article, rules: SelectionTable) -> float:
    names = {("source", lead.source.casefold())}
    names |= {("section", each.strip().casefold()) for each in lead.sections}
    names |= {("tag", each.strip().casefold()) for each in lead.tags}
    return math.fsum(weight for name, weight in rules.weights.items() if _weighed(name) in names)


def _weighed(name: str) -> tuple[str, str]:
    kind, _, of = name.partition(":")
    return kind.strip(), of.strip().casefold()


def picked(ranked: Ranked, now: datetime, follows: str = "") -> Pick:
    """The pick of a story, its reason in the editor's words: ``Newest in City hall, with picture; 3 h old.``

    ``follows`` is the title of what was sent of the same event.
    """
    lead = ranked.story.lead
    section = ranked.newest_in or section_name(lead)
    if lead.pinned:
        why = [Phrase("Pinned by the newsroom")]
    elif ranked.newest_in:
        why = [Phrase("Newest in %(section)s", section=section)]
    else:
        why = [Phrase("New in %(section)s", section=section) if section else Phrase("New article")]
    sources = len({article.source for article in ranked.story.articles})
    if sources > 1:
        why.append(plural(sources, "told by %(count)s source", "told by %(count)s sources"))
    if lead.image:
        why.append(Phrase("with picture"))
    said, age = Several(tuple(why)), now - lead.published
    if follows:
        reason = Phrase(
            "%(why)s; %(age)s old. It follows “%(title)s”, which an earlier edition told.",
            why=said,
            age=age,
            title=follows,
        )
    else:
        reason = Phrase("%(why)s; %(age)s old.", why=said, age=age)
    return Pick(ranked.story, reason, ranked.score, ranked.parts)


def section_name(article: Article) -> str:
    """The article's first section, as the newsroom writes it; "" without one."""
    return next((section.strip() for section in article.sections if section.strip()), "")


def section_key(story: Story) -> str:
    return section_name(story.lead).casefold()
