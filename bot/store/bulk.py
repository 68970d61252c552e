"""Rows by the thousand in one statement: what is the same in all of them is said once, the rest as one parameter."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Connection, DateTime, Select, Table, bindparam, cast, func, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import BigInteger, Integer, Text, TypeEngine

from bot.store.conflict import COUNTED
from bot.store.tables import Moment


def insert_rows(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Inserts rows, all with the same columns; returns how many, without those whose key stood there already.

    Ten times as fast as a statement with so many sets of parameters, which SQLAlchemy works on one by one.
    """
    if not rows:
        return 0
    names = list(rows[0])
    columns = {name: [row[name] for row in rows] for name in names}
    varying = [name for name in names if columns[name].count(columns[name][0]) < len(rows)] or names[:1]
    if connection.dialect.name == "postgresql":
        source, parameters = _unnested(table, {name: columns[name] for name in varying})
        insert: Any = postgresql.insert(table)
    else:
        source, parameters = _from_json(table, {name: columns[name] for name in varying})
        insert = sqlite.insert(table)
    same = [name for name in names if name not in varying]
    for name in same:
        # Not as a literal: the statement's text, and its compiled form, stay the same for all batches.
        parameters[f"same_{name}"] = columns[name][0]
        source = source.add_columns(bindparam(f"same_{name}", type_=table.c[name].type).label(name))
    statement = insert.from_select([*varying, *same], source).on_conflict_do_nothing()
    return connection.execute(statement, parameters, execution_options=COUNTED).rowcount


def _from_json(table: Table, columns: Mapping[str, Sequence[Any]]) -> tuple[Select[Any], dict[str, Any]]:
    each = func.json_each(cast(bindparam("rows"), Text)).table_valued("value")
    picked = [func.json_extract(each.c.value, f"$[{place}]").label(name) for place, name in enumerate(columns)]
    told = [_told(table.c[name].type, values) for name, values in columns.items()]
    # Without a WHERE its parser takes ON CONFLICT for a join's ON: https://www.sqlite.org/lang_upsert.html, 2.2.
    return select(*picked).where(true()), {"rows": json.dumps(list(zip(*told, strict=True)), ensure_ascii=False)}


def _told(kind: TypeEngine[Any], values: Sequence[Any]) -> Sequence[Any]:
    """Values as SQLAlchemy would hand them to SQLite."""
    if isinstance(kind, Moment):
        return [value and _told_moment(value) for value in values]
    return _dumped(values) if isinstance(kind, JSON) else values


def _told_moment(value: datetime) -> str:
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _dumped(values: Sequence[Any]) -> list[str | None]:
    return [None if value is None else json.dumps(value) for value in values]


def _unnested(table: Table, columns: Mapping[str, Sequence[Any]]) -> tuple[Select[Any], dict[str, Any]]:
    parameters: dict[str, Any] = {}
    arrays: list[ColumnElement[Any]] = []
    for name, values in columns.items():
        kind = table.c[name].type
        parameters[f"all_{name}"] = _dumped(values) if isinstance(kind, JSON) else list(values)
        arrays.append(cast(bindparam(f"all_{name}"), ARRAY(_element(kind))))
    each = func.unnest(*arrays).table_valued(*columns).render_derived()
    picked = [
        cast(each.c[name], postgresql.JSONB) if isinstance(table.c[name].type, JSON) else each.c[name]
        for name in columns
    ]
    return select(*(column.label(name) for name, column in zip(columns, picked, strict=True))), parameters


def _element(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    if isinstance(kind, Moment):
        return DateTime(timezone=True)
    return BigInteger() if isinstance(kind, Integer) else Text()
