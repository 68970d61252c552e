"""A message taken apart, however broken: its fields and a flat row of its parts.

Not the standard library's parser: that one recurses into whatever a stranger nested, and throws away what stands
outside a boundary, while broken boundaries are common in mail that comes back. Here depth, number and length of the
parts are limits, and a part is text whatever else it says it is (RFC 2045 §5.2).
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
from dataclasses import dataclass

from bot.audience.bounces.fields import Fields, read_fields

LARGEST = 1024 * 1024
"""Bytes of a message that are looked at: a report comes before what it returns."""
DEEPEST = 6
MOST_PARTS = 60
LONGEST_TEXT = 64 * 1024
LONGEST_HEAD = 128 * 1024

_PARAMETER = re.compile(r';[ \t]{0,20}([\w.*-]{1,40})[ \t]{0,4}=[ \t]{0,4}(?:"([^"]{0,200})"|([^\s;"]{1,200}))')
_TAG = re.compile(r"<[^<>]{0,2000}>")
_BLOCK_TAG = re.compile(r"</?(?:p|div|br|tr|li|h\d|table|td|pre|blockquote)\b[^<>]{0,500}>", re.I)
_UNSEEN = re.compile(r"<(style|script|title)\b[^<>]{0,500}>[^<]{0,20000}</\1>", re.I)
_RETURNED = ("message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers", "message/partial")
# Codecs of Python's that are no charset of mail; one of them takes quadratic time.
_NOT_TEXT = ("punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined", "utf-7", "mbcs", "oem")
_MIME_SAYS = re.compile(r"^\s*(this is a mime|this is a multi-?part|if you (can|are)|you should not see)", re.I)


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf. ``level`` counts the messages it lies in: 0 is the message itself, 1 what it returns or forwards.

    A ``kind`` of "returned" is no leaf but the head of such a message: ``fields`` are its fields, ``text`` is "".
    """

    kind: str
    fields: Fields
    text: str
    level: int


@dataclass(frozen=True, slots=True)
class Letter:
    """A message: its ``kind`` ("multipart/report"), its own fields, its parts in their order."""

    kind: str
    fields: Fields
    parts: tuple[Part, ...]

    def of(self, *kinds: str, level: int = 0) -> tuple[Part, ...]:
        return tuple(part for part in self.parts if part.level == level and part.kind in kinds)


def read_letter(message: bytes) -> Letter:
    """Takes ``message`` apart: its first ``LARGEST`` bytes. Never raises; time is linear in them."""
    data = message[:LARGEST].replace(b"\r\n", b"\n").replace(b"\r", b"\n").lstrip(b"\n")
    if data.startswith((b"From ", b">From ")):
        data = data.partition(b"\n")[2]
    head, body = _split(data)
    fields = read_fields(head)
    kind, parameters = content_type(fields.get("content-type"))
    parts: list[Part] = []
    _walk(kind, parameters, fields, body, 0, 0, parts)
    return Letter(kind, fields, tuple(parts))


def content_type(value: str) -> tuple[str, dict[str, str]]:
    """``text/plain`` and the parameters, both in small letters but for the parameters' values (RFC 2045 §5.1)."""
    kind = (value.partition(";")[0].split() or [""])[0].lower()
    parameters = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(value)}
    return (kind if "/" in kind else "text/plain"), parameters


def _walk(
    kind: str, parameters: dict[str, str], fields: Fields, body: bytes, depth: int, level: int, parts: list[Part]
) -> None:
    if len(parts) >= MOST_PARTS:
        return
    boundary = parameters.get("boundary", "").rstrip()
    if kind.startswith("multipart/") and boundary and depth < DEEPEST:
        pieces = _pieces(body, b"--" + boundary.encode("latin-1", "replace"))
        if len(pieces) > 1:
            _multipart(pieces, kind, depth, level, parts)
            return
    if kind in _RETURNED and depth < DEEPEST:
        _returned(_bytes(fields, body), depth, level, parts)
        return
    text = _text(kind, parameters, fields, body)
    parts.append(Part("text/plain" if kind.startswith("multipart/") else kind, fields, text, level))


