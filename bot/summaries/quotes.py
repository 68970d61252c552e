"""Whether a stretch of text holds its quotations whole, in the quotation marks of any language."""

from __future__ import annotations

import re
from enum import Enum

_ALWAYS_OPEN = "„「『"
_ALWAYS_CLOSE = "」』"
_OPEN_UNLESS_ATTACHED = "“«"
_CLOSE_UNLESS_LOOSE = "”»"
_CLOSES = _ALWAYS_CLOSE + _OPEN_UNLESS_ATTACHED + _CLOSE_UNLESS_LOOSE + '"'
_MARK = re.compile('[„“«”»「」『』"]')


class Quotes(Enum):
    """``WHOLE``: each mark has its partner. ``OPEN``: a quotation goes on. ``STRAY``: one ends that began before."""

    WHOLE = "whole"
    OPEN = "open"
    STRAY = "stray"


def quotes(text: str) -> Quotes:
    """How the quotations of ``text`` stand. Single marks are left out: most are apostrophes."""
    inside = 0
    for found in _MARK.finditer(text):
        mark, before = found[0], text[found.start() - 1] if found.start() else " "
        inch = mark == '"' and before.isdigit() and not inside
        if _opens(mark, before, inside) and not inch:
            inside += 1
        elif not inch and mark in _CLOSES:
            if inside == 0:
                return Quotes.STRAY
            inside -= 1
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
