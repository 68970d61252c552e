"""How far an edition is: the books say what is done, the processes that send say how fast and by which server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from bot.channels.email.providers import OTHERS
from bot.errors import NotFound
from bot.model import (
    DomainProgress,
    EditionState,
    Progress,
    ServerProgress,
    WorkerProgress,
)
from bot.store import Transaction

FRESH = timedelta(seconds=5)
"""What a process said of its rate counts for so long."""
STALE = timedelta(seconds=20)
"""A process that holds work says something more often than that, unless its machine or its store is in trouble."""
DOMAINS = 10
"""Destinations that are told by name."""
LONGEST = timedelta(days=30)
"""An end further off is no forecast."""


def progress(tx: Transaction, edition: str, now: datetime) -> Progress:
    """How far ``edition`` is. Raises ``NotFound``."""
    state = tx.editions.state(edition)
    if state is None:
        raise NotFound(f"there is no edition {edition}; `broadsheet editions` lists them")
    balance = tx.deliveries.balance(edition)
    said = tx.progress.of_edition(edition)
    sending = state is EditionState.SENDING
    fresh = [each for each in said if each.updated > now - FRESH] if sending else []
    rates = [each.rate for each in fresh if each.rate is not None]
    rate = sum(rates) if rates or not (sending and balance.open) else None
    waiting = tx.deliveries.waiting(edition, now) if balance.open else 0
    ready = balance.open - balance.states.get("deferred", 0) - waiting
    return Progress(
        edition=edition,
        state=state,
        at=now,
        total=balance.snapshot,
        done=balance.snapshot - balance.open,
        states=dict(sorted(balance.states.items())),
        rate=rate,
        about=_about(ready, rate, now) if sending else None,
        next_try=tx.deliveries.next_due(edition, now=now) if sending and balance.open else None,
        waiting=waiting,
        servers=tuple(_servers(said, fresh, now)),
        domains=tuple(_domains(said)),
        workers=len({each.owner for each in fresh if each.rate is not None}),
        stale=_stale(tx, edition, said, now) if sending else (),
    )


def _about(ready: int, rate: float | None, now: datetime) -> datetime | None:
    """When ``ready`` deliveries have ended, at this rate. What is deferred has times of its own."""
    if not ready or not rate or ready / rate > LONGEST.total_seconds():
        return None
    return now + timedelta(seconds=round(ready / rate))


def _stale(tx: Transaction, edition: str, said: Sequence[WorkerProgress], now: datetime) -> tuple[str, ...]:
    newest: dict[str, datetime] = {}
    for each in said:
        newest[each.owner] = max(each.updated, newest.get(each.owner, each.updated))
    holders = tx.progress.holders(edition)
    return tuple(sorted(owner for owner, updated in newest.items() if owner in holders and updated < now - STALE))


def _servers(
    said: Sequence[WorkerProgress], fresh: Sequence[WorkerProgress], now: datetime
) -> Iterable[ServerProgress]:
    states: dict[tuple[str, str], Counter[str]] = {}
    for worker in said:
        for each in worker.servers:
            states.setdefault((each.channel, each.address), Counter()).update(each.states)
    newest = {worker.owner: worker for worker in said}
    for key in sorted(states):
        live = [each for worker in fresh for each in worker.servers if (each.channel, each.address) == key]
        last = [each for worker in newest.values() for each in worker.servers if (each.channel, each.address) == key]
        rests = [each.rests_until for each in last if each.rests_until and each.rests_until > now]
        yield ServerProgress(
            channel=key[0],
            address=key[1],
            states=dict(sorted(states[key].items())),
            rate=round(sum(each.rate for each in live), 2),
            connections=sum(each.connections for each in live),
            in_use=sum(each.in_use for each in live),
            rests_until=max(rests, default=None),
        )


def _domains(said: Sequence[WorkerProgress]) -> Iterable[DomainProgress]:
    states: dict[str, Counter[str]] = {}
    words: dict[str, str] = {}
    for worker in sorted(said, key=lambda each: each.updated):
        for each in worker.domains:
            states.setdefault(each.domain, Counter()).update(each.states)
            words[each.domain] = each.said or words.get(each.domain, "")
    others = states.pop(OTHERS, Counter())
    ordered = sorted(states, key=lambda name: (-states[name].total(), name))
    for name in ordered[:DOMAINS]:
        yield DomainProgress(domain=name, states=dict(sorted(states[name].items())), said=words[name])
    for name in ordered[DOMAINS:]:
        others.update(states[name])
    if others:
        yield DomainProgress(domain=OTHERS, states=dict(sorted(others.items())))
