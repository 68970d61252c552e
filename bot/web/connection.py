"""A client's connection, which ends when a request does not arrive in time, or an answer is not read.

Slowloris, and who reads slowly, hold no place for long. uvicorn waits for a request's head and body for ever, and for
a client that reads nothing (its `timeout_keep_alive` counts between requests alone; version 0.54, source read
2026-11-29). A proxy in front sees to it too; a newsroom on one small server may have none.
"""

from __future__ import annotations

import asyncio
import socket
import struct

from uvicorn.protocols.http.h11_impl import H11Protocol

REQUEST_TIME = 20.0
"""Seconds from the connection, or a request's first byte, to its last. The largest body has 1 MiB."""
READING_TIME = 60.0
"""Seconds in which a client takes what waits for it: some 64 KiB, beside what the machine itself holds for it."""
MOST = 500
"""Connections at once; one more is told to come back (503). Sending has sockets and files to open, too."""

_RESET = struct.pack("ii", 1, 0)


class Connection(H11Protocol):
    """One of uvicorn's, with ``request_time`` seconds for each request and ``reading_time`` for what waits."""

    request_time = REQUEST_TIME
    reading_time = READING_TIME
    _late: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

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

    def pause_writing(self) -> None:
        super().pause_writing()
        self._want_read()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread is not None and not self.transport.is_closing():
            self._unread.cancel()
            self._unread = None

    def connection_lost(self, exc: Exception | None) -> None:
        self._rest()
        if self._unread is not None:
            self._unread.cancel()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._want_read()
        cycle = self.cycle
        if cycle is not None and not cycle.more_body and not cycle.response_complete:
            self._rest()
        elif self._late is None:
            self._late = self.loop.call_later(self.request_time, self.transport.close)

    def _want_read(self) -> None:
        # Also of one that was closed: it waits for who reads nothing.
        if self._unread is None and self.transport.get_write_buffer_size():
            self._unread = self.loop.call_later(self.reading_time, self._read_enough)

    def _read_enough(self) -> None:
        self._unread = None
        if self.transport.get_write_buffer_size():
            # Reset, else the system would hold on to what it has taken: megabytes for each.
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.transport.abort()

    def _rest(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None
