"""``INSERT … ON CONFLICT DO NOTHING``, which SQLAlchemy spells differently for each database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_or_ignore(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Inserts one row; False when a row with the same key stood there already."""
    if connection.dialect.name == "sqlite":
        inserted = connection.execute(sqlite.insert(table).values(**values).on_conflict_do_nothing())
    else:
        inserted = connection.execute(postgresql.insert(table).values(**values).on_conflict_do_nothing())
    return inserted.rowcount == 1
