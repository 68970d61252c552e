"""Rate limits, as networks keep them, by the clock they are asked with."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Protocol


@dataclass(frozen=True)
class Reading:
    """``allowed``: the request may pass. ``reset`` is when at least one more may, when none is left."""

    allowed: bool
    limit: int
    remaining: int
    reset: datetime


class Limit(Protocol):
    """A bucket. ``take`` counts a request when it may pass, ``read`` only looks."""

    def take(self, now: datetime) -> Reading: ...

    def read(self, now: datetime) -> Reading: ...


@dataclass
class Window:
    """``limit`` requests in ``seconds`` from the first; then all are free again at once."""

    limit: int
    seconds: float
    _ends: datetime | None = None
    _used: int = 0

    def read(self, now: datetime) -> Reading:
        ends = self._ends if self._ends and now < self._ends else now + timedelta(seconds=self.seconds)
        used = self._used if self._ends and now < self._ends else 0
        return Reading(used < self.limit, self.limit, max(0, self.limit - used), ends)

    def take(self, now: datetime) -> Reading:
        before = self.read(now)
        if not self._ends or now >= self._ends:
            self._ends, self._used = before.reset, 0
        self._used += before.allowed
        return Reading(before.allowed, self.limit, self.limit - self._used, before.reset)


@dataclass
class Daily:
    """``limit`` requests until midnight, UTC."""

    limit: int
    _day: date | None = None
    _used: int = 0

    def read(self, now: datetime) -> Reading:
        used = self._used if self._day == now.date() else 0
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), now.tzinfo)
        return Reading(used < self.limit, self.limit, max(0, self.limit - used), midnight)

    def take(self, now: datetime) -> Reading:
        before = self.read(now)
        self._used = self.limit - before.remaining + before.allowed
        self._day = now.date()
        return Reading(before.allowed, self.limit, self.limit - self._used, before.reset)


@dataclass
class Moving:
    """``limit`` requests in any ``seconds``: each is free again ``seconds`` after it was made."""

    limit: int
    seconds: float
    _times: deque[datetime] = field(default_factory=deque)

    def read(self, now: datetime) -> Reading:
        while self._times and now - self._times[0] >= timedelta(seconds=self.seconds):
            self._times.popleft()
        used = len(self._times)
        reset = (self._times[0] if self._times else now) + timedelta(seconds=self.seconds)
        return Reading(used < self.limit, self.limit, max(0, self.limit - used), reset)

    def take(self, now: datetime) -> Reading:
        before = self.read(now)
        if before.allowed:
            self._times.append(now)
        return Reading(before.allowed, self.limit, max(0, self.limit - len(self._times)), before.reset)


@dataclass
class Drip:
    """A burst of ``limit``, and one more every ``seconds``."""

    limit: int
    seconds: float
    _left: float = -1.0
    _at: datetime | None = None

    def _fill(self, now: datetime) -> float:
        if self._at is None:
            return float(self.limit)
        return min(float(self.limit), self._left + max(0.0, (now - self._at).total_seconds()) / self.seconds)

    def _reading(self, left: float, now: datetime, *, allowed: bool) -> Reading:
        wait = max(0.0, 1 - left) * self.seconds
        return Reading(allowed, self.limit, math.floor(left + 1e-9), now + timedelta(seconds=wait))

    def read(self, now: datetime) -> Reading:
        left = self._fill(now)
        return self._reading(left, now, allowed=left >= 1 - 1e-9)

    def take(self, now: datetime) -> Reading:
        left = self._fill(now)
        allowed = left >= 1 - 1e-9
        self._left, self._at = max(0.0, left - 1 if allowed else left), now
        return self._reading(self._left, now, allowed=allowed)
