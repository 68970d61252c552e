"""Where a part of the settings comes from: the line of a file, or somebody at the desk."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_HEAD = re.compile(r"\s*\[[^\[\n]")
_KEYS = re.compile(
    r"""\s*((?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*'))*)\s*="""
)
_LONG = re.compile(r'"""|\'\'\'')


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """``file`` and ``line`` (from 1) of what a file has; of what was made on the desk, ``who`` changed it last.

    ``made`` and ``changed`` are in UTC, and ``version`` counts the changes.
    """

    file: str = ""
    line: int = 0
    who: str = ""
    made: datetime | None = None
    changed: datetime | None = None
    version: int = 0

    @property
    def on_desk(self) -> bool:
        return not self.file


def line_of(text: str, *path: str) -> int:
    """The line at which the table, or the key, with this ``path`` begins in a file of TOML; 0 when it is not there."""
    return next((number for number, found in _paths(text) if found[: len(path)] == path), 0)


def _paths(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The path that each line which begins a table or a value names."""
    head: tuple[str, ...] = ()
    closing = ""
    for number, line in enumerate(text.splitlines(), start=1):
        inside, closing = closing, _open_after(line, closing)
        if inside:
            continue
        if _HEAD.match(line):
            head = _path(line)
            yield number, head
        elif keys := _KEYS.match(line):
            yield number, (*head, *_path(f"{keys[1]} = 0"))


def _open_after(line: str, closing: str) -> str:
    """The quotes of a text over several lines that is still open at the end of ``line``, "" without one."""
    for found in _LONG.finditer(line):
        if not closing:
            closing = found[0]
        elif closing == found[0]:
            closing = ""
    return closing


def _path(line: str) -> tuple[str, ...]:
    try:
        table: Any = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        # A line of a list that looks like a head.
        return ()
    path = []
    while isinstance(table, dict) and table:
        (key, table), *_ = table.items()
        path.append(key)
    return tuple(path)
