"""A DKIM key for the newsroom's channel, made by the program itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa


@dataclass(frozen=True, slots=True)
class DkimKey:
    """What the configuration and the environment say of it."""

    config: str
    environment: Mapping[str, str]


def dkim_key(folder: Path) -> DkimKey:
    """A new RSA key of 2048 bits in a file of ``folder``, and the settings that sign with it."""
    file = folder / "dkim.pem"
    if not file.exists():
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        file.touch(mode=0o600)
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return DkimKey('dkim_selector = "bench"\n', {"BROADSHEET_MAIL_DKIM_KEY_FILE": str(file)})
