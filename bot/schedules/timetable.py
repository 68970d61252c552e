"""The slots of one schedule as they stand: those of its crons, but for those that somebody moved. Pure.

A moved slot keeps its key and has another time, so that it goes out once: ``(schedule, key)`` is unique. It counts as
long as the crons still name it: a changed timetable counts from now on, and with it go the moves of the old one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from heapq import merge
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from bot.model import MovedSlot, Phrase
from bot.schedules.plan import Crons, Slot, previous_slot, slots_between, slots_from

STEP = timedelta(microseconds=1)
_NEAR = timedelta(days=1)


@dataclass(frozen=True)
class Timetable:
    """A schedule's crons in its timezone, with the moves of its slots."""

    schedule: str
    crons: Crons
    timezone: str
    moves: tuple[MovedSlot, ...] = ()

    @cached_property
    def moved(self) -> dict[str, Slot]:
        """By key, the slots that somebody moved, or put back, where they stand now."""
        found = {}
        for each in self.moves:
            there = self._between(each.was - STEP, each.was)
            if any((slot.key, slot.due) == (each.slot_key, each.was) for slot in there):
                found[each.slot_key] = self._slot(each)
        return found

    def after(self, moment: datetime, *, count: int) -> list[Slot]:
        """The next ``count`` slots later than ``moment``, by their times."""
        return list(islice(self._slots(moment), count))

    def between(self, after: datetime, until: datetime, limit: int = 10_000) -> list[Slot]:
        """The slots later than ``after`` and not later than ``until``, by their times, the first ``limit`` of them."""
        return list(islice(takewhile(lambda slot: slot.due <= until, self._slots(after)), limit))

    def previous(self, before: datetime) -> Slot | None:
        """The newest slot earlier than ``before``; None when there was none."""
        start = before
        while (slot := previous_slot(self.schedule, self.crons, self.timezone, start)) and slot.key in self.moved:
            start = slot.due
        found = [slot] if slot else []
        found += [each for each in self.moved.values() if each.due < before]
        return max(found, key=lambda each: each.due, default=None)

    def named(self, key: str) -> Slot | None:
        """The slot with this key, where it stands; None when the timetable has none."""
        if key in self.moved:
            return self.moved[key]
        try:
            wall = datetime.fromisoformat(key)
            start = (wall if wall.tzinfo else wall.replace(tzinfo=ZoneInfo(self.timezone))) - _NEAR
            found = self._between(start, start + 2 * _NEAR)
        except (ValueError, OverflowError):
            return None
        return next((each for each in found if each.key == key), None)

    def planned(self, reckoned: datetime, until: datetime) -> list[Slot]:
        """The slots of the crons alone, whoever moved them: up to the last of them all is reckoned."""
        return self._between(reckoned, until)

    def due(self, planned: list[Slot], until: datetime, claimed: Collection[str]) -> list[Slot]:
        """What is to be made of the ``planned`` ones, and of those moved to a time up to ``until``, oldest first.

        ``claimed`` are the keys of moved ones that have their edition. A moved slot is not reckoned by its time: it
        may be moved to one up to which all was reckoned already.
        """
        moved = [each for each in self.moved.values() if each.due <= until and each.key not in claimed]
        return sorted([*(each for each in planned if each.key not in self.moved), *moved], key=lambda each: each.due)

    def _slots(self, after: datetime) -> Iterator[Slot]:
        every = slots_from(self.schedule, self.crons, self.timezone, after)
        stay = (each for each in every if each.key not in self.moved)
        come = sorted((each for each in self.moved.values() if each.due > after), key=lambda each: each.due)
        return merge(stay, come, key=lambda each: each.due)

    def _between(self, after: datetime, until: datetime) -> list[Slot]:
        return slots_between(self.schedule, self.crons, self.timezone, after, until)

    def _slot(self, moved: MovedSlot) -> Slot:
        if moved.due == moved.was:
            return Slot(self.schedule, moved.slot_key, moved.due, was=moved.was)
        was = moved.was.astimezone(ZoneInfo(self.timezone))
        note = Phrase("moved from %(before)s by %(who)s", before=f"{was:%Y-%m-%d %H:%M}", who=moved.who)
        return Slot(self.schedule, moved.slot_key, moved.due, note, moved.was)
