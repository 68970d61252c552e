"""``INSERT … ON CONFLICT``, which SQLAlchemy spells differently for each database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

COUNTED = {"preserve_rowcount": True}
"""SQLAlchemy forgets the number of rows of an INSERT unless it is asked to keep it."""


def insert_or_ignore(connection: Connection, table: Table, values: dict[str, Any]) -> bool:
    """Inserts one row; False when a row with the same key stood there already, were it put there just now."""
    statement = _insert(connection, table, values).on_conflict_do_nothing()
    return connection.execute(statement, execution_options=COUNTED).rowcount == 1


def insert_all_or_ignore(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows, without those whose key stands there already."""
    connection.execute(_insert(connection, table, {}).on_conflict_do_nothing(), rows)


def insert_or_replace(
    connection: Connection, table: Table, values: dict[str, Any], when: ColumnElement[bool] | None = None
) -> bool:
    """Inserts one row, or puts its values in the place of those of the row with the same primary key.

    Where ``when`` does not hold of the row that stands there, it stays: then False.
    """
    key = [column.name for column in table.primary_key]
    rest = {name: value for name, value in values.items() if name not in key}
    statement = _insert(connection, table, values).on_conflict_do_update(index_elements=key, set_=rest, where=when)
    return connection.execute(statement, execution_options=COUNTED).rowcount == 1


def insert_or_add(connection: Connection, table: Table, column: str, rows: Sequence[dict[str, Any]]) -> None:
    """Inserts rows; where one with the same primary key stands, adds to its ``column`` instead."""
    if rows:
        key = [each.name for each in table.primary_key]
        statement = _insert(connection, table, {})
        added = {column: table.c[column] + statement.excluded[column]}
        connection.execute(statement.on_conflict_do_update(index_elements=key, set_=added), rows)


def _insert(connection: Connection, table: Table, values: dict[str, Any]) -> sqlite.Insert | postgresql.Insert:
    statement = sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
    return statement.values(**values) if values else statement
