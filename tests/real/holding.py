"""A proxy that keeps an answer to itself: what a program meets that is killed between request and answer."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Proxy:
    """Passes requests on; the answers to ``holds`` it keeps to itself, and says when it has one."""

    url: str
    holds: str
    held: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


@contextmanager
def holding(server: str, holds: str) -> Iterator[Proxy]:
    """Stands before ``server`` (its URL) and holds the answers to requests whose path has ``holds`` in it."""
    target = urlsplit(server).netloc
    made = Proxy("", holds)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
            upstream = http.client.HTTPConnection(target)
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            told = answer.read()
            if made.holds in self.path:
                made.held.set()
                made.release.wait(30)
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_POST = do_PUT = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server_ = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server_.server_port}"
    threading.Thread(target=server_.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        made.release.set()
        server_.shutdown()
        server_.server_close()
