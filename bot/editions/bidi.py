"""The order in which a line of letters, figures and marks of both directions is seen (Unicode UAX #9, revision 50).

A line is set in several fonts, piece by piece; so its order must be known before it is shaped. Without explicit marks,
which no card holds, and without the pairs of brackets (N0), which matter between words of different directions only.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Hashable, Sequence
from itertools import accumulate, groupby
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def levels(text: str, *, rtl: bool) -> list[int]:
    """The embedding level of each character, odd from right to left, in a line whose own direction is ``rtl``."""
    base = 1 if rtl else 0
    around = "R" if rtl else "L"
    kinds = _weak([unicodedata.bidirectional(each) or "L" for each in text], around)
    kinds = _neutral(kinds, around)
    raised = {"L": base % 2, "R": 1 - base % 2, "EN": 2 - base, "AN": 2 - base}
    return [base + raised[each] for each in kinds]


def visual(pieces: Sequence[str], of: Callable[[str], Key], *, rtl: bool) -> list[tuple[str, Key, bool]]:
    """The text of ``pieces`` (its grapheme clusters) as runs from left to right as they are seen.

    Each is of one level and of what ``of`` says of its pieces; the bool is whether it runs from right to left. Within a
    run the order is that of reading: a shaper turns it.
    """
    found = levels("".join(pieces), rtl=rtl)
    starts = accumulate(map(len, pieces), initial=0)
    marked = [((found[start], of(piece)), piece) for piece, start in zip(pieces, starts, strict=False)]
    runs = [
        (level, key, "".join(piece for _, piece in group)) for (level, key), group in groupby(marked, lambda m: m[0])
    ]
    for threshold in range(max((level for level, _, _ in runs), default=0), 0, -1):
        runs = _turned(runs, threshold)
    return [(piece, key, level % 2 == 1) for level, key, piece in runs]


def _turned(runs: list[tuple[int, Key, str]], threshold: int) -> list[tuple[int, Key, str]]:
    """Rule L2 for one level."""
    ordered: list[tuple[int, Key, str]] = []
    for inside, group in groupby(runs, lambda run: run[0] >= threshold):
        each = list(group)
        ordered += each[::-1] if inside else each
    return ordered


def _weak(kinds: list[str], around: str) -> list[str]:
    """Rules W1 to W7."""
    before, strong = around, around
    for place, kind in enumerate(kinds):
        if kind == "NSM":
            kinds[place] = kind = before
        if kind == "EN" and strong == "AL":
            kinds[place] = "AN"
        if kind in ("L", "R", "AL"):
            strong = kind
        before = kinds[place]
    kinds = ["R" if each == "AL" else each for each in kinds]
    for place in range(1, len(kinds) - 1):
        left, kind, right = kinds[place - 1 : place + 2]
        if left == right and (left, kind) in (("EN", "ES"), ("EN", "CS"), ("AN", "CS")):
            kinds[place] = left
    for step in (range(len(kinds)), range(len(kinds) - 1, -1, -1)):
        number = False
        for place in step:
            if kinds[place] == "ET" and number:
                kinds[place] = "EN"
            number = kinds[place] == "EN"
    strong = around
    for place, kind in enumerate(kinds):
        if kind == "EN" and strong == "L":
            kinds[place] = "L"
        elif kind in ("L", "R"):
            strong = kind
    return kinds


def _neutral(kinds: list[str], around: str) -> list[str]:
    """Rules N1 and N2: between two of one direction it is theirs, else the line's. Figures count as from the right."""
    made: list[str] = []
    groups = [(strong, list(group)) for strong, group in groupby(kinds, lambda kind: kind in ("L", "R", "EN", "AN"))]
    for place, (strong, group) in enumerate(groups):
        if strong:
            made += group
            continue
        left = _side(groups[place - 1][1][-1]) if place else around
        right = _side(groups[place + 1][1][0]) if place + 1 < len(groups) else around
        made += [left if left == right else around] * len(group)
    return made


def _side(kind: str) -> str:
    return "L" if kind == "L" else "R"