def _multipart(pieces: list[bytes], kind: str, depth: int, level: int, parts: list[Part]) -> None:
    preamble = pieces[0][:LONGEST_TEXT].decode("utf-8", "replace").strip()
    if preamble and not _MIME_SAYS.match(preamble):
        parts.append(Part("text/plain", Fields(), preamble, level))
    for piece in pieces[1:]:
        head, body = ("", piece[1:]) if piece.startswith(b"\n") else _split(piece)
        fields = read_fields(head)
        if head and not fields:
            # No head after all: a writer forgot the empty line.
            body = piece
        said = fields.get("content-type") or ("message/rfc822" if kind == "multipart/digest" else "")
        inner, parameters = content_type(said)
        _walk(inner, parameters, fields, body, depth + 1, level, parts)


def _returned(data: bytes, depth: int, level: int, parts: list[Part]) -> None:
    head, body = _split(data.lstrip(b"\n"))
    fields = read_fields(head)
    parts.append(Part("returned", fields, "", level + 1))
    kind, parameters = content_type(fields.get("content-type"))
    if body.strip():
        _walk(kind, parameters, fields, body, depth + 1, level + 1, parts)


def _pieces(body: bytes, delimiter: bytes) -> list[bytes]:
    """What stands before the first boundary line, and between each and the next."""
    pieces: list[bytes] = []
    start = at = 0
    while len(pieces) < MOST_PARTS:
        at = body.find(delimiter, at)
        if at < 0:
            break
        end = body.find(b"\n", at)
        end = len(body) if end < 0 else end
        rest = body[at + len(delimiter) : end].strip()
        if (at == 0 or body[at - 1 : at] == b"\n") and rest in (b"", b"--"):
            pieces.append(body[start:at])
            start = end + 1
            if rest == b"--":
                return pieces
        at = end
    pieces.append(body[start:])
    return pieces


def _split(data: bytes) -> tuple[str, bytes]:
    """Head and body, at the first empty line (one of blanks counts: gateways leave such)."""
    at = data.find(b"\n\n")
    if at < 0:
        at = len(data)
    blank = data.find(b"\n \n", 0, at)
    if blank >= 0:
        return data[:blank][:LONGEST_HEAD].decode("utf-8", "replace"), data[blank + 3 :]
    return data[:at][:LONGEST_HEAD].decode("utf-8", "replace"), data[at + 2 :]


def _bytes(fields: Fields, body: bytes) -> bytes:
    encoding = fields.get("content-transfer-encoding").lower()
    if encoding.startswith("base64"):
        kept = re.sub(rb"[^A-Za-z0-9+/]", b"", body)
        try:
            return base64.b64decode(kept[: len(kept) // 4 * 4])
        except (binascii.Error, ValueError):
            return body
    return quopri.decodestring(body) if encoding.startswith("quoted-printable") else body


def _text(kind: str, parameters: dict[str, str], fields: Fields, body: bytes) -> str:
    if not kind.startswith(("text/", "message/", "multipart/")):
        return ""
    data = _bytes(fields, body[: 2 * LONGEST_TEXT])[:LONGEST_TEXT]
    data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    text = _decoded(data, parameters.get("charset", ""))
    return plain_of(text) if kind == "text/html" else text


def _decoded(data: bytes, charset: str) -> str:
    charset = "" if charset.lower().replace("_", "-") in _NOT_TEXT else charset
    for name in (charset, "iso-2022-jp" if b"\x1b$" in data else "", "utf-8"):
        try:
            if name:
                return data.decode(name)
        except (LookupError, ValueError):
            continue
    try:
        return data.decode(charset or "latin-1", "replace")
    except (LookupError, ValueError):
        return data.decode("latin-1")


def plain_of(markup: str) -> str:
    """The text of HTML, a line a block: for reading only, it is never shown."""
    text = _UNSEEN.sub(" ", markup)
    text = _BLOCK_TAG.sub("\n", text.replace("\n", " "))
    return html.unescape(_TAG.sub(" ", text)).replace("\xa0", " ")
