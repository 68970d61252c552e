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
from bot.model import Checked, Phrase, plural
from bot.model.checked import fault, ok, warning


async def inspect(at: str, key: SigningKey, dns: Resolver) -> Checked:
    """A line on one key's record. Raises ``DnsError``."""
    id, record = f"{at}.dkim.{key.selector}", key.record
    publish = Phrase("publish %(record)s", record=record.zone_line)
    answer = await dns.look(record.name, "TXT")
    if not answer.values:
        none = Phrase("%(name)s has no TXT record, so no signature of ours can be verified", name=record.name)
        return fault(id, none, publish)
    if len(answer.values) > 1:
        said = plural(
            len(answer.values),
            "%(name)s has %(count)s TXT record; which counts is left to chance (RFC 6376 §3.6.2.2)",
            "%(name)s has %(count)s TXT records; which counts is left to chance (RFC 6376 §3.6.2.2)",
            name=record.name,
        )
        return fault(id, said, Phrase("delete them and publish %(record)s", record=record.zone_line))
    problem = _problem(answer.values[0], key)
    if problem:
        return fault(id, problem, publish)
    found = tags(answer.values[0]) or {}
    if "y" in found.get("t", "").split(":"):
        said = Phrase("the record at %(name)s says t=y, only a test, and receivers may ignore it", name=record.name)
        return warning(id, said, publish)
    if isinstance(key.private, RSAPrivateKey) and key.private.key_size < RSA_BITS:
        return warning(
            id,
            Phrase(
                "the key of %(name)s has %(bits)s bits; %(advised)s are advised (RFC 8301 §3.2)",
                name=record.name,
                bits=str(key.private.key_size),
                advised=str(RSA_BITS),
            ),
            Phrase("change it as docs/dkim.md says"),
        )
    if isinstance(key.private, RSAPrivateKey):
        said = Phrase(
            "the record at %(name)s is of the key that signs (rsa, %(bits)s bits)",
            name=record.name,
            bits=str(key.private.key_size),
        )
        return ok(id, said)
    return ok(id, Phrase("the record at %(name)s is of the key that signs (ed25519)", name=record.name))


def _problem(text: str, key: SigningKey) -> Phrase | None:
    """What makes receivers refuse the record for this key; None when nothing does."""
    found, name = tags(text), key.record.name
    if found is None:
        return Phrase("the record at %(name)s is no list of tags", name=name)
    if found.get("v", "DKIM1") != "DKIM1" or ("v" in found and next(iter(found)) != "v"):
        return Phrase("the record at %(name)s does not begin with v=DKIM1", name=name)
    if "p" not in found:
        return Phrase("the record at %(name)s holds no key (p=)", name=name)
    published = re.sub(r"\s+", "", found["p"])
    if not published:
        return Phrase("the record at %(name)s says that the key was withdrawn (an empty p=)", name=name)
    kind = found.get("k", "rsa").lower()
    if kind != ("rsa" if key.is_rsa else "ed25519"):
        tag = f"k={kind[:20]}"
        return Phrase("the record at %(name)s is for another kind of key (%(tag)s)", name=name, tag=tag)
    if "h" in found and "sha256" not in found["h"].lower().replace(" ", "").split(":"):
        return Phrase("the record at %(name)s does not allow sha256 (%(tag)s)", name=name, tag=f"h={found['h'][:20]}")
    services = found.get("s", "*").replace(" ", "").split(":")
    if "*" not in services and "email" not in services:
        return Phrase("the record at %(name)s is not for mail (%(tag)s)", name=name, tag=f"s={found['s'][:20]}")
    return _difference(published, key)


def _difference(published: str, key: SigningKey) -> Phrase | None:
    name = key.record.name
    other = Phrase("the record at %(name)s holds another key than the one that signs", name=name)
    try:
        raw = b64decode(published, validate=True)
    except (NotBase64, ValueError):
        return Phrase("the record at %(name)s holds a key that is damaged (p= is not base64)", name=name)
    if not key.is_rsa:
        ours = key.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        return None if raw == ours else other
    try:
        theirs = load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return Phrase(
            "the record at %(name)s holds a key that is damaged (often the DNS host cut it after 255 characters)",
            name=name,
        )
    mine = key.private.public_key()
    if not isinstance(theirs, RSAPublicKey) or not isinstance(mine, RSAPublicKey):
        return Phrase("the record at %(name)s is for another kind of key than it says", name=name)
    if theirs.key_size < 1024:
        return Phrase(
            "the record at %(name)s holds a key of %(bits)s bits, which receivers do not accept (RFC 8301 §3.2)",
            name=name,
            bits=str(theirs.key_size),
        )
    return None if theirs.public_numbers() == mine.public_numbers() else other
