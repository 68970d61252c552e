"""Moves a whole store to another database. Two stores must never both send: the old one is marked before the copy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from bot.errors import StoreError
from bot.model import EditionState, Phrase
from bot.store import copying, schema
from bot.store.copying import Sum, Watch, unwatched
from bot.store.engine import faults_told, need_alone, open_engine, shown
from bot.store.flags import MOVED, Flags
from bot.store.tables import acts, editions, metadata

MOVE = "move store"


@dataclass(frozen=True, slots=True)
class Move:
    """Both stores hold the same, by ``tables``. ``source`` and ``target`` are URLs without their passwords."""

    source: str
    target: str
    tables: dict[str, Sum]

    @property
    def rows(self) -> int:
        return sum(each.rows for each in self.tables.values())


def move(url: str, to: str, *, who: str, now: datetime, watch: Watch = unwatched) -> Move:
    """Copies the store at ``url`` into the empty one at ``to``, wholly or not at all. Raises ``StoreError``.

    The old store is marked as moved: nothing goes out from it any more. One that was interrupted is done again by the
    same call; ``stay`` takes the mark away.
    """
    source, target = open_engine(url, alone=True), None
    try:
        with faults_told(source, "cannot be moved"):
            need_alone(source)
            schema.need_head(source)
            target = open_engine(to, alone=True)
            if target.url == source.url:
                raise StoreError(f"{shown(source)} is the store that is in use now; name another")
            with faults_told(target, "cannot be moved to"):
                need_alone(target)
                schema.prepare(target)
                _need_empty(target)
            fresh = _mark(source, shown(target), who, now)
            try:
                need_alone(source)
                tables = _copy(source, target, who, now, watch)
            except _Unsaid:
                raise
            except BaseException:
                # Nothing was committed there: this store goes on as it was.
                if fresh:
                    _unmark(source, Phrase("not moved"), who, now)
                raise
            return Move(shown(source), shown(target), tables)
    finally:
        source.dispose()
        if target:
            target.dispose()


def stay(url: str, *, who: str, now: datetime) -> str:
    """Takes away the mark of a move, so that this store sends again; returns where it was moved, "" when it was not."""
    engine = open_engine(url, alone=True)
    try:
        with faults_told(engine):
            need_alone(engine)
            schema.need_head(engine)
            return _unmark(engine, Phrase("move taken back"), who, now)
    finally:
        engine.dispose()


class _Unsaid(StoreError):
    """The new store did not say whether it took the copy."""


def _need_empty(target: Engine) -> None:
    with target.connect() as connection:
        filled = copying.rows(connection, metadata.sorted_tables)
    if filled:
        raise StoreError(
            f"the store {shown(target)} is not empty ({filled} rows): a store moves into an empty one only"
        )


def _mark(source: Engine, to: str, who: str, now: datetime) -> bool:
    with source.connect().execution_options(writes=True) as connection, connection.begin():
        flags = Flags(connection)
        moved = flags.get(MOVED)
        if moved and moved != to:
            raise StoreError(f"this store was moved to {moved} already; `broadsheet db move --cancel` takes that back")
        sending = connection.execute(select(editions.c.id).where(editions.c.state == EditionState.SENDING)).first()
        if sending:
            raise StoreError(
                f"edition {sending.id} is being sent: let it end, or `broadsheet pause --all` now and "
                "`broadsheet resume --all` after the move"
            )
        if not moved:
            flags.set(MOVED, to, now)
            _record(connection, who, now, Phrase("to %(where)s", where=to))
        return not moved


def _unmark(source: Engine, note: str, who: str, now: datetime) -> str:
    with source.connect().execution_options(writes=True) as connection, connection.begin():
        flags = Flags(connection)
        moved = flags.get(MOVED)
        if moved:
            flags.set(MOVED, "", now)
            _record(connection, who, now, note)
        return moved


def _copy(source: Engine, target: Engine, who: str, now: datetime, watch: Watch) -> dict[str, Sum]:
    tables = metadata.sorted_tables
    with (
        copying.snapshot(source) as reader,
        reader.begin(),
        faults_told(target, "cannot be moved to"),
        target.connect().execution_options(writes=True) as connection,
    ):
        transaction = connection.begin()
        _need_empty_still(connection)
        tables_sums = copying.copy(reader, connection, tables, watch=watch)
        copying.need_same(tables_sums, copying.sums(connection, tables), shown(target))
        Flags(connection).set(MOVED, "", now)
        _record(connection, who, now, Phrase("from %(where)s", where=shown(source)))
        try:
            transaction.commit()
        except BaseException as error:
            raise _Unsaid(
                f"the new store {shown(target)} did not say whether it took the copy: empty it, and move again"
            ) from error
    return tables_sums


def _need_empty_still(connection: Connection) -> None:
    if copying.rows(connection, metadata.sorted_tables):
        raise StoreError("somebody else wrote into the new store meanwhile; empty it, and move again")


def _record(connection: Connection, who: str, now: datetime, note: str) -> None:
    connection.execute(insert(acts).values(at=now, who=who, what=MOVE, thing="installation", note=note))
