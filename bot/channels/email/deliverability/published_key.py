"""The public key in the DNS against the private one we sign with.

Sources, checked 2026-11-26: RFC 6376 §3.6.1 (the record's tags), RFC 8301 §3 (sha256, lengths), RFC 8463 §4 (ed25519).
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from bot.channels.email.deliverability.sending import tags
from bot.channels.email.signing_key import RSA_BITS, SigningKey
from bot.dns import Resolver
from bot.model import Checked
from bot.model.checked import fault, ok, warning


async def inspect(at: str, key: SigningKey, dns: Resolver) -> Checked:
    """A line on one key's record. Raises ``DnsError``."""
    id, record = f"{at}.dkim.{key.selector}", key.record
    publish = f"publish {record.zone_line}"
    answer = await dns.look(record.name, "TXT")
    if not answer.values:
        return fault(id, f"{record.name} has no TXT record, so no signature of ours can be verified", publish)
    if len(answer.values) > 1:
        said = f"{record.name} has {len(answer.values)} TXT records; which counts is left to chance (RFC 6376 §3.6.2.2)"
        return fault(id, said, f"delete them and {publish}")
    problem = _problem(answer.values[0], key)
    if problem:
        return fault(id, f"the record at {record.name} {problem}", publish)
    found = tags(answer.values[0]) or {}
    if "y" in found.get("t", "").split(":"):
        return warning(id, f"the record at {record.name} says t=y, only a test, and receivers may ignore it", publish)
    if isinstance(key.private, RSAPrivateKey) and key.private.key_size < RSA_BITS:
        return warning(
            id,
            f"the key of {record.name} has {key.private.key_size} bits; {RSA_BITS} are advised (RFC 8301 §3.2)",
            "change it as docs/dkim.md says",
        )
    kind = f"rsa, {key.private.key_size} bits" if isinstance(key.private, RSAPrivateKey) else "ed25519"
    return ok(id, f"the record at {record.name} is of the key that signs ({kind})")


def _problem(text: str, key: SigningKey) -> str:
    """What makes receivers refuse the record for this key, as the end of a sentence; "" when nothing does."""
    found = tags(text)
    if found is None:
        return "is no list of tags"
    if found.get("v", "DKIM1") != "DKIM1" or ("v" in found and next(iter(found)) != "v"):
        return "does not begin with v=DKIM1"
    if "p" not in found:
        return "holds no key (p=)"
    published = re.sub(r"\s+", "", found["p"])
    if not published:
        return "says that the key was withdrawn (an empty p=)"
    kind = found.get("k", "rsa").lower()
    if kind != ("rsa" if key.is_rsa else "ed25519"):
        return f"is for another kind of key (k={kind[:20]})"
    if "h" in found and "sha256" not in found["h"].lower().replace(" ", "").split(":"):
        return f"does not allow sha256 (h={found['h'][:20]})"
    services = found.get("s", "*").replace(" ", "").split(":")
    if "*" not in services and "email" not in services:
        return f"is not for mail (s={found['s'][:20]})"
    return _difference(published, key)


def _difference(published: str, key: SigningKey) -> str:
    try:
        raw = b64decode(published, validate=True)
    except (NotBase64, ValueError):
        return "holds a key that is damaged (p= is not base64)"
    if not key.is_rsa:
        ours = key.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return "" if raw == ours else "holds another key than the one that signs"
    try:
        theirs = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return "holds a key that is damaged (often the DNS host cut it after 255 characters)"
    mine = key.private.public_key()
    if not isinstance(theirs, RSAPublicKey) or not isinstance(mine, RSAPublicKey):
        return "is for another kind of key than it says"
    if theirs.key_size < 1024:
        return f"holds a key of {theirs.key_size} bits, which receivers do not accept (RFC 8301 §3.2)"
    return "" if theirs.public_numbers() == mine.public_numbers() else "holds another key than the one that signs"
