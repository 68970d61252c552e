"""A program that listens: a real server on loopback that answers as a test says and keeps what it was posted."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook


@dataclass(frozen=True)
class Heard:
    """One POST."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self):
        return json.loads(self.body)

    def signed_by(self, secret: str) -> bool:
        """Whether the library of the standard signs it alike, whatever the time is."""
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        own = Webhook(secret).sign(self.id, at, self.body.decode())
        return own in self.headers["webhook-signature"].split(" ")


@dataclass
class Listener:
    """``answers``: a status, or (status, headers), one a call; 204 when there are none left.

    While ``hang`` is cleared, what came is heard, and not answered.
    """

    url: str = ""
    answers: list = field(default_factory=list)
    hang: threading.Event = field(default_factory=threading.Event)
    heard: list[Heard] = field(default_factory=list)

    @property
    def types(self) -> list[str]:
        return [each.event["type"] for each in self.heard]


@contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()
    listener.hang.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            listener.heard.append(Heard({name.lower(): value for name, value in self.headers.items()}, body))
            answer = listener.answers.pop(0) if listener.answers else 204
            status, headers = answer if isinstance(answer, tuple) else (answer, {})
            listener.hang.wait(60)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    listener.url = f"http://127.0.0.1:{server.server_port}/hooks/s3cr3t-path"
    try:
        yield listener
    finally:
        listener.hang.set()
        server.shutdown()
        server.server_close()
        thread.join(3)
