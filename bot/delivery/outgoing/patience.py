"""What becomes of a call to an endpoint: one pure function.

Standard Webhooks 1.0.0, "Deliverability and reliability" and "Status codes" (checked 2026-11-29): 2xx alone is success,
a redirect is not followed, 410 turns the endpoint off, and who is asked to slow down does; its schedule of retries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import CallState, EndpointOff

WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""Between one try and the next; after the last the event is given up."""
OFF_AFTER = timedelta(days=5)
"""So long an endpoint may take nothing until it is turned off."""
LONGEST_REST = timedelta(minutes=5)
"""So long, at most, one event that is tried again keeps those after it waiting."""
LONGEST_ASKED = timedelta(hours=24)
"""How long an endpoint may ask us to wait."""
_GONE = 410
_BUSY = (408, 425, 429)
"""Not this event is at fault, but the moment: others would be answered alike (5xx, too)."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a call. ``code`` 0: there was no answer, and ``said`` why. ``retry_after`` in seconds."""

    code: int
    said: str = ""
    retry_after: float | None = None

    @property
    def took(self) -> bool:
        """Whether the endpoint has it."""
        return 200 <= self.code < 300


@dataclass(frozen=True, slots=True)
class Verdict:
    """``due``: when the event is told again, None: never. ``rests``: the endpoint is told nothing before. ``off``: it
    is turned off.
    """

    state: CallState
    due: datetime | None = None
    rests: datetime | None = None
    off: EndpointOff | None = None


def judge(reply: Reply, *, tries: int, failing: datetime | None, now: datetime) -> Verdict:
    """Of an event that was told ``tries`` times before; the endpoint has taken nothing since ``failing``."""
    if reply.took:
        return Verdict(CallState.DELIVERED)
    if reply.code == _GONE:
        return Verdict(CallState.FAILED, off=EndpointOff.GONE)
    off = EndpointOff.FAILING if failing and now - failing >= OFF_AFTER else None
    asked = min(timedelta(seconds=reply.retry_after or 0), LONGEST_ASKED)
    wait = max(WAITS[tries], asked) if tries < len(WAITS) else None
    busy = not reply.code or reply.code >= 500 or reply.code in _BUSY
    # Until its next try, so that the order holds; but not for hours.
    rest = max(min(wait or LONGEST_REST, LONGEST_REST), asked) if busy else asked
    return Verdict(
        state=CallState.WAITING if wait else CallState.FAILED,
        due=now + wait if wait else None,
        rests=now + rest if rest else None,
        off=off,
    )
