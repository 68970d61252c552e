"""After a restore: what fell due since the backup, and the editor's word on whether it went out.

Each question has the id of its edition: it derives from schedule and slot, so that a lost edition's id is known, and
stands in the address of its page, ``/e/ID``, in every mail that went out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.delivery.sending import PROGRAM
from bot.editions.lifecycle import WAITING
from bot.errors import NotFound, NothingToDo, UsageError
from bot.model import Act, Edition, EditionState, Phrase, plural
from bot.schedules.installation import Installation
from bot.schedules.on_publish import forget
from bot.schedules.plan import Slot
from bot.schedules.timetable import Timetable
from bot.store import Transaction
from bot.store.flags import RESTORED, Restored
from bot.store.holding import RESTORE
from bot.tokens import edition_id

RECONCILE = "reconcile"
DOUBT = Phrase("it may have gone out before the restore")

_OPEN = (*WAITING, EditionState.PAUSED, EditionState.SENDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Did this go out since the backup? ``state`` is that of the edition in the backup, "" for a slot without one.

    ``due`` in UTC; ``known`` is what the store can tell about it, in a line.
    """

    edition: str
    schedule: str
    slot: str
    due: datetime
    state: str
    known: str


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What was said, as editions' ids; ``left`` is what is still to say, and ``held`` what an editor must release.

    ``unknown`` is how many deliveries of those that were sent are to be resolved. ``open``: the store sends again.
    """

    sent: tuple[str, ...]
    unsent: tuple[str, ...]
    left: tuple[Question, ...]
    held: tuple[str, ...]
    unknown: int

    @property
    def open(self) -> bool:
        return not self.left


def restored(tx: Transaction) -> Restored:
    """What the store says of the backup it stems from. Raises ``NothingToDo`` when there is nothing to reconcile."""
    found = Restored.parse(tx.flags.get(RESTORED))
    if found is None:
        raise NothingToDo("this store was not restored from a backup, or all was said about it: it sends as ever")
    return found


def questions(tx: Transaction, installation: Installation, now: datetime) -> tuple[Question, ...]:
    """What is still to say: slots due up to ``now``, oldest first, after the backup's own open editions."""
    since = restored(tx)
    asked = [*_editions(tx, now), *_slots(tx, installation, since, now)]
    return tuple(each for each in asked if each.edition not in since.unsent)


def _editions(tx: Transaction, now: datetime) -> Iterator[Question]:
    found = tx.editions.newest(states=_OPEN, limit=10_000)
    for edition in sorted(found, key=lambda each: each.slot):
        begun = edition.snapshot is not None
        if edition.slot > now and not begun:
            continue
        states = tx.deliveries.balance(edition.id).states
        counts = ", ".join(f"{count} {state}" for state, count in sorted(states.items()))
        yield Question(
            edition=edition.id,
            schedule=edition.schedule,
            slot=edition.slot_key,
            due=edition.slot,
            state=edition.state,
            known=f"was being sent: {counts}" if begun else f"was {_state_before(tx, edition)}",
        )


def _state_before(tx: Transaction, edition: Edition) -> str:
    acts = tx.acts.newest(thing=f"edition:{edition.id}")
    return next((act.before for act in acts if act.what == RESTORE), edition.state)


def _slots(tx: Transaction, installation: Installation, since: Restored, now: datetime) -> Iterator[Question]:
    for schedule, table in installation.settings.schedules.items():
        if not table.enabled:
            continue
        state = tx.schedules.get(schedule)
        start = min(state.reckoned, since.backup) if state else since.backup
        timetable = installation.timetable(schedule, tx)
        # Those that were moved to a time before the backup are made up for afterwards, if they have no edition.
        moved = [slot for slot in timetable.moved.values() if slot.due <= start]
        runnable = _runnable(timetable, table.max_lateness, since.backup, start)
        due = _slots_between(timetable, start, now)
        for slot in {each.key: each for each in [*moved, *runnable, *due]}.values():
            if tx.editions.of_slot(schedule, slot.seed):
                continue
            after = since.at is not None and slot.due > since.at
            yield Question(
                edition=edition_id(installation.keys, schedule, slot.key),
                schedule=schedule,
                slot=slot.key,
                due=slot.due,
                state="",
                known="fell due after the restore: this store did not send it" if after else "not in the backup",
            )


def _runnable(timetable: Timetable, lateness: timedelta, backup: datetime, start: datetime) -> Iterator[Slot]:
    """The slot up to ``start`` that was the newest at the backup: `broadsheet run` could still make it afterwards."""
    slot = timetable.previous(backup + timedelta(microseconds=1))
    if slot and slot.due <= start and backup - slot.due <= lateness:
        yield slot


