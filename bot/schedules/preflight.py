"""The preflight of an edition that is kept: its findings, and what became of its addresses when they were asked.

Addresses are asked by ``up`` once an edition is made, and when they change; whoever shows an edition asks nobody. What
was found holds up nothing: where a person approves, they see it first; else they are told, and the edition goes out.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.delivery.alert import PREFLIGHT
from bot.delivery.alerts import CLAIMED
from bot.delivery.sending import PROGRAM
from bot.editions.environment import letters_of
from bot.editions.preflight import Ran, Targets, preflight, targets
from bot.errors import BroadsheetError, NotFound
from bot.http import Http
from bot.model import (
    CORRECTION,
    Act,
    Edition,
    EditionState,
    Fetched,
    Finding,
    Grade,
    Phrase,
    Reached,
    Way,
    cut,
    several,
)
from bot.schedules.installation import Installation
from bot.schedules.pictures import addresses
from bot.schedules.reachable import reach
from bot.settings.tables import ScheduleTable
from bot.store import Transaction
from bot.store.kept_editions import WENT_OUT
from bot.store.said import written

RECENT = timedelta(hours=1)
"""An edition that went out at once is looked at too, so late: its readers may still be told of a fault."""
AGAIN = timedelta(hours=6)
"""An edition that waits for so long is looked at anew."""
RAN = timedelta(hours=48)
"""How long ago something was sent that the same readers would take for the same again."""

CLAIM = timedelta(minutes=5)
"""So long a process may take over a look before another one takes it up."""
LOOKING = "looking:"
"""The names of the flags by which processes claim a look, each with an edition's id."""

_LOOKED = (EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED, EditionState.HELD)
_OUT = (EditionState.SENDING, EditionState.SENT)

log = logging.getLogger(__name__)


def findings(tx: Transaction, installation: Installation, edition: Edition) -> tuple[Finding, ...]:
    """What a look at ``edition`` finds, with what is kept of its addresses."""
    return looked(tx, installation, edition).findings


@dataclass(frozen=True, slots=True)
class Look:
    """A look at an edition. ``ran`` are those of its stories that the same readers were sent already."""

    findings: tuple[Finding, ...]
    ran: tuple[Ran, ...]


def looked(tx: Transaction, installation: Installation, edition: Edition) -> Look:
    """A look at ``edition``, with what is kept of its addresses."""
    kept = reached(tx, edition.id), tx.images.known(addresses(edition.stories))
    ran = _ran(tx, installation, edition)
    return Look(found(tx, installation, edition, *kept, ran=ran), ran)


def found(
    tx: Transaction,
    installation: Installation,
    edition: Edition,
    reached: Reached | None,
    pictures: Mapping[str, Fetched],
    *,
    ran: Sequence[Ran] | None = None,
) -> tuple[Finding, ...]:
    """What a look at ``edition`` finds, whether it is kept or not; ``pictures`` are those of its stories.

    ``ran`` is what the same readers were sent already of it; None: it is looked for.
    """
    outlets = installation.outlets
    return preflight(
        edition,
        newsroom=installation.newsroom,
        limits={name: each.limits for name, each in outlets.items()},
        rules={name: each.rules for name, each in outlets.items() if each.medium == "post"},
        reached=reached,
        ran=_ran(tx, installation, edition) if ran is None else ran,
        same_subject=_same_subject(tx, installation, edition),
        pictures=pictures if installation.settings.images.host else {},
    )


def reached(tx: Transaction, edition: str) -> Reached | None:
    """What became of the edition's addresses when they were last asked; None: they were not."""
    kept = tx.editions.noted(edition, PREFLIGHT)
    return Reached.from_content(kept["reached"]) if kept else None


async def asked(installation: Installation, edition: Edition, stop: Callable[[], bool] = lambda: False) -> Reached:
    """What becomes of the addresses of ``edition`` now; of none more once ``stop`` says so."""
    wanted = targets(edition, installation.newsroom)
    async with Http(installation.settings.http) as http:
        return await reach(http, (*wanted.links, *wanted.pictures), installation.clock(), stop=stop)


def look(
    installation: Installation, edition_id: str, *, stop: Callable[[], bool] = lambda: False
) -> tuple[Finding, ...]:
    """Asks the addresses of an edition, and keeps what became of them, unless stopped. Raises ``NotFound``.

    Faults of an edition that nobody approves are put on record, once for the same: an alert tells them.
    """
    with installation.store.read() as tx:
        edition = tx.editions.get(edition_id)
    if edition is None:
        raise NotFound(f"there is no edition {edition_id}; `broadsheet editions` lists them")
    seen = asyncio.run(asked(installation, edition, stop))
    if stop():
        return ()
    with installation.store.write() as tx:
        # By itself: whatever fails below, nobody is asked again for it.
        kept = tx.editions.report(edition_id).get(PREFLIGHT) or {}
        tx.editions.note(edition_id, PREFLIGHT, {**kept, "reached": seen.content()})
    with installation.store.write() as tx:
        made = found(tx, installation, edition, seen, tx.images.known(addresses(edition.stories)))
        lines = [written(_line(each)) for each in made if each.grade in (Grade.FAULT, Grade.WARNING)]
        tx.editions.note(edition_id, PREFLIGHT, {"reached": seen.content(), "look": lines})
        faults = several(tuple(_line(each) for each in made if each.grade is Grade.FAULT), Way.APART)
        act = Act(
            at=installation.clock(),
            who=PROGRAM,
            what=PREFLIGHT,
            thing=f"edition:{edition_id}",
            note=cut(faults, 500),
        )
        if faults and not edition.approval and not _on_record(tx, act):
            tx.acts.add(act)
    return made


