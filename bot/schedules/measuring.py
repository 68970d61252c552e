"""How followers reacted to posts, asked of the networks that tell: ever more seldom, for a week, and then no more.

It never stands in the way of posting. A network is asked for as little as its channel says (``Measuring.measures``),
and not while it rests, is nearly used up, or its channel is paused; what goes wrong pauses no channel. Due times stand
in the store, and whoever asks a network has taken it there: one machine at a time, and a restart goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from bot.channels.base import Channel, Measuring
from bot.delivery.pausing import moved_at
from bot.errors import ChannelRefused, DeliveryError, StoreError
from bot.model import ChannelState, MeasuredPost, Reactions
from bot.schedules.installation import Installation

SECONDS = 60
"""How often it is looked whether some post is to be asked for."""
REFUSED = timedelta(days=1)
"""How long a network is left alone that does not tell us."""
SOONEST, LATEST = timedelta(minutes=15), timedelta(days=1)
"""How long it is left alone at least, and at most, that had enough or gave no answer."""
LEASE = timedelta(minutes=5)
"""How long nobody else asks a channel's network that is being asked."""
_ANSWER = 30.0
"""Seconds in which one question is to be answered."""
_QUESTIONS = 8
"""Of one channel in one look: with their answers they end before the lease does."""

log = logging.getLogger(__name__)


def measure_now(installation: Installation, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Asks for all posts that are due; returns of how many something was told. Nothing from a store that is held.

    Raises ``StoreError``.
    """
    names = installation.measuring
    if not names:
        return 0
    store, now = installation.store, installation.clock()
    with store.read() as tx:
        if tx.flags.held():
            return 0
        new = tx.measured_posts.unknown(names, now)
    if new:
        with store.write() as tx:
            tx.measured_posts.enter(new)
    with store.read() as tx:
        states = tx.channels.all()
        due = [name for name in tx.measured_posts.channels_due(names, now) if _may(states.get(name), now)]
    return asyncio.run(_measured(installation, due, stop)) if due else 0


def _may(state: ChannelState | None, now: datetime) -> bool:
    """Whether a network that is asked now has enough left for posts."""
    if state is None:
        return True
    resting = state.rests_until is not None and now < state.rests_until
    quota = state.quota
    scarce = quota is not None and quota.resets > now and 2 * quota.remaining < (quota.limit or 2)
    return not (state.paused or resting or scarce)


async def _measured(installation: Installation, names: Iterable[str], stop: Callable[[], bool]) -> int:
    async with installation.connected() as connected:
        asking = (_Asking(installation, name, connected.channels[name], stop).all() for name in names)
        # Each to its end, also when one fails: it gives back what it took.
        done = await asyncio.gather(*asking, return_exceptions=True)
    for each in done:
        if isinstance(each, BaseException):
            raise each
    return sum(each for each in done if isinstance(each, int))


class _Asking:
    """One channel's network, asked in one look."""

    def __init__(self, installation: Installation, name: str, channel: Channel, stop: Callable[[], bool]) -> None:
        assert isinstance(channel, Measuring)
        self._installation = installation
        self._store = installation.store
        self._clock = installation.clock
        self._name = name
        self._channel = channel
        self._stop = stop
        self._until: datetime | None = None
        self._refused: str | None = None

    async def all(self) -> int:
        """Asks until nothing is due, or no more may be asked now; returns of how many posts something was told."""
        if not await asyncio.to_thread(self._take):
            return 0
        told = 0
        try:
            for _ in range(_QUESTIONS):
                found = None if self._stop() else await self._some()
                if found is None:
                    break
                told += found
        finally:
            await asyncio.to_thread(self._leave)
        return told

    async def _some(self) -> int | None:
        """Asks for as many as one question holds; None when there is to be no other one."""
        posts = await asyncio.to_thread(self._due)
        if not posts:
            return None
        try:
            async with asyncio.timeout(_ANSWER):
                found = await self._channel.measure([each.post for each in posts])
        except ChannelRefused as error:
            log.warning("channel %s: its network does not tell how followers reacted: %s", self._name, error)
            self._refused = str(error)
            self._later(REFUSED)
            return None
        except DeliveryError as error:
            log.warning("channel %s: reactions are asked for later: %s", self._name, error)
            if error.permanent:
                # It is about these posts, and would be said again and again.
                await asyncio.to_thread(self._keep, posts, {})
            self._later(timedelta(seconds=error.retry_after or 0))
            return None
        except TimeoutError:
            log.warning("channel %s: reactions are asked for later: no answer within %g s", self._name, _ANSWER)
            self._later(SOONEST)
            return None
        except StoreError:
            raise
        except Exception:
            log.exception("channel %s: a fault in the program: reactions are asked for tomorrow", self._name)
            self._later(LATEST)
            return None
        self._refused = ""
        await asyncio.to_thread(self._keep, posts, found)
        return sum(each.post in found for each in posts)

    def _later(self, wait: timedelta) -> None:
        self._until = self._clock() + min(max(wait, SOONEST), LATEST)

    def _take(self) -> bool:
        now = self._clock()
        with self._store.write() as tx:
            moved = moved_at(tx, self._name)
            if moved:
                # They stand on the account before, which this one may not see.
                tx.measured_posts.drop(self._name, moved)
            return tx.measured_posts.take(self._name, now, now + LEASE)

    def _leave(self) -> None:
        with self._store.write() as tx:
            tx.measured_posts.leave(self._name, self._clock(), self._until, self._refused)

    def _due(self) -> list[MeasuredPost]:
        """As many as one question holds and the network's allowance still grants; used up with the commit."""
        now = self._clock()
        with self._store.write() as tx:
            posts = tx.measured_posts.due(self._name, now, self._channel.at_once)
            if posts:
                grant = tx.allowances.reserve(f"{self._name}/reactions", self._channel.measures, len(posts), now)
                posts = posts[: grant.granted]
                if grant.next_at:
                    self._until = grant.next_at
        return posts

    def _keep(self, posts: Sequence[MeasuredPost], told: Mapping[str, Reactions | None]) -> None:
        with self._store.write() as tx:
            tx.measured_posts.keep(posts, told, self._clock())
