"""The way to one submission server: its kept connections, and when it may be used."""

from __future__ import annotations

import asyncio
import ssl
from datetime import datetime, timedelta
from functools import cached_property

from bot.channels.email.breaker import Breaker
from bot.channels.email.greeting import Server
from bot.channels.email.press import Press
from bot.channels.email.relays import Relay
from bot.channels.email.transport import Session
from bot.errors import DeliveryError, OutcomeUnknown, ServerBusy


class Line:
    """One server of a channel. ``active`` sessions work now; ``taken`` counts the messages it was given."""

    def __init__(
        self,
        name: str,
        server: Server,
        *,
        relay: Relay,
        press: Press,
        connections: int,
        per_connection: int,
        weight: int,
    ) -> None:
        self.name = name
        self.server = server
        self.relay = relay
        self.press = press
        self.connections = min(connections, relay.connections or connections)
        self.per_connection = min(per_connection, relay.per_connection or per_connection)
        self.weight = weight
        self.breaker = Breaker()
        self.active = 0
        self.taken = 0
        self.waits_until: datetime | None = None
        """When its limits let more go."""
        self._used = 0
        self._kept: list[Session] = []
        self._waiting: list[asyncio.Future[None]] = []

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        return self.server.tls()

    @property
    def load(self) -> float:
        """What it was given, by its share."""
        return self.taken / self.weight if self.weight else float("inf")

    def rests_until(self, now: datetime) -> datetime | None:
        """When it can take mail again; None: now."""
        ends = [each for each in (self.breaker.opens_at, self.waits_until) if each and each > now]
        return max(ends, default=None)

    @property
    def room(self) -> int:
        """How many more sessions may work."""
        return self.breaker.allowed_connections(self.connections) - self.active

    async def session(self) -> Session:
        """A kept connection, or a new one, to be given to ``leave``. Raises ``ServerBusy`` or ``ChannelRefused``."""
        while self._kept:
            session = self._kept.pop()
            if session.ready:
                break
            session.close()
        else:
            session = await Session.open(self.server, self._tls)
        self._used += 1
        return session

    async def leave(self, session: Session) -> None:
        """Keeps the connection for later, or ends it when it has had its messages, or the server wants fewer."""
        self._used -= 1
        most = self.breaker.allowed_connections(self.connections)
        if session.sent >= self.per_connection or self._used + len(self._kept) >= most:
            await session.quit()
        elif session.alive:
            self._kept.append(session)

    def free(self) -> None:
        """A session has ended."""
        self.active -= 1
        if not self.active:
            self.breaker.unasked()
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def freed(self) -> None:
        """Waits until a session ends."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    async def close(self) -> None:
        """Ends all connections that are not in use."""
        kept, self._kept = self._kept, []
        await asyncio.gather(*(session.quit() for session in kept))

    def answered(self, error: DeliveryError | None, rest: timedelta, now: datetime) -> None:
        """What the server said to a message, or why it could not be asked."""
        if isinstance(error, OutcomeUnknown):
            # A server that takes messages and does not answer must not be given the whole edition.
            self.breaker.failed(now, rest)
        elif not isinstance(error, ServerBusy):
            self.breaker.succeeded(now)
        elif error.throttle and error.retry_after is None:
            self.breaker.throttled(now, rest, self.active)
        else:
            self.breaker.failed(now, rest, told=error.retry_after is not None)

    def __str__(self) -> str:
        return f"{self.name} ({self.server})"
