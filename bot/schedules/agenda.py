"""What goes out when: editions that were made, and slots to come, of all schedules, by their times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Edition, EditionState
from bot.schedules.installation import Installation
from bot.schedules.moving import by_editor
from bot.schedules.plan import Slot
from bot.schedules.timetable import Timetable
from bot.store import Transaction

MOST_EDITIONS = 3_000
MOST_SLOTS = 600
"""Of one schedule, in one look; of one with more, the first ``A_DAY`` of each day are told."""
A_DAY = 12
_DAY = timedelta(days=1)
_STEP = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One edition, or one slot without (``state`` None: planned). ``due`` in UTC.

    ``note`` says what a clock change does to a slot to come. ``was`` and ``moved_by``: of a slot that was moved, the
    timetable's time and who moved it; None and "" otherwise. ``timetable``: it is a slot of a timetable, which may be
    moved while it is to come.
    """

    schedule: str
    key: str
    due: datetime
    name: str
    edition: str = ""
    state: EditionState | None = None
    reason: str = ""
    snapshot: int | None = None
    was: datetime | None = None
    moved_by: str = ""
    note: str = ""
    timetable: bool = True

    @property
    def skipped(self) -> bool:
        """Whether an editor skipped it."""
        return by_editor(self.state, self.reason)


def agenda(
    tx: Transaction,
    installation: Installation,
    start: datetime,
    until: datetime,
    now: datetime,
    *,
    schedules: Iterable[str] | None = None,
) -> list[Entry]:
    """What stands from ``start`` to before ``until``, oldest first: of ``schedules``, or of all.

    Slots of ``now`` and before that made nothing are none. Replies that correct posts are told as editions.
    """
    settings, wanted = installation.settings, None if schedules is None else set(schedules)
    moves = tx.moved_slots.all()
    moved = {(name, each.slot_key): each for name, those in moves.items() for each in those if each.due != each.was}
    made = tx.editions.between(start, until, limit=MOST_EDITIONS)
    entries = []
    for each in made:
        if wanted is None or each.schedule in wanted:
            move = moved.get((each.schedule, each.slot_key))
            entries.append(_of_edition(each, move.was if move else None, move.who if move else ""))
    taken = {(each.schedule, each.slot_key) for each in made}
    for name, table in settings.schedules.items():
        if not table.enabled or table.on_publish or (wanted is not None and name not in wanted):
            continue
        timetable = installation.timetable(name, moves=moves.get(name, ()))
        for slot in _slots(timetable, start, until, now):
            if (name, slot.key) not in taken:
                move = moved.get((name, slot.key))
                entries.append(_of_slot(slot, table.name, move.who if move else ""))
    return sorted(entries, key=lambda each: (each.due, each.schedule, each.key))


def _slots(timetable: Timetable, start: datetime, until: datetime, now: datetime) -> list[Slot]:
    after, last = max(start - _STEP, now), until - _STEP
    found = timetable.between(after, last, limit=MOST_SLOTS)
    if len(found) < MOST_SLOTS:
        return found
    found, edge = [], start
    while edge <= last:
        edge += _DAY
        found += timetable.between(after, min(edge - _STEP, last), limit=A_DAY)
        after = max(edge - _STEP, now)
    return found


def _of_edition(edition: Edition, was: datetime | None, who: str) -> Entry:
    return Entry(
        schedule=edition.schedule,
        key=edition.slot_key,
        due=edition.slot,
        name=edition.name,
        edition=edition.id,
        state=edition.state,
        reason=edition.reason,
        snapshot=edition.snapshot,
        was=was,
        moved_by=who,
        timetable=edition.slot_key[:1].isdecimal(),
    )


def _of_slot(slot: Slot, name: str, who: str) -> Entry:
    return Entry(
        schedule=slot.schedule,
        key=slot.key,
        due=slot.due,
        name=name,
        was=slot.was if who else None,
        note="" if who else slot.note,
        moved_by=who,
    )
