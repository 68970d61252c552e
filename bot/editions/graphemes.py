"""Cutting a text between grapheme clusters (UAX 29), for a room of so many of them and of bytes of UTF-8.

``regex``'s ``\\X`` agreed with Bluesky's own counter on every case tried (shared research, 2026-11-23).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import regex

from bot.editions.counting import graphemes

ELLIPSIS = "…"
_CLUSTER = regex.compile(r"\X")
# What is never cut inside: addresses, and numbers with their signs, separators and units.
WHOLE = regex.compile(r"\w+://\S+|www\.\S+|\S+@\S+|[#@]\w+|[\p{Sc}+\-−–]*\d(?:[\d.,:/’'\-–%\p{Sc}]*\d)?[%\p{Sc}]?")
# Scripts that put no space between words: a cut is good between any two clusters.
UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
HANGING = regex.compile(r"[\s,;:.…·–—\-(\[{«“‘\"'/&+。、，．]+$")

_LONGEST_MAIL_ADDRESS = 320


@dataclass(frozen=True, slots=True)
class Room:
    """How much space is left; None: any amount."""

    characters: int | None
    size: int | None

    def holds(self, text: str) -> bool:
        """Whether ``text`` fits: clusters and bytes of UTF-8."""
        if self.size is not None and len(text.encode("utf-8", "replace")) > self.size:
            return False
        return self.characters is None or graphemes(text) <= self.characters


def shortened(text: str, room: Room) -> str:
    """``text`` as it is when it fits ``room``; else its first whole words and ``…``; "" when none fit.

    Never cut inside a cluster, an address or a number, and never right behind a number, whose unit would be lost
    ("$68…" for "$68 billion"). A text without spaces is cut between clusters.
    """
    if room.holds(text):
        return text
    end = _fitting(text, Room(_less(room.characters, 1), _less(room.size, len(ELLIPSIS.encode()))))
    while end > 0:
        kept = HANGING.sub("", text[: _good_cut(text, end)])
        if not kept:
            break
        if not ends_in_number(kept):
            return unicodedata.normalize("NFC", kept) + ELLIPSIS
        # The number goes with what it counts; look for a good place before it.
        end = len(kept) - 1
    return ""


def _less(amount: int | None, by: int) -> int | None:
    return None if amount is None else amount - by


def _fitting(text: str, room: Room) -> int:
    """The end of the last cluster that still fits."""
    end = size = 0
    for characters, cluster in enumerate(_CLUSTER.finditer(text), start=1):
        size += len(cluster[0].encode("utf-8", "replace"))
        if (room.characters is not None and characters > room.characters) or (
            room.size is not None and size > room.size
        ):
            break
        end = cluster.end()
    return end


def _good_cut(text: str, end: int) -> int:
    """The best place at or before ``end``: between words; or between clusters where words are not set apart."""
    if text[end : end + 1].isspace():
        return end
    # An endless word would cost its square: look only as far as an address of mail is long (RFC 5321 §4.5.3.1).
    text = text[: end + _LONGEST_MAIL_ADDRESS]
    space = max((place for place in range(end) if text[place].isspace()), default=-1)
    whole = next((found for found in WHOLE.finditer(text) if found.start() < end < found.end()), None)
    stop = whole.start() if whole else end
    boundaries = [cluster.end() for cluster in _CLUSTER.finditer(text) if cluster.end() <= stop]
    for place in reversed(boundaries):
        if place <= space:
            break
        if UNSPACED.match(text[place - 1]) or UNSPACED.match(text[place : place + 1]):
            return place
    if space > 0 and text[:space].strip():
        return space
    # One endless word: better a part of it than nothing, but no part of an address or a number.
    return boundaries[-1] if boundaries else 0


def ends_in_number(text: str) -> bool:
    """Whether the last word of ``text`` is a number, whose unit may stand behind it."""
    last = text.split()[-1] if text.split() else ""
    return regex.search(r"\d[^\w\s]*$", last) is not None and not UNSPACED.search(last[-1:])
