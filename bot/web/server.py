"""The web server of ``broadsheet up`` and ``broadsheet web``: uvicorn, run by us and not by signals."""

from __future__ import annotations

import errno
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from bot.accounts import desk_key
from bot.clock import system_clock
from bot.delivery.counters import Counters
from bot.errors import BroadsheetError, SettingsError, UsageError
from bot.schedules.installation import Installation
from bot.tokens import KeyRing
from bot.web.app import create_app, metrics_app
from bot.web.connection import MOST, Connection
from bot.web.setup import setup_app

GRACE = 10
"""Seconds that requests in flight are given at the end."""


def serve(
    installation: Installation,
    host: str,
    port: int,
    *,
    ready: Callable[[str], None],
    stop: threading.Event,
    counters: Counters | None = None,
    listener: socket.socket | None = None,
) -> None:
    """Serves the pages until ``stop`` is set, then finishes the requests in flight.

    ``ready`` is told the real URL once the server answers; port 0 takes any free one. A ``listener`` that is open
    already takes the place of host and port; it stays open. Installs no signal handler, so
    it may run in any thread. Raises ``SettingsError`` when the port cannot be listened on, ``BroadsheetError`` as
    ``create_app``.
    """
    app = create_app(installation, counters)
    if listener:
        _run(app, listener, ready, stop)
        return
    _serve(app, host, port, ready, stop, lambda error: _fault(installation.settings.file, host, port, error))


def serve_setup(
    config: Path, listener: socket.socket, *, ready: Callable[[str], None], stop: threading.Event
) -> Path | None:
    """Serves the first run until it has written ``config``, whose folder is returned; None when ``stop`` was set.

    ``ready`` is told the address that opens it: it holds a key that this process alone knows. The listener stays open:
    who asks meanwhile waits for the desk.
    """
    written: list[Path] = []
    ended = threading.Event()

    def done(folder: Path) -> None:
        written.append(folder)
        ended.set()

    keys = KeyRing.parse(KeyRing.generate())

    def opens(url: str) -> None:
        ready(desk_key.address(keys, url, system_clock(), "setup"))

    _run(setup_app(config, keys=keys, done=done), listener, opens, stop, ended)
    return written[0] if written else None


def serve_metrics(
    installation: Installation, port: int, *, ready: Callable[[str], None], stop: threading.Event, counters: Counters
) -> None:
    """Serves ``/metrics`` alone, on 127.0.0.1, until ``stop`` is set. Raises ``UsageError`` when it cannot listen."""

    def fault(error: OSError) -> UsageError:
        return UsageError(f"--metrics-port: {port} cannot be listened on ({error.strerror}); name another")

    _serve(metrics_app(installation, counters), "127.0.0.1", port, ready, stop, fault)


def _serve(
    app: FastAPI,
    host: str,
    port: int,
    ready: Callable[[str], None],
    stop: threading.Event,
    fault: Callable[[OSError], BroadsheetError],
) -> None:
    with listening(host, port, fault) as listener:
        _run(app, listener, ready, stop)


def _run(app: FastAPI, listener: socket.socket, ready: Callable[[str], None], *stops: threading.Event) -> None:
    config = uvicorn.Config(
        app,
        http=Connection,
        limit_concurrency=MOST,
        access_log=False,  # Its lines would hold readers' tokens.
        log_config=None,
        server_header=False,
        proxy_headers=False,  # The desk's guard must see who really is at the other end.
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=GRACE,
    )
    # uvicorn closes what it is given.
    _Server(config, lambda: ready(_url(listener)), stops).run(sockets=[listener.dup()])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None], stops: Sequence[threading.Event]) -> None:
        super().__init__(config)
        self._ready = ready
        self._stops = stops

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or any(each.is_set() for each in self._stops)


@contextmanager
def listening(host: str, port: int, fault: Callable[[OSError], BroadsheetError]) -> Iterator[socket.socket]:
    """An open listener; port 0 takes any free one. Raises what ``fault`` makes of an error."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listener = socket.create_server(address[:2], family=family, backlog=2048)
    except OSError as error:
        raise fault(error) from error
    with listener:
        yield listener


def not_listening(error: OSError) -> UsageError:
    """Why the first run cannot be served."""
    return UsageError(f"--port: it cannot be listened on ({error.strerror}); name another")


def _fault(file: str, host: str, port: int, error: OSError) -> SettingsError:
    return SettingsError(_reason(file, host, port, error))


def _reason(file: str, host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"{file}: web.port: {port} is in use on {host}; stop what listens there, or set another port"
    if error.errno == errno.EACCES:
        return f"{file}: web.port: {port} may not be listened on by this user; set one of 1024 or more"
    reason = error.strerror or str(error)
    return f"{file}: web.host: {host} cannot be listened on ({reason}); use 127.0.0.1 or an address of this machine"


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
