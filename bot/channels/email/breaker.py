"""When an SMTP server is left alone, and how many connections it is given: a state machine without a clock of its own.

A server that fails is *open* (nobody asks it) for a wait that grows, then *half-open* (one message asks), then *closed*
again, with twice as many connections each time it took what it was given. One that only asks for less keeps working
with half as many, and gets them back one by one: slow start, additive increase, multiplicative decrease, as in TCP
(RFC 5681 §3.1).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

FIRST_REST = timedelta(seconds=5)
LONGEST_REST = timedelta(hours=1)
"""A server is asked once an hour, whatever it said: one message tells whether it is back."""
FIRST_BREATH = timedelta(seconds=2)
"""How long a throttled server is left alone at first: limits are most often so many a second (Amazon SES)."""
PROBE_LIFE = timedelta(minutes=10)
"""A probe of which nothing was heard so long is lost with its worker; another may go."""
STEP = timedelta(seconds=1)
"""A connection comes back at most so often, so that a fast sender does not run into the limit at once again."""
SPREAD = 0.2
TRIPS = 5
"""Failures in a row, of a server that has answered before, after which it is left alone."""
MOST = 500
"""Connections beyond which nobody counts any more."""


@dataclass(slots=True)
class Breaker:
    """One server's. ``jitter`` gives 0 … 1 and makes a wait up to a fifth longer, so that workers don't come together.

    Each message that ``allows`` let through ends in one of ``succeeded`` (the server answered, be it with a refusal of
    the recipient), ``failed`` or ``throttled``, or was not sent (``unasked``, once none is on its way).
    """

    jitter: Callable[[], float] = random.random
    _works: bool = False
    _row: int = 0
    _doubles: bool = False
    _failures: int = 0
    _breaths: int = 0
    _until: datetime | None = None
    _probe: datetime | None = None
    _share: int | None = None
    _good: int = 0
    _stepped: datetime | None = field(default=None, repr=False)

    @property
    def opens_at(self) -> datetime | None:
        """Until when the server rests; None when it does not, or rested and waits for a probe."""
        return self._until

    @property
    def half_open(self) -> bool:
        """Whether it failed and has not answered since."""
        return self._failures > 0

    def allows(self, now: datetime) -> bool:
        """Whether a message may go to the server now. After a failure's rest exactly one may, until it ends."""
        if self._until is not None:
            if now < self._until:
                return False
            self._until = None
        if not self._failures:
            return True
        if self._probe is not None and now < self._probe + PROBE_LIFE:
            return False
        self._probe = now
        return True

    def unasked(self) -> None:
        """No message is on its way to the server: a probe that was allowed and never sent holds up no other one."""
        self._probe = None

    def failed(self, now: datetime, cool: timedelta, *, told: bool = False) -> None:
        """The server is down, or has had enough: it rests ``cool`` at least, longer each time, an hour at most.

        One that answers others goes on until it has failed several times in a row, unless it ``told`` us to wait: of
        a hundred thousand lines some break.
        """
        if self._rests(now):
            # Messages that were on their way when it failed tell of the same failure.
            self._rest(now, cool)
            return
        self._row += 1
        if self._works and not told and self._row < TRIPS:
            return
        self._works = False
        grown = min(FIRST_REST * 2 ** min(self._failures, 20), LONGEST_REST)
        self._failures += 1
        self._probe = None
        self._breaths = 0
        self._rest(now, max(cool, grown))

    def throttled(self, now: datetime, cool: timedelta, connections: int) -> None:
        """The server works and wants less, said over one of ``connections``: from now on it gets half of them.

        It takes a breath first, longer each time it asks again without having taken a message, at most ``cool``; then
        that was no throttle, but a failure.
        """
        if self._rests(now):
            return
        breath = FIRST_BREATH * 2 ** min(self._breaths, 20)
        if self._failures or (breath >= cool and self._breaths):
            self.failed(now, cool)
            return
        self._breaths += 1
        self._share, self._doubles = max(1, self.allowed_connections(connections) // 2), False
        self._good = 0
        self._stepped = now
        self._rest(now, min(breath, cool))

    def succeeded(self, now: datetime) -> None:
        """The server answered a message. When it answered as many as it has connections, it gets one more."""
        if self._rests(now):
            # Said before it failed, and heard after.
            return
        self._row = 0
        self._works = True
        if self._failures:
            # Back from a failure: the pipe is filled again, twice as full each time.
            self._failures = 0
            self._probe = None
            self._share, self._doubles = 1, True
            self._good = 0
            self._stepped = now
            return
        self._breaths = 0
        if self._share is None:
            return
        self._good += 1
        if self._good < self._share:
            return
        if self._doubles:
            self._share = 2 * self._share if self._share < MOST else None
            self._good = 0
        elif self._stepped is None or now >= self._stepped + STEP:
            self._share += 1
            self._good = 0
            self._stepped = now

    def allowed_connections(self, configured: int) -> int:
        """How many of the ``configured`` connections may be used, at least 1; ``allows`` says whether at all."""
        if self._failures:
            return 1
        return configured if self._share is None else min(configured, self._share)

    def _rests(self, now: datetime) -> bool:
        return self._until is not None and now < self._until

    def _rest(self, now: datetime, wait: timedelta) -> None:
        until = now + min(wait * (1 + SPREAD * self.jitter()), LONGEST_REST)
        self._until = until if self._until is None else max(self._until, until)