def look_at_new(installation: Installation, now: datetime, *, stop: Callable[[], bool] = lambda: False) -> list[str]:
    """Looks at the editions whose addresses were not asked yet, or other ones, or long ago; returns their ids.

    Of several processes one looks at each.
    """
    with installation.store.read() as tx:
        editions = [
            *tx.editions.newest(states=_LOOKED, limit=100),
            *(each for each in tx.editions.newest(states=_OUT, limit=20) if now - each.created < RECENT),
        ]
    looked = []
    for each in editions:
        try:
            with installation.store.read() as tx:
                due = _is_due(tx, installation, each.id, now)
            if due and _claim(installation, each.id, now):
                looked.append(each.id)
                look(installation, each.id, stop=stop)
                # What failed, or died, keeps its claim: it is tried again when that has run out.
                _release(installation, each.id)
        except Exception as error:
            log.error(
                "edition %s is not looked at: %s", each.id, error, exc_info=not isinstance(error, BroadsheetError)
            )
    return looked


def _claim(installation: Installation, edition: str, now: datetime) -> bool:
    """Whether this process is the one that looks at ``edition``, which still is to be looked at."""
    flag = f"{LOOKING}{edition}"
    with installation.store.write() as tx:
        at, seen = installation.clock(), tx.flags.seen(flag)
        if (seen and at - seen[1] < CLAIM) or not tx.flags.swap(flag, seen, CLAIMED, at):
            return False
        due = _is_due(tx, installation, edition, now)
        if not due:
            # Another process looked at it, and has just given its claim back.
            tx.flags.set(flag, "", at)
        return due


def _release(installation: Installation, edition: str) -> None:
    with installation.store.write() as tx:
        tx.flags.set(f"{LOOKING}{edition}", "", installation.clock())


def _is_due(tx: Transaction, installation: Installation, edition_id: str, now: datetime) -> bool:
    edition, seen = tx.editions.get(edition_id), reached(tx, edition_id)
    if edition is None or not edition.stories:
        return False
    if seen is None:
        return True
    wanted: Targets = targets(edition, installation.newsroom)
    return now - seen.at > AGAIN or not {*wanted.links, *wanted.pictures} <= seen.found.keys()


def _on_record(tx: Transaction, act: Act) -> bool:
    return any(each.what == act.what and each.note == act.note for each in tx.acts.newest(thing=act.thing, limit=200))


def _line(finding: Finding) -> str:
    return Phrase("%(what)s (%(where)s)", what=finding.said, where=finding.where) if finding.where else finding.said


def ran(
    tx: Transaction,
    installation: Installation,
    schedule: str,
    leads: Collection[int],
    slot: datetime,
    counts: Callable[[Edition], bool] = lambda _: True,
) -> dict[int, Ran]:
    """Which of the articles ``leads`` the readers of ``schedule`` were sent before ``slot``, lately, by whichever.

    ``counts``: whether an edition that went out is one of them; those that correct never are.
    """
    theirs = _readers_of(installation, schedule)
    told: dict[int, Ran] = {}
    for other, story in tx.editions.telling(leads, slot - RAN) if theirs and leads else ():
        if other.schedule in theirs and not other.slot_key.startswith(CORRECTION) and counts(other):
            told.setdefault(story.article.id, Ran(story.article.title, other.name, other.slot, story.article.id))
    return told


def _readers_of(installation: Installation, schedule: str) -> dict[str, ScheduleTable]:
    """The schedules that mail to the readers of this one, itself too."""
    schedules = installation.settings.schedules
    table = schedules.get(schedule)
    if table is None or not table.audience:
        return {}
    return {key: each for key, each in schedules.items() if each.audience == table.audience}


def _before(edition: Edition) -> Callable[[Edition], bool]:
    """Whether one that went out did so before ``edition`` does, or did."""
    return lambda other: other.id != edition.id and (edition.state not in WENT_OUT or other.slot < edition.slot)


def _ran(tx: Transaction, installation: Installation, edition: Edition) -> tuple[Ran, ...]:
    """The stories of ``edition`` that the same readers were sent lately; of one that corrects none, it is meant so."""
    if edition.slot_key.startswith(CORRECTION):
        return ()
    leads = {each.article.id for each in edition.stories}
    return tuple(ran(tx, installation, edition.schedule, leads, edition.slot, _before(edition)).values())


def _same_subject(tx: Transaction, installation: Installation, edition: Edition) -> Ran | None:
    """The last mail to the same readers with the subject of ``edition``, unless its schedule always has this one."""
    email = next((each.email for each in edition.renditions if each.email), None)
    theirs = _readers_of(installation, edition.schedule)
    letters = letters_of(email.subject) if email else ""
    if not letters or not theirs or edition.slot_key.startswith(CORRECTION):
        return None
    before = _before(edition)
    fixed = "{" not in theirs[edition.schedule].subject and not edition.words.subject
    for other, subject in tx.editions.subjects(theirs, edition.slot - RAN):
        if fixed and other.schedule == edition.schedule:
            continue
        if letters_of(subject) == letters and not other.slot_key.startswith(CORRECTION) and before(other):
            return Ran(subject, other.name, other.slot)
    return None
