"""Words marked where they stand in a compiled mail: for the eye of an editor, and never in what is sent. Pure."""

from __future__ import annotations

import html as markup
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

_OUTSIDE = re.compile(
    r"<!--.*?-->|<(?P<raw>style|script|head|title|template)\b.*?</(?P=raw)\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL
)
_PIECE = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});|.", re.DOTALL)
_UNSEEN = {"\u00ad", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"}
STYLE = (
    "mark.broadsheet { background: #fbe8e5; color: #1c1a17; padding-bottom: 1px;"
    " border-bottom: 2px dashed #b0261c; text-decoration: none; }"
)
"""How marks look, in light and dark alike: their words stay readable on it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """``words`` as they stand in ``within``, a text that the mail shows as a whole: a headline, a summary."""

    words: str
    within: str


def marked(html: str, marks: Iterable[Mark]) -> str:
    """``html`` with ``marks`` around their words, wherever their texts stand; what is not found changes nothing.

    Spaces, line ends and case are looked past. Markup within the words is kept: there are more marks than one then.
    """
    wanted = [mark for mark in dict.fromkeys(marks) if mark.words.strip() and mark.within.strip()]
    if not wanted:
        return html
    text, places = _readable(html)
    spans = sorted({span for mark in wanted for span in _spans(html, text, places, mark)})
    made, last = [], 0
    for start, end in spans:
        if start < last:
            continue
        made += [html[last:start], '<mark class="broadsheet">', html[start:end], "</mark>"]
        last = end
    return "".join((*made, html[last:]))


def anchored(html: str, text: str, name: str) -> str:
    """``html`` with an empty element of the id ``name`` before ``text``, where that stands last; else as it is.

    Last, since the line below the subject, which is hidden, may say it first.
    """
    read, places = _readable(html)
    at = read.rfind(_folded(text)) if text.strip() else -1
    if at < 0:
        return html
    start = places[at][0]
    return f'{html[:start]}<span id="{name}"></span>{html[start:]}'


def _readable(html: str) -> tuple[str, Sequence[tuple[int, int]]]:
    """What is read of ``html``, a letter after the other, and where in it each letter stands."""
    letters: list[str] = []
    places: list[tuple[int, int]] = []
    end = 0
    for outside in (*_OUTSIDE.finditer(html), None):
        until = outside.start() if outside else len(html)
        for piece in _PIECE.finditer(html, end, until):
            for letter in _plain(markup.unescape(piece[0])):
                if letter != " " or not letters or letters[-1] != " ":
                    letters.append(letter)
                    places.append(piece.span())
        end = outside.end() if outside else until
    return "".join(letters), places


def _plain(text: str) -> Iterator[str]:
    for letter in text:
        if letter.isspace():
            yield " "
        elif letter not in _UNSEEN:
            # One letter for one: those that fold into two keep their shape.
            folded = letter.casefold()
            yield folded if len(folded) == 1 else letter


def _folded(text: str) -> str:
    return " ".join("".join(_plain(text)).split())


def _spans(html: str, text: str, places: Sequence[tuple[int, int]], mark: Mark) -> Iterator[tuple[int, int]]:
    """Where in the HTML the words stand: one span for each piece between two elements."""
    whole, words = _folded(mark.within), _folded(mark.words)
    inner = whole.find(words)
    if inner < 0:
        return
    begin = text.find(whole)
    while begin >= 0:
        yield from _runs(html, places[begin + inner : begin + inner + len(words)])
        begin = text.find(whole, begin + len(whole))


def _runs(html: str, places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    start, end = places[0]
    for one, other in places[1:]:
        # Spaces and unseen characters may stand in between, and elements, which a mark must not enclose by half.
        if "<" in html[end:one]:
            yield start, end
            start = one
        end = max(end, other)
    yield start, end
