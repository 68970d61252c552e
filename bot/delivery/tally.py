"""What this process does of each edition, counted as it goes, and said to the store once a second.

It is told of every delivery, thousands in a second, so it only adds to plain numbers; all else is done at a tick.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.channels.email.providers import OTHERS, provider_of
from bot.clock import Clock
from bot.model import Chunk, DomainProgress, Due, Outcome, ServerNow, ServerProgress, WorkerProgress

WINDOW = 10.0
"""Seconds over which a rate is told."""
SOONEST = 1.0
"""Seconds of sending before which no rate is told: it would be a guess."""
STEP = 0.5
"""Seconds between two counts that are kept to reckon the rate from."""
BREAK = 2.0
"""Seconds without work after which an edition is not being sent here any more, until it goes on."""
QUIET = 5.0
"""Seconds after which a process that holds work says that it is still there, though nothing changed."""
FORGET = 3600.0
"""Seconds after which an edition without work is forgotten here; if it goes on later, a new row begins."""
COUNTED_DOMAINS = 1_000
"""Destinations that are counted by name; the readers of a list come so often from so few."""
TOLD_DOMAINS = 20

_ADDRESS = re.compile(r"[^\s<>]+@[^\s<>]+")

Server = tuple[str, str]
"""Its channel and its address."""


@dataclass(slots=True)
class _Domain:
    states: dict[str, int] = field(default_factory=dict)
    refusal: Outcome | None = None


@dataclass(slots=True)
class _Sample:
    at: float
    tried: int
    servers: dict[Server, int]


@dataclass(slots=True)
class _Sum:
    """One edition. ``samples`` are its counts at the last ticks, while it was worked on without a break."""

    began: datetime
    active: float
    tried: int = 0
    channels: set[str] = field(default_factory=set)
    servers: dict[Server, dict[str, int]] = field(default_factory=dict)
    domains: dict[str, _Domain] = field(default_factory=dict)
    samples: deque[_Sample] = field(default_factory=deque)
    due: bool = False
    written: float = float("-inf")

    def sample(self, at: float) -> None:
        self.samples.append(_Sample(at, self.tried, {key: sum(each.values()) for key, each in self.servers.items()}))
        while len(self.samples) > 2 and self.samples[1].at <= at - WINDOW:
            self.samples.popleft()

    def domain(self, address: str) -> _Domain:
        name = provider_of(address.rpartition("@")[2])
        found = self.domains.get(name)
        if found is None:
            if len(self.domains) >= COUNTED_DOMAINS:
                name = OTHERS
            found = self.domains.setdefault(name, _Domain())
        return found


class Tally:
    """For one event loop. ``seconds`` is a clock that never jumps."""

    def __init__(self, owner: str, clock: Clock, seconds: Callable[[], float] = time.monotonic) -> None:
        self._owner = owner
        self._clock = clock
        self._seconds = seconds
        self._sums: dict[str, _Sum] = {}
        self._servers: tuple[ServerNow, ...] = ()

    def claimed(self, chunk: Chunk) -> None:
        """A chunk is about to be worked on."""
        found = self._sum(chunk.edition)
        found.channels.add(chunk.channel)
        at = self._seconds()
        if not found.samples or at - found.samples[-1].at >= BREAK:
            # Sending begins, or goes on after a break that must not make it look slow.
            found.samples.clear()
            found.sample(at)

    def settled(self, chunk: Chunk, due: Due, outcome: Outcome) -> None:
        """An attempt has ended."""
        found = self._sums.get(chunk.edition) or self._sum(chunk.edition)
        found.tried += 1
        state = outcome.state.value
        server = (chunk.channel, outcome.server)
        states = found.servers.get(server)
        if states is None:
            states = found.servers.setdefault(server, {})
        states[state] = states.get(state, 0) + 1
        if due.recipient:
            domain = found.domain(due.recipient.address)
            domain.states[state] = domain.states.get(state, 0) + 1
            if outcome.state != "accepted":
                domain.refusal = outcome

    def tick(self, held: Collection[str], servers: Iterable[ServerNow]) -> None:
        """To be called once a second at least: ``held`` are the editions this process has chunks of."""
        at = self._seconds()
        self._servers, before = tuple(servers), self._servers
        for edition, each in list(self._sums.items()):
            last = each.samples[-1] if each.samples else None
            changed = last is not None and each.tried != last.tried
            if edition in held or changed:
                if last is None or at - last.at >= STEP:
                    each.sample(at)
                each.due = each.due or changed or self._servers != before or at - each.written >= QUIET
                each.active = at
            elif last and at - last.at >= BREAK:
                each.samples.clear()
                each.due = True
            elif at - each.active > FORGET and not each.due:
                del self._sums[edition]

    def due(self) -> list[WorkerProgress]:
        """What is to be said to the store."""
        return [self._said(edition, each) for edition, each in self._sums.items() if each.due]

    def written(self, said: Sequence[WorkerProgress]) -> None:
        """The store has taken it."""
        at = self._seconds()
        for each in said:
            found = self._sums.get(each.edition)
            if found:
                found.due, found.written = False, at

    def _sum(self, edition: str) -> _Sum:
        if edition not in self._sums:
            self._sums[edition] = _Sum(began=self._clock(), active=self._seconds())
        return self._sums[edition]

    def _said(self, edition: str, each: _Sum) -> WorkerProgress:
        return WorkerProgress(
            edition=edition,
            owner=self._owner,
            began=each.began,
            updated=self._clock(),
            tried=each.tried,
            rate=_rate(each),
            servers=tuple(self._of_servers(each)),
            domains=tuple(_of_domains(each)),
        )

    def _of_servers(self, each: _Sum) -> Iterable[ServerProgress]:
        now = {(server.channel, server.address): server for server in self._servers if server.channel in each.channels}
        for key in sorted({*now, *each.servers}):
            server = now.get(key)
            yield ServerProgress(
                channel=key[0],
                address=key[1],
                states=dict(each.servers.get(key, {})),
                rate=_rate(each, key) or 0.0,
                connections=server.connections if server else 0,
                in_use=server.in_use if server else 0,
                rests_until=server.rests_until if server else None,
            )


def _rate(each: _Sum, server: Server | None = None) -> float | None:
    if len(each.samples) < 2:
        return None
    first, last = each.samples[0], each.samples[-1]
    if last.at - first.at < SOONEST:
        return None
    made = last.servers.get(server, 0) - first.servers.get(server, 0) if server else last.tried - first.tried
    return round(made / (last.at - first.at), 2)


def _of_domains(each: _Sum) -> Iterable[DomainProgress]:
    named = [(name, domain) for name, domain in each.domains.items() if name != OTHERS]
    named.sort(key=lambda item: (-sum(item[1].states.values()), item[0]))
    for name, domain in named[:TOLD_DOMAINS]:
        yield DomainProgress(domain=name, states=dict(domain.states), said=_refusal(domain.refusal))
    others: dict[str, int] = {}
    rest = [domain for _, domain in named[TOLD_DOMAINS:]]
    for domain in [*rest, *([each.domains[OTHERS]] if OTHERS in each.domains else [])]:
        for state, count in domain.states.items():
            others[state] = others.get(state, 0) + count
    if others:
        yield DomainProgress(domain=OTHERS, states=others)


def _refusal(outcome: Outcome | None) -> str:
    """What was said, without addresses: this outlives a reader who is erased."""
    return _ADDRESS.sub("…", outcome.text or outcome.reason)[:200] if outcome else ""
