"""Signed tokens in public URLs and mail headers. Their format is permanent: links already sent must work for ever.

A token is ``v1.KEYID.PURPOSE.PAYLOAD.MAC``: PAYLOAD is base64url (RFC 4648 §5, no padding) of a JSON array, MAC the
first 16 bytes of HMAC-SHA256 over all that stands before it, base64url. Each purpose has its own key, derived from
the ring's key by HKDF-Expand (RFC 5869), so a token for one purpose never passes for another.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.errors import SettingsError, TokenError

_MAC_BYTES = 16
_JSON = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def _b64(data: bytes) -> str:
    return _b64_bytes(data).decode()


_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _b64_bytes(data: bytes) -> bytes:
    return binascii.b2a_base64(data, newline=False).translate(_URL_SAFE, b"=")


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

    @cached_property
    def _derived(self) -> dict[tuple[str, str], bytes]:
        return {}

    def derive(self, key_id: str, purpose: str) -> bytes:
        """The key of ``purpose``, 32 bytes. Raises ``KeyError`` when the ring has no such key."""
        known = self._derived.get((key_id, purpose))
        if known is None:
            message = b"broadsheet/v1/" + purpose.encode() + b"\x01"
            known = self._derived[key_id, purpose] = hmac.digest(self.keys[key_id], message, "sha256")
        return known

    @property
    def address_key(self) -> bytes:
        """32 bytes: the key by which a store knows suppressed addresses again. Of the ring's **last** key."""
        return self.derive(list(self.keys)[-1], "address")

    def _mac(self, key_id: str, purpose: str, message: str) -> str:
        return _b64(hmac.digest(self.derive(key_id, purpose), message.encode(), "sha256")[:_MAC_BYTES])

    def sign(self, purpose: str, *payload: Any) -> str:
        """A token for ``purpose`` that carries ``payload`` (JSON values)."""
        key_id = next(iter(self.keys))
        encoded = _b64(_JSON.encode(payload).encode())
        message = f"v1.{key_id}.{purpose}.{encoded}"
        return f"{message}.{self._mac(key_id, purpose, message)}"

    def signer(self, purpose: str, *rest: Any) -> Callable[[int], str]:
        """Makes tokens of many payloads that differ in their first value only, a number: the same as ``sign`` makes."""
        key_id = next(iter(self.keys))
        key = self.derive(key_id, purpose)
        head = f"v1.{key_id}.{purpose}.".encode()
        tail = "".join("," + _JSON.encode(each) for each in rest) + "]"

        def sign(number: int) -> str:
            message = head + _b64_bytes(f"[{number}{tail}".encode())
            return (message + b"." + _b64_bytes(hmac.digest(key, message, "sha256")[:_MAC_BYTES])).decode()

        return sign

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
        key = self.derive(list(self.keys)[-1], purpose)
        digest = hmac.digest(key, "\x00".join(parts).encode(), "sha256")
        return base64.b32encode(digest).decode().lower()[:characters]


def edition_id(ring: KeyRing, schedule: str, slot_key: str) -> str:
    """The public id of an edition: 12 characters, not guessable, the same whenever the slot is made."""
    return ring.derived_id("edition", schedule, slot_key, characters=12)


def delivery_token(ring: KeyRing, edition: str, channel: str, subject: str, subscriber: int) -> str:
    """What Message-ID, idempotency key and VERP rest on: 26 characters, safe in a case-insensitive local part.

    Equal parts give an equal token, on whatever machine, after whatever restored backup. That of a mail also tells
    the holder of the key whose delivery it was (``read_delivery_token``), so that no store keeps tokens. A post has
    the subscriber 0.
    """
    if not subscriber:
        return ring.derived_id("delivery", edition, channel, subject, "")
    return next(delivery_tokens(ring, edition, channel, subject, [subscriber]))


def delivery_tokens(
    ring: KeyRing, edition: str, channel: str, subject: str, subscribers: Sequence[int]
) -> Iterator[str]:
    """The tokens of many readers' mails, in one encryption.

    A token is one AES-256 block, in lower-case base32 (RFC 4648 §6): 60 bits of the edition's id, 53 of the
    subscriber's, 15 that tell channels apart. Each block stands alone and no two are alike, so ECB hides them all.
    """
    key_id = list(ring.keys)[-1]
    prefix = _edition_bits(edition) << 68 | _channel_bits(ring, key_id, channel, subject)
    blocks = b"".join((prefix | each << 15).to_bytes(16, "big") for each in subscribers)
    encryptor = _cipher(ring, key_id).encryptor()
    encrypted = encryptor.update(blocks) + encryptor.finalize()
    # Encoded all at once, each block filled up to a whole number of letters.
    filled = b"".join(encrypted[start : start + 16] + b"\0\0\0\0" for start in range(0, len(encrypted), 16))
    letters = base64.b32encode(filled).decode().lower()
    for start in range(0, len(letters), 32):
        yield letters[start : start + 26]


def read_delivery_token(ring: KeyRing, token: str) -> list[tuple[str, int]]:
    """The (edition, subscriber) that the token of a mail may speak of, one for each key of the ring.

    No more than a guess until the ledger knows that reader's delivery and ``delivery_token`` makes the same of it.
    """
    try:
        block = base64.b32decode(token.upper() + "=" * 6)
    except ValueError:
        return []
    found: list[tuple[str, int]] = []
    for key_id in reversed(list(ring.keys)) if len(block) == 16 else ():
        decryptor = _cipher(ring, key_id).decryptor()
        bits = int.from_bytes(decryptor.update(block) + decryptor.finalize(), "big")
        edition = base64.b32encode((bits >> 68 << 20).to_bytes(10, "big"))[:12].decode().lower()
        found.append((edition, bits >> 15 & (1 << 53) - 1))
    return found


def _cipher(ring: KeyRing, key_id: str) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES(ring.derive(key_id, "delivery")), modes.ECB())  # noqa: S305


def _edition_bits(edition: str) -> int:
    """Raises ``ValueError`` for what ``edition_id`` did not make."""
    if len(edition) != 12:
        raise ValueError(f"{edition!r} is not an edition's id")
    return int.from_bytes(base64.b32decode(edition.upper() + "AAAA"), "big") >> 20


def _channel_bits(ring: KeyRing, key_id: str, channel: str, subject: str) -> int:
    message = f"{channel}\x00{subject}".encode()
    return int.from_bytes(hmac.digest(ring.derive(key_id, "delivery"), message, "sha256")[:2], "big") >> 1


if __name__ == "__main__":
    print(f"BROADSHEET_SECRET_KEYS={KeyRing.generate()}")  # noqa: T201
