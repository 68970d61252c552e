"""``INSERT … ON CONFLICT DO NOTHING``, which SQLAlchemy spells differently for each database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

COUNTED = {"preserve_rowcount": True}
"""SQLAlchemy forgets the number of rows of an INSERT unless it is asked to keep it."""


def insert_or_ignore(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Inserts one row; False when a row with the same key stood there already."""
    statement: sqlite.Insert | postgresql.Insert
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(table).values(**values).on_conflict_do_nothing()
    else:
        statement = postgresql.insert(table).values(**values).on_conflict_do_nothing()
    return connection.execute(statement, execution_options=COUNTED).rowcount == 1
