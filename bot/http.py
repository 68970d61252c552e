"""All outbound HTTP: one guarded client. It refuses internal addresses at connect time, on the resolved address.

The guard (``bot.guard``) sits in httpcore's network backend, so that redirects and names that change their address (DNS
rebinding) pass it like everything else. Proxies and certificates named by the environment are ignored: a proxy would
resolve for us. Only this file imports httpx.

In one file, though it is long: nothing goes out by another way, and each way in which it can fail is told here.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from json import dumps, loads
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpcore
import httpx

from bot import __version__
from bot.errors import FetchError
from bot.guard import GuardedBackend, Resolve, system_resolver
from bot.model import Phrase
from bot.settings.tables import HttpTable

USER_AGENT = f"Broadsheet/{__version__}"
REDIRECTS = 5
CONNECT_SECONDS = 10.0

# Headers that may follow a redirect to another origin; all else might be a credential.
_HARMLESS = {"accept", "accept-language", "if-none-match", "if-modified-since"}


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted: reading them takes longer than most requests, so once for a process."""
    return httpx.create_ssl_context(trust_env=False)


class GuardedTransport(httpx.AsyncHTTPTransport):
    """httpx's transport with its pool built over ``backend``."""

    def __init__(self, backend: GuardedBackend, tls: ssl.SSLContext) -> None:
        # No connection is kept: when a kept one dies under a POST, nobody knows whether the POST arrived.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls, max_connections=100, max_keepalive_connections=0, network_backend=backend
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer. ``url`` is where it came from after redirects; ``headers`` have lower-case names.

    ``moved_to`` is the final URL when every redirect on the way was permanent (301, 308), else "".
    """

    status: int
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    moved_to: str = ""

    def json(self) -> Any:
        """The body as JSON. Raises ``FetchError``."""
        try:
            return loads(self.body)
        except (ValueError, RecursionError) as error:
            said = Phrase("%(url)s: the answer is not JSON", url=redacted(self.url))
            raise FetchError(said, status=self.status, sent=True) from error


@dataclass(frozen=True, slots=True)
class Upload:
    """A file in a form: ``kind`` is its media type."""

    name: str
    kind: str
    content: bytes = field(repr=False)


class Http:
    """The guarded client, an asynchronous context manager; it may be used by many tasks at once.

    ``resolve``, ``tls`` (which certificates are trusted) and ``clock`` are the machine's unless given. ``inside`` lets
    it reach this machine and its network: for a client of its own that only ever posts to what the settings name.
    """

    def __init__(
        self,
        options: HttpTable,
        *,
        resolve: Resolve = system_resolver,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        inside: bool = False,
    ) -> None:
        self._options = options
        self._clock = clock
        backend = GuardedBackend(resolve, allow_loopback=options.allow_loopback, allow_inside=inside)
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(backend, tls or _trusted()),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(None, connect=CONNECT_SECONDS),
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip, deflate"},
            # One client serves many sites and accounts: it remembers nothing of any.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def get(self, url: str, *, headers: Mapping[str, str] | None = None, max_bytes: int | None = None) -> Answer:
        """Fetches ``url``, following at most 5 redirects. 2xx and 304 are answers; all else raises ``FetchError``."""
        seconds = self._options.timeout.total_seconds()
        return _good(*await self._followed("GET", url, headers or {}, max_bytes or self._options.max_bytes, seconds))

    async def status(self, url: str, *, method: str = "HEAD", timeout: float | None = None) -> int:
        """The HTTP status at the end of at most 5 redirects, whatever it is; no body is read.

        ``method`` is ``HEAD`` or ``GET``, ``timeout`` in seconds for all of it. Raises ``FetchError`` when there was no
        answer: ``UnknownHost`` when the name does not exist.
        """
        seconds = timeout or self._options.timeout.total_seconds()
        answer, _, _ = await self._followed(method, url, {}, 0, seconds)
        return answer.status

    async def _followed(
        self, method: str, url: str, headers: Mapping[str, str], cap: int, seconds: float
    ) -> tuple[Answer, str, Callable[[], datetime]]:
        """The last answer, and where it stands for good: "" where not every redirect was permanent, or none was."""
        sent_headers = dict(headers)
        moved, here = True, _parsed(url)
        try:
            async with asyncio.timeout(seconds):
                for hop in range(REDIRECTS + 1):
                    answer, location = await self._once(method, here, sent_headers, None, cap)
                    if location is None:
                        return answer, str(here) if hop and moved else "", self._clock
                    moved = moved and answer.status in (301, 308)
                    there = _joined(here, location)
                    if _origin(there) != _origin(here):
                        sent_headers = {k: v for k, v in sent_headers.items() if k.lower() in _HARMLESS}
                    here = there
        except TimeoutError as error:
            raise FetchError(_late(redacted(url), seconds), sent=True) from error
        raise FetchError(Phrase("%(url)s: more than %(most)s redirects", url=redacted(url), most=REDIRECTS), sent=True)

    async def post(
        self,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Posts once: ``request`` with the method POST."""
        return await self.request("POST", url, json=json, content=content, headers=headers, timeout=timeout)

    async def request(
        self,
        method: str,
        url: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, Upload] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Answer:
        """Asks once, never follows a redirect. Any status is an answer; none raises ``FetchError`` with ``sent``.

        The body is ``json``, or ``content``, or a ``form`` (``multipart/form-data`` with ``files``). ``timeout`` is in
        seconds, for the whole exchange. A body longer than ``http.max_bytes`` is cut there. Errors show no path and no
        query: both may hold keys.
        """
        seconds = timeout or self._options.timeout.total_seconds()
        all_headers = dict(headers or {})
        if json is not None:
            content = dumps(json, ensure_ascii=False, separators=(",", ":")).encode()
            all_headers = {"Content-Type": "application/json"} | all_headers
        elif form is not None or files:
            content, kind = _form(form or {}, files or {})
            all_headers = {"Content-Type": kind} | all_headers
        body = content if content is not None or method == "GET" else b""
        try:
            here = _parsed(url)
        except FetchError:
            # What it says shows the path.
            said = Phrase("the address that is posted to is no address of http:// or https://")
            raise FetchError(said) from None
        sent = _Sent()
        try:
            async with asyncio.timeout(seconds):
                answer, _ = await self._once(method, here, all_headers, body, None, sent, shown=_site(here))
        except TimeoutError as error:
            raise FetchError(_late(_site(here), seconds), sent=sent.begun) from error
        return answer

    async def _once(
        self,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        content: bytes | None,
        cap: int | None,
        sent: _Sent | None = None,
        *,
        shown: str = "",
    ) -> tuple[Answer, str | None]:
        """One exchange: the answer, and where it redirects to.

        Without ``cap`` a long body is cut, not refused; with a ``cap`` of 0 it is not read.
        """
        sent = sent or _Sent()
        shown = shown or redacted(str(url))
        status = 0
        try:
            async with self._client.stream(
                method, url, headers=_encoded(headers), content=content, extensions={"trace": sent.trace}
            ) as response:
                status = response.status_code
                location = response.headers.get("location") if status in (301, 302, 303, 307, 308) else None
                unread = cap == 0 or (location is not None and method == "GET")
                body = b"" if unread else await self._body(response, cap, shown)
        except httpx.ConnectTimeout as error:
            said = Phrase("%(url)s: no connection within %(seconds)s s", url=shown, seconds=f"{CONNECT_SECONDS:g}")
            raise FetchError(said) from error
        except httpx.ConnectError as error:
            said = Phrase("%(url)s: no connection could be made (%(reason)s)", url=shown, reason=_reason(error))
            raise FetchError(said) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = Phrase("%(url)s: the exchange broke off (%(reason)s)", url=shown, reason=_reason(error))
            raise FetchError(said, status=status, sent=sent.begun) from error
        return Answer(status=status, url=str(url), headers=dict(response.headers), body=body), location

    async def _body(self, response: httpx.Response, cap: int | None, shown: str) -> bytes:
        limit = cap or self._options.max_bytes
        coding = response.headers.get("content-encoding", "").strip().lower()
        if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            said = Phrase(
                '%(url)s: answers in the coding "%(coding)s", which was not asked for', url=shown, coding=coding
            )
            raise FetchError(said, sent=True)
        unpack = _Unpacker(limit) if coding not in ("", "identity") else None
        body, received = bytearray(), 0
        async for chunk in response.aiter_raw():
            received += len(chunk)
            try:
                body += unpack(chunk) if unpack else chunk
            except zlib.error as error:
                said = Phrase("%(url)s: the answer is packed wrongly (%(coding)s)", url=shown, coding=coding)
                raise FetchError(said, sent=True) from error
            if len(body) > limit or received > limit:
                if cap is None:
                    return bytes(body[:limit])
                if limit == self._options.max_bytes:
                    raise FetchError(
                        Phrase(
                            "%(url)s: the answer is larger than %(most)s bytes (setting http.max_bytes)",
                            url=shown,
                            most=limit,
                        )
                    )
                raise FetchError(Phrase("%(url)s: the answer is larger than %(most)s bytes", url=shown, most=limit))
        return bytes(body)


