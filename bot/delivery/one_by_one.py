"""Carries the parcels of a channel that sends one at a time: a post, a webhook."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from bot.channels.acting import perform
from bot.channels.base import Channel, Feed
from bot.clock import Clock
from bot.model import Parcel


class OneByOne:
    """A ``Carrier`` out of a channel's ``send``, as many at once as it has ``connections``."""

    def __init__(self, channel: Channel, clock: Clock) -> None:
        self._channel = channel
        self._clock = clock
        self._cool_until: datetime | None = None

    async def carry(self, feed: Feed) -> None:
        # All sessions end by themselves, also when one fails: a send in flight is never torn off.
        sessions = (self._session(feed) for _ in range(self._channel.connections))
        for failure in await asyncio.gather(*sessions, return_exceptions=True):
            if isinstance(failure, BaseException):
                raise failure

    def rests_until(self) -> datetime | None:
        return self._cool_until

    async def _session(self, feed: Feed) -> None:
        while not self._rests() and (parcel := feed.take()):
            if await feed.ahead(parcel):
                await self._send(feed, parcel)

    async def _send(self, feed: Feed, parcel: Parcel) -> None:
        try:
            receipt = await perform(self._channel, parcel)
        except Exception as error:
            rest = feed.settle(parcel, error)
            if rest > timedelta(0):
                self._cool_until = self._clock() + rest
        else:
            feed.settle(parcel, receipt)

    def _rests(self) -> bool:
        return self._cool_until is not None and self._clock() < self._cool_until
