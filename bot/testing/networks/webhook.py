"""A strict receiver of signed webhooks, as a newsroom's developer would write one.

After Standard Webhooks 1.0.0, https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
(checked 2026-11-24): HMAC-SHA256 over ``ID.TIMESTAMP.BODY``, base64, listed as ``v1,…`` in ``webhook-signature``; a
timestamp at most 5 minutes off; bodies below 20 kB with ``type``, ``timestamp`` and ``data``; the same id is the same
post; 410 asks to stop for good, 429 with Retry-After to come later, and a redirect must not be followed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.errors import UsageError
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.posted import Card, Picture, Posted
from bot.testing.networks.rates import Moving

PATH = "/hook"
TOLERANCE = 300
"""Seconds a timestamp may be off, either way."""
LARGEST = 20_000
"""Bytes of a body."""
SECRET = "whsec_" + base64.b64encode(b"the record's own webhook key 001").decode()
SAMPLE = {"url": "{base}{hook}", "secret": "{secret}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


class SigningKey:
    """A secret that sender and receiver share. ``repr`` shows nothing of it."""

    def __init__(self, secret: str) -> None:
        """``secret`` is ``whsec_`` and 24 to 64 bytes in base64. Raises ``ValueError`` with no secret in it."""
        try:
            self._key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("the secret is not whsec_ and base64") from error

    def genuine(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
        """Whether who sent ``body`` knew the secret, and no more than 5 minutes ago."""
        timestamp = headers.get("webhook-timestamp", "")
        signed = f"{headers.get('webhook-id', '')}.{timestamp}.".encode() + body
        own = base64.b64encode(hmac.new(self._key, signed, hashlib.sha256).digest())
        # Every signature is compared, in constant time: a sender that rotates its secret sends two.
        right = [
            hmac.compare_digest(own, value.partition(",")[2].encode())
            for value in headers.get("webhook-signature", "").split(" ")
            if value.startswith("v1,")
        ]
        if not (any(right) and re.fullmatch(r"[0-9]{1,12}", timestamp)):
            return False
        return abs(now.timestamp() - int(timestamp)) <= TOLERANCE


def plain_id(webhook_id: str) -> bool:
    """Whether the id may name a file."""
    return re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,127}", webhook_id) is not None


@network
class Webhook(Network):
    """Posts have the ``webhook-id``. ``fields``: ``type``, ``data`` and ``headers``.

    ``trouble`` is "", "gone" (410), "moved" (308) or "full" (507).
    """

    kind = "webhook"

    def __init__(
        self, clock: Clock = system_clock, *, secret: str = SECRET, largest: int = LARGEST, a_second: int = 10
    ) -> None:
        """Raises ``UsageError`` when the secret is none."""
        super().__init__(clock)
        self._secret = secret
        try:
            self._key: SigningKey | None = SigningKey(secret)
        except ValueError as error:
            raise UsageError(f"the fake of {self.kind}: {error}") from error
        self._largest = largest
        self._known: set[str] = set()
        self._pace = Moving(a_second, 1)
        self.trouble = ""

    @property
    def credentials(self) -> dict[str, str]:
        return {"hook": PATH, "secret": self._secret}

    def revoke(self) -> None:
        self._key, self._secret = None, ""

    def endpoints(self) -> Sequence[Endpoint]:
        return [("POST", PATH, self._receive)]

    def _receive(self, call: Call) -> Response:
        if self.trouble:
            troubles = {"gone": 410, "moved": 308, "full": 507}
            headers = {"Location": f"{call.base}{PATH}/elsewhere"} if self.trouble == "moved" else {}
            raise Refused(troubles[self.trouble], {"error": self.trouble}, headers)
        now = self.clock()
        reading = self._pace.take(now)
        if not reading.allowed:
            wait = max(1, math.ceil((reading.reset - now).total_seconds()))
            raise Refused(429, {"error": "too many"}, {"Retry-After": str(wait)})
        if len(call.body) >= self._largest:
            raise Refused(413, {"error": f"{self._largest} bytes or more"})
        if self._key is None or not self._key.genuine(call.headers, call.body, now):
            raise Refused(401, {"error": "the signature or its time is wrong"})
        identity = call.headers.get("webhook-id", "")
        if not plain_id(identity):
            raise Refused(400, {"error": "webhook-id is not a plain word"})
        sent = _sent(call)
        if identity in self._known:
            return JSONResponse({"id": identity, "status": "known"})
        self._known.add(identity)
        if sent["type"] in ("post.edited", "post.removed"):
            return self._amend(identity, sent)
        self.publish(Posted(id=identity, when=now, account=PATH, raw=call.body, **_seen(sent)))
        return JSONResponse({"id": identity, "status": "stored"})

    def _amend(self, identity: str, sent: Mapping[str, Any]) -> Response:
        """Changes or takes down what an earlier event brought; what is not there is taken for done."""
        removed = sent["type"] == "post.removed"
        target = str(sent["data"].get("removes" if removed else "edits") or "")
        if self.find(target) is not None:
            self.remove(target) if removed else self.edit(target, **_seen(sent))
        return JSONResponse({"id": identity, "status": "stored"})


def _sent(call: Call) -> Mapping[str, Any]:
    if not isinstance(call.json, dict):
        raise Refused(400, {"error": "the body is not JSON, or no object"})
    kind, stamp, data = (call.json.get(name) for name in ("type", "timestamp", "data"))
    if not isinstance(kind, str) or not re.fullmatch(r"[a-zA-Z0-9_]+(\.[a-zA-Z0-9_]+)*", kind):
        raise Refused(400, {"error": "type must be words with full stops between"})
    try:
        aware = datetime.fromisoformat(str(stamp)).tzinfo is not None
    except ValueError:
        aware = False
    if not aware or not isinstance(data, dict):
        raise Refused(400, {"error": "timestamp must be ISO 8601 with its zone, data an object"})
    return call.json


def _seen(sent: Mapping[str, Any]) -> dict[str, Any]:
    """What the newsroom's program makes of a post: its text, its link and its picture."""
    data = sent["data"]
    url, image = str(data.get("url") or ""), data.get("image")
    held = isinstance(image, dict) and image.get("url")
    thumbnail = Picture(alt=str(image.get("alt") or ""), url=str(image["url"])) if held else None
    card = Card(url, str(data.get("title") or ""), str(data.get("description") or ""), thumbnail) if url else None
    return {
        "text": str(data.get("text") or ""),
        "url": url,
        "card": card,
        "language": str(data.get("language") or ""),
        "fields": {"type": sent["type"], "data": data},
    }
