"""One request to a network's API, and what its answer means for the ledger.

The rules are those of every network but where a channel says otherwise: what was not written may be written again;
what was written and has no clear answer is harmless only where the request may be repeated (RFC 9110 §9.2.2, or a key
of ours that the network knows again), else it is ``OutcomeUnknown``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from json import loads
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.clock import Clock
from bot.errors import BlockedAddress, ChannelRefused, DeliveryError, FetchError, OutcomeUnknown, ServerBusy
from bot.http import Answer, Http, Upload, retry_after
from bot.model import Phrase, Quota, said_by

_LIMITS = ("ratelimit", "x-ratelimit", "x-rate-limit")
_SECRETIVE = re.compile(r"token|secret|key|sig|password|code", re.IGNORECASE)
_SHORTEST = 6
"""Characters of a secret: to strike out a shorter one would strike out words."""
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

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The objects of a JSON array, or of JSON lines; those that are none are left out."""
        whole = _parsed(self.body)
        rows = whole if isinstance(whole, list) else map(_parsed, self.body.splitlines())
        return [each for each in rows if isinstance(each, dict)]


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

    ``judge`` is asked first what a refusal means. Nothing that it raises holds a path, a query, a header or one of the
    ``secrets``, nor the credential of the request, not even when the server says them back.
    """

    def __init__(
        self, http: Http, clock: Clock, url: str, *, judge: Judge = lambda _: None, secrets: Sequence[str] = ()
    ) -> None:
        self._http = http
        self._clock = clock
        self._judge = judge
        self._secrets = [each for each in secrets if each]
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
            raise ChannelRefused(said_by(error), server=self.server) from error
        except FetchError as error:
            raise self._broken(error, repeatable) from error
        data = _object(answer.body)
        if 200 <= answer.status < 300:
            return Told(answer.status, data, answer.headers, answer.body, self.quota(answer.headers))
        raise self._refused(answer, data, repeatable, _credentials(headers or {}, url))

    def listed(self, told: Told, name: str = "") -> list[dict[str, Any]]:
        """The objects of a list that was asked for: of the field ``name``, else the whole answer.

        Raises ``DeliveryError``, to be asked again, when there is none: a page that a proxy puts in the answer's place
        says nothing of what is not in it.
        """
        found = told.data.get(name) if name else _parsed(told.body)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            said = Phrase("%(server)s answers with no list (HTTP %(status)s)", server=self.server, status=told.status)
            raise DeliveryError(said, permanent=False, code=told.status, server=self.server)
        return found

    def named(self, told: Told, id: object, *, repeatable: bool = False) -> str:
        """What the network calls the post that ``told`` says it took: a success that names none is no proof of one.

        Raises ``OutcomeUnknown``, and where the request is ``repeatable`` ``DeliveryError``, to be asked again.
        """
        if isinstance(id, str | int) and not isinstance(id, bool) and str(id):
            return str(id)
        said = Phrase(
            "%(server)s answers with a success (HTTP %(status)s) that names no post",
            server=self.server,
            status=told.status,
        )
        if repeatable:
            raise DeliveryError(said, permanent=False, code=told.status, server=self.server)
        raise OutcomeUnknown(perhaps_posted(said), server=self.server)

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
            return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return None

    def _broken(self, error: FetchError, repeatable: bool) -> DeliveryError:
        if not error.sent:
            return ServerBusy(said_by(error), server=self.server)
        if repeatable:
            return DeliveryError(said_by(error), permanent=False, server=self.server)
        return OutcomeUnknown(perhaps_posted(said_by(error)), server=self.server)

    def _refused(self, answer: Answer, data: dict[str, Any], repeatable: bool, secrets: Sequence[str]) -> DeliveryError:
        status = answer.status
        words = _words(data, answer.body)
        for secret in (*self._secrets, *secrets):
            words = words.replace(secret, "…")
        words = words[:300]
        facts = {"server": self.server, "status": str(status)}
        said = (
            Phrase("%(server)s refuses it (HTTP %(status)s): %(words)s", words=words, **facts)
            if words
            else Phrase("%(server)s refuses it (HTTP %(status)s)", **facts)
        )
        judged = self._judge(Refusal(status, data, answer.headers, said, self.server))
        if judged:
            return judged
        if status == 429:
            return ServerBusy(said, code=status, retry_after=self.wait(answer.headers, data), server=self.server)
        if status == 401:
            return ChannelRefused(said, code=status, server=self.server)
        if 300 <= status < 400:
            # To follow it would hand the token to whoever stands there.
            moved = Phrase(
                "%(server)s redirects (HTTP %(status)s); put its final address into the channel's settings", **facts
            )
            return ChannelRefused(moved, code=status, server=self.server)
        if status >= 500 and not repeatable and not (status == 503 and "retry-after" in answer.headers):
            # A gateway gives up on what its server goes on with.
            return OutcomeUnknown(perhaps_posted(said), server=self.server)
        if status in _GATEWAYS:
            return ServerBusy(
                said, code=status, retry_after=retry_after(answer.headers, self._clock), server=self.server
            )
        return DeliveryError(said, permanent=status < 500 and status not in (408, 425), code=status, server=self.server)

    def wait(self, headers: Mapping[str, str], data: Mapping[str, Any]) -> float | None:
        """Seconds for which a server that has had enough wants to be left alone; None: it did not say."""
        asked = retry_after(headers, self._clock)
        if asked is None:
            asked = _seconds(data.get("retry_after"))
        if asked is None and (milliseconds := _seconds(data.get("retry_after_ms"))) is not None:
            asked = milliseconds / 1000
        if asked is None:
            # 429 without a word of how much is left: the bucket is empty until its reset.
            resets = next((found for name in _LIMITS if (found := self._reset(headers, name))), None)
            asked = max(0.0, (resets - self._clock()).total_seconds()) if resets else None
        return asked


def perhaps_posted(said: str) -> Phrase:
    """What is said of a post that may be there although no good answer came."""
    return Phrase("%(said)s; it may have been posted", said=said)


def advised(said: str, what: str) -> Phrase:
    """What was ``said``, and ``what`` to do about it."""
    return Phrase("%(said)s; %(what)s", said=said, what=what)


def _credentials(headers: Mapping[str, str], url: str) -> list[str]:
    """What of a request lets somebody in: its ``Authorization``, and tokens, keys and signatures of its query."""
    _, _, given = headers.get("Authorization", "").partition(" ")
    query = (value for name, value in parse_qsl(urlsplit(url).query) if _SECRETIVE.search(name))
    # OAuth 1.0a has a list of quoted values (RFC 5849 §3.5.1).
    return [each for each in (given, *re.findall(r'"([^"]{8,})"', given), *query) if len(each) >= _SHORTEST]


def _parsed(body: bytes) -> Any:
    try:
        return loads(body)
    except (ValueError, RecursionError):
        return None


def _object(body: bytes) -> dict[str, Any]:
    told = _parsed(body)
    return told if isinstance(told, dict) else {}


def _seconds(told: Any) -> float | None:
    good = isinstance(told, int | float) and not isinstance(told, bool) and 0 <= told < _EPOCH
    return float(told) if good else None


def _words(data: Mapping[str, Any], body: bytes) -> str:
    """What the server said, in one line."""
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
    return "".join(each if each.isprintable() else " " for each in " ".join(text.split()))


def _number(value: str) -> int | None:
    return int(value) if re.fullmatch(r"\s*\d{1,9}\s*", value) else None
