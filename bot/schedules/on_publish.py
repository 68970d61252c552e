"""On publish: each new article is a slot of its own, due when it appeared.

An article is judged once for each schedule, when it has settled and its hour has come: it gets its edition, is skipped
on record, or is left out by the selection's rules. What appeared before the schedule did is never looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.model import Edition, plural
from bot.schedules.draft import circumstances, one_article
from bot.schedules.hosting import PictureTime
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot, article_of, article_slot, due_slots
from bot.schedules.slot import make, skip
from bot.settings import ScheduleTable
from bot.store import Transaction
from bot.store.articles import Arrival
from bot.store.said import read, written
from bot.store.schedules import ScheduleState
from bot.stories.rules import refusal

OVERLAP = timedelta(hours=1)
"""A visit takes minutes, and what it brings is on record as seen when it began: so far back articles may come up."""
STEP = timedelta(minutes=10)
"""How far the reckoning may lag behind when nothing is new: a tick that finds nothing writes nothing."""
USUAL = timedelta(minutes=5)
"""Beyond two visits' time, an article that is told later than this after it appeared was missed while we were down."""
AT_ONCE = 1000
FAULTS = 10
"""So many articles that cannot be told are tried again at each tick: the others are not kept waiting for them."""
FLOOD = "flood:"
OFF = "off: "


@dataclass
class Arrivals:
    """What a schedule is to decide now. ``left_out`` are articles with the reason that refuses them.

    Of ``make`` the first ``most`` that can be made are.
    """

    make: list[Slot] = field(default_factory=list)
    most: int = 0
    skip: list[tuple[Slot, str]] = field(default_factory=list)
    left_out: list[tuple[int, str]] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    """By slot key, the source of each that may be made now."""
    reckoned: datetime | None = None
    flood: tuple[datetime, str] | None = None
    """More than ``selection.flood`` at once: what was seen up to this moment waits for an editor, and why."""
    flooded: bool = False
    """Whether it became more just now."""


def arrivals(installation: Installation, schedule: str, now: datetime, *, at_once: bool = False) -> Arrivals:
    """What is new for a schedule that posts on publish.

    ``at_once``: also what has not settled yet.
    """
    table, (state, known) = installation.settings.schedules[schedule], _state(installation, schedule, now)
    if not (table.enabled and known):
        return Arrivals()
    settle = timedelta(0) if at_once else table.settle
    with installation.store.read() as tx:
        found = tx.articles.arrived(
            schedule,
            floor=min(state.reckoned, now) - OVERLAP - table.settle,
            after=state.activated,
            settled=now - settle,
            now=now,
            limit=AT_ONCE,
        )
        if not found:
            return Arrivals(reckoned=now if now - state.reckoned > STEP else None)
        first = article_slot(schedule, found[0].article.id, found[0].appeared)
        around = circumstances(tx, installation, schedule, first, now)
        flooded = tx.flags.seen(FLOOD + schedule)
    left_out: list[tuple[int, str]] = []
    rules, taken = one_article(table.selection), []
    for each in found:
        refused = refusal(each.article, rules, around)
        if refused:
            left_out.append((each.article.id, refused[1]))
        else:
            taken.append(each)
    to_make, to_skip = _due(installation, schedule, table, taken, now)
    kept = {slot.key for slot in to_make}
    new = [each for each in taken if article_slot(schedule, each.article.id, each.appeared).key in kept]
    seen = [each.article.first_seen for each in new if each.article.first_seen]
    until, _, why = flooded[0].partition(" ") if flooded else ("", "", "")
    flood = (datetime.fromisoformat(until), read(why)) if flooded else None
    if len(new) > table.selection.flood:
        said = plural(
            len(new),
            "%(count)s new article at once, more than the %(most)s that may go out unseen",
            "%(count)s new articles at once, more than the %(most)s that may go out unseen",
            most=table.selection.flood,
        )
        flood = max([*seen, *([flood[0]] if flood else [])]), said
    most = table.selection.maximum
    whole = len(to_make) <= most and len(found) < AT_ONCE
    return Arrivals(
        make=to_make,
        most=most,
        skip=to_skip,
        left_out=left_out,
        sources={slot.key: each.article.source for slot, each in zip(to_make[: most + FAULTS], new, strict=False)},
        # What waits for the next tick must still be found by it.
        reckoned=now if whole else None,
        flood=flood,
        flooded=len(new) > table.selection.flood,
    )