class _Sent:
    """Remembers whether a request began to be written: before that, the server cannot have seen it."""

    begun = False

    async def trace(self, event: str, _: Mapping[str, Any]) -> None:
        if event.endswith(".send_request_headers.started"):
            self.begun = True


class _Unpacker:
    """Unpacks gzip and deflate (RFC 9110 §8.4.1), stopping as soon as more than ``limit`` bytes came out."""

    def __init__(self, limit: int) -> None:
        self._left = limit + 1
        self._inflate: Any = None

    def __call__(self, chunk: bytes) -> bytes:
        out = bytearray()
        while chunk and self._left > 0:
            if self._inflate is None or self._inflate.eof:
                # Some servers send deflate without the zlib wrapper; its first byte is never 0x78 or gzip's 0x1f.
                self._inflate = zlib.decompressobj(47 if chunk[0] in (0x1F, 0x78) else -15)
            piece = self._inflate.decompress(chunk, self._left)
            self._left -= len(piece)
            out += piece
            chunk = self._inflate.unused_data if self._inflate.eof else self._inflate.unconsumed_tail
        return bytes(out)


def _encoded(headers: Mapping[str, str]) -> dict[bytes, bytes]:
    """Validators are sent back verbatim, and some servers put more than ASCII into an ETag."""
    return {
        name.encode("ascii"): value.encode("latin-1" if max(value, default="") <= "\xff" else "utf-8")
        for name, value in headers.items()
    }


