"""The readers of an audience who chose something, as one snapshot takes them: sorted by what becomes of their choice.

A million of them cost a look at each distinct choice, not at each reader, and no memory here: the sorting is the
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
from bot.store.tables import Id, Moment, subscriptions

Place = Callable[[Preferences], Placement]
"""What becomes of a choice."""

_BATCH = 1_000
_STREAMED = {"yield_per": _BATCH}
_PLAIN = Placement()

# Of this transaction alone.
_scratch = MetaData()
_readers = Table(
    "chosen_readers",
    _scratch,
    Column("subscriber", Id, primary_key=True, autoincrement=False),
    Column("choice", Text, nullable=False),
    prefixes=["TEMPORARY"],
    postgresql_on_commit="DROP",
)
_choices = Table(
    "choices",
    _scratch,
    Column("choice", Text, primary_key=True),
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
    Column("reason", Text, nullable=False),
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
    """A context: the copy is there within it."""

    def __init__(self, connection: Connection, audience: str) -> None:
        self._connection = connection
        self._audience = audience
        self._there = False

    def __enter__(self) -> Self:
        chosen = [*_of(self._audience), subscriptions.c.preferences.is_not(None)]
        self._there = self._connection.execute(select(literal(1)).where(*chosen).limit(1)).first() is not None
        if self._there:
            _scratch.create_all(self._connection, checkfirst=False)
            copied = select(subscriptions.c.subscriber, _TEXT).where(*chosen).order_by(subscriptions.c.subscriber)
            self._connection.execute(insert(_readers).from_select(["subscriber", "choice"], copied))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A transaction that failed is undone, these tables with it.
        if self._there and error is None:
            _scratch.drop_all(self._connection, checkfirst=False)

    def others(self) -> Select[Any]:
        """The ids of the subscribed who chose nothing, in order."""
        query = select(subscriptions.c.subscriber).where(*_of(self._audience)).order_by(subscriptions.c.subscriber)
        if self._there:
            query = query.where(~exists().where(_readers.c.subscriber == subscriptions.c.subscriber))
        return query

    def placed(self, place: Place) -> list[Run]:
        """Sorts them by what ``place`` says of each distinct choice; the runs in the order of ``rows``."""
        if not self._there:
            return []
        runs: dict[Placement, int] = {}
        sizes: list[int] = []
        counted = select(_readers.c.choice, func.count().label("number")).group_by(_readers.c.choice)
        streamed = self._connection.execute(counted, execution_options=_STREAMED)
        for some in streamed.partitions(_BATCH):
            rows = []
            for row in some:
                placement = place(read_preferences(json.loads(row.choice)))
                run = runs.setdefault(placement, len(runs))
                if run == len(sizes):
                    sizes.append(0)
                sizes[run] += row.number
                rows.append({"choice": row.choice, "run": run})
            self._connection.execute(insert(_choices), rows)
        ordered = sorted(runs, key=_order)
        self._connection.execute(
            insert(_runs),
            [
                {
                    "run": runs[each],
                    "place": number,
                    "state": str(each.state),
                    "reason": each.reason,
                    "not_before": each.not_before,
                }
                for number, each in enumerate(ordered)
            ],
        )
        return [Run(sizes[runs[each]], each) for each in ordered]

    def rows(self) -> Select[Any]:
        """(subscriber, state, reason, not_before) of each, run by run."""
        placed = _readers.join(_choices, _choices.c.choice == _readers.c.choice)
        return (
            select(_readers.c.subscriber, _runs.c.state, _runs.c.reason, _runs.c.not_before)
            .select_from(placed.join(_runs, _runs.c.run == _choices.c.run))
            .order_by(_runs.c.place, _readers.c.subscriber)
        )


def counted_choices(connection: Connection, audience: str) -> Iterator[tuple[Preferences, int]]:
    """Each distinct choice of an audience's readers with how many chose so, streamed."""
    chosen = [*_of(audience), subscriptions.c.preferences.is_not(None)]
    query = select(_TEXT, func.count().label("number")).where(*chosen).group_by(_TEXT)
    for row in connection.execute(query, execution_options=_STREAMED):
        yield read_preferences(json.loads(row.choice)), row.number


_TEXT = cast(subscriptions.c.preferences, Text).label("choice")


def _of(audience: str) -> list[Any]:
    return [subscriptions.c.audience == audience, subscriptions.c.state == "subscribed"]


def _order(placement: Placement) -> tuple[bool, float, str, str]:
    """What goes out first stands first, each variant's readers together; those who get nothing stand last."""
    begins = placement.not_before.timestamp() if placement.not_before else 0.0
    return placement.state is DeliveryState.EXCLUDED, begins, placement.variant, placement.reason
