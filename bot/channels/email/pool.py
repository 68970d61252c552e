"""Connections kept between messages."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property

from bot.channels.email.transport import Server, Session
from bot.errors import DeliveryError


class Pool:
    """At most ``connections`` sessions, kept between messages; each is closed after ``per_connection`` messages."""

    def __init__(self, server: Server, *, connections: int, per_connection: int) -> None:
        self._server = server
        self._per_connection = per_connection
        self._free: list[Session] = []
        self._places = asyncio.Semaphore(connections)

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        return None if self._server.security == "none" else self._server.tls()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Session]:
        """A session of one's own. After an error it is kept only while the server still answers."""
        async with self._places:
            session = await self._take()
            try:
                yield session
            except DeliveryError:
                await self._put(session)
                raise
            except BaseException:
                # Cancelled half-way: whatever the server says next is not the answer to the next command.
                session.close()
                raise
            else:
                await self._put(session)

    async def close(self) -> None:
        """Ends all sessions that are not in use."""
        free, self._free = self._free, []
        await asyncio.gather(*(session.quit() for session in free))

    async def _take(self) -> Session:
        while self._free:
            session = self._free.pop()
            if await session.is_ready():
                return session
            session.close()
        return await Session.open(self._server, self._tls)

    async def _put(self, session: Session) -> None:
        if not session.alive:
            session.close()
        elif session.sent >= self._per_connection:
            await session.quit()
        else:
            self._free.append(session)
