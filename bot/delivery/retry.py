"""What becomes of a delivery that was not accepted: one pure function.

Sources: RFC 5321 §4.2.1 (4yz transient, 5yz permanent), §4.5.4.1 (retry strategy), RFC 3463 (enhanced codes);
the channel has already sorted the answer into one of the kinds of ``bot.errors.DeliveryError``. docs/retries.md says
it for a postmaster.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import DeliveryState, said_by

LONGEST_WAIT = timedelta(hours=1)
LONGEST_COOL = timedelta(hours=1)
"""How long a server rests at most before it is asked again, whatever it said."""
GROWTH = 3
SPREAD = 0.2
"""Waits are so much shorter or longer (longer only, where a server asked for one): retries don't come together."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The delivery's next state; ``pause`` is why the whole edition stops ("": it goes on).

    ``cool`` is how long the *server* that answered rests (0: it goes on); ``throttle``: it need not stop, only slow
    down. ``counts``: whether this was the destination's try, not a fault of the server or of ours. ``refused``: the
    destination was refused for good; a delivery given up because its time was over is ``failed`` too, and no reason to
    think badly of an address.
    """

    state: DeliveryState
    not_before: datetime | None = None
    pause: str = ""
    cool: timedelta = timedelta(0)
    throttle: bool = False
    counts: bool = True
    refused: bool = False


def decide(
    error: DeliveryError,
    *,
    tries: int,
    first_try: datetime,
    now: datetime,
    first_wait: timedelta,
    life: timedelta,
    jitter: float,
    elsewhere: bool = False,
) -> Decision:
    """What to do after ``error``. ``tries`` are those before this one; ``jitter`` is in 0 … 1 and spreads the waits.

    A temporary refusal waits ``first_wait``, then three times as long each time, at most an hour (± 20 %), never less
    than the server asked for, never beyond ``first_try`` + ``life``: then comes the last try. What is our fault pauses
    the edition and counts against nobody. ``elsewhere``: another server may take it, so a busy one delays nothing.
    """
    if isinstance(error, OutcomeUnknown):
        return Decision(DeliveryState.UNKNOWN)
    if isinstance(error, ChannelRefused):
        return Decision(DeliveryState.DEFERRED, pause=said_by(error), counts=False)
    if error.permanent:
        return Decision(DeliveryState.FAILED, refused=True)
    busy = isinstance(error, ServerBusy)
    # A server's trouble is no worse for a reader who was put off before: the breaker makes its rests grow.
    wait = min(first_wait * GROWTH ** (0 if busy else min(tries, 10)), LONGEST_WAIT) * (
        1 - SPREAD + 2 * SPREAD * jitter
    )
    if error.retry_after is not None:
        asked = timedelta(seconds=min(max(error.retry_after, 0), life.total_seconds()))
        # The breaker spreads a server's rest; readers of one greylist are spread here.
        wait = max(wait, asked if busy else asked * (1 + SPREAD * jitter))
    cool = min(wait, LONGEST_COOL) if busy else timedelta(0)
    throttle = isinstance(error, ServerBusy) and error.throttle and error.retry_after is None
    left = first_try + life - now
    if left <= timedelta(0):
        return Decision(DeliveryState.FAILED, cool=cool, throttle=throttle, counts=not busy)
    not_before = now if busy and elsewhere else now + min(wait, left)
    return Decision(DeliveryState.DEFERRED, not_before, cool=cool, throttle=throttle, counts=not busy)
