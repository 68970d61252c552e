"""A file of readers on its way into an audience, as the desk leads through it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class ImportStage(StrEnum):
    """Where an import at the desk stands."""

    COLUMNS = "columns"
    """It waits to be told what its columns mean, and how its readers agreed."""
    TRYING = "trying"
    """The trial run is due, or under way: it stores nothing."""
    TRIED = "tried"
    IMPORTING = "importing"
    """It is due, or under way."""
    PAUSED = "paused"
    """Stopped by an editor, or by a fault that its error tells; it can go on."""
    DONE = "done"

    @property
    def at_work(self) -> bool:
        """Whether the background has to do with it."""
        return self in (ImportStage.TRYING, ImportStage.IMPORTING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a file looks: the cells of its header, its first rows, and whose export it is ("": nobody's that is known).

    ``guessed`` says which column a field seems to be. ``ours``: each row names its own audience.
    """

    header: tuple[str, ...]
    first: tuple[tuple[str, ...], ...] = ()
    origin: str = ""
    guessed: Mapping[str, str] = field(default_factory=dict)
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderImport:
    """One uploaded file. ``lines`` is about how many rows it has, ``encoding`` what it was written in.

    ``columns`` says which column a field is read from ("": none). ``trial`` and ``counts`` tell what became of the rows
    in the trial run and in the import; None before each. ``began`` is when it was begun, or gone on with, last, and
    ``from_row`` how many rows were done by then. Times in UTC.
    """

    id: str
    file: str
    audience: str
    who: str
    at: datetime
    lines: int
    layout: Layout
    encoding: str = "UTF-8"
    stage: ImportStage = ImportStage.COLUMNS
    consent: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    trial: Mapping[str, Any] | None = None
    counts: Mapping[str, Any] | None = None
    error: str = ""
    beat: datetime | None = None
    began: datetime | None = None
    from_row: int = 0
    ended: datetime | None = None
