"""Who may ask for what: the size of a request, where a form was sent from, and who is at this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY = 64 * 1024
"""Bytes of the largest request body."""

log = logging.getLogger(__name__)

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "via")

Refuse = Callable[[Scope, int], Response]
"""Makes the page for a refusal with this status."""


class _TooLarge(Exception):
    pass


class BodyLimit:
    """Middleware: a body of more than ``MAX_BODY`` bytes is refused (413) on every route, declared or not.

    ``larger`` are prefixes of paths that take more, with how many bytes. One whose sender goes away, or is late, is no
    fault of the program: it is not answered.
    """

    def __init__(self, app: ASGIApp, refuse: Refuse, larger: Mapping[str, int] | None = None) -> None:
        self._app = app
        self._refuse = refuse
        self._larger = dict(larger or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        read, begun = 0, False
        path = scope["path"]
        most = next((size for prefix, size in self._larger.items() if path.startswith(prefix)), MAX_BODY)

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > most:
                raise _TooLarge
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            if not declared.isdecimal() or int(declared) > most:
                raise _TooLarge
            await self._app(scope, counted, noted)
        except _TooLarge:
            if not begun:
                await self._refuse(scope, 413)(scope, receive, send)
        except ClientDisconnect:
            # As an exception it would be a traceback in the log, as often as somebody likes.
            log.debug("a request's sender went away")


class SameOrigin:
    """Middleware against forged forms: what changes something must come from our own pages.

    Sec-Fetch-Site decides, then Origin against Host; a client that sends neither is no browser and carries nobody's
    session (OWASP Cross-Site Request Forgery Prevention Cheat Sheet, "Fetch Metadata", checked 2026-11-24).
    ``open_to_all`` are paths whose POSTs carry their own right, or need none: RFC 8058 one-click comes from mail
    services, the sign-up form stands on other sites. One that ends in ``/`` is a prefix, another is the path itself.
    ``unnamed`` are prefixes that also take ``Origin: null`` without Sec-Fetch-Site, as an older browser or one that
    hides its referrer sends it: the token in their path is the right, and no other site knows it.
    """

    def __init__(
        self, app: ASGIApp, refuse: Refuse, open_to_all: tuple[str, ...], unnamed: tuple[str, ...] = ()
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._open = open_to_all
        self._unnamed = unnamed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] in SAFE
            or any(
                scope["path"].startswith(each) if each.endswith("/") else scope["path"] == each for each in self._open
            )
            or _own(Headers(scope=scope), null_too=bool(self._unnamed) and scope["path"].startswith(self._unnamed))
        ):
            await self._app(scope, receive, send)
        else:
            await self._refuse(scope, 403)(scope, receive, send)


def _own(headers: Headers, *, null_too: bool = False) -> bool:
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin == "null":
        return null_too
    try:
        return origin is None or urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False


class Stranger(Exception):
    """The desk was asked for by somebody who is not at this machine; the message says how it is seen."""


def at_this_machine(request: Request) -> None:
    """A router's dependency. Raises ``Stranger``."""
    why = stranger(request)
    if why:
        raise Stranger(why)


def stranger(request: HTTPConnection) -> str:
    """Why a request is not from this machine; "" when it is.

    The client, the address it reached and the name it used must all be loopback: the last stops DNS rebinding. A
    header that only a proxy adds says that somebody else stands behind the client.
    """
    if request.client is None or not _loopback(request.client.host):
        return "The desk opens only on the machine that Broadsheet runs on."
    reached = request.scope.get("server")
    if reached and not _loopback(reached[0]):
        return "The desk opens only at this machine's own address: 127.0.0.1."
    if any(header in request.headers for header in _FORWARDED) or request.scope.get("http_version") == "1.0":
        return "The desk does not open through a proxy. Open it on the machine itself, or through an SSH tunnel."
    if not _loopback(_host(request.headers.get("host", ""))):
        return "The desk opens only under the name 127.0.0.1 or localhost."
    return ""


def _host(header: str) -> str:
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


def _loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
