"""May a message go now? Asked before each one, so it costs next to nothing: a small grant is held here.

Grants come from the store in batches and count as used there from then on: a crash loses them, and sends nothing too
many. One is good until its part of the period ends (``bot.store.allowances``), then the rest goes back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.email.holding import FARTHEST_AHEAD, LONG_AGO, Holding, LimitsNow
from bot.channels.email.providers import OTHERS, provider_of
from bot.clock import Clock
from bot.settings import Rate
from bot.store import Store
from bot.store.allowances import Grant, Limits, Wanted

SWEEP = timedelta(seconds=5)


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
        self._servers = {name: Holding(f"{channel}/{name}", limits) for name, limits in servers.items() if limits}
        self._others = providers.get(OTHERS)
        self._providers = {
            name: Holding(f"{channel}/domain:{name}", limits, name)
            for name, limits in providers.items()
            if limits and name != OTHERS
        }
        self._capped = bool(self._providers or self._others)
        self._fixed = frozenset(self._providers)
        self._sweep_at = LONG_AGO
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
        wanted: dict[Holding, int] = {}
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

    def _at(self, domain: str) -> Holding | None:
        provider = provider_of(domain)
        held = self._providers.get(provider)
        if held is None and self._others:
            held = self._providers[provider] = Holding(f"{self._channel}/domain:{provider}", self._others, provider)
        return held

    def _fetched(self, asked: list[Holding], now: datetime) -> Granted | Wait:
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

    def _fetch(self, wanted: Mapping[Holding, int], now: datetime) -> None:
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

    def _swept(self, wanted: Mapping[Holding, int], now: datetime) -> list[tuple[Grant, int]]:
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
