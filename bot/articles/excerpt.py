"""What editors wrote to stand above an article, told from what a system cut out of the article itself."""

from __future__ import annotations

import re

from bot.sanitize import plain

TITLE_WORDS = 12
STANDFIRST_CHARACTERS = 400

_TAIL = 200
"""Characters in which the mark of a cut is looked for: it stands at the end, and a longer one is none."""
_CUT = re.compile(
    r"(?:\s*(?:\[\s*(?:…|\.\.\.|&hellip;)\s*\]|…|\.\.\.|→|»|continue reading.*|read more.*|weiterlesen.*))+$",
    re.IGNORECASE,
)


def hand_written(excerpt: str, body: str) -> str:
    """``excerpt`` (HTML) as plain text if an editor wrote it; "" if it is the beginning of ``body`` (HTML)."""
    text = plain(excerpt)
    words = _without_cut(text)
    if not words or _letters(plain(body)).startswith(_letters(words)):
        return ""
    # A cut mark at the end of what is not the beginning: an excerpt of text that was cleaned away since.
    return "" if words != text and re.search(r"\[\s*(?:…|\.\.\.)\s*\]$", text) else text


def is_cut(text: str) -> bool:
    """Whether ``text`` ends in the mark of a system that cut it short, such as "[…]"."""
    return _without_cut(text) != text


def _without_cut(text: str) -> str:
    """``text`` without the mark of a cut at its end."""
    return text[:-_TAIL] + _CUT.sub("", text[-_TAIL:])


def first_words(text: str) -> str:
    """A title for what has none: the first sentence of ``text``, or if that is long its first words and "…"."""
    words = text.split()
    if len(words) <= TITLE_WORDS and len(text) <= 20:
        return text
    sentence = re.match(r".{20,140}?[.!?](?=\s|$)|.{4,60}?[。！？]", text)
    if sentence:
        return sentence[0].rstrip(".。")
    if len(words) <= TITLE_WORDS and len(text) <= 100:
        return text
    cut = " ".join(words[:TITLE_WORDS])
    return (cut if len(cut) <= 100 else cut[:60]).rstrip(",;:–—- ") + "…"


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()
