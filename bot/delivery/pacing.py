"""May a channel post now? Asked of the store before each post, so that all processes that share it keep one pace.

What an editor set (``Pace``) is reserved in the store before the post goes out: a crash loses a reservation, and posts
nothing too soon. What the network asked for rests in the store too (``channels.rest``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.clock import Clock
from bot.delivery.quiet import quiet_until
from bot.errors import ServerBusy
from bot.model import Pace, Quota
from bot.store import Transaction
from bot.store.allowances import Grant

LONGEST_REST = timedelta(hours=24)
"""How long a network rests at most before it is asked again, whatever it said: the longest of their windows."""
ASK_AGAIN = timedelta(hours=1)
"""Who was refused asks again after this time at the latest: a limit may be another by then."""
GROWTH = 2
LONGEST_TROUBLE = timedelta(hours=1)
"""How long it rests at most when it did not say for how long."""


@dataclass(frozen=True, slots=True)
class May:
    """The post may go, and counts as gone; ``grant`` is what to give back if it does not. None: nothing limits it."""

    grant: Grant | None = None


@dataclass(frozen=True, slots=True)
class MayNot:
    """Not before ``until``; None: not before somebody resumes the channel."""

    until: datetime | None


class Pacing:
    """The pace of one channel. ``rests_until`` asks no store; the others are asked in a transaction that writes."""

    def __init__(self, channel: str, pace: Pace, timezone: str, clock: Clock) -> None:
        self._channel = channel
        self._key = f"{channel}/posts"
        self._quiet = pace.quiet
        self._zone = ZoneInfo(timezone)
        self._clock = clock
        self._limits = _limits(pace)
        self._paced: datetime | None = None
        self._asked: datetime | None = None
        self._troubles = 0

    def rests_until(self) -> datetime | None:
        """When it can post again, as far as this process knows; None: now."""
        now = self._clock()
        rest = max(now, _still(self._paced, now, ASK_AGAIN) or now, self.asked_until() or now)
        return quiet_until(self._quiet, self._zone, rest) or (rest if rest > now else None)

    def asked_until(self) -> datetime | None:
        """Until when its network wants nothing at all; None: it takes what is urgent."""
        return _still(self._asked, self._clock(), LONGEST_REST)

    def ask(self, tx: Transaction, *, urgent: bool = False) -> May | MayNot:
        """Whether one post may go now; if so, it counts as gone with the commit.

        ``urgent``: it waits for nothing but its network.
        """
        tx.allowances.lock([self._key])
        now = self._clock()
        state = tx.channels.get(self._channel)
        if state.paused:
            return MayNot(None)
        asked = _still(state.rests_until, now, LONGEST_REST)
        if asked:
            self._asked = asked
            return MayNot(asked)
        if urgent:
            return May()
        quiet = quiet_until(self._quiet, self._zone, now)
        if quiet:
            return MayNot(quiet)
        if not self._limits:
            return May()
        grant = tx.allowances.reserve(self._key, self._limits, 1, now)
        if grant.granted:
            return May(grant)
        self._paced = min(grant.next_at or now + ASK_AGAIN, now + ASK_AGAIN)
        return MayNot(self._paced)

    def give_back(self, tx: Transaction, may: May) -> None:
        """Of a post that was not attempted."""
        if may.grant:
            tx.allowances.give_back([(may.grant, may.grant.granted)])

    def troubled(self, error: ServerBusy, cool: timedelta) -> datetime:
        """Until when the network rests that is busy: as long as it said, else longer each time."""
        now = self._clock()
        if error.retry_after is None:
            rest = min(max(cool, timedelta(seconds=1)) * GROWTH ** min(self._troubles, 10), LONGEST_TROUBLE)
            self._troubles += 1
        else:
            rest = max(cool, timedelta(seconds=max(0.0, min(error.retry_after, LONGEST_REST.total_seconds()))))
        self._asked = max(self._asked or now, now + rest)
        return self._asked

    def told(self, quota: Quota | None) -> datetime | None:
        """A post was taken, and the network said that of how much more it takes; until when it rests (None: not)."""
        self._troubles = 0
        now = self._clock()
        if quota is None or quota.remaining > 0 or quota.resets <= now:
            return None
        self._asked = max(self._asked or now, min(quota.resets, now + LONGEST_REST))
        return self._asked

    def keep(self, tx: Transaction, until: datetime | None, quota: Quota | None = None) -> None:
        """Says it to the other processes. A rest that is longer already stays."""
        if quota:
            tx.channels.told(self._channel, quota)
        known = tx.channels.get(self._channel).rests_until
        if until and (known is None or known < until):
            tx.channels.rest(self._channel, until)


def _still(until: datetime | None, now: datetime, longest: timedelta) -> datetime | None:
    """``until`` while it is to come; what is farther ahead than it can be was said before the clock was set back."""
    return until if until and now < until <= now + longest else None


def _limits(pace: Pace) -> Mapping[timedelta, int]:
    limits = dict(pace.most)
    if pace.gap:
        # Whole seconds, as an allowance has it.
        gap = timedelta(seconds=max(1, -(-pace.gap // timedelta(seconds=1))))
        limits[gap] = 1
    return limits
