"""A text that is too long for its place, cut where it hurts least."""

from __future__ import annotations

import regex

from bot.summaries.quotes import Quotes, quotes

ELLIPSIS = "…"

_CLAUSE = regex.compile(r"[;:,](?=\s)|[，、；：،؛]|(?=\s[–—-]\s)")
_SPACE = regex.compile(r"\s")
_LOOSE_END = " \t,;:，、；：،؛–—-(["


def cut(text: str, characters: int) -> str:
    """``text`` in at most ``characters`` (at least 2), "…" included: at a clause, else a word, else a grapheme.

    Either is better where it does not cut a quotation in two. What fits comes back as it is.
    """
    if len(text) <= characters:
        return text
    room = max(characters - len(ELLIPSIS), 1)
    clauses = [match.start() for match in _CLAUSE.finditer(text[: room + 1]) if match.start() * 2 >= room]
    words = [match.start() for match in _SPACE.finditer(text[: room + 1]) if match.start() * 2 >= room]
    ends = [*reversed(clauses), *reversed(words)]
    calm = (end for end in ends if quotes(text[:end]) is not Quotes.OPEN)
    end = next(calm, ends[0] if ends else _graphemes(text, room))
    return f"{text[:end].rstrip(_LOOSE_END)}{ELLIPSIS}"


def _graphemes(text: str, room: int) -> int:
    end = 0
    for match in regex.finditer(r"\X", text[: room + 100]):
        if match.end() > room:
            break
        end = match.end()
    return end
