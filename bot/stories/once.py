"""What one selection works out of the same texts, worked out once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class Once:
    """``once(make, given)`` is ``make(given)``, made at the first time alone. What it gives is not to be changed.

    Lives as long as one selection, and is not shared between threads.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Hashable, ...], Any] = {}

    def __call__(self, make: Callable[..., T], *given: Hashable) -> T:
        key = (make, *given)
        if key not in self._known:
            self._known[key] = make(*given)
        found: T = self._known[key]
        return found
