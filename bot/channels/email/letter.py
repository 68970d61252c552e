"""An edition's mail, cut at its holes and encoded once, so that a recipient costs a join."""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.model import Email, MergeField

_LINE = 75
"""Characters of an encoded line, without the ``=`` of a soft line break (RFC 2045 §6.7)."""

Pieces = tuple[bytes | MergeField, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A compiled mail: literal pieces in quoted-printable (CRLF), and the holes between them."""

    email: Email
    html: Pieces
    text: Pieces

    @classmethod
    def cut(cls, email: Email, edition: str) -> Letter:
        """``email`` cut at the holes of ``edition``."""
        return cls(email, _cut(email.html, edition), _cut(email.text, edition))

    def html_for(self, values: Mapping[MergeField, str]) -> bytes:
        """The HTML part's body, quoted-printable; the values are escaped for HTML text and attributes."""
        return _filled(self.html, {field: html.escape(value) for field, value in values.items()})

    def text_for(self, values: Mapping[MergeField, str]) -> bytes:
        """The text part's body, quoted-printable."""
        return _filled(self.text, values)


def quoted_printable(text: str) -> bytes:
    """``text`` in UTF-8, quoted-printable, CRLF, lines of 76 at most, the last of 75 so that a ``=`` may follow."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    encoded = binascii.b2a_qp(lines.encode("utf-8", "replace"), quotetabs=False, istext=True, header=False)
    start = encoded.rfind(b"\n") + 1
    if len(encoded) - start > _LINE:
        cut = -3 if encoded[-3:-2] == b"=" else -1
        encoded = encoded[:cut] + b"=\n" + encoded[cut:]
    return encoded.replace(b"\n", b"\r\n")


def _cut(text: str, edition: str) -> Pieces:
    holes = {field.hole(edition): field for field in MergeField}
    parts = re.split("(" + "|".join(map(re.escape, holes)) + ")", text)
    return tuple(holes[part] if part in holes else quoted_printable(part) for part in parts if part)


def _filled(pieces: Pieces, values: Mapping[MergeField, str]) -> bytes:
    encoded = {field: quoted_printable(value) for field, value in values.items()}
    filled = [encoded[piece] if isinstance(piece, MergeField) else piece for piece in pieces]
    return b"=\r\n".join(piece for piece in filled if piece) + b"\r\n"
