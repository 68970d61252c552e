"""Carries posts: one after the other, at the channel's pace, each part of a thread after the one before."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol, TypeVar

from bot.channels.acting import perform
from bot.channels.base import Channel, Posting
from bot.channels.base import Feed as Parcels
from bot.clock import Clock
from bot.delivery import threads
from bot.delivery.pacing import May, MayNot, Pacing
from bot.delivery.pausing import let_go_at
from bot.errors import DeliveryError, ServerBusy, StoreError
from bot.model import Parcel, Quota
from bot.settings.kinds import duration_text
from bot.store import Store, Transaction

log = logging.getLogger(__name__)

_T = TypeVar("_T")


class PostChannel(Channel, Posting, Protocol):
    """A channel whose medium is ``post``."""


class Feed(Parcels, Protocol):
    """What posts are taken from."""

    async def written(self) -> None:
        """Waits until all is committed that was said so far, unless the store is in trouble."""
        ...


@dataclass(frozen=True, slots=True)
class _Goes:
    """The parcel as it is to be sent, and by what leave."""

    parcel: Parcel
    may: May


class Posts:
    """A ``Carrier`` of one channel. ``life`` is how long a post waits for its first attempt (docs/posting.md)."""

    def __init__(
        self, name: str, channel: PostChannel, store: Store, clock: Clock, *, timezone: str, life: timedelta
    ) -> None:
        self._name = name
        self._channel = channel
        self._store = store
        self._clock = clock
        self._life = life
        self._pacing = Pacing(name, channel.pace, timezone, clock)
        # With a gap between posts there is nothing to be done at once, and a slow one must not shorten it.
        self._sessions = 1 if channel.pace.gap else channel.connections

    async def carry(self, feed: Feed) -> None:
        # All sessions end by themselves, also when one fails: a send in flight is never torn off.
        sessions = (self._session(feed) for _ in range(self._sessions))
        for failure in await asyncio.gather(*sessions, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure

    def rests_until(self) -> datetime | None:
        return self._pacing.rests_until()

    def hurries(self) -> bool:
        """Whether it rests by its own pace alone: a correction is posted, and a post taken down, even so."""
        return self.rests_until() is not None and self._pacing.asked_until() is None

    async def busy(self, error: ServerBusy, cool: timedelta) -> None:
        """Lets the channel rest whose network has had enough, here and in all processes."""
        until = self._pacing.troubled(error, cool)
        await self._kept(lambda tx: self._pacing.keep(tx, until))

    async def _session(self, feed: Feed) -> None:
        # What the feed gives while the channel rests by its own pace is urgent.
        while self._pacing.asked_until() is None and (parcel := feed.take()):
            leave = await self._leave(parcel)
            if isinstance(leave, threads.Waits):
                feed.give_back(parcel, leave.until)
            elif isinstance(leave, threads.Broken):
                feed.settle(parcel, DeliveryError(leave.reason, permanent=True))
            elif not isinstance(leave, _Goes):
                feed.give_back(parcel)
                return
            elif await feed.ahead(parcel):
                await self._send(feed, leave.parcel)
                # The next part looks for this one in the ledger.
                await feed.written()
            else:
                await self._kept(partial(self._pacing.give_back, may=leave.may))

    async def _leave(self, parcel: Parcel) -> _Goes | MayNot | threads.Waits | threads.Broken | None:
        """Whether it may go now; None: the store does not say."""
        return await self._kept(lambda tx: self._look(tx, parcel))

    def _look(self, tx: Transaction, parcel: Parcel) -> _Goes | MayNot | threads.Waits | threads.Broken:
        now = self._clock()
        urgent = tx.editions.corrects(parcel.edition)
        stands = threads.standing(tx, parcel, now)
        # Half a thread stands there otherwise.
        goes_on = isinstance(stands, threads.Ready) and threads.follows(parcel)
        late = "" if urgent or goes_on else self._too_late(tx, parcel, now)
        if late:
            return threads.Broken(late)
        if not isinstance(stands, threads.Ready):
            return stands
        may = self._pacing.ask(tx, urgent=urgent)
        return _Goes(stands.parcel, may) if isinstance(may, May) else may

    def _too_late(self, tx: Transaction, parcel: Parcel, now: datetime) -> str:
        """Why a post that was never attempted is no news any more; "" when it is."""
        found = tx.deliveries.get(parcel.delivery)
        if found is None or found.first_try or found.updated is None or now - found.updated < self._life:
            return ""
        resumed = let_go_at(tx, self._name, parcel.edition)
        if resumed and now - resumed < self._life:
            return ""
        return f"it waited for {duration_text(self._life)} (delivery.give_up_after) for its turn: too late to be posted"

    async def _send(self, feed: Feed, parcel: Parcel) -> None:
        try:
            receipt = await perform(self._channel, parcel)
        except Exception as error:
            cool = feed.settle(parcel, error)
            if isinstance(error, ServerBusy):
                await self.busy(error, cool)
        else:
            feed.settle(parcel, receipt)
            await self._told(receipt.quota)

    async def _told(self, quota: Quota | None) -> None:
        until = self._pacing.told(quota)
        if quota:
            await self._kept(lambda tx: self._pacing.keep(tx, until, quota))

    async def _kept(self, write: Callable[[Transaction], _T]) -> _T | None:
        """What ``write`` returns, from a transaction in another thread; None when the store did not take it."""

        def written() -> _T:
            with self._store.write() as tx:
                return write(tx)

        try:
            return await asyncio.to_thread(written)
        except StoreError as error:
            log.error("%s: its pace is not kept: %s", self._name, error)
            return None
