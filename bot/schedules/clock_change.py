"""On which day the clocks of a zone change, and which hour comes twice or not at all. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LEAST = timedelta(microseconds=1)
_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ClockChange:
    """``at`` is the moment (UTC); ``first`` is the first wall time that comes twice, or that is left out."""

    at: datetime
    first: time
    twice: bool


def day_begins(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of a calendar day, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def clock_change(day: date, zone: ZoneInfo) -> ClockChange | None:
    """The change of the clocks on that day; None on nearly every day."""
    start, end = day_begins(day, zone), day_begins(day + timedelta(days=1), zone)
    before = (start - _LEAST).astimezone(zone).utcoffset()
    after = (end - _LEAST).astimezone(zone).utcoffset()
    if before is None or after is None or before == after:
        return None
    low, high = start - _STEP, end
    while high - low > _STEP:
        middle = (low + (high - low) / 2).replace(second=0, microsecond=0)
        if middle.astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    twice = after < before
    # Seen from after the change, back to where the clock went; or from before it, at what it jumps over.
    wall = high.astimezone(zone).replace(tzinfo=None) if twice else (high + before).replace(tzinfo=None)
    return ClockChange(high, wall.time(), twice)
