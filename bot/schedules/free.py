"""The next free slot: a time at which nothing else of the newsroom goes out.

A free time is a whole half hour of the newsroom's day, from 06:00 to 22:00, with no slot and no edition of any schedule
within 30 minutes before or after, and far enough ahead that the schedule's edition can be prepared.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.model import EditionState
from bot.schedules.installation import Installation
from bot.store import Transaction

AROUND = timedelta(minutes=30)
"""So far from everything else that goes out."""
STEP = timedelta(minutes=30)
FIRST, LAST = time(6), time(22)
"""The newsroom's day."""
AT_LEAST = timedelta(minutes=10)
DAYS = timedelta(days=7)
"""So far ahead it is looked."""
MOST = 2_000
"""Slots of a schedule that are looked at: one that goes out each minute leaves no time free anyway."""

_NOWHERE = (EditionState.CANCELLED, EditionState.SKIPPED, EditionState.EXPIRED)


def next_free(
    tx: Transaction, installation: Installation, now: datetime, *, schedule: str = "", key: str = ""
) -> datetime | None:
    """The first free time (UTC) from now on, for the slot ``key`` of ``schedule``; None when a week has none.

    That slot itself stands in nobody's way, and its own time is no other.
    """
    settings = installation.settings
    lead = settings.schedules[schedule].lead_time if schedule else timedelta(0)
    start, until = now + max(lead, AT_LEAST), now + DAYS
    taken, own = _taken(tx, installation, start - AROUND, until + AROUND, schedule, key)
    zone = ZoneInfo(installation.newsroom.timezone)
    # By the clock: half hours of a zone lie elsewhere after a clock change.
    wall = start.astimezone(zone).replace(minute=0, second=0, microsecond=0, tzinfo=None)
    while True:
        wall += STEP
        moment = wall.replace(tzinfo=zone).astimezone(start.tzinfo)
        if moment > until:
            return None
        exists = moment.astimezone(zone).replace(tzinfo=None) == wall
        if not exists or moment < start or not FIRST <= wall.time() <= LAST or moment == own:
            continue
        if all(abs(each - moment) >= AROUND for each in taken):
            return moment


def _taken(
    tx: Transaction, installation: Installation, start: datetime, until: datetime, schedule: str, key: str
) -> tuple[list[datetime], datetime | None]:
    """When something goes out in that time, but for one slot; and when that one does."""
    taken, own = [], None
    made = {(each.schedule, each.slot_key): each for each in tx.editions.between(start, until, limit=MOST)}
    slots = {(each.schedule, each.slot_key): each.slot for each in made.values() if each.state not in _NOWHERE}
    moves = tx.moved_slots.all()
    for name, table in installation.settings.schedules.items():
        if table.enabled:
            for slot in installation.timetable(name, moves=moves.get(name, ())).between(start, until, limit=MOST):
                if (name, slot.key) not in made:
                    slots[name, slot.key] = slot.due
    for which, due in slots.items():
        if which == (schedule, key):
            own = due
        else:
            taken.append(due)
    return taken, own