def _due(
    installation: Installation, schedule: str, table: ScheduleTable, taken: Sequence[Arrival], now: datetime
) -> tuple[list[Slot], list[tuple[Slot, str]]]:
    """As for slots: what was missed while we were down follows ``catch_up``; nothing is told too late."""
    usual = 2 * installation.settings.delivery.collect_every + table.settle + USUAL
    slots = [article_slot(schedule, each.article.id, each.appeared) for each in taken]
    missed = [slot for slot in slots if now - slot.due > usual]
    fresh = [slot for slot in slots if now - slot.due <= usual]
    lateness = table.max_lateness
    make_up, skipped = due_slots(missed, catch_up=table.catches_up, max_lateness=lateness, now=now)
    on_time, late = due_slots(fresh, catch_up="all", max_lateness=lateness, now=now)
    return [*make_up, *on_time], [*skipped, *late]


def tell(
    installation: Installation, schedule: str, now: datetime, drafting: datetime, *, within: PictureTime
) -> tuple[list[Edition], list[Exception]]:
    """Decides on what is new: the editions made, or skipped on record, and the faults; one fault stops no other.

    Raises ``BroadsheetError``.
    """
    listen(installation, schedule, now)
    due = arrivals(installation, schedule, now)
    made: list[Edition] = []
    failed: list[Exception] = []
    if due.flood and due.flooded:
        # Before the first of them is made: a process that is killed then holds the rest all the same.
        with installation.store.write() as tx:
            tx.flags.set(FLOOD + schedule, f"{due.flood[0].isoformat()} {written(due.flood[1])}", now)
    for slot, reason in due.skip:
        skipped = skip(installation, schedule, slot, reason, now)
        made += [skipped] if skipped else []
        _judge(installation, slot, reason, now)
    told = 0
    for slot in due.make:
        if told == due.most or len(failed) == FAULTS:
            break
        try:
            edition = make(installation, schedule, slot, drafting, within=within, hold=_hold(installation, slot, due))
        except Exception as error:
            failed.append(error)
            continue
        told += 1
        made += [edition] if edition else []
        _judge(installation, slot, "", now)
    if due.left_out or due.reckoned:
        with installation.store.write() as tx:
            for article, reason in due.left_out:
                tx.schedules.judge(schedule, article, reason, now)
            # What failed is found again: it lies behind the overlap at the latest when it is too late anyhow.
            if due.reckoned and not failed:
                tx.schedules.reckon(schedule, due.reckoned)
    return made, failed


def _judge(installation: Installation, slot: Slot, reason: str, now: datetime) -> None:
    with installation.store.write() as tx:
        tx.schedules.judge(slot.schedule, article_of(slot.key) or 0, reason, now)


def _hold(installation: Installation, slot: Slot, due: Arrivals) -> str:
    if due.flood is None:
        return ""
    with installation.store.read() as tx:
        article = tx.articles.get(article_of(slot.key) or 0)
    seen = article.first_seen if article else None
    return due.flood[1] if seen and seen <= due.flood[0] else ""


def next_slot(installation: Installation, schedule: str, now: datetime) -> Slot | None:
    """The article that would be told first now, settled or not; None when none is new."""
    found = arrivals(installation, schedule, now, at_once=True).make
    return found[0] if found else None


def listen(installation: Installation, schedule: str, now: datetime) -> None:
    """Remembers since when the schedule listens: from the first time on, and from that after it was off."""
    state, known = _state(installation, schedule, now)
    if not known:
        with installation.store.write() as tx:
            tx.schedules.put(state)


def forget(tx: Transaction, installation: Installation, now: datetime) -> None:
    """From now on only what appears later is told: a restored store does not know what was told since its backup."""
    for schedule, table in installation.settings.schedules.items():
        state = tx.schedules.get(schedule) if table.on_publish else None
        if state:
            tx.schedules.put(replace(state, activated=now, reckoned=now))


def _state(installation: Installation, schedule: str, now: datetime) -> tuple[ScheduleState, bool]:
    """How the schedule stands, and whether that is on record."""
    table, zone = installation.settings.schedules[schedule], installation.timezone(schedule)
    trigger = table.trigger if table.enabled else OFF + table.trigger
    with installation.store.read() as tx:
        state = tx.schedules.get(schedule)
    if state and state.cron == trigger:
        return state, True
    return ScheduleState(schedule=schedule, activated=now, cron=trigger, timezone=zone, reckoned=now), False
