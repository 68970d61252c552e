"""A trial: an edition is sent, its senders are killed at moments drawn from a seed, and the books are checked."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from itertools import pairwise
from typing import Any

from tests.faults import invariants
from tests.faults.evidence import SinkProcess
from tests.faults.invariants import Case, broken
from tests.faults.newsroom import CONNECTIONS, Newsroom
from tests.faults.program import Program

MIX = ",".join(
    (
        "banner_421=0.004,mail_421=0.002,mail_451=0.002,rcpt_421=0.002,rcpt_450=0.05,rcpt_451=0.003,rcpt_452=0.01",
        "rcpt_550=0.01,rcpt_550_354=0.005,rcpt_drop=0.004,rcpt_loris=0.01,rcpt_garbage=0.001,rcpt_wrong=0.001",
        "rcpt_broken=0.001,data_451=0.002,data_drop=0.004,data_wrong=0.001,body_drop=0.004,dot_421=0.002",
        "dot_451=0.003,dot_452=0.002,dot_drop=0.008,dot_loris=0.01,dot_garbage=0.002,dot_wrong=0.002",
        "dot_broken=0.002,idle_421=0.004",
    )
)
"""Some of everything, as no real server does it all at once."""

LATENCY = ("--latency", "0.004")
"""A sink that answers at once would be through before a kill comes."""

SETUPS = {"sqlite": ("up",), "postgresql": ("up",), "workers": ("scheduler", "worker", "worker")}
ROUNDS = 20
STALLED = 8.0
"""Seconds without the awaited progress, after which the kill comes anyway: what waits to be retried is a moment too."""


@dataclass
class Figures:
    """What came of trials. ``messages`` the server took; ``unknown`` before anybody resolved them."""

    kills: int = 0
    messages: int = 0
    accepted: int = 0
    failed: int = 0
    unknown: int = 0
    copies: int = 0
    lost: int = 0
    broken: list[str] = field(default_factory=list)

    def __iadd__(self, other: Figures) -> Figures:
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        return self


@dataclass
class Senders:
    """The processes that send: ``up``, or a scheduler and two workers."""

    newsroom: Newsroom
    roles: tuple[str, ...]
    cold: bool = False
    running: list[Program] = field(default_factory=list)

    @contextmanager
    def started(self) -> Iterator[None]:
        self.running = [self._start(role) for role in self.roles]
        try:
            yield
        except BaseException:
            for program in self.running:
                program.kill()
            raise
        for program in self.running:
            program.end()

    @property
    def alone(self) -> bool:
        """Whether a kill leaves nobody who sends."""
        return len(self.roles) == 1

    def kill(self, chance: random.Random) -> int:
        """Kills one that sends; returns which."""
        number = chance.randrange(1, len(self.roles)) if len(self.roles) > 1 else 0
        self.running[number].kill()
        return number

    def start_again(self, number: int) -> None:
        self.running[number] = self._start(self.roles[number])

    def _start(self, role: str) -> Program:
        return self.newsroom.start(role, cold=self.cold)


def trial(
    newsroom: Newsroom, sink: SinkProcess, chance: random.Random, *, kills: int, setup: str, cold: bool = False
) -> Figures:
    """One edition, killed ``kills`` times, settled, checked, resolved, checked again."""
    policy = newsroom.setting.unknown
    edition, subject = newsroom.approved_edition()
    senders = Senders(newsroom, SETUPS[setup], cold)
    explained = sink.evidence.read().explained
    figures = Figures()
    with senders.started():
        moments = [0.0, *sorted(chance.uniform(0.0, 0.85) for _ in range(kills))]
        for earlier, moment in pairwise(moments):
            _await_moment(newsroom, sink, chance, subject, share=moment, first=not earlier)
            number = senders.kill(chance)
            books = newsroom.books(edition)
            if books.state == "sent":
                senders.start_again(number)
                break
            figures.kills += 1
            if senders.alone and (said := invariants.in_flight_at_a_kill(books, CONNECTIONS)):
                figures.broken.append(said)
            senders.start_again(number)
        newsroom.settled(edition)
        case = _case(newsroom, sink, edition, subject, figures.kills, explained, policy)
        figures.broken += broken(case)
        figures.unknown = case.books.states.get("unknown", 0)
        _resolve(newsroom, sink, edition, subject)
    case = _case(newsroom, sink, edition, subject, figures.kills, explained, policy)
    figures.broken += [f"after resolution, {said}" for said in broken(case, invariants.RESOLVED)]
    slots = newsroom.slots()
    if said := invariants.one_edition_a_slot(slots):
        figures.broken.append(f"one_edition_a_slot: {said}")
    if len(slots) != newsroom.editions:
        figures.broken.append(f"one_edition_a_slot: {newsroom.editions} were made, there are {len(slots)}")
    figures.broken += [f"the line: {said}" for said in sink.evidence.blamed]
    sink.evidence.blamed.clear()
    _count(figures, case)
    return figures


def _await_moment(
    newsroom: Newsroom, sink: SinkProcess, chance: random.Random, subject: str, *, share: float, first: bool
) -> None:
    """Waits for the kill's moment: when so many are served, or, now and then, just after a start: in the recovery."""
    if not first and chance.random() < 0.2:
        time.sleep(chance.uniform(0.0, 0.4))
        return
    goal, deadline = share * newsroom.readers, time.monotonic() + STALLED
    while len(sink.evidence.read().of(subject)) < max(goal, 1) and time.monotonic() < deadline:
        time.sleep(0.002)
    time.sleep(chance.uniform(0.0, 0.02))


def _case(
    newsroom: Newsroom, sink: SinkProcess, edition: str, subject: str, kills: int, explained: int, policy: str
) -> Case:
    evidence = sink.evidence.read()
    return Case(
        rows=newsroom.rows(edition),
        books=newsroom.books(edition),
        taken=evidence.of(subject),
        kills=kills,
        connections=CONNECTIONS,
        explained=evidence.explained - explained,
        policy=policy,
    )


def _resolve(newsroom: Newsroom, sink: SinkProcess, edition: str, subject: str) -> None:
    """Settles what is unknown as an editor would who can read the server's log, until nothing is."""
    for _ in range(ROUNDS):
        unknown = [row for row in newsroom.rows(edition) if row.state == "unknown"]
        if not unknown:
            return
        reached = {each.recipient for each in sink.evidence.read().of(subject)}
        newsroom.resolve([row for row in unknown if row.destination in reached], sent=True)
        newsroom.resolve([row for row in unknown if row.destination not in reached], sent=False)
        newsroom.settled(edition)


def _count(figures: Figures, case: Case) -> None:
    states: Any = case.books.states
    figures.messages = len(case.taken)
    figures.accepted = states.get("accepted", 0)
    figures.failed = states.get("failed", 0)
    figures.copies = len(case.taken) - len(case.reached)
    figures.lost = invariants.lost(case)
