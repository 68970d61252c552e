"""What a reader's choice makes of an edition: nothing, or these of its stories, in this language, from that hour on.

Readers who get the same stories in the same words share one variant, which is compiled once. Pure: no I/O, no clock.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.editions.hour import next_hour
from bot.editions.wording import spoken
from bot.model import VARIANT, EditionStory, Phrase, Preferences

MOST = 500
"""Variants of one edition; readers who would get another one get the general edition."""

OTHER_FREQUENCY = Phrase("other frequency")
NO_TOPIC = Phrase("no topic new")


@dataclass(frozen=True, slots=True)
class Variant:
    """``stories`` in the edition's order, in a frame of ``language`` ("": the edition's own). ``id`` "": all of it."""

    id: str
    stories: tuple[EditionStory, ...]
    language: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a reader gets: nothing and why (``excluded``), or ``variant``, not before a moment (UTC; None: at once)."""

    excluded: str = ""
    variant: Variant | None = None
    not_before: datetime | None = None


@dataclass(frozen=True)
class Choices:
    """The choices of an edition's readers. ``language`` and ``timezone`` are the newsroom's, ``slot`` is in UTC.

    ``lines`` are an editor's words for the whole edition: they stand in variants too.
    """

    schedule: str
    slot: datetime
    stories: tuple[EditionStory, ...]
    language: str
    timezone: str
    lines: tuple[str, ...] = ()
    _variants: dict[tuple[tuple[int, ...], str], Variant] = field(default_factory=dict, repr=False)
    _places: dict[tuple[str, ...], tuple[int, ...]] = field(default_factory=dict, repr=False)
    _hours: dict[tuple[int, str], datetime] = field(default_factory=dict, repr=False)

    def of(self, preferences: Preferences, now: datetime) -> Choice:
        """What becomes of who chose so, when the edition is sent ``now``."""
        away = absent(preferences, self.schedule)
        if away:
            return Choice(excluded=away)
        zone = zone_of(preferences.timezone, self.timezone)
        own = self._own_hour(preferences.hour, zone) if preferences.hour in range(24) else None
        not_before = own if own and own > now else None
        pause = paused(preferences, not_before or now, self.timezone)
        if pause:
            return Choice(excluded=pause)
        shown = self._shown(preferences.topics)
        if not shown:
            return Choice(excluded=NO_TOPIC)
        return Choice(
            variant=self._variant(shown, frame_language(preferences.language, self.language)), not_before=not_before
        )

    def _own_hour(self, hour: int | None, zone: ZoneInfo) -> datetime:
        assert hour is not None
        key = (hour, zone.key)
        if key not in self._hours:
            self._hours[key] = next_hour(hour, zone, self.slot)
        return self._hours[key]

    def _shown(self, topics: tuple[str, ...]) -> tuple[int, ...]:
        known = self._places.get(topics)
        if known is None:
            known = self._places[topics] = self._places_of(topics)
        return known

    def _places_of(self, topics: tuple[str, ...]) -> tuple[int, ...]:
        wanted = {folded for each in topics if (folded := each.strip().casefold())}
        if not wanted:
            return tuple(range(len(self.stories)))
        return tuple(place for place, about in enumerate(self._topics) if about & wanted)

    def _variant(self, shown: tuple[int, ...], language: str) -> Variant:
        known = self._variants.get((shown, language))
        if known is None:
            whole = len(shown) == len(self.stories) and not language
            stories = tuple(self.stories[place] for place in shown)
            name = "" if whole else self._name(shown, language)
            known = self._variants[shown, language] = Variant(name, stories, language)
        return known

    def _name(self, shown: tuple[int, ...], language: str) -> str:
        """The same for the same words: a variant that was rendered of an older revision has another name."""
        said = json.dumps([language, *(self._prints[place] for place in shown), *self.lines])
        return VARIANT + hashlib.sha256(said.encode()).hexdigest()[:20]

    @cached_property
    def _topics(self) -> tuple[frozenset[str], ...]:
        return tuple(story.topics for story in self.stories)

    @cached_property
    def _prints(self) -> tuple[list[object], ...]:
        return tuple([each.article.fingerprint, each.summary.text, list(each.also)] for each in self.stories)


def absent(preferences: Preferences, schedule: str) -> str:
    """Why the reader gets no edition of ``schedule``, whatever is in it; "" when they do."""
    unwanted = preferences.schedules is not None and schedule not in preferences.schedules
    return OTHER_FREQUENCY if unwanted else ""


def paused(preferences: Preferences, at: datetime, timezone: str) -> str:
    """Why the reader gets no mail at the moment ``at``; "" when they do. ``timezone`` is the newsroom's."""
    until = preferences.paused_until
    if until is None or at.astimezone(zone_of(preferences.timezone, timezone)).date() >= until:
        return ""
    return Phrase("paused until %(day)s", day=until.isoformat())


def frame_language(wanted: str, own: str) -> str:
    """The language of the words around the stories for who wants ``wanted``; "" when it is ``own``, the newsroom's.

    A language for which there are no words leaves them as they are. A bare language takes the newsroom's variety of
    it: ``en`` is content with ``en-US``, ``en-GB`` is not.
    """
    if not wanted or wanted.casefold() == own.casefold() or wanted.casefold() == own.split("-")[0].casefold():
        return ""
    found = spoken(wanted)
    return "" if found.casefold() == own.casefold() else found


def zone_of(name: str, otherwise: str) -> ZoneInfo:
    """The timezone ``name``, or ``otherwise`` where that is empty or unknown."""
    try:
        return ZoneInfo(name or otherwise)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo(otherwise)
