"""What every answer tells the browser: run nothing, load nothing foreign, tell no other site where you were."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import idna
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_PAGE = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' https: data:",
    "form-action": "'self'",
    "frame-src": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
_FOREIGN = {
    "default-src": "'none'",
    "style-src": "'unsafe-inline'",
    "img-src": "https: http: data:",
    "form-action": "'none'",
    "frame-ancestors": "'self'",
    "base-uri": "'none'",
}


_HOST = re.compile(r"[a-z0-9.:\[\]-]+")


def _policy(directives: Mapping[str, str]) -> str:
    return "; ".join(f"{name} {value}".rstrip() for name, value in directives.items())


PAGE_POLICY = _policy(_PAGE)
"""Our own pages: no script at all, style only from our files."""
DESK_POLICY = _policy(
    {**_PAGE, "script-src": "'self'", "connect-src": "'self'", "img-src": "'self' https: http: data:"}
)
"""The desk: script from our files alone, none inline, none made of text. It shows pictures of the newsroom's site,
which may be plain HTTP on the same machine."""
EDITION_POLICY = _policy(_FOREIGN)
"""An edition in the browser: its own inline style, pictures of the newsroom's site, no script."""
PREVIEW_POLICY = _policy({"sandbox": "", **_FOREIGN})
"""An edition within the desk: as before, and its links lead nowhere."""
BARE_PREVIEW_POLICY = _policy({"sandbox": "", **_FOREIGN, "img-src": "'none'"})
"""The same for who lets no picture be loaded."""


def framed_by(sites: Iterable[str]) -> str:
    """The policy of a page of ours that the sites at these URLs may show in a frame, and nobody else."""
    parts = [urlsplit(each) for each in sites]
    # What is no host would end the directive, and begin one of its own.
    origins = [f"{each.scheme}://{host}" for each in parts if _HOST.fullmatch(host := ascii_host(each.netloc))]
    return _policy({**_PAGE, "frame-ancestors": " ".join(["'self'", *dict.fromkeys(origins)])})


def ascii_host(netloc: str) -> str:
    """A host and its port as browsers send them and headers can have them (RFC 5891); "" for what is none."""
    if netloc.isascii():
        return netloc.lower()
    host, colon, port = netloc.partition(":")
    try:
        return idna.encode(host, uts46=True).decode() + colon + port
    except idna.IDNAError:
        return ""


PRIVATE = "no-store"
TOKENS = ("/u/", "/p/", "/c/", "/d/", "/invitation/", "/reset/")
"""How the paths begin in which somebody's token stands."""


class Headers:
    """Middleware: sets the headers that an answer has not set itself. ``no-store`` is the rule."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                complete(MutableHeaders(scope=message), scope["path"])
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def complete(headers: MutableHeaders, path: str) -> None:
    """Adds to ``headers`` what every answer carries, that of ``path``."""
    headers.setdefault("Content-Security-Policy", PAGE_POLICY)
    headers.setdefault("X-Content-Type-Options", "nosniff")
    # Not no-referrer for all: under it a browser sends our own forms with "Origin: null" (Fetch Standard, "append a
    # request `Origin` header", checked 2026-11-24), which only paths with a token may take. Other origins learn nothing
    # under either; but the newsroom's own site may be of ours, and its counters are not to have a reader's token.
    headers.setdefault("Referrer-Policy", "no-referrer" if path.startswith(TOKENS) else "same-origin")
    headers.setdefault("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
    headers.setdefault("Cache-Control", PRIVATE)
