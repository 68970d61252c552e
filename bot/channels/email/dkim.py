"""DKIM signatures of whole messages, made here because a message that is merged in microseconds must be signed in few.

Sources, checked 2026-11-25: RFC 6376 §3.4.2 and §3.4.4 (relaxed), §3.5 (the field), §3.7 (what is hashed), §5.4.2 and
§8.15 (a field named once more than present cannot be added), §8.2 (why no ``l=``); RFC 8058 §4 (List-Unsubscribe and
List-Unsubscribe-Post must be signed).
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime

from bot.channels.email.fields import LINE
from bot.channels.email.options import EmailOptions
from bot.channels.email.signing_key import SigningKey
from bot.errors import SettingsError
from bot.settings import secret_variable

OVERSIGNED = (
    "From",
    "Subject",
    "To",
    "Date",
    "Reply-To",
    "Content-Type",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)
"""Fields that nobody may add to a message of ours; a second Content-Type could show other text than was signed."""
COVERED = (
    *OVERSIGNED,
    "Cc",
    "Sender",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Transfer-Encoding",
    "List-Id",
    "List-Post",
    "List-Help",
    "List-Archive",
    "List-Owner",
    "Feedback-ID",
    "CFBL-Address",
    "CFBL-Feedback-ID",
    "Auto-Submitted",
    "X-Auto-Response-Suppress",
    "Precedence",
)
"""Fields that are signed where they are present."""

_COVERED = tuple((name.encode(), name.lower().encode(), name in OVERSIGNED) for name in COVERED)
_OPENINGS = 64
"""Sets of fields whose beginning of a signature is kept; a channel writes two or three."""
_CRLF = b"\r\n"
# Of all ways to look for two octets in CPython 3.11 the search for a literal pattern is the fastest, three times `in`.
_two_spaces = re.compile(rb"  ").search
_space_at_end = re.compile(rb" \r\n").search
_one_space = re.compile(rb"  +").sub

Opening = tuple[tuple[bytes, bytes], ...]
"""For each key: its field up to ``bh=``, as it is sent and as it is hashed."""


class Signer:
    """Signs with one key, or with two: RSA for everybody and Ed25519 for those who know it. Thread-safe."""

    def __init__(self, keys: Sequence[SigningKey]) -> None:
        """Raises ``ValueError`` without a key."""
        if not keys:
            raise ValueError("a signer needs a key")
        self.keys = tuple(keys)
        self._openings: dict[tuple[bytes, ...], Opening] = {}

    def sign(self, head: bytes, body: bytes, *, at: datetime) -> bytes:
        """The DKIM-Signature fields, one a key, each with its CRLF, to stand before ``head``.

        ``head`` holds all other header fields, each with its CRLF, without the empty line; ``body`` is empty or ends
        with CRLF. ``at`` is the time of signing. Raises ``ValueError`` when there is no From.
        """
        names, lines = _hashed(head)
        if not (lines and lines[0].startswith(b"from:")):
            raise ValueError("a message without From cannot be signed")
        openings = self._openings.get(names) or self._opened(names)
        digest = b64encode(hashlib.sha256(relaxed_body(body)).digest())
        closing = b" bh=%b; t=%d;" % (digest, int(at.timestamp()))
        data = _CRLF.join(lines)
        signatures = []
        for key, (sent, hashed) in zip(self.keys, openings, strict=True):
            value = b64encode(key.sign(b"%b\r\n%b%b b=" % (data, hashed, closing)))
            signatures.append(b"%b%b\r\n b=%b\r\n" % (sent, closing, _folded(value)))
        return b"".join(signatures)

    def _opened(self, names: tuple[bytes, ...]) -> Opening:
        made = tuple(_opening(key, names) for key in self.keys)
        if len(self._openings) >= _OPENINGS:
            self._openings.clear()
        self._openings[names] = made
        return made


def signed(message: bytes, signer: Signer, *, at: datetime) -> bytes:
    """A whole ``message`` (CRLF throughout) with its signatures before it."""
    head, _, body = message.partition(b"\r\n\r\n")
    return signer.sign(head + _CRLF, body, at=at) + message


def relaxed_body(body: bytes) -> bytes:
    """``body`` in the canonical form *relaxed* of RFC 6376 §3.4.4; itself, uncopied, when it is in that form.

    A body that is not empty and does not end with CRLF is taken as if it did, since SMTP ends every line.
    """
    if body and not body.endswith(_CRLF):
        body += _CRLF
    # Once each run of white space is one space, those at the ends of lines are what is left to remove.
    if b"\t" in body:
        body = body.replace(b"\t", b" ")
    if _two_spaces(body):
        body = _one_space(b" ", body)
    if _space_at_end(body):
        body = body.replace(b" \r\n", _CRLF)
    end = len(body)
    while body.endswith(b"\r\n\r\n", 0, end):
        end -= 2
    return b"" if body.startswith(_CRLF) and end == 2 else body[:end]


def configured(options: EmailOptions, *, channel: str) -> Signer | None:
    """The signer that the options of ``channel`` ask for; None when they ask for none.

    Raises ``SettingsError`` for a selector without key, a key without selector, or a key that is not of its kind.
    """
    keys = []
    for selector, secret, rsa in (
        ("dkim_selector", "dkim_key", True),
        ("dkim_ed25519_selector", "dkim_ed25519_key", False),
    ):
        published, pem = getattr(options, selector), getattr(options, secret)
        variable = secret_variable(channel, secret)
        if published and not pem:
            raise SettingsError(
                f"channels.{channel}: {selector} is set but its key is missing; put {variable}_FILE=PATH of the key "
                "into .env (`broadsheet keys dkim` makes one and prints the line)"
            )
        if pem and not published:
            raise SettingsError(
                f"channels.{channel}: {variable} is set but {selector} is missing; "
                "name the selector under which its public key stands in the DNS"
            )
        if not pem:
            continue
        key = SigningKey.parse(
            pem.get_secret_value(),
            domain=options.signing_domain,
            selector=published,
            at=f"channels.{channel}: {variable}",
        )
        if key.is_rsa != rsa:
            other = secret_variable(channel, "dkim_ed25519_key" if rsa else "dkim_key")
            kind = "an RSA" if key.is_rsa else "an Ed25519"
            raise SettingsError(f"channels.{channel}: {variable}: is {kind} key; its place is {other}")
        keys.append(key)
    return Signer(keys) if keys else None


def _hashed(head: bytes) -> tuple[tuple[bytes, ...], list[bytes]]:
    """The names of ``h=``, and the fields it names in the canonical form *relaxed* (§3.4.2), without their CRLF."""
    flat = head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")
    if b"\t" in flat:
        flat = flat.replace(b"\t", b" ")
    if _two_spaces(flat):
        flat = _one_space(b" ", flat)
    fields: dict[bytes, list[bytes]] = {}
    for line in flat.split(_CRLF):
        name, _, value = line.partition(b":")
        key = name.rstrip(b" ").lower()
        fields.setdefault(key, []).append(b"%b:%b" % (key, value.strip(b" ")))
    names: list[bytes] = []
    lines: list[bytes] = []
    for name, key, oversigned in _COVERED:
        # Of fields that occur more than once the last is hashed first (§5.4.2).
        for field in reversed(fields.get(key, ())):
            names.append(name)
            lines.append(field)
        if oversigned:
            names.append(name)
    return tuple(names), lines


def _opening(key: SigningKey, names: Sequence[bytes]) -> tuple[bytes, bytes]:
    """A field up to ``bh=``, as it is sent and as it is hashed: each fold is CRLF and one space, so one follows."""
    where = [f"d={key.domain};", f"s={key.selector};"]
    if sum(map(len, where)) + 2 <= LINE:
        where = [" ".join(where)]
    lines = [f"v=1; a={key.algorithm}; c=relaxed/relaxed;".encode(), *(each.encode() for each in where)]
    line = b"h="
    for each in (*(name + b":" for name in names[:-1]), names[-1] + b";"):
        if len(line) + len(each) >= LINE:
            lines.append(line)
            line = b""
        line += each
    value = b"\r\n ".join([*lines, line])
    return b"DKIM-Signature: %b\r\n" % value, b"dkim-signature:" + value.replace(_CRLF, b"")


def _folded(value: bytes) -> bytes:
    """Base 64 in lines; the first stands behind `` b=``."""
    room = LINE - 3
    return b"\r\n ".join([value[:room], *(value[at : at + LINE - 1] for at in range(room, len(value), LINE - 1))])
