"""An ASGI application served on loopback from a thread: the demo's sites, the fakes of networks.

An application may close the connection it is asked on, with no answer: ``scope["extensions"][CUT]`` is a function
that does so. ASGI has no word for it, and a network that breaks the line is what channels must stand.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

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
    listener = bound(port)
    base = f"http://{HOST}:{listener.getsockname()[1]}"
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
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name=f"server {base}", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise BroadsheetError(f"the server at {base} did not start; try again")
            time.sleep(0.01)
        yield base
    finally:
        server.should_exit = True
        thread.join(3)
        listener.close()
