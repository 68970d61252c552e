"""May a message go now? Asked before each one, so it costs next to nothing: a small grant is held here.

Grants come from the store in batches and count as used there from then on: a crash loses them, and sends nothing too
many. One is good until its part of the period ends (``bot.store.allowances``), then the rest goes back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.channels.email.providers import OTHERS, provider_of
from bot.clock import Clock
from bot.settings import Rate
from bot.store import Store
from bot.store.allowances import Grant, Limits, Wanted

LARGEST_BATCH = 2000
ASK_AGAIN = timedelta(seconds=15)
"""Who was refused asks the store again after this time at the latest: another process may have given back."""
SWEEP = timedelta(seconds=5)
FARTHEST_AHEAD = timedelta(seconds=1)
"""How far ahead is asked, when the store is so slow that what it grants for now is over before it is known."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_UNLIMITED = 2**62

LimitsNow = Callable[[datetime], Limits]
"""The limits at a moment, for those that change from day to day, as in a warm-up. ``{}`` is none."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The message may go."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Not before ``until``. With a ``provider`` only its domains must wait, without it all that goes by this server."""

    until: datetime
    provider: str = ""


GRANTED = Granted()


def limits_of(rates: tuple[Rate, ...]) -> dict[timedelta, int]:
    """The limits that a setting's rates make."""
    return {rate.period: rate.number for rate in rates}


class Pacing:
    """Holds the rate limits of one channel's servers and destinations. For one thread: that of the event loop.

    Its few calls of the store wait for the disk; it must not be asked within a transaction of the same thread.
    """

    def __init__(
        self,
        store: Store,
        *,
        channel: str,
        servers: Mapping[str, Limits | LimitsNow],
        providers: Mapping[str, Limits],
        clock: Clock,
    ) -> None:
        """``providers`` has the caps by ``provider_of`` a domain, and by ``*`` one for each other provider."""
        self._store = store
        self._channel = channel
        self._clock = clock
        self._servers = {name: _Held(f"{channel}/{name}", limits) for name, limits in servers.items() if limits}
        self._others = providers.get(OTHERS)
        self._providers = {
            name: _Held(f"{channel}/domain:{name}", limits, name)
            for name, limits in providers.items()
            if limits and name != OTHERS
        }
        self._capped = bool(self._providers or self._others)
        self._fixed = frozenset(self._providers)
        self._sweep_at = _LONG_AGO
        self._ahead = timedelta(0)

    def grant(self, server: str, domain: str) -> Granted | Wait:
        """Whether a message to ``domain`` may go by ``server`` now; if so, it counts as gone.

        Never sleeps. Raises ``StoreError`` when the database does not answer.
        """
        at_server = self._servers.get(server)
        at_domain = self._at(domain) if self._capped else None
        if at_server is None and at_domain is None:
            return GRANTED
        now = self._clock()
        if (at_server is None or at_server.ready(now)) and (at_domain is None or at_domain.ready(now)):
            if at_server is not None:
                at_server.left -= 1
            if at_domain is not None:
                at_domain.left -= 1
            return GRANTED
        return self._fetched([each for each in (at_server, at_domain) if each is not None], now)

    def expect(self, server: str, domains: Mapping[str, int]) -> None:
        """Says what is going to be asked for, by domain: one call of the store then does for all.

        Worth it with a cap on ``*``, where each small domain would be a call of its own.
        """
        now = self._clock()
        wanted: dict[_Held, int] = {}
        at_server = self._servers.get(server)
        if at_server is not None:
            if at_server.refused(now):
                return
            wanted[at_server] = sum(domains.values())
        if self._capped:
            for domain, number in domains.items():
                held = self._at(domain)
                if held is not None:
                    wanted[held] = wanted.get(held, 0) + number
        missing = {held: number - held.usable(now) for held, number in wanted.items() if not held.refused(now)}
        self._fetch({held: number for held, number in missing.items() if number > 0}, now)

    def close(self) -> None:
        """Gives back what is unused, and clears the store of what is over."""
        if not (self._servers or self._capped):
            return
        unused = [each for held in (*self._servers.values(), *self._providers.values()) for each in held.hand_in()]
        with self._store.write() as tx:
            tx.allowances.give_back(unused)
        with self._store.write() as tx:
            tx.allowances.prune(self._clock())

    def _at(self, domain: str) -> _Held | None:
        provider = provider_of(domain)
        held = self._providers.get(provider)
        if held is None and self._others:
            held = self._providers[provider] = _Held(f"{self._channel}/domain:{provider}", self._others, provider)
        return held

    def _fetched(self, asked: list[_Held], now: datetime) -> Granted | Wait:
        for fetches in range(3):
            for held in asked:
                if held.refused(now):
                    return Wait(held.next_at, held.provider)
                if held.early(now):
                    return Wait(held.since, held.provider)
            if all(held.ready(now) for held in asked):
                for held in asked:
                    held.left -= 1
                return GRANTED
            if fetches < 2:
                self._fetch({held: 0 for held in asked if not held.ready(now)}, now)
                now = self._clock()
        return Wait(now)

    def _fetch(self, wanted: Mapping[_Held, int], now: datetime) -> None:
        """Asks the store for so many of each; 0 is as many as its batch has."""
        unused, asking = self._swept(wanted, now), {}
        for held, number in wanted.items():
            if not held.valid(now):
                unused += held.hand_in()
            if held.renew(now):
                asking[held] = min(number or held.batch, held.most)
            else:
                unused += held.hand_in()
                held.open(now)
        if not (asking or unused):
            return
        with self._store.write() as tx:
            tx.allowances.lock([*(held.key for held in asking), *(grant.key for grant, _ in unused)])
            now = self._clock()
            wishes = [Wanted(held.key, held.limits, number) for held, number in asking.items()]
            grants = tx.allowances.reserve_all(wishes, now + self._ahead, unused)
        for held, grant in zip(asking, grants, strict=True):
            held.take(grant)
        known = self._clock()
        if any(grant.granted and grant.until <= known for grant in grants):
            self._ahead = min(2 * (known - now), FARTHEST_AHEAD)
        elif known - now < self._ahead / 8:
            self._ahead = timedelta(0)

    def _swept(self, wanted: Mapping[_Held, int], now: datetime) -> list[tuple[Grant, int]]:
        """What is held and can no longer be used. Small domains are forgotten: there may be a hundred thousand."""
        if self._sweep_at - SWEEP <= now < self._sweep_at:
            return []
        self._sweep_at = now + SWEEP
        idle = [held for held in self._providers.values() if held not in wanted and not held.refused(now)]
        unused = [each for held in idle if not held.valid(now) for each in held.hand_in()]
        for held in idle:
            if held.left == 0 and held.provider not in self._fixed:
                del self._providers[held.provider]
        return unused


class _Held:
    """What is held of one allowance."""

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
        self.since = self.until = self.next_at = _LONG_AGO
        self.batch = 1
        self.most = 1
        self._refused_at = _LONG_AGO
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
            self._refused_at = _LONG_AGO
        self.left = self._taken = 0
        self._grants.clear()
        return unused


def _batch(number: int, period: timedelta) -> int:
    # What a crash loses must be little of a long period; of a second it may be more.
    share = 4 if period <= timedelta(seconds=1) else 50
    return max(1, min(LARGEST_BATCH, number // share))
