"""The words in which selection and ranking give their reasons to an editor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo


def span(duration: timedelta) -> str:
    """A duration as read by people: ``12 min``, ``3 h``, ``2 days``."""
    minutes = max(0, int(duration.total_seconds() // 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // 1440} days"


def moment(when: datetime, zone: tzinfo) -> str:
    """A time as read by people in ``zone``: ``23 November 2026, 07:00``."""
    local = when.astimezone(zone)
    return f"{local.day} {local:%B %Y, %H:%M}"


def listed(names: Sequence[str]) -> str:
    """``Sport``, ``Sport or Culture``, ``Sport, Culture or City hall``."""
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def counted(number: int, one: str) -> str:
    """``1 story``, ``2 stories``, ``1,200 new articles``."""
    many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{number:,} {one if number == 1 else many}"
