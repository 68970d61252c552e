"""How sure a difference is: the paired bootstrap (Efron; Koehn 2004 for texts)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference and the 95 % interval it is in."""

    mean: float
    low: float
    high: float

    @property
    def clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


def difference(ours: Sequence[float], theirs: Sequence[float], *, resamples: int = 2000, seed: int = 1) -> Difference:
    """Of scores of the same articles, article by article; the same for the same ``seed``."""
    deltas = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    generator = np.random.default_rng(seed)
    drawn = generator.integers(0, len(deltas), size=(resamples, len(deltas)))
    low, high = np.percentile(deltas[drawn].mean(axis=1), [2.5, 97.5])
    return Difference(float(deltas.mean()), float(low), float(high))
