"""An edition's readers by what they chose: the variants that go out, rendered before they do.

Rendered outside of the snapshot's transaction, which holds up everybody else. Who makes a choice in between that
nobody made before gets the general edition once; who leaves, pauses or chooses another frequency is heard at once.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.editions import compose
from bot.editions.variants import MOST, Choices, Variant
from bot.errors import RenderError
from bot.model import DeliveryState, Edition, EditionStory, Placement, Preferences
from bot.schedules.installation import Installation
from bot.schedules.pictures import hosted
from bot.schedules.plan import Slot
from bot.store import Transaction

TOGETHER = 25
"""Variants that are stored in one transaction: a process that ends half-way has not worked in vain."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Survey:
    """How many readers there are of each kind. ``variants`` are the most read first, and at most ``MOST``.

    ``general`` get the whole edition, ``beyond`` of them because their variant is one too many (``left_out`` of
    these). ``waiting`` get theirs at a later hour, whatever variant. Suppressed addresses are still among all.
    """

    variants: tuple[tuple[Variant, int], ...]
    general: int
    left_out: int
    beyond: int
    excluded: dict[str, int]
    waiting: dict[datetime, int]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the snapshot needs: which of the edition's variants are rendered. ``stories`` are those it was made of."""

    choices: Choices
    rendered: frozenset[str] = field(default_factory=frozenset)

    @property
    def stories(self) -> tuple[EditionStory, ...]:
        return self.choices.stories

    def place(self, preferences: Preferences, now: datetime) -> Placement:
        """How the deliveries begin of readers who chose so."""
        choice = self.choices.of(preferences, now)
        if choice.variant is None:
            return Placement(state=DeliveryState.EXCLUDED, reason=choice.excluded)
        variant = choice.variant.id
        return Placement(variant=variant if variant in self.rendered else "", not_before=choice.not_before)


def choices_of(installation: Installation, edition: Edition) -> Choices:
    """What the readers of ``edition`` can choose."""
    newsroom, words = installation.newsroom, edition.words
    stories = tuple(story.told for story in edition.stories)
    lines = (words.subject, words.preheader) if words.subject or words.preheader else ()
    return Choices(edition.schedule, edition.slot, stories, newsroom.language, newsroom.timezone, lines)


def survey(tx: Transaction, choices: Choices, audience: str, now: datetime) -> Survey:
    """Who of ``audience`` would get what of an edition that is sent ``now``."""
    readers: Counter[Variant] = Counter()
    excluded: Counter[str] = Counter()
    waiting: Counter[datetime] = Counter()
    chosen = 0
    for preferences, number in tx.subscribers.choices(audience):
        choice = choices.of(preferences, now)
        chosen += number
        if choice.variant is None:
            excluded[choice.excluded] += number
            continue
        readers[choice.variant] += number
        if choice.not_before:
            waiting[choice.not_before] += number
    whole = sum(number for variant, number in readers.items() if not variant.id)
    ordered = sorted(
        ((variant, number) for variant, number in readers.items() if variant.id),
        key=lambda item: (-item[1], item[0].id),
    )
    beyond = sum(number for _, number in ordered[MOST:])
    return Survey(
        variants=tuple(ordered[:MOST]),
        general=tx.subscribers.count(audience) - chosen + whole + beyond,
        left_out=len(ordered[MOST:]),
        beyond=beyond,
        excluded=dict(excluded),
        waiting=dict(sorted(waiting.items())),
    )


def told(surveyed: Survey) -> dict[str, Any]:
    """The survey as JSON types: what ``selection.json`` and the commands show."""
    return {
        "general": surveyed.general,
        "variants": [
            {
                "id": variant.id,
                "readers": number,
                "language": variant.language,
                "stories": [each.article.title or each.summary.text for each in variant.stories],
            }
            for variant, number in surveyed.variants
        ],
        "too_many": {"most": MOST, "variants": surveyed.left_out, "readers": surveyed.beyond},
        "excluded": surveyed.excluded,
        "waiting": [{"until": moment.isoformat(), "readers": number} for moment, number in surveyed.waiting.items()],
    }


def prepare(installation: Installation, edition: Edition, now: datetime) -> Plan:
    """Renders and stores the variants of ``edition`` that its readers want and that are not stored yet.

    A variant that cannot be rendered is no reason to send nothing: its readers get the general edition.
    """
    store = installation.store
    choices = choices_of(installation, edition)
    table = installation.settings.schedules.get(edition.schedule)
    channel = next((each.channel for each in edition.renditions if each.email), "")
    if not channel or table is None or not table.audience:
        return Plan(choices)
    slot = Slot(edition.schedule, edition.slot_key, edition.slot)
    with store.read() as tx:
        wanted = survey(tx, choices, table.audience, now)
        stored = tx.editions.variants(edition.id, channel)
        shown = hosted(tx, installation, slot, edition.stories)
    missing = [variant for variant, _ in wanted.variants if variant.id not in stored]
    frame = replace(installation.frame(edition.schedule, slot, edition.corrections, shown), words=edition.words)
    made = set(stored)
    for start in range(0, len(missing), TOGETHER):
        renditions = []
        for variant in missing[start : start + TOGETHER]:
            try:
                renditions.append(compose.render_variant(frame, edition.stories, variant, channel))
            except RenderError as error:
                log.warning(
                    "edition %s: %d stories for some readers do not render, they get all of it: %s",
                    edition.id,
                    len(variant.stories),
                    error,
                )
        with store.write() as tx:
            if tx.editions.version(edition.id) != edition.version:
                # Changed meanwhile: what was rendered here says what readers are not to be told any more.
                return Plan(choices)
            tx.editions.add_variants(edition.id, renditions)
        made.update(each.subject for each in renditions)
    if wanted.left_out:
        log.warning(
            "edition %s: %d variants are too many; %d readers get all of it", edition.id, wanted.left_out, wanted.beyond
        )
    return Plan(choices, frozenset(variant.id for variant, _ in wanted.variants if variant.id in made))