def _form(form: Mapping[str, str], files: Mapping[str, Upload]) -> tuple[bytes, str]:
    """The body of a form and its media type (RFC 7578 with files, else ``application/x-www-form-urlencoded``)."""
    parts = {name: (each.name, each.content, each.kind) for name, each in files.items()}
    request = httpx.Request("POST", "http://form.invalid", data=dict(form), files=parts or None)
    return request.read(), request.headers["Content-Type"]


def _parsed(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError) as error:
        raise FetchError(Phrase("%(url)s: is not a URL", url=redacted(url))) from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise FetchError(Phrase("%(url)s: only http:// and https:// addresses are fetched", url=redacted(url)))
    return parsed


def _joined(base: httpx.URL, location: str) -> httpx.URL:
    try:
        return _parsed(str(base.join(location)))
    except (httpx.InvalidURL, ValueError) as error:
        raise FetchError(Phrase("%(url)s: redirects to what is not a URL", url=redacted(str(base)))) from error


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _site(url: httpx.URL) -> str:
    """What errors show of a POST: paths of webhooks are secrets."""
    return f"{url.scheme}://{url.netloc.decode('ascii', 'replace').rpartition('@')[2]}"


def redacted(url: str) -> str:
    """What errors show of a GET: no user, password or query, which may hold keys; one line."""
    try:
        parts = urlsplit(str(url))
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.scheme else parts.path
    except ValueError:
        shown = "the URL"
    return "".join(character if character.isprintable() else "?" for character in shown)[:300]


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _good(answer: Answer, moved_to: str, clock: Callable[[], datetime]) -> Answer:
    if 200 <= answer.status < 300 or answer.status == 304:
        return Answer(answer.status, answer.url, answer.headers, answer.body, moved_to)
    raise FetchError(
        Phrase("%(url)s: %(what)s", url=redacted(answer.url), what=said(answer.status)),
        status=answer.status,
        retry_after=retry_after(answer.headers, clock),
        sent=True,
    )


def said(status: int) -> Phrase:
    """What a status that is no success says, in words."""
    match status:
        case 401:
            return Phrase("asks for a login (HTTP 401)")
        case 403:
            return Phrase("refuses us (HTTP 403)")
        case 404:
            return Phrase("does not exist (HTTP 404)")
        case 410:
            return Phrase("is gone for good (HTTP 410)")
        case 429 | 503:
            return Phrase("asks us to come later (HTTP %(status)s)", status=status)
    return Phrase("answers with an error (HTTP %(status)s)", status=status)


def _late(url: str, seconds: float) -> Phrase:
    return Phrase("%(url)s: no whole answer within %(seconds)s s", url=url, seconds=f"{seconds:g}")


def retry_after(headers: Mapping[str, str], clock: Callable[[], datetime]) -> float | None:
    """Seconds of a ``Retry-After`` header (RFC 9110 §10.2.3), which is a number or a date; None without a good one."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        until = parsedate_to_datetime(value)
        now = parsedate_to_datetime(headers["date"]) if "date" in headers else clock()
        return max(0.0, (_aware(until) - _aware(now)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