def _slots_between(timetable: Timetable, start: datetime, now: datetime) -> Iterator[Slot]:
    while found := timetable.between(start, now):
        yield from found
        start = found[-1].due


def reconcile(
    installation: Installation,
    *,
    sent: Collection[str] = (),
    unsent: Collection[str] = (),
    all_sent: bool = False,
    who: str,
    now: datetime,
    note: str = "",
) -> Reconciled:
    """Takes the editor's word, in one transaction; the store sends again once nothing is left to say.

    ``sent`` and ``unsent`` are editions' ids; with ``all_sent`` all others count as sent. Of an edition that was being
    sent, what has no answer becomes ``unknown``. Raises ``NotFound``, ``UsageError``, ``NothingToDo``.
    """
    both = sorted(set(sent) & set(unsent))
    if both:
        raise UsageError(f"{', '.join(both)}: said to be sent and unsent; say one")
    with installation.store.write() as tx:
        asked = {each.edition: each for each in questions(tx, installation, now)}
        strange = sorted({*sent, *unsent} - set(asked))
        if strange:
            raise NotFound(f"{', '.join(strange)}: nothing is asked about it; `broadsheet db reconcile` lists what is")
        went = [key for key in asked if key in sent or (all_sent and key not in unsent)]
        stayed = [key for key in asked if key in unsent]
        unknown = sum(_sent(tx, installation, asked[key], who, now, note) for key in went)
        for key in stayed:
            _unsent(tx, asked[key], who, now, note)
        since = restored(tx)
        tx.flags.set(RESTORED, replace(since, unsent=(*since.unsent, *stayed)).text(), now)
        left = questions(tx, installation, now)
        if not left:
            forget(tx, installation, now)
            tx.flags.set(RESTORED, "", now)
            said = Phrase("the backup of %(time)s UTC: all is said, the store sends again", time=since.backup)
            tx.acts.add(Act(at=now, who=who, what=RECONCILE, thing="installation", note=said))
        held = tuple(each.id for each in tx.editions.newest(states=[EditionState.HELD], limit=1000))
    return Reconciled(tuple(went), tuple(stayed), left, held, unknown)


def _sent(tx: Transaction, installation: Installation, question: Question, who: str, now: datetime, note: str) -> int:
    reason = note or Phrase("sent before the restore, says %(who)s", who=who)
    unknown = 0
    if question.state:
        unknown = tx.deliveries.doubt_edition(question.edition, DOUBT, now)
        tx.editions.move(question.edition, to=EditionState.SENT, since=_OPEN, now=now, reason=reason)
        tx.editions.consume(question.edition)
    else:
        table = installation.settings.schedules[question.schedule]
        edition = Edition(
            id=question.edition,
            schedule=question.schedule,
            slot_key=question.slot,
            slot=question.due,
            state=EditionState.SENT,
            name=table.name,
            reason=reason,
            # "Since last" counts from here: what that edition held is not picked again.
            created=question.due - table.lead_time,
            approval=table.approval,
            sent=question.due,
        )
        tx.editions.add_sent(edition, expires=question.due + table.max_lateness, report={RECONCILE: reason})
    said = plural(unknown, "reconcile as sent; %(count)s unknown", "reconcile as sent; %(count)s unknown")
    tx.acts.add(_act(question, EditionState.SENT, who, now, _noted(said, note)))
    return unknown


def _unsent(tx: Transaction, question: Question, who: str, now: datetime, note: str) -> None:
    after = question.state
    edition = tx.editions.get(question.edition) if question.state else None
    # One that an editor held before the backup stays held, and what was being sent is for an editor to resume.
    if edition and edition.state is EditionState.HELD and _state_before(tx, edition) != EditionState.HELD:
        to = EditionState.AWAITING if edition.approval else EditionState.DRAFTED
        tx.editions.move(edition.id, to=to, since=[EditionState.HELD], now=now)
        after = to
    tx.acts.add(_act(question, after, who, now, _noted(Phrase("reconcile as unsent"), note)))


def _noted(said: Phrase, note: str) -> Phrase:
    return Phrase("%(what)s: %(why)s", what=said, why=note) if note else said


def _act(question: Question, after: str, who: str, now: datetime, note: str) -> Act:
    thing = f"edition:{question.edition}"
    return Act(at=now, who=who or PROGRAM, what=RECONCILE, thing=thing, before=question.state, after=after, note=note)
