"""A reader's own hour: when after a slot their clock next shows it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

WITHIN = timedelta(hours=24)
"""So long after its slot an edition has gone out to everybody, whatever their hour."""


def next_hour(hour: int, zone: ZoneInfo, slot: datetime) -> datetime:
    """The first moment (UTC) at or after ``slot`` at which clocks in ``zone`` show ``hour`` o'clock.

    An hour that is passed over when clocks go forward is the moment at which they do; of one that comes twice when
    they go back, the first that is not before the slot. Never later than ``WITHIN``: on the day with 25 hours some
    get it an hour before theirs.
    """
    start = slot.astimezone(zone)
    found = []
    for days in (-1, 0, 1, 2):
        wall = (start + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0, tzinfo=None, fold=0)
        for fold in (0, 1):
            moment = wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            # With fold=0 an hour that does not exist is reckoned by the offset before the gap (PEP 495): its end.
            if moment >= slot and (not fold or moment.astimezone(zone).replace(tzinfo=None) == wall):
                found.append(moment)
    return min(*found, slot.astimezone(UTC) + WITHIN)
