"""A slot to come is moved to another time, skipped, or put back. Each act is on the record.

Whatever is done, the slot keeps its key, and so makes one edition: all of this is decided under the lock under which
slots are claimed. An edition that is made already moves with its slot, and is rendered anew for its new time. One that
was approved for a later time is asked for again: what is embargoed must not go out earlier unseen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.editions import compose
from bot.editions.lifecycle import WAITING, keep_version, standing
from bot.editions.told import told_of
from bot.errors import NotFound, NothingToDo, StateError
from bot.model import Act, Edition, EditionState, EditionVersion, MovedSlot, Phrase
from bot.schedules.hosting import host_stories
from bot.schedules.installation import Installation
from bot.schedules.pictures import hosted
from bot.schedules.plan import Slot
from bot.schedules.slot import skip
from bot.schedules.timetable import STEP, Timetable
from bot.store import Transaction
from bot.tokens import edition_id

FARTHEST = timedelta(days=366)
"""So far ahead a slot may be moved."""
TOO_LATE = timedelta(seconds=5)
"""So shortly before its time an edition that waits begins to go out."""
TRIES = 3

MOVE, PUT_BACK = "move slot", "put back slot"
_SKIPPED_BY = "skipped by "


@dataclass(frozen=True, slots=True)
class Stand:
    """Where a slot stands: ``edition`` is what it made, None before."""

    slot: Slot
    edition: Edition | None

    @property
    def skipped(self) -> bool:
        """Whether an editor skipped it."""
        made = self.edition
        return made is not None and by_editor(made.state, made.reason)


def by_editor(state: EditionState | None, reason: str) -> bool:
    """Whether an editor skipped the slot that has an edition of this state, for this reason."""
    # Rows of old have the English text, and a template begins as its English text does.
    said = reason.template if isinstance(reason, Phrase) else reason
    return state is EditionState.SKIPPED and said.startswith(_SKIPPED_BY)


def stand(tx: Transaction, installation: Installation, schedule: str, key: str) -> Stand:
    """The slot with this key, and its edition. Raises ``NotFound``."""
    if schedule not in installation.settings.schedules:
        raise NotFound(Phrase('there is no schedule "%(schedule)s"', schedule=schedule))
    slot = installation.timetable(schedule, tx).named(key)
    edition = tx.editions.of_slot(schedule, key)
    if slot is None:
        raise NotFound(
            Phrase(
                "the timetable of %(schedule)s has no slot %(slot)s; `broadsheet schedules %(schedule)s` lists them",
                schedule=schedule,
                slot=key,
            )
        )
    # An edition of a schedule whose timezone was changed since stands where it was made for.
    return Stand(replace(slot, due=edition.slot, was=slot.planned) if edition else slot, edition)


def move(installation: Installation, schedule: str, key: str, due: datetime, *, who: str, now: datetime) -> Stand:
    """Moves the slot ``key`` to ``due`` (UTC, to the minute), its edition with it; returns where it stands then.

    Raises ``NothingToDo`` (it is there), ``StateError`` (the past, another slot of the schedule, what began to go out
    or ended), ``NotFound``, ``RenderError``; then nothing is moved.
    """
    due = due.replace(second=0, microsecond=0)
    for _ in range(TRIES):
        with installation.store.read() as tx:
            seen = stand(tx, installation, schedule, key)
            check(installation.timetable(schedule, tx), seen, due, now)
        fresh = _rendered(installation, seen.edition, due, now) if seen.edition else None
        with installation.store.write() as tx:
            tx.flags.need_open()
            tx.moved_slots.lock(schedule)
            current = stand(tx, installation, schedule, key)
            check(installation.timetable(schedule, tx), current, due, now)
            if current.edition != seen.edition:
                # Somebody made it or changed it meanwhile: it is rendered again, as it is now.
                continue
            _place(tx, current.slot, due, who, now)
            if fresh and seen.edition:
                _move_edition(tx, installation, seen.edition, fresh, who, now)
            said = MOVE if due != current.slot.planned else PUT_BACK
            tx.acts.add(_act(installation, said, current.slot, due, who, now))
            return stand(tx, installation, schedule, key)
    raise StateError(
        Phrase(
            "the edition of %(schedule)s %(slot)s is being changed by somebody else: try again",
            schedule=schedule,
            slot=key,
        )
    )


def check(timetable: Timetable, found: Stand, due: datetime, now: datetime) -> None:
    """Raises ``StateError``, or ``NothingToDo``, with the reason why the slot cannot be moved to ``due``."""
    slot, edition = found.slot, found.edition
    if found.skipped:
        raise StateError(Phrase("the slot %(slot)s was skipped: put it back first", slot=slot.key))
    if edition and edition.state.ended:
        raise StateError(
            Phrase(
                "the slot %(slot)s has its edition, which is %(state)s: it stays where it is",
                slot=slot.key,
                state=standing(edition.state),
            )
        )
    if edition and edition.state not in WAITING:
        raise StateError(
            Phrase("the edition of the slot %(slot)s began to go out: it stays where it is", slot=slot.key)
        )
    if edition is None and slot.due <= now:
        raise StateError(Phrase("the slot %(slot)s is over", slot=slot.key))
    if edition and edition.state is not EditionState.HELD and slot.due <= now + TOO_LATE:
        raise StateError(Phrase("the slot %(slot)s is due now: hold its edition first, then move it", slot=slot.key))
    if due <= now:
        raise StateError(Phrase("that time is over: a slot is moved to a time to come"))
    if due > now + FARTHEST:
        raise StateError(Phrase("that is more than a year ahead"))
    if due == slot.due:
        raise NothingToDo(Phrase("the slot %(slot)s stands there already", slot=slot.key))
    taken = [each for each in timetable.between(due - STEP, due) if each.key != slot.key]
    if taken:
        raise StateError(
            Phrase(
                "this schedule goes out then already, %(when)s: choose another minute",
                when=taken[0].due.astimezone(ZoneInfo(timetable.timezone)),
            )
        )


def skip_slot(
    installation: Installation, schedule: str, key: str, *, who: str, now: datetime, note: str = ""
) -> Edition:
    """Claims the slot for nothing: it makes no edition, and the reason says who wanted it so, and why (``note``).

    Raises ``StateError`` for one that is over or has its edition: that one can be cancelled. Raises ``NotFound``.
    """
    with installation.store.read() as tx:
        found = stand(tx, installation, schedule, key)
    if found.skipped:
        why = found.edition.reason if found.edition else ""
        raise NothingToDo(Phrase("the slot %(slot)s is skipped already: %(why)s", slot=key, why=why))
    if found.edition:
        raise StateError(
            Phrase(
                "the slot %(slot)s has its edition, which is %(state)s: cancel that one instead",
                slot=key,
                state=standing(found.edition.state),
            )
        )
    if found.slot.due <= now:
        raise StateError(Phrase("the slot %(slot)s is over", slot=key))
    reason = Phrase("skipped by %(who)s", who=who)
    if note:
        reason = Phrase("skipped by %(who)s: %(note)s", who=who, note=note[:500])
    made = skip(installation, schedule, found.slot, reason, now, who=who)
    if made is None:
        raise StateError(Phrase("the slot %(slot)s got its edition, or was moved, just now: look again", slot=key))
    return made


def put_back(installation: Installation, schedule: str, key: str, *, who: str, now: datetime) -> Stand:
    """Takes back what was done to a slot: one that an editor skipped goes out after all, where it stands; one that was
    moved goes out at its timetable's time. Raises ``NothingToDo``, ``StateError`` (that time is over), ``NotFound``.
    """
    with installation.store.write() as tx:
        tx.flags.need_open()
        tx.moved_slots.lock(schedule)
        found = stand(tx, installation, schedule, key)
        if found.skipped and found.edition:
            if found.slot.due <= now:
                raise StateError(
                    Phrase(
                        "the slot %(slot)s is over: `broadsheet run %(schedule)s --extra` makes an edition now",
                        slot=key,
                        schedule=schedule,
                    )
                )
            tx.editions.drop_skipped(found.edition.id)
            # Up to this time all may be reckoned already; what stands here is looked for all the same.
            _place(tx, found.slot, found.slot.due, who, now)
            tx.acts.add(_act(installation, PUT_BACK, found.slot, found.slot.due, who, now))
            return replace(found, edition=None)
        planned = found.slot.planned
    if planned is None or planned == found.slot.due:
        raise NothingToDo(Phrase("the slot %(slot)s stands where its timetable has it", slot=key))
    return move(installation, schedule, key, planned, who=who, now=now)


def _place(tx: Transaction, slot: Slot, due: datetime, who: str, now: datetime) -> None:
    was = slot.planned
    assert was is not None
    tx.moved_slots.put(MovedSlot(schedule=slot.schedule, slot_key=slot.key, was=was, due=due, who=who, at=now))


def _rendered(installation: Installation, edition: Edition, due: datetime, now: datetime) -> Edition:
    """The edition as it is rendered for ``due``: its mails, addresses and cards say the day."""
    slot = Slot(edition.schedule, edition.slot_key, due)
    host_stories(installation, slot, edition.stories, now)
    with installation.store.read() as tx:
        shown = hosted(tx, installation, slot, edition.stories)
    frame = replace(
        installation.frame(edition.schedule, slot, edition.corrections, shown), edition=edition.id, words=edition.words
    )
    renditions, links = compose.render(frame, edition.stories), compose.links(frame, edition.stories)
    return replace(edition, slot=due, version=edition.version + 1, renditions=renditions, links=links)


def _move_edition(
    tx: Transaction, installation: Installation, before: Edition, fresh: Edition, who: str, now: datetime
) -> None:
    """Puts the edition rendered for its new time into its place, as its next version: others see that it changed."""
    again = before.approval and before.state is EditionState.APPROVED and fresh.slot < before.slot
    if again:
        reason = Phrase("moved to an earlier time after it was approved")
        fresh = replace(fresh, state=EditionState.AWAITING, reason=reason)
    expires, since = fresh.slot + installation.settings.schedules[fresh.schedule].max_lateness, [before.state]
    if not tx.editions.reschedule(fresh.id, slot=fresh.slot, expires=expires, since=since, now=now):
        raise StateError(
            Phrase("the edition %(edition)s was moved on by somebody else just now: look again", edition=fresh.id)
        )
    if not tx.editions.revise(fresh, before=before, now=now):
        raise StateError(
            Phrase("the edition %(edition)s was changed by somebody else just now: look again", edition=fresh.id)
        )
    keep_version(tx, before)
    zone = ZoneInfo(installation.timezone(fresh.schedule))
    was, is_ = (each.slot.astimezone(zone) for each in (before, fresh))
    said = Phrase("moved from %(before)s to %(after)s", before=was, after=is_)
    made = EditionVersion(number=fresh.version, at=now, who=who, what=said, told=told_of(fresh))
    approved = tx.versions.get(before.id, before.version)
    if approved and not again:
        made = replace(made, approved=approved.approved, approver=approved.approver, note=approved.note)
    tx.versions.keep(before.id, made)


def _act(installation: Installation, what: str, slot: Slot, due: datetime, who: str, now: datetime) -> Act:
    """On the edition's record, also before there is one: its id derives from the slot."""
    thing = f"edition:{edition_id(installation.keys, slot.schedule, slot.seed)}"
    name = installation.settings.schedules[slot.schedule].name
    before, after = (f"{moment:%Y-%m-%dT%H:%MZ}" for moment in (slot.due, due))
    return Act(at=now, who=who, what=what, thing=thing, before=before, after=after, note=name)
