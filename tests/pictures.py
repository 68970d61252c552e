"""Pictures drawn for tests, and a site on loopback that serves them well and badly."""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

Reply = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


def photograph(size: tuple[int, int] = (1500, 1000), form: str = "JPEG", mode: str = "RGB", **save: Any) -> bytes:
    """A picture with more in it than one colour."""
    made = io.BytesIO()
    gradient = Image.merge("RGB", [Image.linear_gradient("L"), Image.radial_gradient("L"), Image.linear_gradient("L")])
    gradient.resize(size).convert(mode).save(made, form, **save)
    return made.getvalue()


def bomb(width: int = 60_000, height: int = 60_000) -> bytes:
    """A PNG of a few hundred bytes that unpacks to 3.6 thousand megapixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


class PictureSite:
    """``pages`` maps a path to a reply, or to None: its answer never comes. ``asked`` are paths and request headers."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.pages: dict[str, Reply | None] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()

    def put(self, path: str, body: bytes, kind: str = "image/jpeg", **headers: str) -> str:
        """Serves ``body`` at ``path``; returns its address."""
        self.pages[path] = (200, {"Content-Type": kind, **headers}, body)
        return self.url + path


@contextmanager
def picture_site() -> Iterator[PictureSite]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.asked.append((self.path, headers))
            reply = site.pages.get(self.path, (404, {}, b"nothing here"))
            if reply is None:
                site.closing.wait()
                self.close_connection = True
                return
            status, said, body = reply
            if status == 200 and said.get("ETag") and headers.get("if-none-match") == said["ETag"]:
                status, body = 304, b""
            self.send_response(status)
            for name, value in said.items():
                self.send_header(name, value)
            if status != 304:
                self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = PictureSite(f"http://127.0.0.1:{server.server_port}")
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield site
    finally:
        site.closing.set()
        server.shutdown()
        server.server_close()
