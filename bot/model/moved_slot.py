"""One slot that goes out at another time than its timetable says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedSlot:
    """``was`` is the timetable's time and ``due`` the one instead, both in UTC; ``who`` said so ``at``.

    One that was put back has the same time twice.
    """

    schedule: str
    slot_key: str
    was: datetime
    due: datetime
    who: str
    at: datetime
