"""Charts: numbers in, places of lines, bars and words out. The templates draw them as SVG.

Everything across is in per cent of the drawing's width and everything down in pixels, so that a drawing fits any width
and its words keep their size.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from statistics import median
from typing import Literal

Anchor = Literal["start", "middle", "end"]
Say = Callable[[float], str]

TOP = 24
"""Pixels above the plot: room for the word of the highest value."""
BOTTOM = 24
"""Pixels below it: the words of the axis across."""
EDGE = 12.0
"""How near, in per cent, a word may come to an end of the plot before it leans inwards."""
ODD_TIMES = 2.5
ODD_BY = 5
"""A value is odd when it is so many times the median of the others, and so much more."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value with its word below the axis. ``value`` None is a gap; then ``word`` says why."""

    label: str
    value: float | None
    word: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    odd: bool


@dataclass(frozen=True, slots=True)
class Word:
    """``text`` at a place, anchored so; ``odd``: of the one odd value."""

    x: float
    y: float
    text: str
    anchor: Anchor = "middle"
    odd: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing. ``ticks`` are lines across with their words at the right end; ``gaps`` are dashed lines down.

    ``lowest`` is what the axis begins with.
    """

    height: int
    plot: float
    lowest: float
    ticks: tuple[tuple[float, Word], ...]
    labels: tuple[Word, ...]
    lines: tuple[Line, ...] = ()
    dots: tuple[Dot, ...] = ()
    bars: tuple[Bar, ...] = ()
    gaps: tuple[Line, ...] = ()
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Drawing:
    """How large a drawing is and how much it says: pixels down, per cent for the axis at the right, words across."""

    height: int
    axis: float
    labels: int


WIDE = Drawing(height=184, axis=6.5, labels=20)
HALF = Drawing(height=132, axis=10.0, labels=4)
NARROW = Drawing(height=168, axis=16.0, labels=3)
"""For 343 pixels."""


def line_chart(points: Sequence[Point], drawing: Drawing, say: Say) -> Chart:
    """Values as a line, whose axis need not begin with 0; the last value is named, and each gap with its word."""
    values = [each.value for each in points if each.value is not None]
    low, high, step = scale(min(values, default=0), max(values, default=0), zero=False)
    plane = _Plane(drawing, len(points), low, high)
    dots = [(at, Dot(plane.x(at), plane.y(each.value))) for at, each in enumerate(points) if each.value is not None]
    lines = [Line(one.x, one.y, other.x, other.y) for (_, one), (_, other) in itertools.pairwise(dots)]
    gaps, words = _gaps(points, plane)
    if dots:
        at, dot = dots[-1]
        words.append(plane.word(dot.x, dot.y - 9, say(points[at].value or 0)))
    return Chart(
        height=drawing.height,
        plot=plane.width,
        lowest=low,
        ticks=plane.ticks(low, high, step, say),
        labels=_labels(points, plane, drawing.labels),
        lines=tuple(lines),
        dots=tuple(dot for _, dot in dots),
        gaps=tuple(gaps),
        words=tuple(words),
    )


def bar_chart(points: Sequence[Point], drawing: Drawing, say: Say) -> Chart:
    """Values as bars from 0; the one odd value is marked and named, a gap is left empty."""
    values = [each.value for each in points if each.value is not None]
    low, high, step = scale(0, max(values, default=0), zero=True)
    plane = _Plane(drawing, len(points), low, high)
    strange = odd([each.value for each in points])
    thick = plane.width / max(len(points), 1) * 0.56
    bars, words = [], []
    for at, each in enumerate(points):
        if each.value is None:
            continue
        x, y = plane.x(at), plane.y(each.value)
        bars.append(Bar(round(x - thick / 2, 3), y, round(thick, 3), round(plane.floor - y, 2), at == strange))
        if at == strange:
            words.append(plane.word(x, y - 6, say(each.value), odd=True))
    labels = _labels(points, plane, drawing.labels, named=strange)
    return Chart(
        height=drawing.height,
        plot=plane.width,
        lowest=low,
        ticks=plane.ticks(low, high, step, say),
        labels=labels,
        bars=tuple(bars),
        words=tuple(words),
    )


def odd(values: Sequence[float | None]) -> int | None:
    """Where the one value is that stands far above the others; None when none does."""
    known = [(value, at) for at, value in enumerate(values) if value is not None]
    if len(known) < 4:
        return None
    highest, at = max(known)
    usual = median(value for value, place in known if place != at)
    return at if highest >= ODD_TIMES * usual and highest - usual >= ODD_BY else None


def scale(lowest: float, highest: float, *, zero: bool) -> tuple[float, float, float]:
    """Round numbers that hold all values between them: (the axis' begin, its end, its step)."""
    if zero:
        lowest = 0
    span = highest - lowest
    if span <= 0:
        span = max(abs(highest) * 0.02, 2)
        # What never changes stands amid the plot, not on its floor.
        lowest, highest = lowest - span / 2, highest + span / 2
    rough = span / 2
    power = 10 ** floor(log10(rough))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= rough)
    step = max(step, 1) if float(step).is_integer() or step >= 1 else step
    low = floor(lowest / step) * step
    high = max(ceil(highest / step) * step, low + step)
    return max(low, 0), high, step


