"""A proxy that makes the way to a server long: each byte arrives a fixed time after it was sent, in both directions."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self, cast

import uvloop

from tests.bench.newsroom import ROOT
from tests.bench.sink import free_port, wait_for_port


class DelayProxy:
    """The proxy in a process of its own: it must not share the time of what it measures."""

    def __init__(self, target: int, *, one_way: float) -> None:
        self.port = free_port()
        self._command = [sys.executable, "-m", "tests.bench.delay", str(self.port), str(target), str(one_way)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=subprocess.DEVNULL)
        wait_for_port(self.port, self._process)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        self._process.wait()


class _Way(asyncio.Protocol):
    """One side of a connection: what comes in goes out at the other side after ``one_way`` seconds."""

    def __init__(self, one_way: float, target: tuple[str, int] | None = None) -> None:
        self._one_way = one_way
        self._target = target
        self._early: list[bytes] = []
        # In the order they came; timers of one moment may fire in another.
        self._under_way: deque[bytes] = deque()
        self._lost = False
        self.other: _Way | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        if self._target:
            self._connecting = asyncio.get_running_loop().create_task(self._connect(*self._target))

    async def _connect(self, host: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        # The handshake costs a round trip too.
        await asyncio.sleep(2 * self._one_way)
        other = _Way(self._one_way)
        other.other = self
        try:
            await loop.create_connection(lambda: other, host, port)
        except OSError:
            if self.transport:
                self.transport.abort()
            return
        self.other = other
        early, self._early = self._early, []
        for data in early:
            self._later(data)
        if self._lost:
            asyncio.get_running_loop().call_later(self._one_way, self._close)

    def data_received(self, data: bytes) -> None:
        if self.other is None:
            self._early.append(data)
        else:
            self._later(data)

    def _later(self, data: bytes) -> None:
        self._under_way.append(data)
        asyncio.get_running_loop().call_later(self._one_way, self._out)

    def _out(self) -> None:
        data = self._under_way.popleft()
        transport = self.other.transport if self.other else None
        if transport and not transport.is_closing():
            transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        asyncio.get_running_loop().call_later(self._one_way, self._close)

    def _close(self) -> None:
        if self.other and self.other.transport:
            self.other.transport.close()


async def _serve(port: int, target: int, one_way: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Way(one_way, ("127.0.0.1", target)), "127.0.0.1", port, backlog=1000, reuse_address=True
    )
    async with server:
        await server.serve_forever()


def _main() -> None:
    port, target, one_way = sys.argv[1:]
    with suppress(KeyboardInterrupt):
        uvloop.run(_serve(int(port), int(target), float(one_way)))


if __name__ == "__main__":
    _main()
