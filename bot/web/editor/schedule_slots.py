"""The next slots of a schedule, each with what the clocks or somebody did to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.schedules.installation import Installation
from bot.schedules.moving import by_editor
from bot.schedules.timetable import STEP
from bot.store import Transaction
from bot.web.editor.phrases import told
from bot.web.editor.schedule_words import clock_change
from bot.web.editor.speech import _
from bot.web.editor.times import Times

NEXT = 10
"""Slots that are shown."""


@dataclass(frozen=True, slots=True)
class NextSlot:
    """A slot to come, ``due`` in UTC. ``note`` says what was done to it, ``icon`` by what; "" where nothing was."""

    due: datetime
    note: str = ""
    icon: str = ""
    skipped: bool = False


def next_slots(installation: Installation, key: str, times: Times) -> list[NextSlot]:
    """The next ten of the timetable of ``key`` as they stand, those that were moved at their new times."""
    zone = ZoneInfo(installation.timezone(key))
    with installation.store.read() as tx:
        moves = tx.moved_slots.of(key)
        slots = installation.timetable(key, moves=moves).after(times.now, count=NEXT)
        skipped = skipped_slots(tx, slots[0].due, slots[-1].due + STEP, key).get(key, {}) if slots else {}
    movers = {each.slot_key: each.who for each in moves}
    found: list[NextSlot] = []
    before: datetime | None = None
    for slot in slots:
        if slot.key in skipped:
            found.append(NextSlot(slot.due, told(skipped[slot.key]), "dash", skipped=True))
        elif slot.was and slot.was != slot.due:
            said = _("moved from %(time)s by %(who)s") % {"time": times.words(slot.was), "who": movers[slot.key]}
            found.append(NextSlot(slot.due, said, "double"))
        else:
            change = clock_change(slot, before, zone)
            found.append(NextSlot(slot.due, change, "clock" if change else ""))
        before = slot.due
    return found


def skipped_slots(
    tx: Transaction, start: datetime, until: datetime, schedule: str = ""
) -> Mapping[str, Mapping[str, str]]:
    """The slots that an editor skipped: schedule → key → reason; of ``schedule``, or of all."""
    found: dict[str, dict[str, str]] = {}
    for each in tx.editions.between(start, until, schedule=schedule):
        if by_editor(each.state, each.reason):
            found.setdefault(each.schedule, {})[each.slot_key] = each.reason
    return found
