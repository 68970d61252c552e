"""How a webhook is signed: Standard Webhooks 1.0.0, for the channel and for the programs that are told of events.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (checked 2026-11-24): headers
``webhook-id``, ``webhook-timestamp`` (seconds), ``webhook-signature``: one ``v1,…`` for each key, with a space between.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Sequence

LARGEST = 20_000
"""Bytes of a body: what the standard asks senders to stay below."""
_PREFIX = "whsec_"
_SHORTEST_KEY, _LONGEST_KEY = 24, 64


def new_secret() -> str:
    """``whsec_`` and 32 random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def key_of(secret: str) -> bytes:
    """The key that ``secret`` is. Raises ``ValueError``, with nothing of it, unless it has 24 to 64 bytes."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(_PREFIX) or not _SHORTEST_KEY <= len(key) <= _LONGEST_KEY:
        raise ValueError("is not whsec_ and 24 to 64 bytes in base64")
    return key


def headers(keys: Sequence[bytes], webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers of a POST of ``body``, signed with each of ``keys``."""
    return {
        "Content-Type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(key, webhook_id, timestamp, body) for key in keys),
    }


def _signature(key: bytes, webhook_id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the base64 of HMAC-SHA256 over ``ID.TIMESTAMP.BODY``."""
    signed = f"{webhook_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
