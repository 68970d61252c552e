"""What this process has done since it started, in plain numbers, for ``/metrics``.

Written by the event loop that sends and read by other threads: each number is added to in one place, and nobody waits.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field

from bot.model import Outcome, ServerNow

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
SIZES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
SERVERS = 200
"""Servers that are counted by name, so that labels cannot grow without end."""


@dataclass(slots=True)
class Histogram:
    """Counts of values up to each of ``bounds``; the last count is of those above all."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def __post_init__(self) -> None:
        self.counts = [0] * (len(self.bounds) + 1)

    def add(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


@dataclass(slots=True)
class Counters:
    """Deliveries by (channel, state, server), attempts in seconds by channel, and the ledger's commits."""

    deliveries: dict[tuple[str, str, str], int] = field(default_factory=dict)
    attempts: dict[str, Histogram] = field(default_factory=dict)
    commits: Histogram = field(default_factory=lambda: Histogram(SECONDS))
    groups: Histogram = field(default_factory=lambda: Histogram(SIZES))
    recovered: dict[str, int] = field(default_factory=lambda: {"pending": 0, "unknown": 0})
    servers: tuple[ServerNow, ...] = ()

    def settled(self, channel: str, outcome: Outcome) -> None:
        """An attempt has ended."""
        key = (channel, outcome.state.value, outcome.server)
        if key not in self.deliveries and len(self.deliveries) >= SERVERS:
            key = (channel, outcome.state.value, "others")
        self.deliveries[key] = self.deliveries.get(key, 0) + 1
        attempts = self.attempts.get(channel)
        if attempts is None:
            attempts = self.attempts.setdefault(channel, Histogram(SECONDS))
        attempts.add((outcome.ended - outcome.began).total_seconds())

    def committed(self, seconds: float, deliveries: int) -> None:
        """The ledger wrote of so many deliveries in one transaction."""
        self.commits.add(seconds)
        self.groups.add(deliveries)

    def took_back(self, pending: int, unknown: int) -> None:
        """Leases of dead workers were taken back."""
        self.recovered["pending"] += pending
        self.recovered["unknown"] += unknown
