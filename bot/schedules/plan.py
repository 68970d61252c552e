"""Which slots a timetable has: pure, right at every clock change, and the same on every machine.

A cron whose hour field is a plain list of numbers (``0 7 * * 1-5``, ``30 2,14 * * *``) names wall times: each runs
once a day. One that falls into the gap of a clock change runs at the first minute after it; in the repeated hour only
the first pass counts. Any other hour field (``*``, ``*/2``, ``9-17``) names a rhythm of real time: each instant whose
wall time matches is a slot, so the repeated hour runs twice and the missing one not at all.

A timetable is one cron or several (best times): those that fall on one instant are one slot. What goes out on publish
has no timetable: there each article is a slot of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush, merge
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

from bot.model import ARTICLE, Phrase

GRACE = timedelta(seconds=60)
"""A slot that is met within this time is on time: it was not missed."""

_NONE = timedelta(0)
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
# 40 years hold every day a cron can name, e.g. a 29 February that is a Monday.
_LOOKBACKS = (_DAY / 24, _DAY, 8 * _DAY, 63 * _DAY, 400 * _DAY, 3300 * _DAY, 14_700 * _DAY)


Crons = str | Sequence[str]
"""A timetable: one cron, or several."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One due time of a schedule. ``(schedule, key)`` is unique for ever; ``due`` is in UTC.

    ``key`` is the wall time that the cron names (``2027-10-31T02:30``), also when a clock change moved the slot, or
    the instant (``2027-10-31T00:30Z``) for a rhythm, or the article (``article:17``) on publish. ``note`` says what a
    clock change did, or who moved it, "" otherwise. ``was``: of one that was moved, the timetable's time.
    """

    schedule: str
    key: str
    due: datetime
    note: str = ""
    was: datetime | None = None

    @property
    def planned(self) -> datetime | None:
        """When the timetable has it (UTC); None for what is in no timetable."""
        return (self.was or self.due) if self.key[:1].isdecimal() else None

    @property
    def seed(self) -> str:
        """What the edition's id is made of. A store that was restored gives the ids of lost articles to others, and
        networks know a post again by its edition's: the time tells the two apart.
        """
        return f"{self.key}@{self.due.astimezone(UTC).isoformat()}" if self.key.startswith(ARTICLE) else self.key


def article_slot(schedule_id: str, article: int, due: datetime) -> Slot:
    """The slot of one article, which appeared at ``due``."""
    return Slot(schedule_id, f"{ARTICLE}{article}", due)


def article_of(slot_key: str) -> int | None:
    """The article whose slot this is, 0 for that of the newest (a preview's); None for a slot of a timetable."""
    return int(slot_key.removeprefix(ARTICLE) or 0) if slot_key.startswith(ARTICLE) else None


def slots_after(schedule_id: str, crons: Crons, timezone: str, after: datetime, *, count: int) -> list[Slot]:
    """The next ``count`` slots later than ``after``; fewer only when no cron ever fires again."""
    return list(islice(slots_from(schedule_id, crons, timezone, after), count))


def slots_between(
    schedule_id: str, crons: Crons, timezone: str, after: datetime, until: datetime, limit: int = 10_000
) -> list[Slot]:
    """The slots later than ``after`` and not later than ``until``, oldest first, the first ``limit`` of them."""
    slots = takewhile(lambda slot: slot.due <= until, slots_from(schedule_id, crons, timezone, after))
    return list(islice(slots, limit))


def previous_slot(schedule_id: str, crons: Crons, timezone: str, before: datetime) -> Slot | None:
    """The newest slot earlier than ``before`` (never the one due at that moment); None when there was none."""
    for lookback in _LOOKBACKS:
        newest = None
        for slot in slots_from(schedule_id, crons, timezone, before - lookback):
            if slot.due >= before:
                break
            newest = slot
        if newest:
            return newest
    return None


def due_slots(
    missed: Sequence[Slot], *, catch_up: str, max_lateness: timedelta, now: datetime
) -> tuple[list[Slot], list[tuple[Slot, str]]]:
    """Which of the slots up to ``now`` are made, and which are skipped, each with its reason; both oldest first.

    ``catch_up``: ``latest`` makes the newest, ``all`` makes each, ``skip`` makes those met within ``GRACE`` only.
    None is made later than ``max_lateness``.
    """
    make: list[Slot] = []
    skipped: list[tuple[Slot, str]] = []
    ordered = sorted(missed, key=lambda slot: slot.due)
    for slot in ordered:
        late = now - slot.due
        if late > max_lateness:
            said = Phrase("%(late)s late, at most %(most)s", late=_words(late), most=_words(max_lateness))
            skipped.append((slot, said))
        elif catch_up == "latest" and slot is not ordered[-1]:
            skipped.append((slot, Phrase("missed while Broadsheet was down; only the latest is made up")))
        elif catch_up == "skip" and late > GRACE:
            said = Phrase("missed while Broadsheet was down; this schedule makes up for none")
            skipped.append((slot, said))
        else:
            make.append(slot)
    return make, skipped


def slots_from(schedule_id: str, crons: Crons, timezone: str, after: datetime) -> Iterator[Slot]:
    """The slots later than ``after``, without end where a cron has none."""
    each = [_of_cron(schedule_id, cron, timezone, after) for cron in ((crons,) if isinstance(crons, str) else crons)]
    last: datetime | None = None
    # As within one cron: of two that fall on one instant, that of the time that exists is the edition's.
    for slot in merge(*each, key=lambda slot: (slot.due, slot.note != "")):
        if slot.due != last:
            yield slot
        last = slot.due


def _of_cron(schedule_id: str, cron: str, timezone: str, after: datetime) -> Iterator[Slot]:
    zone = ZoneInfo(timezone)
    start = after.astimezone(UTC)
    slots = _fixed if _names_wall_times(cron) else _rhythm
    return (slot for slot in slots(schedule_id, cron, zone, start) if slot.due > start)


def _names_wall_times(cron: str) -> bool:
    # Counted from the end: a cron may have a field for seconds before its five.
    return re.fullmatch(r"[\d,]+", cron.split()[-4]) is not None


# CronSim steps without a timezone, where every wall time exists once; the zone is put on its times here. With a zone
# it fires at times that do not exist, leaves out others, and never returns from St. John's clock change of 2006.


def _fixed(schedule_id: str, cron: str, zone: ZoneInfo, after: datetime) -> Iterator[Slot]:
    waiting: Slot | None = None
    for wall in CronSim(cron, after.astimezone(zone).replace(tzinfo=None)):
        slot = _fixed_slot(schedule_id, wall, zone)
        if waiting and waiting.due == slot.due:
            # `0 2,3 * * *` in the gap: both fall on 03:00, which is one edition, that of the time that exists.
            waiting = waiting if slot.note else slot
            continue
        if waiting:
            yield waiting
        waiting = slot
    if waiting:
        yield waiting


def _fixed_slot(schedule_id: str, wall: datetime, zone: ZoneInfo) -> Slot:
    change = _offset(wall, zone, 0) - _offset(wall, zone, 1)
    if change < _NONE:
        return Slot(
            schedule_id,
            _text(wall),
            _first_after_gap(wall, zone),
            Phrase("clock change: moved from %(time)s", time=wall.time()),
        )
    due = wall.replace(tzinfo=zone).astimezone(UTC)
    return Slot(
        schedule_id, _text(wall), due, Phrase("clock change: repeated hour, runs once") if change > _NONE else ""
    )


def _first_after_gap(wall: datetime, zone: ZoneInfo) -> datetime:
    wall = wall.replace(second=0)
    while _offset(wall, zone, 0) < _offset(wall, zone, 1):
        wall += _MINUTE
    return wall.replace(tzinfo=zone).astimezone(UTC)


def _rhythm(schedule_id: str, cron: str, zone: ZoneInfo, after: datetime) -> Iterator[Slot]:
    local = after.astimezone(zone)
    wall_then = local.replace(tzinfo=None, fold=0)
    repeats = _offset(wall_then, zone, 0) - _offset(wall_then, zone, 1)
    if repeats > _NONE and not local.fold:
        # The repeated hour runs for the first time: what it brought so far comes once more.
        wall_then -= repeats
    # The second pass of a wall time lies behind the first pass of later ones, so it waits its turn.
    waiting: list[datetime] = []
    for wall in CronSim(cron, wall_then):
        change = _offset(wall, zone, 0) - _offset(wall, zone, 1)
        if change < _NONE:
            continue
        first = wall.replace(tzinfo=zone).astimezone(UTC)
        while waiting and waiting[0] < first:
            yield _rhythm_slot(schedule_id, heappop(waiting))
        yield _rhythm_slot(schedule_id, first)
        if change > _NONE:
            heappush(waiting, first + change)
    for due in sorted(waiting):
        yield _rhythm_slot(schedule_id, due)


def _rhythm_slot(schedule_id: str, due: datetime) -> Slot:
    return Slot(schedule_id, f"{_text(due.replace(tzinfo=None))}Z", due)


def _offset(wall: datetime, zone: ZoneInfo, fold: int) -> timedelta:
    """What the zone adds to UTC at a wall time: more before the change (fold 0) than after it in the repeated hour."""
    return wall.replace(tzinfo=zone, fold=fold).utcoffset() or _NONE


def _text(wall: datetime) -> str:
    return wall.isoformat(timespec="seconds" if wall.second else "minutes")


def _words(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    parts = [(minutes // 1440, "d"), (minutes // 60 % 24, "h"), (minutes % 60, "min")]
    return " ".join([f"{number} {unit}" for number, unit in parts if number][:2])
