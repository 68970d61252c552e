"""Whether a stretch of text holds its quotations whole, in the quotation marks of any language."""

from __future__ import annotations

import re
from enum import Enum

_ALWAYS_OPEN = "„「『"
_ALWAYS_CLOSE = "」』"
_OPEN_UNLESS_ATTACHED = "“«"
_CLOSE_UNLESS_LOOSE = "”»"
_CLOSES = _ALWAYS_CLOSE + _OPEN_UNLESS_ATTACHED + _CLOSE_UNLESS_LOOSE + '"'
_BEGINNINGS = tuple("'\"‘“„«»「『")
_SPAN = re.compile('[„“«»「『"]([^„“”«»「」『』"]+)[“”«»」』"]')
_SENTENCE_MARKS = tuple(",.!?…，。！？、")
_TELLING_ON = tuple(",，、とっ")
_LONGEST_TITLE = 60
"""Characters."""
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


def begins_with_speech(text: str) -> bool:
    """Whether ``text`` begins with what somebody says, and not with a title in quotation marks: “The Tempest” opens."""
    found = _SPAN.match(text)
    if found is None:
        return text[:1] in _BEGINNINGS
    told_on = text[found.end() : found.end() + 1]
    return len(found[1]) > _LONGEST_TITLE or found[1][-1:] in _SENTENCE_MARKS or told_on in _TELLING_ON


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
