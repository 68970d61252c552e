"""What somebody, or the program, decided. Append-only: there is no way to change or delete one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Column, Connection, Row, and_, func, insert, or_, select

from bot.model import Act
from bot.store.tables import acts

_NAMES = 200
"""People, or kinds of things, that are told of at most."""

Place = tuple[datetime, int]
"""Where an act stands in the record: its moment and its number."""


class Acts:
    """The record of acts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, act: Act) -> None:
        self._connection.execute(
            insert(acts).values(
                at=act.at,
                who=act.who,
                what=act.what,
                thing=act.thing,
                before=act.before,
                after=act.after,
                note=act.note,
                kind=act.thing.partition(":")[0][:40] if ":" in act.thing else "",
            )
        )

    def newest(self, *, since: datetime | None = None, thing: str = "", of: str = "", limit: int = 200) -> list[Act]:
        """The newest first; of one ``thing``, or of those whose names begin with ``of``."""
        query = select(acts).order_by(acts.c.at.desc(), acts.c.id.desc()).limit(limit)
        if since:
            query = query.where(acts.c.at >= since)
        if thing:
            query = query.where(acts.c.thing == thing)
        if of:
            query = query.where(acts.c.thing.startswith(of, autoescape=True))
        return [_act(row) for row in self._connection.execute(query)]

    def last(self, things: Collection[str]) -> dict[str, Act]:
        """The last act that was put on record of each of these things."""
        newest = select(func.max(acts.c.id)).where(acts.c.thing.in_(sorted(things))).group_by(acts.c.thing)
        rows = self._connection.execute(select(acts).where(acts.c.id.in_(newest)))
        return {row.thing: _act(row) for row in rows}

    def page(
        self,
        *,
        who: str = "",
        kind: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        beyond: Place | None = None,
        way: Literal["older", "newer"] = "older",
        limit: int = 50,
    ) -> list[tuple[Place, Act]]:
        """Some acts with their places, the newest first: those next to ``beyond``, on its ``older`` or ``newer`` side.

        Of ``who``, on a ``kind`` of things (what stands before the colon of ``thing``), from ``since`` up to but not at
        ``until``. An index answers each of these.
        """
        at, number, older = acts.c.at, acts.c.id, way == "older"
        query = select(acts)
        if who:
            query = query.where(acts.c.who == who)
        if kind:
            query = query.where(acts.c.kind == kind)
        if since:
            query = query.where(at >= since)
        if until:
            query = query.where(at < until)
        if beyond:
            moment, last = beyond
            if older:
                query = query.where(at <= moment, or_(at < moment, and_(at == moment, number < last)))
            else:
                query = query.where(at >= moment, or_(at > moment, and_(at == moment, number > last)))
        order = (at.desc(), number.desc()) if older else (at, number)
        rows = self._connection.execute(query.order_by(*order).limit(limit)).all()
        return [((row.at, row.id), _act(row)) for row in (rows if older else reversed(rows))]

    def people(self) -> list[str]:
        """Everybody who did something, by name."""
        return self._different(acts.c.who)

    def kinds(self) -> list[str]:
        """The kinds of things that something was done to."""
        return [each for each in self._different(acts.c.kind) if each]

    def _different(self, column: Column[Any]) -> list[str]:
        """From one value to the next by the index: DISTINCT would read all acts, to find few people."""
        first = select(func.min(column).label("value")).cte("different", recursive=True)
        following = select(func.min(column)).where(column > first.c.value).scalar_subquery()
        walk = first.union_all(select(following).where(first.c.value.is_not(None)))
        query = select(walk.c.value).where(walk.c.value.is_not(None)).limit(_NAMES)
        return list(self._connection.execute(query).scalars())


def _act(row: Row[Any]) -> Act:
    return Act(
        at=row.at,
        who=row.who,
        what=row.what,
        thing=row.thing,
        before=row.before,
        after=row.after,
        note=row.note,
    )
