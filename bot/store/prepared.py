"""Statements of the hot path: put together and compiled once, and run by the driver itself.

What SQLAlchemy does for each execution (parameters, result rows) takes longer than SQLite takes for the work. The
statements are still its own, so that both databases get theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.sql import Executable


class Prepared:
    """One statement for one database, without lists of any length. Moments are given as ``moment`` makes them."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self._text = str(compiled)
        self._order: list[str] | None = compiled.positiontup
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}

    def run(self, connection: Connection, given: Mapping[str, Any]) -> Sequence[Any]:
        """The rows that the statement returns, as tuples."""
        parameters = {**self._fixed, **given}
        if self._order is None:
            return connection.exec_driver_sql(self._text, parameters).fetchall()
        return connection.exec_driver_sql(self._text, tuple(parameters[name] for name in self._order)).fetchall()


def moment(dialect: str, value: datetime | None) -> Any:
    """A moment as the driver takes it (``bot.store.tables.Moment``)."""
    if value is None or dialect != "sqlite":
        return value
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
