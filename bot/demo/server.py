"""An ASGI application served on loopback from a thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from bot.demo.ports import HOST, bound
from bot.errors import BroadsheetError

_START_SECONDS = 10.0


@contextmanager
def served(app: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serves ``app`` and yields its base URL, e.g. ``http://127.0.0.1:40123``; another port if ``port`` is taken."""
    listener = bound(port)
    base = f"http://{HOST}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1, server_header=False
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name=f"demo {base}", daemon=True)
    thread.start()
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not server.started:
            if not thread.is_alive() or time.monotonic() > deadline:
                raise BroadsheetError(f"the demo's server at {base} did not start; try again, or name another folder")
            time.sleep(0.01)
        yield base
    finally:
        server.should_exit = True
        thread.join(3)
        listener.close()
