"""One request to a network's API, and what its answer means for the ledger.

The rules are those of every network but where a channel says otherwise: what was not written may be written again;
what was written and has no clear answer is harmless only where the request may be repeated (RFC 9110 §9.2.2, or a key
of ours that the network knows again), else it is ``OutcomeUnknown``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import loads
from typing import Any
from urllib.parse import urlsplit

from bot.clock import Clock
from bot.errors import BlockedAddress, ChannelRefused, DeliveryError, FetchError, OutcomeUnknown, ServerBusy
from bot.http import Answer, Http, Upload, retry_after
from bot.model import Quota

_LIMITS = ("ratelimit", "x-ratelimit", "x-rate-limit")
_GATEWAYS = (502, 503, 504)
_EPOCH = 1_000_000_000
"""A reset that is greater is a moment (epoch seconds), a smaller one is seconds from now."""


@dataclass(frozen=True, slots=True)
class Told:
    """A positive answer: its JSON object (empty when it is none), and what it said of limits."""

    status: int
    data: dict[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    quota: Quota | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A negative answer, for a channel that knows its network's codes."""

    status: int
    data: dict[str, Any]
    headers: Mapping[str, str]
    said: str
    """One line that names server and status, and quotes the server."""
    server: str


Judge = Callable[[Refusal], DeliveryError | None]
"""What a refusal means; None: what it means everywhere."""


class Exchange:
    """Asks one server. ``server`` is its name, as receipts and errors show it.

    ``judge`` is asked first what a refusal means. Nothing that it raises holds a path, a query, a header or a token.
    """

    def __init__(self, http: Http, clock: Clock, url: str, *, judge: Judge = lambda _: None) -> None:
        self._http = http
        self._clock = clock
        self._judge = judge
        self.server = urlsplit(url).netloc.rpartition("@")[2]

    async def ask(
        self,
        method: str,
        url: str,
        *,
        repeatable: bool,
        json: Any = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        files: Mapping[str, Upload] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Told:
        """The positive answer (2xx) to one request.

        ``repeatable``: doing it twice does no more than doing it once. Raises ``OutcomeUnknown`` when it may have been
        done and is not, ``ServerBusy``, ``ChannelRefused``, ``DeliveryError``.
        """
        try:
            answer = await self._http.request(
                method, url, json=json, content=content, form=form, files=files, headers=headers, timeout=timeout
            )
        except BlockedAddress as error:
            raise ChannelRefused(str(error), server=self.server) from error
        except FetchError as error:
            raise self._broken(error, repeatable) from error
        data = _object(answer.body)
        if 200 <= answer.status < 300:
            return Told(answer.status, data, answer.headers, answer.body, self.quota(answer.headers))
        raise self._refused(answer, data, repeatable)

    def quota(self, headers: Mapping[str, str]) -> Quota | None:
        """What the headers say of limits (``RateLimit-*``, ``X-RateLimit-*``, ``X-Rate-Limit-*``); None: nothing."""
        for name in _LIMITS:
            remaining = _number(headers.get(f"{name}-remaining", ""))
            resets = self._reset(headers, name)
            if remaining is not None and resets:
                return Quota(remaining=remaining, resets=resets, limit=_number(headers.get(f"{name}-limit", "")))
        return None

    def _reset(self, headers: Mapping[str, str], name: str) -> datetime | None:
        """``…-Reset-After`` (seconds) or ``…-Reset``: epoch seconds, seconds from now, or an ISO 8601 time."""
        now = self._clock()
        after = headers.get(f"{name}-reset-after", "").strip()
        value = after or headers.get(f"{name}-reset", "").strip()
        if re.fullmatch(r"\d{1,11}(\.\d{1,9})?", value):
            seconds = float(value)
            moment = seconds if not after and seconds > _EPOCH else now.timestamp() + seconds
            return datetime.fromtimestamp(moment, UTC)
        try:
            told = datetime.fromisoformat(value)
        except ValueError:
            return None
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)

    def _broken(self, error: FetchError, repeatable: bool) -> DeliveryError:
        if not error.sent:
            return ServerBusy(str(error), server=self.server)
        if repeatable:
            return DeliveryError(str(error), permanent=False, server=self.server)
        return OutcomeUnknown(f"{error}: it may have been posted", server=self.server)

    def _refused(self, answer: Answer, data: dict[str, Any], repeatable: bool) -> DeliveryError:
        status = answer.status
        words = _words(data, answer.body)
        said = f"{self.server} refuses it (HTTP {status}){f': {words}' if words else ''}"
        judged = self._judge(Refusal(status, data, answer.headers, said, self.server))
        if judged:
            return judged
        if status == 429:
            return ServerBusy(said, code=status, retry_after=self.wait(answer.headers, data), server=self.server)
        if status == 401:
            return ChannelRefused(said, code=status, server=self.server)
        if status >= 500 and not repeatable and not (status == 503 and "retry-after" in answer.headers):
            # A gateway gives up on what its server goes on with.
            return OutcomeUnknown(f"{said}; it may have been posted", server=self.server)
        if status in _GATEWAYS:
            return ServerBusy(
                said, code=status, retry_after=retry_after(answer.headers, self._clock), server=self.server
            )
        return DeliveryError(said, permanent=status < 500 and status not in (408, 425), code=status, server=self.server)

    def wait(self, headers: Mapping[str, str], data: Mapping[str, Any]) -> float | None:
        """Seconds for which a server that has had enough wants to be left alone; None: it did not say."""
        asked = retry_after(headers, self._clock)
        told = data.get("retry_after")
        if asked is None and isinstance(told, int | float) and not isinstance(told, bool):
            asked = float(told)
        if asked is None:
            # 429 without a word of how much is left: the bucket is empty until its reset.
            resets = next((found for name in _LIMITS if (found := self._reset(headers, name))), None)
            asked = max(0.0, (resets - self._clock()).total_seconds()) if resets else None
        return asked


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = loads(body)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _words(data: Mapping[str, Any], body: bytes) -> str:
    """What the server said, in one line of at most 300 characters."""
    for key in ("error_description", "message", "detail", "description", "error", "errors", "title"):
        value = data.get(key)
        if isinstance(value, dict):
            value = value.get("message") or value.get("error_user_msg") or value.get("type")
        if isinstance(value, list):
            value = "; ".join(str(each.get("message", each)) if isinstance(each, dict) else str(each) for each in value)
        if isinstance(value, str) and value.strip():
            return _line(value)
    return "" if data or body.lstrip()[:1] in (b"<", b"{", b"[") else _line(body[:600].decode("utf-8", "replace"))


def _line(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in " ".join(text.split()))[:300]


def _number(value: str) -> int | None:
    return int(value) if re.fullmatch(r"\s*\d{1,9}\s*", value) else None
