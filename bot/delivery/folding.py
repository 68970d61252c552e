"""Old editions: first what servers said to each attempt is dropped, later who got what is folded into totals.

It goes in small transactions, with a rest as long as each of them, so that a send beside it is not held up; and it
may stop at any moment, for the next one goes on where it did.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.clock import Clock
from bot.delivery.sending import PROGRAM
from bot.errors import StateError
from bot.model import Act, DeliveryState, Phrase, several
from bot.settings import duration_text
from bot.settings.tables import DeliveryTable
from bot.store import Store, Transaction
from bot.store.folds import Foldable, Step

ROWS = 2_000
"""Deliveries of one transaction: some hundredths of a second on a plain disk."""


class What(StrEnum):
    """What of an edition is due to go."""

    ATTEMPTS = "attempts"
    DELIVERIES = "deliveries"


@dataclass(frozen=True, slots=True)
class Task:
    """An edition that is old enough. ``deliveries`` are its rows that are to be gone through, ``ended`` is in UTC."""

    edition: str
    what: What
    deliveries: int
    ended: datetime


@dataclass(slots=True)
class Folded:
    """What a folding did: rows taken away, editions that were done, and those left as they are, with the reason."""

    deliveries: int = 0
    attempts: int = 0
    editions: list[str] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def tasks(store: Store, rules: DeliveryTable, now: datetime) -> list[Task]:
    """What is old enough to go, the oldest edition first; attempts go with their deliveries."""
    with store.read() as tx:
        whole = _old(rules.keep_deliveries, now, tx.folds.with_deliveries)
        named = {each.edition for each in whole}
        said = [each for each in _old(rules.keep_attempts, now, tx.folds.with_attempts) if each.edition not in named]
    return [
        *(Task(each.edition, What.DELIVERIES, each.deliveries, each.ended) for each in whole),
        *(Task(each.edition, What.ATTEMPTS, each.deliveries, each.ended) for each in said),
    ]


def fold(
    store: Store,
    rules: DeliveryTable,
    clock: Clock,
    *,
    who: str = PROGRAM,
    stop: Callable[[], bool] = lambda: False,
    watch: Callable[[int], None] = lambda _: None,
    rest: Callable[[float], object] = time.sleep,
    timer: Callable[[], float] = time.perf_counter,
) -> Folded:
    """Does all ``tasks``. Raises ``StoreError``; what was committed before stays.

    ``stop`` is asked before each transaction, ``watch`` told of the deliveries that each went through; ``rest`` is
    called after it with the seconds (of ``timer``) that it took.
    """
    done = Folded()
    for task in tasks(store, rules, clock()):
        if stop():
            break
        try:
            _do(store, rules, clock, task, done, who, stop, watch, rest, timer)
        except StateError as error:
            done.left[task.edition] = str(error)
    return done


def _do(
    store: Store,
    rules: DeliveryTable,
    clock: Clock,
    task: Task,
    done: Folded,
    who: str,
    stop: Callable[[], bool],
    watch: Callable[[int], None],
    rest: Callable[[float], object],
    timer: Callable[[], float],
) -> None:
    if task.what is What.DELIVERIES:
        _balanced(store, task.edition)
    after = 0
    while not stop():
        began = timer()
        with store.write() as tx:
            step = _step(tx, task, after, clock())
            # With the last of its rows, so that a stop comes either before both or after both.
            if step.deliveries and not step.more:
                tx.acts.add(_act(tx, rules, task, who, clock()))
        after = step.last
        done.attempts += step.attempts
        done.deliveries += step.deliveries if task.what is What.DELIVERIES else 0
        watch(step.deliveries)
        if not step.more:
            done.editions.append(task.edition)
            return
        rest(timer() - began)


def _step(tx: Transaction, task: Task, after: int, now: datetime) -> Step:
    if task.what is What.DELIVERIES:
        return tx.folds.fold(task.edition, ROWS, now)
    return tx.folds.drop_attempts(task.edition, after, ROWS, now)


def _balanced(store: Store, edition: str) -> None:
    """Books that do not balance are evidence: they stay as they are. Raises ``StateError``."""
    with store.read() as tx:
        balance = tx.deliveries.balance(edition)
    if not balance.balanced:
        named = sum(balance.states.values())
        raise StateError(
            f"the books of edition {edition} do not balance: {named} deliveries, {balance.snapshot} in the snapshot; "
            "they are not folded"
        )


def _act(tx: Transaction, rules: DeliveryTable, task: Task, who: str, now: datetime) -> Act:
    if task.what is What.DELIVERIES:
        states = tx.deliveries.balance(task.edition).states
        counts = several(tuple(counted(state, count) for state, count in sorted(states.items())))
        kept = _text(rules.keep_deliveries)
        what = "fold"
        note = Phrase("%(counts)s; who got it was kept for %(time)s", counts=counts, time=kept)
    else:
        what = "drop attempts"
        note = Phrase("what servers said was kept for %(time)s", time=_text(rules.keep_attempts))
    return Act(at=now, who=who, what=what, thing=f"edition:{task.edition}", note=note)


def counted(state: str, count: int) -> Phrase:
    """So many deliveries of a state."""
    number = str(count)
    return {
        DeliveryState.PENDING: Phrase("%(number)s pending", number=number),
        DeliveryState.SUPPRESSED: Phrase("%(number)s suppressed", number=number),
        DeliveryState.EXCLUDED: Phrase("%(number)s excluded", number=number),
        DeliveryState.LEASED: Phrase("%(number)s leased", number=number),
        DeliveryState.ATTEMPTING: Phrase("%(number)s attempting", number=number),
        DeliveryState.ACCEPTED: Phrase("%(number)s accepted", number=number),
        DeliveryState.DEFERRED: Phrase("%(number)s deferred", number=number),
        DeliveryState.FAILED: Phrase("%(number)s failed", number=number),
        DeliveryState.UNKNOWN: Phrase("%(number)s unknown", number=number),
        DeliveryState.CANCELLED: Phrase("%(number)s cancelled", number=number),
    }[DeliveryState(state)]


def _old(kept: timedelta | None, now: datetime, found: Callable[[datetime], list[Foldable]]) -> list[Foldable]:
    return [] if kept is None else found(now - kept)


def _text(kept: timedelta | None) -> str:
    return duration_text(kept) if kept else "ever"
