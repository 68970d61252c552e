"""The next slots of a schedule, each with what the clocks or somebody did to it, and its next edition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.editions.lifecycle import WAITING
from bot.schedules.installation import Installation
from bot.schedules.moving import by_editor
from bot.schedules.timetable import STEP
from bot.speech.catalog import _
from bot.speech.phrases import told
from bot.store import Transaction
from bot.web.editor.schedule_words import clock_change
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


@dataclass(frozen=True, slots=True)
class Coming:
    """The next edition of a schedule, of the slot ``due``; ``made`` when it is, or was. ``edition``: its id, "" before.

    ``asks`` for approval. What ``made`` names may have passed: then it is made with the next look at the timetable.
    """

    due: datetime
    made: datetime
    asks: bool
    edition: str = ""

    def said(self, times: Times) -> str:
        """When it is made, and where it stands then."""
        said = {"time": times.words(self.due), "made": times.words(self.made)}
        if self.edition:
            return _("Its next edition, for %(time)s, is made.") % said
        if self.made == self.due and not self.asks:
            return _("Its next edition is made and goes out %(time)s.") % said
        if self.made <= times.now:
            if self.asks:
                return _("Its next edition, for %(time)s, is made now, and waits on Today until it is approved.") % said
            return _("Its next edition, for %(time)s, is made now, and stands on Today.") % said
        if self.asks:
            return (
                _("Its next edition, for %(time)s, is made %(made)s, and waits on Today until it is approved.") % said
            )
        return _("Its next edition, for %(time)s, is made %(made)s, and stands on Today.") % said


def coming(tx: Transaction, installation: Installation, key: str, now: datetime) -> Coming | None:
    """The next edition of ``key``; None while it is off, tells each article as it appears, or has no slot to come."""
    table = installation.settings.schedules[key]
    if not table.enabled or table.on_publish:
        return None
    timetable, state = installation.timetable(key, tx), tx.schedules.get(key)
    slots = timetable.after(now, count=NEXT)
    made = tx.editions.of_slots([(key, slot.seed) for slot in slots])
    for slot in slots:
        edition = made.get((key, slot.seed))
        if edition and edition.state in WAITING:
            return Coming(slot.due, edition.created, edition.approval, edition.id)
        # Up to ``reckoned`` every slot has what it gets: of a new timetable, too, no earlier one is made.
        passed = state is not None and slot.due <= state.reckoned and slot.key not in timetable.moved
        if not edition and not passed:
            return Coming(slot.due, slot.due - table.lead_time, table.approval)
    return None


def skipped_slots(
    tx: Transaction, start: datetime, until: datetime, schedule: str = ""
) -> Mapping[str, Mapping[str, str]]:
    """The slots that an editor skipped: schedule → key → reason; of ``schedule``, or of all."""
    found: dict[str, dict[str, str]] = {}
    for each in tx.editions.between(start, until, schedule=schedule):
        if by_editor(each.state, each.reason):
            found.setdefault(each.schedule, {})[each.slot_key] = each.reason
    return found
