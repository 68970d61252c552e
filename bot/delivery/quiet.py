"""Quiet hours: pure. A day whose clock is changed has them too, by the clock on the wall.

Where the clock shows a time twice, quiet begins with the first and ends with the last of them; where it leaps over one,
with the leap.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.model import Quiet

_DAY = timedelta(days=1)
_MINUTE = timedelta(minutes=1)


def quiet_until(quiet: Quiet | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Until when (UTC) nothing is posted; None: ``now`` is not quiet."""
    if quiet is None:
        return None
    today = now.astimezone(zone).date()
    # Those over midnight began yesterday.
    for day in (today - _DAY, today):
        begin = _moment(day, quiet.begin, zone, last=False)
        end = _moment(day if quiet.end > quiet.begin else day + _DAY, quiet.end, zone, last=True)
        if begin <= now < end:
            return end
    return None


def _moment(day: date, wall: time, zone: ZoneInfo, *, last: bool) -> datetime:
    """When the clock shows ``wall``: the first or the ``last`` time; when it leaps over it, the moment of the leap."""
    early, late = sorted(datetime.combine(day, wall.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    if early.astimezone(zone).time() == wall:
        return late if last else early
    before = early.astimezone(zone).utcoffset()
    while early.astimezone(zone).utcoffset() == before:
        early += _MINUTE
    return early
