"""Time is explicit: everything that needs the time is given a clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Returns the present moment, always aware and in UTC."""


def system_clock() -> datetime:
    """The machine's clock, in UTC."""
    return datetime.now(UTC)


@dataclass
class SetClock:
    """A clock that stands where it was put, for tests and for ``--at``."""

    moment: datetime

    def __post_init__(self) -> None:
        self.moment = self.moment.astimezone(UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **by: float) -> None:
        """Moves the clock, e.g. ``advance(hours=1)``; the words are those of ``timedelta``."""
        self.moment += timedelta(**by)


def shifted_clock(start: datetime, clock: Clock = system_clock) -> Clock:
    """A clock that reads ``start`` now and runs on from there, for ``--at`` on commands that take time."""
    offset = start.astimezone(UTC) - clock()
    return lambda: clock() + offset
