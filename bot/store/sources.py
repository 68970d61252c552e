"""What is remembered of each source between visits, and how it is."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select

from bot.store.conflict import insert_or_replace
from bot.store.tables import source_states


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """``failures`` counts those in a row; ``not_before`` is when the server allows the next visit (Retry-After)."""

    source: str
    etag: str = ""
    last_modified: str = ""
    cursor: str = ""
    moved_to: str = ""
    last_visit: datetime | None = None
    last_success: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0
    error: str = ""
    doubted: tuple[str, ...] = ()
    """The GUIDs that the last visit did not find where they should be."""


class Sources:
    """One state a source."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, source: str) -> SourceState:
        """The state of ``source``; a source never visited has an empty one."""
        return self.of([source])[source]

    def of(self, names: Collection[str]) -> dict[str, SourceState]:
        """The states of these sources."""
        found = self._found(source_states.c.source.in_(list(names)))
        return {name: found.get(name) or SourceState(source=name) for name in names}

    def failing(self) -> dict[str, SourceState]:
        """The states of those whose last visit failed, of the settings or not."""
        return self._found(source_states.c.failures > 0)

    def _found(self, which: ColumnElement[bool]) -> dict[str, SourceState]:
        return {
            row.source: SourceState(**{**row._mapping, "doubted": tuple(row.doubted)})
            for row in self._connection.execute(select(source_states).where(which))
        }

    def put(self, state: SourceState) -> None:
        insert_or_replace(self._connection, source_states, asdict(state))
