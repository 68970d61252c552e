"""Header fields as they come: folded, badly encoded, repeated, or half of them missing.

The same shape (RFC 5322 §2.2) serves a message, the groups of a delivery status (RFC 3464 §2.1), a feedback report
(RFC 5965 §3) and the returned message.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import decode_header

_NAME = re.compile(r"([!-9;-~]{1,80})[ \t]{0,4}:")
_ENCODED = re.compile(r"\?=[ \t]+=\?")
MOST_FIELDS = 400
LONGEST = 4000


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of one block: names in small letters, values unfolded, as they stand (RFC 2047 words undecoded)."""

    pairs: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.pairs)

    def __contains__(self, name: str) -> bool:
        return any(each == name for each, _ in self.pairs)

    def get(self, *names: str) -> str:
        """The first non-empty value of the first of ``names`` that has one; "" without."""
        for name in names:
            for each, value in self.pairs:
                if each == name and value:
                    return value
        return ""

    def all(self, *names: str) -> Iterator[str]:
        """Every non-empty value, in the order of ``names``."""
        for name in names:
            for each, value in self.pairs:
                if each == name and value:
                    yield value

    def words(self, *names: str) -> str:
        """Like ``get``, with RFC 2047's encoded words decoded."""
        return decoded(self.get(*names))


def read_fields(text: str) -> Fields:
    """The fields of ``text``. A line that is none is passed over; never raises."""
    pairs: list[tuple[str, str]] = []
    for line in text.split("\n"):
        match = _NAME.match(line)
        if line[:1] in (" ", "\t") or (not match and pairs and pairs[-1][1].endswith(";")):
            if pairs and line.strip() and len(pairs[-1][1]) < LONGEST:
                name, value = pairs[-1]
                pairs[-1] = (name, f"{value} {line.strip()}"[:LONGEST].strip())
            continue
        if match:
            if len(pairs) >= MOST_FIELDS:
                break
            pairs.append((match[1].lower(), line[match.end() : match.end() + LONGEST].strip()))
    return Fields(tuple(pairs))


def decoded(value: str) -> str:
    """``value`` with its encoded words decoded; what cannot be decoded stays as it is. Never raises."""
    value = value[:LONGEST]
    if "=?" not in value:
        return value
    # Whitespace between two encoded words is no part of the text (RFC 2047 §6.2); the parser wants it that way too.
    value = _ENCODED.sub("?==?", value)
    try:
        pieces = decode_header(value.replace("?==?", "?= =?"))
        return "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
            for piece, charset in pieces
        )
    except (HeaderParseError, LookupError, ValueError, TypeError):
        return value
