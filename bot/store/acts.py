"""What somebody, or the program, decided. Append-only: there is no way to change or delete one."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select

from bot.model import Act
from bot.store.tables import acts


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
        return [
            Act(
                at=row.at,
                who=row.who,
                what=row.what,
                thing=row.thing,
                before=row.before,
                after=row.after,
                note=row.note,
            )
            for row in self._connection.execute(query)
        ]
