"""Copies a whole store, table by table, in a memory that does not grow with it; backup, restore and move rest on it.

What is copied is values, not bytes: every pair of databases goes, and the sums say whether both hold the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    Engine,
    LargeBinary,
    Row,
    Table,
    Text,
    bindparam,
    func,
    insert,
    literal,
    select,
    text,
    type_coerce,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DataError

from bot.errors import StoreError
from bot.store.engine import faults_told
from bot.store.said import Said

BATCH = 1000
"""Rows in memory at once."""
LARGE_BATCH = 20
"""The same of a table whose rows hold files."""

Watch = Callable[[int], None]
"""Told how many rows were copied since it was told last."""


def unwatched(_rows: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Sum:
    """How many rows a table has, and a digest of them that does not depend on their order."""

    rows: int
    digest: str


class _Summing:
    """Adds the hashes of the rows: the same rows give the same sum in any order and from any database."""

    def __init__(self) -> None:
        self._rows = 0
        self._total = 0

    def add(self, rows: Sequence[Row[Any]]) -> None:
        for row in rows:
            line = json.dumps(tuple(row), sort_keys=True, default=_plain).encode()
            self._total += int.from_bytes(hashlib.blake2b(line, digest_size=16).digest(), "big")
        self._rows += len(rows)

    def sum(self) -> Sum:
        return Sum(self._rows, f"{self._total % 2**128:032x}")


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return str(value)


def snapshot(engine: Engine) -> Connection:
    """A connection whose one transaction sees the store as it stands at its first statement, while others write."""
    connection = engine.connect()
    if engine.dialect.name == "postgresql":
        # In SQLite each read transaction is one.
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return connection


def copy(
    source: Connection, target: Connection, tables: Iterable[Table], *, watch: Watch = unwatched
) -> dict[str, Sum]:
    """Copies the rows of ``tables`` into tables that are empty, in the transaction of each side; returns the sums.

    Raises ``StoreError`` when the target does not take them.
    """
    sums = {}
    for table in tables:
        summing = _Summing()
        fill = insert(table).values({each.name: bindparam(each.name, type_=_bound(each)) for each in table.columns})
        for rows in _batches(source, table):
            summing.add(rows)
            with faults_told(target.engine):
                try:
                    target.execute(fill, [dict(row._mapping) for row in rows])
                except DataError as error:
                    said = next(iter(str(error.orig).strip().splitlines()), "")
                    raise StoreError(f"a row of the table {table.name} is not taken: {said}") from error
            watch(len(rows))
        sums[table.name] = summing.sum()
    set_last_ids(target, tables, last_ids(source, tables))
    return sums


def _bound(column: Any) -> Any:
    if isinstance(column.type, Said):
        # As it stands: phrases are not read, so that their sums are those of all that is in them.
        return Text()
    if not isinstance(column.type, JSON):
        return column.type
    # A column that may be empty stays empty; JSON's own null, in one that may not, stays that.
    none = bool(column.nullable)
    return JSON(none_as_null=none).with_variant(postgresql.JSONB(none_as_null=none), "postgresql")


def sums(connection: Connection, tables: Iterable[Table]) -> dict[str, Sum]:
    """The sums of ``tables``, read now."""
    found = {}
    for table in tables:
        summing = _Summing()
        for rows in _batches(connection, table):
            summing.add(rows)
        found[table.name] = summing.sum()
    return found


def _batches(connection: Connection, table: Table) -> Iterable[Sequence[Row[Any]]]:
    batch = LARGE_BATCH if any(isinstance(each.type, LargeBinary) for each in table.columns) else BATCH
    # By name: a store of another version is read as it stands, and there migrations put new columns last.
    columns = sorted(table.columns, key=lambda each: each.name)
    told = (type_coerce(each, Text()).label(each.name) if isinstance(each.type, Said) else each for each in columns)
    query = select(*told).execution_options(stream_results=True, yield_per=batch)
    return connection.execute(query).partitions()


def need_same(expected: Mapping[str, Sum], found: Mapping[str, Sum], where: str) -> None:
    """Raises ``StoreError`` that names the first table that is not the same."""
    for name, sum_of in expected.items():
        other = found.get(name, Sum(0, ""))
        if other != sum_of:
            what = f"{other.rows} rows, not {sum_of.rows}" if other.rows != sum_of.rows else "rows with other values"
            raise StoreError(f"{where}: is damaged: the table {name} has {what}")


def rows(connection: Connection, tables: Iterable[Table]) -> int:
    """How many rows all ``tables`` have together."""
    counts = (connection.execute(select(func.count()).select_from(table)).scalar() or 0 for table in tables)
    return sum(counts)


def clear(connection: Connection, tables: Sequence[Table]) -> None:
    """Empties ``tables``; the ids that were given stay given."""
    for table in reversed(tables):
        connection.execute(table.delete())


# --- an id is never given twice, also after its row has gone: links and mails already sent name it


def last_ids(connection: Connection, tables: Iterable[Table]) -> dict[str, int]:
    """The last id that each table with numbered rows has given."""
    found = {}
    for table in _numbered(connection, tables):
        if connection.dialect.name == "sqlite":
            given = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
            found[table.name] = connection.execute(given, {"name": table.name}).scalar() or 0
        else:
            sequence = connection.execute(_sequence(table)).scalar()
            given = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
            found[table.name] = connection.execute(given).scalar() or 0
    return found


def set_last_ids(connection: Connection, tables: Iterable[Table], given: Mapping[str, int], *, ahead: int = 0) -> None:
    """Lets each table number its next row after those ``given``, and after those it has given itself.

    ``ahead`` leaves out so many more.
    """
    tables = list(tables)
    own = last_ids(connection, tables)
    for table in _numbered(connection, tables):
        present = connection.execute(select(func.max(table.autoincrement_column))).scalar() or 0
        last = max(own[table.name], given.get(table.name, 0), present) + ahead
        if connection.dialect.name == "sqlite":
            name = {"name": table.name, "last": last}
            connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), name)
            connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), name)
        else:
            sequence = connection.execute(_sequence(table)).scalar()
            connection.execute(select(func.setval(sequence, literal(max(last, 1)), last > 0)))


def _numbered(connection: Connection, tables: Iterable[Table]) -> list[Table]:
    """Those whose rows the database numbers; it is asked, since a table that was read from it does not tell."""
    found = [each for each in tables if each.autoincrement_column is not None]
    if connection.dialect.name == "sqlite":
        query = text("SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'")
        own = set(connection.execute(query).scalars())
        return [each for each in found if each.name in own]
    return [each for each in found if connection.execute(_sequence(each)).scalar()]


def _sequence(table: Table) -> Any:
    column = table.autoincrement_column
    assert column is not None
    return select(func.pg_get_serial_sequence(table.name, column.name))
