"""What is different between two tables of settings, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Difference:
    """A field by its path (``selection.maximum``), with its value before and after; None where it was left out."""

    path: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """In the order of ``before``, then of what is new; tables are compared field by field."""
    return tuple(_differences(before, after, ""))


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], at: str) -> Iterator[Difference]:
    for key in dict.fromkeys([*before, *after]):
        one, other = before.get(key), after.get(key)
        if isinstance(one, Mapping) or isinstance(other, Mapping):
            yield from _differences(_table(one), _table(other), f"{at}{key}.")
        elif _plain(one) != _plain(other):
            yield Difference(f"{at}{key}", one, other)


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
