"""One figure: what was measured, and what it was to be."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """``value`` is a ratio, unless ``unit`` says otherwise; ``aim`` is its least value, or its largest (``at_most``).

    ``why`` tells what was divided by what; ``raw`` holds the numbers behind it.
    """

    name: str
    value: float
    aim: float
    at_most: bool = False
    unit: str = ""
    why: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        return self.value <= self.aim if self.at_most else self.value >= self.aim

    @property
    def shown_value(self) -> str:
        return f"{self.value:.3g}{self.unit}" if self.value < 100 else f"{self.value:.0f}{self.unit}"

    @property
    def shown_aim(self) -> str:
        return f"{'<=' if self.at_most else '>='}{self.aim:g}{self.unit}"

    def line(self) -> str:
        """``name ratio aim``."""
        return f"{self.name} {self.shown_value} {self.shown_aim}"


@dataclass(frozen=True, slots=True)
class Pairs:
    """Rates of a candidate and a reference, measured in turns: load from other users of the machine hits both."""

    candidate: Sequence[float]
    reference: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of the ratios of neighbours."""
        return statistics.median(ours / theirs for ours, theirs in zip(self.candidate, self.reference, strict=True))

    def raw(self) -> dict[str, Any]:
        return {
            "candidate": [round(each, 1) for each in self.candidate],
            "reference": [round(each, 1) for each in self.reference],
            "ratios": [round(a / b, 3) for a, b in zip(self.candidate, self.reference, strict=True)],
        }


def in_turns(repeats: int, candidate: Callable[[], float], reference: Callable[[], float]) -> Pairs:
    """Measures B A B A …: each call returns a rate (messages per second)."""
    ours, theirs = [], []
    for _ in range(repeats):
        theirs.append(reference())
        ours.append(candidate())
    return Pairs(ours, theirs)
