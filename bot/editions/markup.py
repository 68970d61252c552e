"""Compiled HTML, cut into pieces: what is text, what is a tag, what is a comment; and its white space collapsed.

It reads only what the MJML compiler wrote: well-formed tags, quoted attributes, Outlook's conditional comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "tag", "raw", "conditional", "comment"]

_PIECE = re.compile(
    r"""
      (?P<conditional> <!--\[if[^\]]*\]>(?:<!-->)? | (?:<!--)?<!\[endif\]--> )
    | (?P<comment> <!--.*?--> )
    | (?P<raw> <(?P<name>style|script|title|textarea)\b[^>]*>.*?</(?P=name)\s*> )
    | (?P<tag> <[/!]?[a-zA-Z](?:[^"'>]|"[^"]*"|'[^']*')*> )
    """,
    re.DOTALL | re.VERBOSE | re.IGNORECASE,
)
_BLOCK = re.compile(
    r"html|head|body|title|meta|link|style|table|tbody|thead|tr|td|th|div|p|h[1-6]|main|ul|ol|li|xml|noscript|hr|"
    r"!doctype|.*:.*"
)
_SPACE = re.compile(r"[ \t\r\n\f]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of HTML as it stands. ``name`` is the lower-case name of a tag or raw element, else ""."""

    kind: Kind
    text: str
    name: str = ""

    @property
    def block(self) -> bool:
        """White space beside it is not seen."""
        return self.kind == "conditional" or _BLOCK.fullmatch(self.name) is not None


def pieces(html: str) -> Iterator[Piece]:
    """Cuts ``html``; the pieces' texts joined give it back."""
    position = 0
    for match in _PIECE.finditer(html):
        if match.start() > position:
            yield Piece("text", html[position : match.start()])
        yield _piece(match)
        position = match.end()
    if position < len(html):
        yield Piece("text", html[position:])


def tidied(html: str) -> str:
    """``html`` without comments (Outlook's conditional ones stay) and with white space collapsed.

    Between blocks one line break stays, so that no line grows without end and changes can be compared.
    """
    kept = list(pieces("".join(piece.text for piece in pieces(html) if piece.kind != "comment")))
    out: list[str] = []
    for index, piece in enumerate(kept):
        if piece.kind == "text":
            before = index == 0 or kept[index - 1].block
            after = index == len(kept) - 1 or kept[index + 1].block
            out.append(_collapsed(piece.text, before, after))
        elif piece.kind == "raw" and piece.name == "title":
            out.append(re.sub(r"(>)\s+|\s+(</)", r"\1\2", _SPACE.sub(" ", piece.text)))
        else:
            out.append(_SPACE.sub(" ", piece.text))
    return "".join(out).strip() + "\n"


def _piece(match: re.Match[str]) -> Piece:
    kind: Kind = next(
        candidate for candidate in ("conditional", "comment", "raw", "tag") if match.group(candidate) is not None
    )
    if kind == "raw":
        return Piece(kind, match[0], match["name"].lower())
    if kind == "tag":
        name = re.match(r"</?([^\s/>]+)", match[0])
        return Piece(kind, match[0], name[1].lower() if name else "")
    return Piece(kind, match[0])


def _collapsed(text: str, before: bool, after: bool) -> str:
    collapsed = _SPACE.sub(" ", text)
    if collapsed == " " and (before or after):
        return "\n"
    if before:
        collapsed = collapsed.lstrip(" ")
    return collapsed.rstrip(" ") if after else collapsed
