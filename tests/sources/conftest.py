from __future__ import annotations

import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.http import Http
from bot.settings.tables import HttpTable

Reply = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


class Site:
    """A site on loopback; ``pages`` maps a path to a reply, or to what makes one from query and request headers."""

    def __init__(self) -> None:
        self.pages: dict[str, Reply | Callable[[dict[str, str], dict[str, str]], Reply]] = {}
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append((parts.path, query, headers))
                page = outer.pages.get(parts.path, (404, {}, b"nothing here"))
                status, said, body = page(query, headers) if callable(page) else page
                self.send_response(status)
                for name, value in said.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
async def http() -> AsyncIterator[Http]:
    # Reading the machine's certificates takes longer than most tests.
    async with Http(HttpTable(allow_loopback=True, timeout=5), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        yield http
