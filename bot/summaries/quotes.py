"""Whether a stretch of text holds its quotations whole, in the quotation marks of any language."""

from __future__ import annotations

from enum import Enum

_ALWAYS_OPEN = "„「『"
_ALWAYS_CLOSE = "」』"
_OPEN_UNLESS_ATTACHED = "“«"
_CLOSE_UNLESS_LOOSE = "”»"


class Quotes(Enum):
    """``WHOLE``: each mark has its partner. ``OPEN``: a quotation goes on. ``STRAY``: one ends that began before."""

    WHOLE = "whole"
    OPEN = "open"
    STRAY = "stray"


def quotes(text: str) -> Quotes:
    """How the quotations of ``text`` stand. Single marks are left out: most are apostrophes."""
    inside = 0
    before = " "
    for mark in text:
        inch = mark == '"' and before.isdigit() and not inside
        if _opens(mark, before, inside) and not inch:
            inside += 1
        elif not inch and mark in _ALWAYS_CLOSE + _OPEN_UNLESS_ATTACHED + _CLOSE_UNLESS_LOOSE + '"':
            if inside == 0:
                return Quotes.STRAY
            inside -= 1
        before = mark
    return Quotes.OPEN if inside else Quotes.WHOLE


def _opens(mark: str, before: str, inside: int) -> bool:
    loose = before.isspace() or before in "([—–-"
    if mark == '"':
        return inside == 0
    if mark in _OPEN_UNLESS_ATTACHED:
        # German closes with “, and so does Danish with «.
        return inside == 0 or loose
    if mark in _CLOSE_UNLESS_LOOSE:
        # Swedish opens with ”, and German books with ».
        return inside == 0 and loose
    return mark in _ALWAYS_OPEN
