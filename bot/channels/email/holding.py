"""A small part of an allowance, held in this process, from which messages are paced without asking the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from bot.store.allowances import Grant, Limits

LARGEST_BATCH = 2000
ASK_AGAIN = timedelta(seconds=15)
"""Who was refused asks the store again after this time at the latest: another process may have given back."""
FARTHEST_AHEAD = timedelta(seconds=1)
"""How far ahead is asked, when the store is so slow that what it grants for now is over before it is known."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_UNLIMITED = 2**62

LimitsNow = Callable[[datetime], Limits]
"""The limits at a moment, for those that change from day to day, as in a warm-up. ``{}`` is none."""


class Holding:
    """What is held of one allowance: taken with ``take``, used by counting ``left`` down, handed in at the end."""

    __slots__ = (
        "_grants", "_limits", "_refused_at", "_taken", "batch", "key", "left", "limits", "most", "next_at",
        "provider", "since", "until",
    )  # fmt: skip

    def __init__(self, key: str, limits: Limits | LimitsNow, provider: str = "") -> None:
        self.key = key
        self.provider = provider
        self._limits = limits
        self.limits: Limits = {}
        self.left = 0
        self.since = self.until = self.next_at = LONG_AGO
        self.batch = 1
        self.most = 1
        self._refused_at = LONG_AGO
        self._grants: list[Grant] = []
        self._taken = 0

    def ready(self, now: datetime) -> bool:
        """Whether one may go now. A clock that was set back makes it over, too."""
        return self.left > 0 and self.since <= now < self.until

    def early(self, now: datetime) -> bool:
        """Whether what is held is for a moment soon. Later than soon it is a clock that was set back."""
        return self.left > 0 and self.since - FARTHEST_AHEAD <= now < self.since

    def usable(self, now: datetime) -> int:
        return self.left if self.valid(now) else 0

    def valid(self, now: datetime) -> bool:
        return self.since <= now < self.until

    def refused(self, now: datetime) -> bool:
        """Whether the store said no, and it is too early to ask again."""
        return self.left == 0 and self._refused_at <= now < min(self.next_at, self._refused_at + ASK_AGAIN)

    def renew(self, now: datetime) -> bool:
        """Takes the limits as they are now; False when there are none."""
        self.limits = self._limits(now) if callable(self._limits) else self._limits
        self.most = min((_batch(number, period) for period, number in self.limits.items()), default=1)
        return bool(self.limits)

    def open(self, now: datetime) -> None:
        """Lets any number go, until the limits are looked at again."""
        self.left, self.since, self.until = _UNLIMITED, now, now + ASK_AGAIN

    def take(self, grant: Grant) -> None:
        if grant.granted:
            self.until = min(self.until, grant.until) if self.left else grant.until
            self.since = grant.since
            self.left += grant.granted
            self._taken += grant.granted
            self._grants.append(grant)
        # Whoever comes back within the same part of the period is fast: it takes more at once.
        self.batch = min(2 * max(self.batch, grant.granted), self.most)
        if grant.next_at:
            self._refused_at, self.next_at = grant.since, grant.next_at

    def hand_in(self) -> list[tuple[Grant, int]]:
        """What is left of each grant, which is then no longer held."""
        left, unused = self.left, []
        for grant in reversed(self._grants):
            back = min(left, grant.granted)
            if back:
                unused.append((grant, back))
            left -= back
        self.batch = min(max(1, self._taken - self.left), self.most)
        if unused:
            self._refused_at = LONG_AGO
        self.left = self._taken = 0
        self._grants.clear()
        return unused


def _batch(number: int, period: timedelta) -> int:
    # What a crash loses must be little of a long period; of a second it may be more.
    share = 4 if period <= timedelta(seconds=1) else 50
    return max(1, min(LARGEST_BATCH, number // share))
