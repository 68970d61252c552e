"""The next free slot: a time at which nothing else of the newsroom goes out.

A free time is a whole half hour of the newsroom's day, from 06:00 to 22:00, with no slot and no edition of any schedule
within 30 minutes before or after, and far enough ahead that the schedule's edition can be prepared.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.model import EditionState
from bot.schedules.agenda import Entry, agenda
from bot.schedules.installation import Installation
from bot.store import Transaction

AROUND = timedelta(minutes=30)
"""So far from everything else that goes out."""
STEP = timedelta(minutes=30)
FIRST, LAST = time(6), time(22)
"""The newsroom's day."""
AT_LEAST = timedelta(minutes=10)
DAYS = 7
"""So far ahead it is looked."""

_DAY = timedelta(days=1)
_NOWHERE = (EditionState.CANCELLED, EditionState.SKIPPED, EditionState.EXPIRED)


def next_free(
    tx: Transaction, installation: Installation, now: datetime, *, schedule: str = "", key: str = ""
) -> datetime | None:
    """The first free time (UTC) from now on; None when a week has none.

    For the slot ``key`` of ``schedule``, which stands in nobody's way itself, the first after its own time.
    """
    lead = installation.settings.schedules[schedule].lead_time if schedule else timedelta(0)
    start = now + max(lead, AT_LEAST)
    own = installation.timetable(schedule, tx).named(key) if schedule else None
    if own:
        start = max(start, own.due + STEP)
    for day in range(DAYS):
        # Day by day, for it is nearly always found on the first.
        begin, end = start + day * _DAY, start + (day + 1) * _DAY
        there = agenda(tx, installation, begin - AROUND, end + AROUND, now)
        taken = [each.due for each in there if not _is(each, schedule, key) and each.state not in _NOWHERE]
        for moment in _half_hours(begin, end, ZoneInfo(installation.newsroom.timezone)):
            if all(abs(each - moment) >= AROUND for each in taken):
                return moment
    return None


def _is(entry: Entry, schedule: str, key: str) -> bool:
    return (entry.schedule, entry.key) == (schedule, key)


def _half_hours(begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The half hours by the clock of the newsroom's day from ``begin`` to before ``end``; those that exist."""
    wall = begin.astimezone(zone).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    while (moment := wall.replace(tzinfo=zone).astimezone(UTC)) < end:
        exists = moment.astimezone(zone).replace(tzinfo=None) == wall
        if exists and moment >= begin and FIRST <= wall.time() <= LAST:
            yield moment
        wall += STEP
