"""The readers of an audience who chose something, as one snapshot takes them: sorted by what becomes of their choice.

A million of them cost one pass and a decision on each distinct choice, and no memory here: the sorting is the
database's. They are copied first, so that whoever changes a choice meanwhile is in the snapshot once, with the old one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
)

from bot.model import DeliveryState, Placement, Preferences
from bot.store.chosen import read_preferences
from bot.store.said import Said
from bot.store.tables import Id, Moment, subscriptions

Place = Callable[[Preferences], Placement]
"""What becomes of a choice."""

_BATCH = 5_000
_STREAMED = {"yield_per": _BATCH}
_REMEMBERED = 100_000
"""Choices whose run is known without asking again."""
_PLAIN = Placement()
_ROOM, _USUAL = 64_000, 2_000
"""KiB of SQLite's page cache while choices are sorted, and else (its default)."""

# Of this transaction alone.
_scratch = MetaData()
_readers = Table(
    "chosen_readers",
    _scratch,
    Column("subscriber", Id, primary_key=True, autoincrement=False),
    Column("run", Integer, nullable=False),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
_runs = Table(
    "choice_runs",
    _scratch,
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("place", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("reason", Said, nullable=False),
    Column("not_before", Moment),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)


@dataclass(frozen=True, slots=True)
class Run:
    """Deliveries whose ids follow one another: how many, and what they have in common."""

    size: int
    placement: Placement = _PLAIN


class ChosenReaders:
    """A context: the copy is there within it. ``runs`` are theirs, in the order of ``rows``."""

    def __init__(self, connection: Connection, audience: str, place: Place) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        self._audience = audience
        self._place = place
        self._there = False
        self.runs: list[Run] = []

    def __enter__(self) -> Self:
        chosen = _chosen(self._audience)
        self._there = self._connection.execute(select(literal(1)).where(*chosen).limit(1)).first() is not None
        if self._there:
            self._cache(_ROOM)
            _scratch.create_all(self._connection, checkfirst=False)
            self._sort(select(subscriptions.c.subscriber, _TEXT).where(*chosen).order_by(subscriptions.c.subscriber))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._there:
            # A transaction that failed is undone, these tables with it.
            if error is None:
                _scratch.drop_all(self._connection, checkfirst=False)
            self._cache(_USUAL)

    def _cache(self, kib: int) -> None:
        """Rows that come in another order than the ledger's index touch all of it: in SQLite's own 2 MB each would be
        written out and read again."""
        if self._sqlite:
            self._connection.exec_driver_sql(f"PRAGMA cache_size = -{kib}")
            if kib == _USUAL:
                self._connection.exec_driver_sql("PRAGMA shrink_memory")

    def _sort(self, chosen: Select[Any]) -> None:
        """Copies them, each with the run of what ``place`` says of their choice; asked once for each choice."""
        runs: dict[Placement, int] = {}
        sizes: list[int] = []
        known: dict[str, int] = {}
        streamed = self._connection.execute(chosen, execution_options=_STREAMED)
        for some in streamed.partitions():
            ids, numbers = [], []
            for subscriber, choice in some:
                run = known.get(choice)
                if run is None:
                    placement = self._place(read_preferences(json.loads(choice)))
                    run = runs.setdefault(placement, len(runs))
                    if run == len(sizes):
                        sizes.append(0)
                    if len(known) >= _REMEMBERED:
                        known.clear()
                    known[choice] = run
                sizes[run] += 1
                ids.append(subscriber)
                numbers.append(run)
            self._copy(ids, numbers)
        ordered = sorted(runs, key=_order)
        rows = [
            {
                "run": runs[each],
                "place": number,
                "state": str(each.state),
                "reason": each.reason,
                "not_before": each.not_before,
            }
            for number, each in enumerate(ordered)
        ]
        if rows:
            # None: the last who had chosen something took it back just now.
            self._connection.execute(insert(_runs), rows)
        self.runs = [Run(sizes[runs[each]], each) for each in ordered]

    def _copy(self, ids: list[int], numbers: list[int]) -> None:
        if self._sqlite:
            rows = list(zip(ids, numbers, strict=True))
            self._connection.exec_driver_sql("INSERT INTO chosen_readers (subscriber, run) VALUES (?, ?)", rows)
        else:
            statement = "INSERT INTO chosen_readers (subscriber, run) SELECT * FROM unnest(%s::bigint[], %s::int[])"
            self._connection.exec_driver_sql(statement, (ids, numbers))

    def others(self) -> Select[Any]:
        """The ids of the subscribed who chose nothing, in order."""
        query = select(subscriptions.c.subscriber).where(*_of(self._audience)).order_by(subscriptions.c.subscriber)
        if self._there:
            query = query.where(~exists().where(_readers.c.subscriber == subscriptions.c.subscriber))
        return query

    def rows(self) -> Select[Any]:
        """(subscriber, state, reason, not_before) of each, run by run."""
        return (
            select(_readers.c.subscriber, _runs.c.state, _runs.c.reason, _runs.c.not_before)
            .select_from(_readers.join(_runs, _runs.c.run == _readers.c.run))
            .order_by(_runs.c.place, _readers.c.subscriber)
        )


def counted_choices(connection: Connection, audience: str) -> Iterator[tuple[Preferences, int]]:
    """Each distinct choice of an audience's readers with how many chose so, streamed."""
    query = select(_TEXT, func.count().label("number")).where(*_chosen(audience)).group_by(_TEXT)
    for row in connection.execute(query, execution_options=_STREAMED):
        yield read_preferences(json.loads(row.choice)), row.number


_TEXT = cast(subscriptions.c.preferences, Text).label("choice")


def _of(audience: str) -> list[Any]:
    return [subscriptions.c.audience == audience, subscriptions.c.state == "subscribed"]


def _chosen(audience: str) -> list[Any]:
    """Subscribed, and chose something. By the index of those alone: where the state is compared as it stands, SQLite
    takes the index of all subscribers, and fetches a million rows to find that none of them chose anything."""
    subscribed = subscriptions.c.state.concat("") == "subscribed"
    return [subscriptions.c.audience == audience, subscribed, subscriptions.c.preferences.is_not(None)]


def _order(placement: Placement) -> tuple[bool, float, str, str]:
    """What goes out first stands first, each variant's readers together; those who get nothing stand last."""
    begins = placement.not_before.timestamp() if placement.not_before else 0.0
    return placement.state is DeliveryState.EXCLUDED, begins, placement.variant, placement.reason
