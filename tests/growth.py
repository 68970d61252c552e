"""Whether work on hostile input grows with it: how long it takes says nothing on a machine that others use too."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

_SHARE = 4
"""The whole is so many times its part. Even growth takes 4 × the time, growth by the square 16 ×."""
_MOST = 9.0
_TRIES = 4
_NOTHING = 0.02
"""Seconds of processor time below which growth cannot be told from what every call costs."""


def grows_evenly(work: Callable[[Any], object], whole: Sequence[Any]) -> bool:
    """Whether ``work`` of the whole takes about as many times longer than of its first quarter, in processor time.

    Noise only adds to a time, so the least of several is taken, and the first try that shows even growth ends it.
    """
    part = whole[: len(whole) // _SHARE]
    small = large = float("inf")
    for _ in range(_TRIES):
        small = min(small, _taken(work, part))
        large = min(large, _taken(work, whole))
        if large < _NOTHING or large < small * _MOST:
            return True
    return False


def _taken(work: Callable[[Any], object], on: Sequence[Any]) -> float:
    begun = time.process_time()
    work(on)
    return time.process_time() - begun
