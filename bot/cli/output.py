"""How commands speak: for people on a terminal, plain when piped, one JSON value with ``--json``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text


class Output:
    """Where a command's answer goes. Prose is left out with ``--quiet``, everything but the value with ``--json``."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self.quiet = quiet
        # Piped text is never folded or coloured: other programs read it.
        width = None if sys.stdout.isatty() else 10_000
        self._console = Console(highlight=False, soft_wrap=True, width=width)

    def silent(self) -> Output:
        """An output that says nothing and returns no value, for a step of a larger command."""
        return Output(as_json=False, quiet=True)

    def say(self, text: str = "") -> None:
        """A line for people."""
        if not (self.as_json or self.quiet):
            self._console.print(text, markup=False)

    def value(self, value: Any) -> None:
        """The command's answer for programs; printed with ``--json`` only."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain(value), ensure_ascii=False, indent=2) + "\n")

    def line(self, value: Any) -> None:
        """One of many values for programs, on a line of its own; printed with ``--json`` only."""
        if self.as_json:
            sys.stdout.write(json.dumps(plain(value), ensure_ascii=False) + "\n")
            sys.stdout.flush()

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Rows under heads; piped, one line a row with tabs between, without heads."""
        if self.as_json or self.quiet:
            return
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if not self._console.is_terminal:
            for row in cells:
                sys.stdout.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")
            return
        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in cells:
            table.add_row(*(Text(cell) for cell in row))
        self._console.print(table)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Progress]:
        """A bar on a terminal, nothing elsewhere. Its task has the id 0."""
        shown = sys.stderr.isatty() and not (self.as_json or self.quiet)
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True, disable=not shown) as bar:
            bar.add_task(what, total=total)
            yield bar


def plain(value: Any) -> Any:
    """``value`` as JSON types: dataclasses as objects, moments as ISO 8601."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return str(value) if isinstance(value, Path) else value


def local(moment: datetime | None, timezone: str) -> str:
    """``moment`` as an editor reads it, with its offset from UTC; "" for None."""
    return f"{moment.astimezone(ZoneInfo(timezone)):%Y-%m-%d %H:%M %Z}" if moment else ""
