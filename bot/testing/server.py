"""An ASGI application served on loopback from a thread: the demo's sites, the fakes of networks.

An application may close the connection it is asked on, with no answer: ``scope["extensions"][CUT]`` is a function
that does so. ASGI has no word for it, and a network that breaks the line is what channels must stand.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from bot.errors import BroadsheetError
from bot.testing.ports import HOST, bound

CUT = "broadsheet.cut"

_START_SECONDS = 10.0


class _Cuttable(H11Protocol):
    """HTTP/1.1 whose applications may close the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn itself
        super().connection_made(transport)
        app = self.app

        async def with_cut(scope: Scope, receive: Receive, send: Send) -> None:
            await app({**scope, "extensions": {**scope.get("extensions", {}), CUT: transport.close}}, receive, send)

        self.app = with_cut


@contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serves ``app`` and yields its base URL, e.g. ``http://127.0.0.1:40123``; another port if ``port`` is taken."""
    with served_together([(app, port)]) as (base,):
        yield base


@contextmanager
def served_together(apps: Sequence[tuple[ASGIApp, int]]) -> Iterator[tuple[str, ...]]:
    """Serves each application at a port of its own, as ``served`` does; yields their base URLs in order.

    One thread serves them all: twelve servers would take a second to start, and as many threads.
    """
    with ExitStack() as opened:
        listeners = [opened.enter_context(closing(bound(port))) for _, port in apps]
        ports = [int(listener.getsockname()[1]) for listener in listeners]
        bases = tuple(f"http://{HOST}:{port}" for port in ports)
        by_port = {port: app for port, (app, _) in zip(ports, apps, strict=True)}

        async def told_apart(scope: Scope, receive: Receive, send: Send) -> None:
            await by_port[scope["server"][1]](scope, receive, send)

        opened.enter_context(_running(told_apart, listeners, bases))
        yield bases


@contextmanager
def _running(app: ASGIApp, listeners: list[socket.socket], bases: Sequence[str]) -> Iterator[None]:
    config = uvicorn.Config(
        app,
        http=_Cuttable,
        log_config=None,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        server_header=False,
    )
    server = uvicorn.Server(config)
    name = f"server {' '.join(bases)}"
    thread = threading.Thread(target=server.run, kwargs={"sockets": listeners}, name=name, daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise BroadsheetError(f"the server at {bases[0]} did not start; try again")
            time.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        thread.join(3)
