"""One SMTP connection's bytes: commands out, replies in.

Sources, checked 2026-11-25: RFC 5321 §4.2 (replies), §4.5.3.1.5 (their length), RFC 3207 (STARTTLS).
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from typing import cast

LONGEST_REPLY = 64 * 1024
"""Bytes of one reply; the standard asks for 512 a line."""
MOST_REPLIES = 64
"""Replies that may lie here unread; no more than six commands are ever on their way."""

Raw = tuple[int, str]
"""A reply's code, and its lines without the code, joined by line ends."""


_CODES = {f"{code:03}".encode(): code for code in range(1000)}


class Broken(Exception):
    """The connection ended, fell silent, or speaks something else than SMTP; the message says which."""


class Connection(asyncio.Protocol):
    """Replies come in the order of the commands; they are kept until they are asked for."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._lines: list[str] = []
        self._code = 0
        self._size = 0
        self._replies: deque[Raw] = deque()
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._over = ""

    @classmethod
    async def open(cls, host: str, port: int, *, tls: ssl.SSLContext | None, timeout: float) -> Connection:
        """Connects, at once in TLS if a context is given. Raises ``OSError`` and ``TimeoutError``."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(timeout):
            name = host if tls else None
            _, connection = await loop.create_connection(cls, host, port, ssl=tls, server_hostname=name)
        return connection

    async def secure(self, host: str, tls: ssl.SSLContext, timeout: float) -> None:
        """Turns to TLS after the server agreed. What it sent too early, in the clear, breaks the connection.

        Raises ``Broken``, ``OSError`` (``ssl.SSLError`` among them) and ``TimeoutError``.
        """
        if self._rest or self._replies or self._lines:
            self.close()
            raise Broken("it sent more before TLS than its answer")
        if self._transport is None or self._over:
            raise Broken(self._over or "not connected")
        plain = self._transport
        async with asyncio.timeout(timeout):
            secured = await self._loop.start_tls(plain, self, tls, server_hostname=host)
        if secured is None:
            raise Broken("the connection ended")
        self._transport = secured

    @property
    def alive(self) -> bool:
        return self._transport is not None and not self._over

    @property
    def quiet(self) -> bool:
        """Whether it is alive, and no answer lies here that nobody asked for."""
        return self.alive and not (self._replies or self._lines or self._rest)

    def write(self, *data: bytes) -> None:
        """Hands bytes to the system. Raises ``Broken`` when there is no connection: then none of them went out."""
        if self._transport is None or self._over or self._transport.is_closing():
            raise Broken(self._over or "not connected")
        if len(data) == 1:
            self._transport.write(data[0])
        else:
            self._transport.writelines(data)

    def take(self, codes: Sequence[int]) -> bool:
        """Whether the replies that lie here are just these; then they are taken. Nothing is waited for."""
        if len(self._replies) != len(codes) or any(
            reply[0] != code for reply, code in zip(self._replies, codes, strict=True)
        ):
            return False
        self._replies.clear()
        return True

    async def reply(self, timeout: float) -> Raw:
        """The next reply, within ``timeout`` seconds. Raises ``Broken``."""
        while not self._replies:
            if self._over:
                raise Broken(self._over)
            self._deadline = self._loop.time() + timeout
            if self._timer is None:
                self._timer = self._loop.call_at(self._deadline, self._late)
            elif self._timer.when() > self._deadline:
                self._timer.cancel()
                self._timer = self._loop.call_at(self._deadline, self._late)
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._replies.popleft()

    def close(self) -> None:
        """Ends the connection; what was handed to the system still goes out."""
        self._end("closed")
        if self._transport:
            self._transport.close()

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        self._size += len(data)
        for line in lines:
            if self._over:
                # What follows on nonsense answers nothing.
                return
            self._line(line)
        if self._size > LONGEST_REPLY or len(self._replies) > MOST_REPLIES:
            self._fail("an endless answer")
        if self._waiter and (self._replies or self._over) and not self._waiter.done():
            self._waiter.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        reason = " ".join(str(error).split())[:200] if error else ""
        self._end(reason or "the server hung up")

    # ---

    def _line(self, line: bytes) -> None:
        known = _CODES.get(line[:3]) if not self._lines and line[3:4] == b" " else None
        if known is not None:
            # One line, as most replies are.
            self._replies.append((known, line[4:].rstrip(b"\r").decode("utf-8", "replace")))
            self._size = len(self._rest)
            return
        line = line.rstrip(b"\r")
        if not (line[:3].isdigit() and line[3:4] in (b" ", b"-", b"")) or len(line) < 3:
            self._fail(f"it says what is not SMTP: {line[:60].decode('ascii', 'replace')!r}")
            return
        code = int(line[:3])
        if self._lines and code != self._code:
            # RFC 5321 §4.2.1: one code on all lines. Neither of two can be believed.
            self._fail(f"it answers with {self._code} and {code} at once")
            return
        self._code = code
        self._lines.append(line[4:].decode("utf-8", "replace"))
        if line[3:4] != b"-":
            self._replies.append((code, "\n".join(self._lines)))
            self._lines = []
            self._size = len(self._rest)

    def _late(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._loop.time() < self._deadline:
            self._timer = self._loop.call_at(self._deadline, self._late)
        else:
            self._fail("no answer in time")

    def _fail(self, reason: str) -> None:
        self._end(reason)
        if self._transport:
            self._transport.abort()

    def _end(self, reason: str) -> None:
        self._over = self._over or reason
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
