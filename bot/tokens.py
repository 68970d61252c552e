"""Signed tokens in public URLs and mail headers. Their format is permanent: links already sent must work for ever.

A token is ``v1.KEYID.PURPOSE.PAYLOAD.MAC``: PAYLOAD is base64url (RFC 4648 §5, no padding) of a JSON array, MAC the
first 16 bytes of HMAC-SHA256 over all that stands before it, base64url. Each purpose has its own key, derived from
the ring's key by HKDF-Expand (RFC 5869), so a token for one purpose never passes for another.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import SettingsError, TokenError

_MAC_BYTES = 16


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


@dataclass(frozen=True)
class KeyRing:
    """The newsroom's keys by key id; the first signs, all verify. ``repr`` shows none of them."""

    keys: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """Reads ``ID:BASE64URL,ID:BASE64URL``, the current key first. Raises ``SettingsError``, with no key in it."""
        keys: dict[str, bytes] = {}
        for part in text.split(","):
            key_id, colon, encoded = part.strip().partition(":")
            try:
                key = _unb64(encoded)
            except ValueError:
                key = b""
            if not (colon and re.fullmatch(r"[a-z0-9]{1,8}", key_id) and len(key) >= 32 and key_id not in keys):
                raise SettingsError(
                    "BROADSHEET_SECRET_KEYS: is not ID:KEY,ID:KEY with ids of a-z0-9 and keys of 32 bytes or more in "
                    "base64url; `python -m bot.tokens` prints a good one"
                )
            keys[key_id] = key
        return cls(keys)

    @classmethod
    def generate(cls) -> str:
        """A new ring of one key, in the form ``parse`` reads."""
        return f"{secrets.token_hex(2)}:{_b64(secrets.token_bytes(32))}"

    def _derive(self, key_id: str, purpose: str) -> bytes:
        return hmac.new(self.keys[key_id], b"broadsheet/v1/" + purpose.encode() + b"\x01", hashlib.sha256).digest()

    def _mac(self, key_id: str, purpose: str, message: str) -> str:
        return _b64(hmac.new(self._derive(key_id, purpose), message.encode(), hashlib.sha256).digest()[:_MAC_BYTES])

    def sign(self, purpose: str, *payload: Any) -> str:
        """A token for ``purpose`` that carries ``payload`` (JSON values)."""
        key_id = next(iter(self.keys))
        encoded = _b64(json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode())
        message = f"v1.{key_id}.{purpose}.{encoded}"
        return f"{message}.{self._mac(key_id, purpose, message)}"

    def verify(self, purpose: str, token: str) -> list[Any]:
        """The payload of ``token``. Raises ``TokenError``, the same for every fault, so that nothing can be learnt."""
        message, _, mac = token.rpartition(".")
        parts = message.split(".")
        if len(token) > 512 or not token.isascii() or len(parts) != 4 or parts[0] != "v1" or parts[2] != purpose:
            raise TokenError
        # An unknown key id costs the same work as a wrong MAC.
        key_id = parts[1] if parts[1] in self.keys else next(iter(self.keys))
        good = hmac.compare_digest(self._mac(key_id, purpose, message), mac)
        if not good or key_id != parts[1]:
            raise TokenError
        payload = json.loads(_unb64(parts[3]))
        if not isinstance(payload, list):
            raise TokenError
        return payload

    def derived_id(self, purpose: str, *parts: str, characters: int = 26) -> str:
        """A lower-case base32 id (RFC 4648 §6) that only the holder of the ring's **last** key can compute.

        Equal parts give an equal id for as long as that key stays in the ring: keep it at the end when you rotate.
        """
        key = self._derive(list(self.keys)[-1], purpose)
        digest = hmac.new(key, "\x00".join(parts).encode(), hashlib.sha256).digest()
        return base64.b32encode(digest).decode().lower()[:characters]


def edition_id(ring: KeyRing, schedule: str, slot_key: str) -> str:
    """The public id of an edition: 12 characters, not guessable, the same whenever the slot is made."""
    return ring.derived_id("edition", schedule, slot_key, characters=12)


def delivery_token(ring: KeyRing, edition: str, channel: str, subject: str, destination: str) -> str:
    """What Message-ID, idempotency key and VERP rest on: 26 characters, safe in a case-insensitive local part."""
    return ring.derived_id("delivery", edition, channel, subject, destination)


if __name__ == "__main__":
    print(f"BROADSHEET_SECRET_KEYS={KeyRing.generate()}")  # noqa: T201
