"""A DKIM key: the private half signs, the public half is published in the DNS.

Sources, checked 2026-11-25: RFC 6376 §3.6 (the record), RFC 8301 (rsa-sha256 only, 1024 bits at least, 2048 advised,
verifiers must know up to 4096), RFC 8463 (ed25519-sha256; it signs the SHA-256 of the data).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from dataclasses import dataclass, field
from typing import Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from bot.errors import SettingsError

RSA_BITS = 2048
_LEAST_BITS, _MOST_BITS = 1024, 4096
_STRING = 255
"""Octets of one string of a TXT record (RFC 1035 §3.3)."""
_PADDING, _HASH = PKCS1v15(), SHA256()


@dataclass(frozen=True, slots=True)
class TxtRecord:
    """What is published: ``name`` without the last dot, ``value`` in one piece, ASCII."""

    name: str
    value: str

    @property
    def strings(self) -> tuple[str, ...]:
        """The value in strings of 255 octets at most; verifiers join them without a space (RFC 6376 §3.6.2.2)."""
        return tuple(self.value[start : start + _STRING] for start in range(0, len(self.value), _STRING))

    @property
    def zone_line(self) -> str:
        """The record as a line of a zone file (RFC 1035 §5.1)."""
        # A semicolon begins a comment there, save in a quoted string.
        quoted = " ".join(f'"{each}"' for each in self.strings)
        return f"{self.name}. 3600 IN TXT ( {quoted} )"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key and where its public half is found: ``SELECTOR._domainkey.DOMAIN`` (A-labels)."""

    domain: str
    selector: str
    private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False)

    @classmethod
    def parse(cls, pem: str, *, domain: str, selector: str, at: str) -> Self:
        r"""The key of ``pem``; line ends may be written as ``\n``. ``at`` is the name of the setting it is from.

        Raises ``SettingsError``, which never shows the key, for what is no unencrypted RSA key of 1024 to 4096 bits
        and no Ed25519 key.
        """
        try:
            private = load_pem_private_key(pem.replace("\\n", "\n").encode(), password=None)
        except TypeError:
            raise SettingsError(
                f"{at}: the key is locked with a passphrase; unlock it with `openssl pkey -in FILE -out NEW`"
            ) from None
        except (ValueError, UnsupportedAlgorithm):
            raise SettingsError(
                f"{at}: is no private key in PEM form (-----BEGIN PRIVATE KEY-----); `broadsheet keys dkim` makes one"
            ) from None
        if isinstance(private, RSAPrivateKey):
            if not _LEAST_BITS <= private.key_size <= _MOST_BITS:
                raise SettingsError(
                    f"{at}: the RSA key has {private.key_size} bits, which receivers do not accept; "
                    f"`broadsheet keys dkim` makes one of {RSA_BITS}"
                )
        elif not isinstance(private, Ed25519PrivateKey):
            raise SettingsError(f"{at}: DKIM knows RSA and Ed25519 keys only; `broadsheet keys dkim` makes one")
        return cls(domain, selector, private)

    @classmethod
    def new(cls, domain: str, selector: str, *, ed25519: bool = False) -> Self:
        """A new key from the system's randomness: RSA of 2048 bits, or Ed25519."""
        made = Ed25519PrivateKey.generate() if ed25519 else generate_private_key(65537, RSA_BITS)
        return cls(domain, selector, made)

    @property
    def is_rsa(self) -> bool:
        return isinstance(self.private, RSAPrivateKey)

    @property
    def algorithm(self) -> str:
        """The ``a=`` of its signatures."""
        return "rsa-sha256" if self.is_rsa else "ed25519-sha256"

    @property
    def pem(self) -> str:
        """The private key itself (PKCS #8, not encrypted)."""
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def record(self) -> TxtRecord:
        """The DNS record of the public key."""
        public = self.private.public_key()
        if self.is_rsa:
            kind, raw = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            # RFC 8463 §4.2: the bare 32 octets.
            kind, raw = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return TxtRecord(f"{self.selector}._domainkey.{self.domain}", f"v=DKIM1; k={kind}; p={b64encode(raw).decode()}")

    def sign(self, data: bytes) -> bytes:
        """The signature of ``data``. Thread-safe; RSA lets other threads run meanwhile."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(data, _PADDING, _HASH)
        return self.private.sign(hashlib.sha256(data).digest())
