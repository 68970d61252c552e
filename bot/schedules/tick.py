"""One look at the timetable: which slots are due, which editions may go out. The store decides, the tick only asks."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.editions.lifecycle import WAITING
from bot.errors import BroadsheetError
from bot.model import Edition, EditionState, Phrase
from bot.schedules.hosting import PictureTime
from bot.schedules.installation import Installation
from bot.schedules.on_publish import arrivals, tell
from bot.schedules.plan import Slot, due_slots
from bot.schedules.slot import advance, make, skip
from bot.schedules.withdrawn import stop_withdrawn
from bot.store.schedules import ScheduleState

log = logging.getLogger(__name__)


@dataclass
class Ticked:
    """What a tick did: editions made or skipped, and those that moved (edition id → new state)."""

    made: list[Edition] = field(default_factory=list)
    moved: dict[str, EditionState] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)


def tick(
    installation: Installation, now: datetime, *, drafting: datetime | None = None, within: PictureTime | None = None
) -> Ticked:
    """Makes the editions that are due or to be prepared, and moves those that wait; one fault stops no other.

    What is due is judged by ``now``; editions are drafted as of ``drafting``, which is later when the sources were
    visited in between. All their pictures come ``within`` one time, so that no edition is late for another's.
    """
    done, within = Ticked(), within or PictureTime()
    if held(installation):
        return done
    for schedule, table in installation.settings.schedules.items():
        look = _tick_articles if table.on_publish else _tick_schedule
        try:
            look(installation, schedule, now, drafting or now, done, within)
        except Exception as error:
            done.failed.append(f"{schedule}: {_said(error)}")
    advance_waiting(installation, drafting or now, done, within=within)
    try:
        done.moved.update(dict.fromkeys(stop_withdrawn(installation, now), EditionState.PAUSED))
    except Exception as error:
        done.failed.append(f"stories that were withdrawn: {_said(error)}")
    return done


def advance_waiting(
    installation: Installation, now: datetime, done: Ticked, *, within: PictureTime | None = None
) -> None:
    """Moves the editions that wait: to sending when they are due, to expired when they are too late.

    The pictures of those that changed come ``within`` one time.
    """
    within = within or PictureTime()
    with installation.store.read() as tx:
        if tx.flags.held():
            return
        waiting = tx.editions.newest(states=WAITING, limit=1000)
    for edition in waiting:
        try:
            state = advance(installation, edition, now, within=within)
        except Exception as error:
            done.failed.append(f"edition {edition.id}: {_said(error)}")
            continue
        if state is not edition.state:
            done.moved[edition.id] = state


def _said(error: Exception) -> str:
    """The error's line; of a fault of the program only its name, with the trace in the log."""
    if isinstance(error, BroadsheetError):
        return str(error)
    log.error("a fault in the program", exc_info=error)
    return f"a fault in the program: {type(error).__name__}"


def held(installation: Installation) -> str:
    """Why nothing may go out from the store, and so nothing is made or moved; "" when it may."""
    with installation.store.read() as tx:
        return tx.flags.held()


def is_due(installation: Installation, now: datetime) -> bool:
    """Whether ``tick`` would make an edition of a slot now: then the sources are worth a visit first."""
    schedules = installation.settings.schedules.items()
    return not held(installation) and any(
        _due(installation, name, now).make for name, table in schedules if not table.on_publish
    )


def sources_due(installation: Installation, now: datetime) -> dict[str, str]:
    """By edition, the source of each article that ``tick`` would tell on publish now: it may be corrected by now."""
    found: dict[str, str] = {}
    for name, table in installation.settings.schedules.items() if not held(installation) else ():
        if table.on_publish:
            found |= {f"{name} {key}": source for key, source in arrivals(installation, name, now).sources.items()}
    return found


def _tick_articles(
    installation: Installation, schedule: str, now: datetime, drafting: datetime, done: Ticked, within: PictureTime
) -> None:
    made, failed = tell(installation, schedule, now, drafting, within=within)
    done.made += made
    done.failed += [f"{schedule}: {_said(each)}" for each in failed]


def _tick_schedule(
    installation: Installation, schedule: str, now: datetime, drafting: datetime, done: Ticked, within: PictureTime
) -> None:
    due = _due(installation, schedule, now)
    for slot, reason in due.skip:
        skipped = skip(installation, schedule, slot, reason, now)
        if skipped:
            done.made.append(skipped)
    for slot in due.make:
        made = make(installation, schedule, slot, drafting, within=within)
        if made:
            done.made.append(made)
    if due.reckoned:
        with installation.store.write() as tx:
            tx.schedules.reckon(schedule, due.reckoned)


@dataclass(frozen=True, slots=True)
class _Due:
    make: list[Slot]
    skip: list[tuple[Slot, str]]
    reckoned: datetime | None


def _due(installation: Installation, schedule: str, now: datetime) -> _Due:
    table = installation.settings.schedules[schedule]
    zone = installation.timezone(schedule)
    state = _state(installation, schedule, table.trigger, zone, now)
    with installation.store.read() as tx:
        timetable, claimed = installation.timetable(schedule, tx), tx.moved_slots.claimed(schedule)
    if not table.enabled:
        # While it is off no slot counts, so that switching it on makes up for nothing.
        why = Phrase("its schedule was switched off")
        off: list[tuple[Slot, str]] = [(slot, why) for slot in timetable.due([], now, claimed)]
        return _Due([], off, now if now - state.reckoned > timedelta(minutes=1) else None)
    until = now + table.lead_time
    planned = timetable.planned(state.reckoned, until)
    slots = timetable.due(planned, until, claimed)
    missed = [slot for slot in slots if slot.due <= now]
    to_make, to_skip = due_slots(missed, catch_up=table.catches_up, max_lateness=table.max_lateness, now=now)
    reckoned = planned[-1].due if planned else None
    return _Due([*to_make, *(slot for slot in slots if slot.due > now)], to_skip, reckoned)


def _state(installation: Installation, schedule: str, trigger: str, zone: str, now: datetime) -> ScheduleState:
    """Since when the schedule runs. A new one counts from now on, and so does a changed timetable."""
    with installation.store.read() as tx:
        state = tx.schedules.get(schedule)
    if state and (state.cron, state.timezone) == (trigger, zone):
        return state
    # A slot that falls on this very minute still counts.
    start = now.replace(second=0, microsecond=0) - timedelta(seconds=1)
    state = ScheduleState(
        schedule=schedule,
        activated=state.activated if state else now,
        cron=trigger,
        timezone=zone,
        reckoned=max(start, state.reckoned) if state else start,
    )
    with installation.store.write() as tx:
        tx.schedules.put(state)
    return state
