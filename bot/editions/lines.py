"""A headline cut into lines: at spaces, in Japanese, Chinese and Thai between phrases, never in a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any, Self

import budoux
import regex

Measure = Callable[[str], float]
"""A text → its width in pixels."""

_PHRASED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
# JIS X 4051: what must not begin a line, and what must not end one.
_NO_START = regex.compile(
    r"^[\p{Pe}\p{Pf}、。，．,.!?！？:;：；・ー…‥々〻%％ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮヵヶ]"
)
_NO_END = regex.compile(r"[\p{Ps}\p{Pi}]$")
_CLAUSE = regex.compile(r"[、，；：。！？]|[,;:.!?](?= )|(?= [–—-] )|(?=—)|(?= \| )")
_SHORTEST_CLAUSE = 8
"""Characters a clause has at least, to stand for the whole."""


def broken(text: str, measure: Measure, width: float, most: int, language: str) -> list[str] | None:
    """``text`` in the fewest lines of ``width`` pixels, evenly filled; None when ``most`` lines do not hold it."""
    # Each line's last space is not drawn, and pieces set apart may be a little wider than together.
    if measure(text) > most * (width + measure(" ")) * 1.05:
        return None
    parts = list(_fitting(phrases(text, language), measure, width))
    lines = _laid(parts, _Widths.of(parts, measure).between, width, most)
    if lines and any(measure(line) > width for line in lines):
        lines = _laid(parts, lambda start, end: measure("".join(parts[start:end]).strip(" ")), width, most)
    return lines


@dataclass(frozen=True, slots=True)
class _Widths:
    """How wide pieces are together, from each by itself: to measure all their runs would take seconds."""

    until: tuple[float, ...]
    spaces: tuple[float, ...]

    @classmethod
    def of(cls, parts: Sequence[str], measure: Measure) -> Self:
        """Of each piece with its last space, and of that space."""
        space = measure(" ")
        wide = accumulate((measure(each) for each in parts), initial=0.0)
        return cls(tuple(wide), tuple(space if each.endswith(" ") else 0.0 for each in parts))

    def between(self, start: int, end: int) -> float:
        """The width of the pieces from ``start`` to before ``end``, without the last space."""
        return self.until[end] - self.until[start] - self.spaces[end - 1]


def _laid(parts: Sequence[str], between: Callable[[int, int], float], width: float, most: int) -> list[str] | None:
    # Where the last line may begin: the best cost of all before, in how many lines, and where that line began.
    best: list[tuple[int, float, int]] = [(0, 0.0, -1)]
    for end in range(1, len(parts) + 1):
        found: list[tuple[int, float, int]] = []
        for start in range(end - 1, -1, -1):
            room = width - between(start, end)
            if room < 0:
                break
            lines, cost, _ = best[start]
            # The last line may be short, but is no lonely word under full ones.
            slack = max(0.0, room / width - 0.5) if end == len(parts) else (room / width) ** 2
            found.append((lines + 1, cost + slack, start))
        if not found:
            return None
        best.append(min(found))
    if not parts or best[-1][0] > most:
        return None
    lines_: list[str] = []
    end = len(parts)
    while end > 0:
        start = best[end][2]
        lines_.insert(0, "".join(parts[start:end]).strip(" "))
        end = start
    return lines_


def clauses(text: str) -> Iterator[str]:
    """What ``text`` begins with up to a comma, colon or dash, the longest first."""
    for match in reversed(list(_CLAUSE.finditer(text))):
        clause = text[: match.start()].strip(" ")
        if len(clause) >= _SHORTEST_CLAUSE:
            yield clause


def phrases(text: str, language: str) -> list[str]:
    """The pieces between which a line may end; a space stays at the end of its piece."""
    words = [each for each in regex.split(r"(?<= )", text) if each]
    parts: list[str] = []
    for word in words:
        pieces = _parser(_model(word, language)).parse(word) if _PHRASED.search(word) else [word]
        for place, piece in enumerate(pieces):
            joined = place > 0 and (_NO_START.search(piece) or _NO_END.search(parts[-1]))
            if joined:
                parts[-1] += piece
            else:
                parts.append(piece)
    return parts


def _fitting(parts: list[str], measure: Measure, width: float) -> Iterator[str]:
    """``parts``; a phrase too long for a line is cut between its characters, as its script allows."""
    for part in parts:
        if measure(part.strip(" ")) <= width or not _PHRASED.search(part):
            yield part
            continue
        piece = ""
        for character in regex.findall(r"\X", part):
            whole = piece + character
            if piece and measure(whole) > width and not _NO_START.search(character):
                yield piece
                whole = character
            piece = whole
        yield piece


def _model(text: str, language: str) -> str:
    tag = language.replace("_", "-").lower()
    if regex.search(r"\p{Thai}", text):
        return "th"
    if _KANA.search(text) or not tag.startswith("zh"):
        return "ja"
    return "zh-hant" if regex.search(r"hant|-(tw|hk|mo)\b", tag) else "zh-hans"


@cache
def _parser(model: str) -> Any:
    made = {
        "ja": budoux.load_default_japanese_parser,
        "th": budoux.load_default_thai_parser,
        "zh-hans": budoux.load_default_simplified_chinese_parser,
        "zh-hant": budoux.load_default_traditional_chinese_parser,
    }
    return made[model]()
