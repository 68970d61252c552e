"""How far imports came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bot.store.conflict import insert_or_replace
from bot.store.outbox import Outbox
from bot.store.tables import imports


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportState:
    """``rows`` of the file were dealt with, which the importer's own ``counts`` describe; ``ended`` when all were."""

    rows: int
    counts: Mapping[str, Any]
    began: datetime
    ended: datetime | None


class Imports:
    """One row for each file that was imported, by its content and what was asked."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, id: str) -> ImportState | None:
        row = self._connection.execute(select(imports).where(imports.c.id == id)).one_or_none()
        if row is None:
            return None
        return ImportState(rows=row.rows, counts=row.counts, began=row.began, ended=row.ended)

    def begin(self, id: str, audience: str, file: str, counts: Mapping[str, Any], now: datetime) -> None:
        """Begins at the first row, also what was imported before."""
        row = {"audience": audience, "file": file, "rows": 0, "counts": dict(counts), "began": now, "updated": now}
        insert_or_replace(self._connection, imports, {"id": id, **row, "ended": None})

    def advance(
        self, id: str, counts: Mapping[str, Any], now: datetime, *, before: int, rows: int, ended: bool = False
    ) -> bool:
        """From row ``before`` to ``rows``; False when it does not stand there: another process imports the same."""
        moved = (
            update(imports)
            .where(imports.c.id == id, imports.c.rows == before)
            .values(rows=rows, counts=dict(counts), updated=now, ended=now if ended else None)
        )
        if self._connection.execute(moved).rowcount != 1:
            return False
        if ended:
            self._tell(id, now)
        return True

    def _tell(self, id: str, now: datetime) -> None:
        """Lets programs know of all its readers at once."""
        query = select(imports.c.audience, imports.c.file, imports.c.counts).where(imports.c.id == id)
        row = self._connection.execute(query).one()
        counts = {name: number for name, number in row.counts.items() if isinstance(number, int) and number}
        data = {"import": id, "audience": row.audience or None, "file": row.file[:300], "counts": counts}
        Outbox(self._connection).imported(now, data)
