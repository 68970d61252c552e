"""What becomes of a delivery that was not accepted: one pure function.

Sources: RFC 5321 §4.2.1 (4yz transient, 5yz permanent), §4.5.4.1 (retry strategy), RFC 3463 (enhanced codes);
the channel has already sorted the answer into one of the kinds of ``bot.errors.DeliveryError``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import DeliveryState

LONGEST_WAIT = timedelta(hours=1)
LONGEST_COOL = timedelta(hours=1)
"""How long a channel rests at most before it is asked again, whatever its server said."""
GROWTH = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """The delivery's next state; ``pause`` is why the whole edition stops ("": it goes on).

    ``cool`` is how long nothing more is sent through the channel. ``counts``: whether this was the destination's
    try, not a fault of the server or of ours.
    """

    state: DeliveryState
    not_before: datetime | None = None
    pause: str = ""
    cool: timedelta = timedelta(0)
    counts: bool = True


def decide(
    error: DeliveryError,
    *,
    tries: int,
    first_try: datetime,
    now: datetime,
    first_wait: timedelta,
    life: timedelta,
    jitter: float,
) -> Decision:
    """What to do after ``error``. ``tries`` are those before this one; ``jitter`` is in 0 … 1 and spreads the waits.

    A temporary refusal waits ``first_wait``, then three times as long each time, at most an hour (± 20 %), and is
    given up when the delivery is older than ``life``. What is our fault pauses the edition and counts against nobody.
    """
    if isinstance(error, OutcomeUnknown):
        return Decision(DeliveryState.UNKNOWN)
    if isinstance(error, ChannelRefused):
        return Decision(DeliveryState.DEFERRED, pause=str(error), counts=False)
    if error.permanent:
        return Decision(DeliveryState.FAILED)
    if now - first_try >= life:
        return Decision(DeliveryState.FAILED)
    wait = min(first_wait * GROWTH ** min(tries, 10), LONGEST_WAIT) * (0.8 + 0.4 * jitter)
    if error.retry_after is not None:
        # A server may ask for patience, not for ever: the last try comes when the delivery's life ends.
        wait = max(wait, min(timedelta(seconds=min(error.retry_after, life.total_seconds())), first_try + life - now))
    if isinstance(error, ServerBusy):
        return Decision(DeliveryState.DEFERRED, now + wait, cool=min(wait, LONGEST_COOL), counts=False)
    return Decision(DeliveryState.DEFERRED, now + wait)
