"""A DKIM key for the newsroom's channel, made by the program itself."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import dkim  # type: ignore[import-untyped]
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True, slots=True)
class DkimKey:
    """What the configuration and the environment say of it, and what DNS would."""

    config: str
    environment: Mapping[str, str]
    record: bytes

    def verifies(self, message: bytes) -> bool:
        """Whether the message's signature is good, by dkimpy."""
        return bool(dkim.verify(message, dnsfunc=lambda *_name, **_timeout: self.record))


def dkim_key(folder: Path) -> DkimKey:
    """A new RSA key of 2048 bits in a file of ``folder``, and the settings that sign with it."""
    file = folder / "dkim.pem"
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.touch(mode=0o600)
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return DkimKey(
        config='dkim_selector = "bench"\n',
        environment={"BROADSHEET_MAIL_DKIM_KEY_FILE": str(file)},
        record=b"v=DKIM1; k=rsa; p=" + base64.b64encode(public),
    )
