"""How an attempt begins and ends in the ledger. The hot path: some thousand a second go through here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    Connection,
    Dialect,
    Integer,
    Text,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    null,
    or_,
    update,
)

from bot.model import Chunk, DeliveryState, Outcome, Phrase
from bot.store.among import among, integers
from bot.store.chunks import WAITING
from bot.store.prepared import Prepared, moment
from bot.store.said import written
from bot.store.tables import attempts, chunks, deliveries, editions

_MOMENT: Any = deliveries.c.updated.type
_COLUMNS = [column.name for column in attempts.c]


def begin(connection: Connection, chunk: Chunk, ids: Collection[int], now: datetime, number: int) -> set[int]:
    """Writes ahead that deliveries are being sent (``Deliveries.attempt``)."""
    dialect = connection.dialect
    given = {
        "ids": integers(dialect.name, ids),
        "chunk": chunk.id,
        "lease": chunk.lease,
        "number": number,
        "now": moment(dialect.name, now),
    }
    return {row[0] for row in _prepared(_attempting, dialect).run(connection, given)}


def end(connection: Connection, outcomes: Iterable[Outcome]) -> list[Outcome]:
    """Writes outcomes, and appends each to the attempts; returns those that came too late (``Deliveries.finish``)."""
    alike: dict[tuple[Any, ...], list[Outcome]] = defaultdict(list)
    for each in outcomes:
        alike[each.state, each.attempt, each.reason, each.not_before, each.counts].append(each)
    late: list[Outcome] = []
    kept: list[Outcome] = []
    for same in alike.values():
        written = _settle(connection, same)
        if len(written) == len(same):
            kept += same
            continue
        kept += [each for each in same if each.delivery in written]
        late += [each for each in same if each.delivery not in written]
    if kept:
        _append(connection, kept)
    return late


def _settle(connection: Connection, same: Sequence[Outcome]) -> Collection[int]:
    one, dialect = same[0], connection.dialect
    given = {
        "ids": integers(dialect.name, [each.delivery for each in same]),
        "attempt": one.attempt,
        "to": str(one.state),
        "why": written(one.reason if isinstance(one.reason, Phrase) else storable(one.reason)),
        "until": moment(dialect.name, one.not_before),
        "counts": int(one.counts),
        "now": moment(dialect.name, max(each.ended for each in same)),
    }
    return {row[0] for row in _prepared(_finishing, dialect).run(connection, given)}


def _append(connection: Connection, outcomes: Sequence[Outcome]) -> None:
    dialect = connection.dialect.name
    rows = [
        (
            each.delivery,
            each.attempt,
            str(each.state),
            moment(dialect, each.began),
            moment(dialect, each.ended),
            storable(each.server),
            each.code,
            storable(each.enhanced)[:12],
            storable(each.text)[:500],
            storable(each.provider_id),
        )
        for each in outcomes
    ]
    if dialect == "sqlite":
        connection.exec_driver_sql(_INSERT.format(", ".join("?" * len(_COLUMNS))), rows)
    else:
        # One statement for all rows, a column an array: a statement a row would be a round trip each.
        columns = ", ".join(f"%s::{kind}[]" for kind in _ARRAYS)
        statement = f"INSERT INTO attempts ({', '.join(_COLUMNS)}) SELECT * FROM unnest({columns})"  # noqa: S608
        connection.exec_driver_sql(statement, tuple(list(column) for column in zip(*rows, strict=True)))


_INSERT = f"INSERT INTO attempts ({', '.join(_COLUMNS)}) VALUES ({{}})"  # noqa: S608
_ARRAYS = ("bigint", "int", "text", "timestamptz", "timestamptz", "text", "int", "text", "text", "text")


def storable(said: str) -> str:
    """What a server said, whatever it was: no database takes half a surrogate pair, and PostgreSQL no NUL."""
    if said.isprintable():
        return said
    return said.replace("\0", "\ufffd").encode(errors="replace").decode()


@cache
def _kept() -> dict[tuple[Any, str], Prepared]:
    return {}


def _prepared(statement: Any, dialect: Dialect) -> Prepared:
    known = _kept().get((statement, dialect.name))
    if known is None:
        known = _kept()[statement, dialect.name] = Prepared(statement(dialect.name), dialect)
    return known


def _attempting(dialect: str) -> Any:
    held = (
        exists()
        .where(chunks.c.id == bindparam("chunk"), chunks.c.lease == bindparam("lease"))
        .where(editions.c.id == chunks.c.edition, editions.c.state == "sending")
    )
    now = bindparam("now", type_=_MOMENT)
    return (
        update(deliveries)
        .where(among(dialect, deliveries.c.id, "ids"), or_(*(deliveries.c.state == each for each in WAITING)), held)
        .where(bindparam("number", type_=Integer).in_([literal(0), deliveries.c.attempts + 1]))
        .values(
            state=DeliveryState.ATTEMPTING,
            attempts=deliveries.c.attempts + 1,
            first_try=func.coalesce(deliveries.c.first_try, now),
            not_before=null(),
            updated=now,
        )
        .returning(deliveries.c.id)
    )


def _finishing(dialect: str) -> Any:
    to = bindparam("to", type_=Text)
    taken_for_unknown = and_(deliveries.c.state == DeliveryState.UNKNOWN, to != DeliveryState.UNKNOWN)
    under_way = or_(deliveries.c.state == DeliveryState.ATTEMPTING, taken_for_unknown)
    counted = case((deliveries.c.state == DeliveryState.UNKNOWN, 1), else_=0)
    return (
        update(deliveries)
        .where(among(dialect, deliveries.c.id, "ids"), deliveries.c.attempts == bindparam("attempt"), under_way)
        .values(
            state=to,
            reason=bindparam("why"),
            not_before=bindparam("until", type_=_MOMENT),
            tries=deliveries.c.tries + bindparam("counts", type_=Integer) - counted,
            updated=bindparam("now", type_=_MOMENT),
        )
        .returning(deliveries.c.id)
    )
