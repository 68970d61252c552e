"""A client's connection, which ends when a request does not arrive in time: Slowloris holds no place for long.

uvicorn waits for a request's head and body for ever (its `timeout_keep_alive` counts between requests alone; version
0.54, source read 2026-11-29). A proxy in front sees to it too; a newsroom on one small server may have none.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_TIME = 20.0
"""Seconds from the connection, or a request's first byte, to its last. The largest body has 1 MiB."""
MOST = 500
"""Connections at once; one more is told to come back (503). Sending has sockets and files to open, too."""


class Connection(H11Protocol):
    """One of uvicorn's, with ``request_time`` seconds for each request."""

    request_time = REQUEST_TIME
    _late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        # A request that was sent along with the one before begins here.
        super().on_response_complete()
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        super().connection_lost(exc)

    def _watch(self) -> None:
        cycle = self.cycle
        if cycle is not None and not cycle.more_body and not cycle.response_complete:
            self._rest()
        elif self._late is None:
            self._late = self.loop.call_later(self.request_time, self.transport.close)

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