class _Plane:
    """Places of values in a drawing."""

    def __init__(self, drawing: Drawing, count: int, low: float, high: float) -> None:
        self.width = 100 - drawing.axis
        self.floor = drawing.height - BOTTOM
        self._count = max(count, 1)
        self._low, self._high = low, high

    def x(self, at: int) -> float:
        return round((at + 0.5) / self._count * self.width, 3)

    def y(self, value: float) -> float:
        return round(self.floor - (value - self._low) / (self._high - self._low) * (self.floor - TOP), 2)

    def ticks(self, low: float, high: float, step: float, say: Say) -> tuple[tuple[float, Word], ...]:
        values = [low + step * each for each in range(round((high - low) / step) + 1)]
        return tuple((self.y(each), Word(100, self.y(each) + 4, say(each), "end")) for each in values)

    def word(self, x: float, y: float, text: str, *, odd: bool = False) -> Word:
        return Word(x, round(y, 2), text, self.anchor(x), odd)

    def anchor(self, x: float) -> Anchor:
        return "start" if x < EDGE else "end" if x > self.width - EDGE else "middle"


def _gaps(points: Sequence[Point], plane: _Plane) -> tuple[list[Line], list[Word]]:
    gaps, words = [], []
    for at, each in enumerate(points):
        if each.value is None and each.word:
            x = plane.x(at)
            gaps.append(Line(x, TOP, x, plane.floor))
            late = x > plane.width / 2
            words.append(
                Word(round(x - 0.6 if late else x + 0.6, 3), plane.floor - 8, each.word, "end" if late else "start")
            )
    return gaps, words


def _labels(points: Sequence[Point], plane: _Plane, most: int, named: int | None = None) -> tuple[Word, ...]:
    """The words across: all if they have room, else evenly some; the first, the last and the one ``named`` for sure."""
    if not points:
        return ()
    last = len(points) - 1
    every = ceil(len(points) / most)
    if most <= 4:
        chosen = {0, last} | ({named} if named is not None else set())
    else:
        chosen = {at for at in range(len(points)) if (last - at) % every == 0}
    room = plane.width / 100 * 18 if most <= 4 else 0
    kept: list[int] = []
    for at in sorted(chosen, key=lambda each: (each != named, each not in (0, last), each)):
        if all(abs(plane.x(at) - plane.x(other)) >= room for other in kept):
            kept.append(at)
    words = []
    for at in sorted(kept):
        text = points[at].label + (f", {points[at].word}" if at == named and points[at].word else "")
        x = plane.x(at)
        anchor: Anchor = plane.anchor(x) if most <= 4 else "middle"
        words.append(Word(x, plane.floor + 18, text, anchor))
    return tuple(words)
