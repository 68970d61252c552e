"""Rows by the thousand in one statement."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, DateTime, Table, bindparam, cast, func, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Integer, Text, TypeEngine

from bot.store.conflict import COUNTED
from bot.store.said import Said, written
from bot.store.tables import Moment


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Inserts rows, all with the same columns; returns how many, without those whose key stood there already.

    SQLAlchemy works on each set of parameters by itself, which takes longer than the database; here a column is made
    ready at once.
    """
    if not rows:
        return 0
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    if connection.dialect.name == "postgresql":
        return _insert_unnested(connection, table, columns)
    told = [_told(table.c[name].type, values) for name, values in columns.items()]
    names = ", ".join(columns)
    marks = ", ".join("?" * len(columns))
    # Names of tables and columns are ours; values go as parameters.
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    parameters = list(zip(*told, strict=True))
    return connection.exec_driver_sql(statement, parameters, execution_options=COUNTED).rowcount


def _told(kind: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    """Values as SQLAlchemy would hand them to SQLite."""
    if isinstance(kind, Moment):
        return [value and _told_moment(value) for value in values]
    if isinstance(kind, Said):
        return [value if value is None else written(value) for value in values]
    return _dumped(values) if isinstance(kind, JSON) else values


def _told_moment(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _dumped(values: Sequence[Any]) -> list[str | None]:
    return [None if value is None else json.dumps(value) for value in values]


def _insert_unnested(connection: Connection, table: Table, columns: Mapping[str, Sequence[Any]]) -> int:
    # What is the same in all rows is said once.
    varying = [name for name, values in columns.items() if values.count(values[0]) < len(values)] or list(columns)[:1]
    parameters: dict[str, Any] = {}
    arrays: list[ColumnElement[Any]] = []
    for name in varying:
        kind = table.c[name].type
        # Moments the driver makes ready itself.
        parameters[f"all_{name}"] = list(columns[name] if isinstance(kind, Moment) else _told(kind, columns[name]))
        arrays.append(cast(bindparam(f"all_{name}"), ARRAY(_element(kind))))
    each = func.unnest(*arrays).table_valued(*varying).render_derived()
    picked: list[ColumnElement[Any]] = [
        cast(each.c[name], postgresql.JSONB) if isinstance(table.c[name].type, JSON) else each.c[name]
        for name in varying
    ]
    same = [name for name in columns if name not in varying]
    for name in same:
        parameters[f"same_{name}"] = columns[name][0]
        picked.append(bindparam(f"same_{name}", type_=table.c[name].type))
    statement = postgresql.insert(table).from_select([*varying, *same], select(*picked)).on_conflict_do_nothing()
    return connection.execute(statement, parameters, execution_options=COUNTED).rowcount


def _element(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, Moment):
        return DateTime(timezone=True)
    return BigInteger() if isinstance(kind, Integer) else Text()
