"""An edition's mail, compiled once to bytes with holes, so that a recipient costs a join.

Headers and both parts are encoded for the wire when a letter is cut: CRLF throughout, quoted-printable, and no line
that begins with a dot, so that nothing has to be stuffed (RFC 5321 §4.5.2).
"""

from __future__ import annotations

import binascii
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.model import Email, MergeField

_LINE = 75
"""Characters of an encoded line, without the ``=`` of a soft line break (RFC 2045 §6.7)."""
_PLAIN = re.compile(r"[A-Za-z0-9:/?&%@_~+,;()*!-][A-Za-z0-9:/?&%@._~+,;()*!-]*")
_PLAIN_LINE = 70
# "=_" never occurs in quoted-printable, so no text can hold the boundary (RFC 2045 §6.7).
BOUNDARY = "=_broadsheet_alternative"
_PART = 'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'

_NAMES = {field: (f"text:{field}", f"html:{field}") for field in MergeField}
_MARKUP = re.compile(r"[&<>\"']")

Piece = bytes | str
"""What stands in the letter itself, or the name of the hole between two of those."""


@dataclass(frozen=True, slots=True)
class Form:
    """Bytes with named holes."""

    pieces: tuple[bytes, ...]
    holes: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> Form:
        """Neighbouring bytes become one piece; a name leaves an empty one."""
        joined: list[bytes] = []
        holes: list[tuple[int, str]] = []
        run: list[bytes] = []
        for piece in pieces:
            if isinstance(piece, bytes):
                run.append(piece)
                continue
            joined.append(b"".join(run))
            run = []
            holes.append((len(joined), piece))
            joined.append(b"")
        joined.append(b"".join(run))
        return cls(tuple(joined), tuple(holes))

    def filled(self, values: Mapping[str, bytes]) -> bytes:
        """The bytes with each hole's value in its place. Raises ``KeyError`` for a hole without a value."""
        pieces = list(self.pieces)
        for place, name in self.holes:
            pieces[place] = values[name]
        return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Letter:
    """A compiled mail: the head with holes for the names of ``message``, the body with those of ``encoded``."""

    email: Email
    whole: Form

    @classmethod
    def cut(cls, email: Email, edition: str, head: Sequence[Piece]) -> Letter:
        """``email`` cut at the holes of ``edition``, under ``head`` (the header fields, without the empty line)."""
        border = f"--{BOUNDARY}\r\n".encode()
        body = [
            border,
            _PART.format(kind="plain").encode(),
            *_cut(email.text, edition, "text"),
            b"\r\n",
            border,
            _PART.format(kind="html").encode(),
            *_cut(email.html, edition, "html"),
            b"\r\n",
            f"--{BOUNDARY}--\r\n".encode(),
        ]
        return cls(email, Form.of([*head, b"\r\n", *body]))


def encoded(values: Mapping[MergeField, str]) -> dict[str, bytes]:
    """A recipient's values as they stand in the two parts; in the HTML they are escaped for text and attributes."""
    filled: dict[str, bytes] = {}
    for field, value in values.items():
        in_text, in_html = _NAMES[field]
        plain = filled[in_text] = quoted_printable(value)
        filled[in_html] = quoted_printable(html.escape(value)) if _MARKUP.search(value) else plain
    return filled


def quoted_printable(text: str) -> bytes:
    """``text`` in UTF-8, quoted-printable, CRLF.

    Lines have 76 octets at most, the last 75 so that a ``=`` may follow, and none begins with a dot.
    """
    if _PLAIN.fullmatch(text):
        # An address or a link, as most values are: nothing to encode, only long.
        if len(text) <= _PLAIN_LINE:
            return text.encode()
        lines_of = [text[at : at + _PLAIN_LINE] for at in range(0, len(text), _PLAIN_LINE)]
        if not any(line.startswith(".") for line in lines_of):
            return "=\r\n".join(lines_of).encode()
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    raw = binascii.b2a_qp(lines.encode("utf-8", "replace"), quotetabs=False, istext=True, header=False)
    if raw.startswith(b".") or b"\n." in raw:
        raw = b"\n".join(_without_dot(line) for line in raw.split(b"\n"))
    start = raw.rfind(b"\n") + 1
    if len(raw) - start > _LINE:
        cut = _cut_at(raw, len(raw) - 1)
        raw = raw[:cut] + b"=\n" + raw[cut:]
    return raw.replace(b"\n", b"\r\n")


def _without_dot(line: bytes) -> bytes:
    if not line.startswith(b"."):
        return line
    line = b"=2E" + line[1:]
    if len(line) <= _LINE + 1:
        return line
    cut = _cut_at(line, _LINE - 10)
    return line[:cut] + b"=\n" + line[cut:]


def _cut_at(line: bytes, place: int) -> int:
    """Where a line may be broken: at or before ``place``, not within an encoded octet, and not before a dot."""
    while b"=" in line[place - 2 : place] or line[place : place + 1] == b".":
        place -= 1
    return place


def _cut(text: str, edition: str, part: str) -> list[Piece]:
    """A hole's value begins a line of its own and ends one: what it is says nothing of where lines break."""
    holes = {field.hole(edition): field for field in MergeField}
    cut: list[Piece] = []
    for piece in re.split("(" + "|".join(map(re.escape, holes)) + ")", text):
        if piece:
            if cut:
                cut.append(b"=\r\n")
            cut.append(f"{part}:{holes[piece]}" if piece in holes else quoted_printable(piece))
    return cut
