"""What changed after it was sent: one row an article and edition, until an editor decided of it, and after."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from bot.model import Change, Decision
from bot.store.conflict import insert_or_replace
from bot.store.tables import changes, editions

_C = changes.c


@dataclass(frozen=True, slots=True)
class OpenChange:
    """A change that waits for a decision, with the ``name`` and ``slot`` (UTC) of the edition that told it."""

    change: Change
    name: str
    slot: datetime


class Changes:
    """A newer revision takes the place of the one before it, and asks for a decision of its own."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, change: Change) -> None:
        """Keeps it in the place of what was known of this article and edition."""
        insert_or_replace(self._connection, changes, asdict(change))

    def of_articles(self, which: Collection[int]) -> list[Change]:
        """All that is known of these articles, the newest first."""
        query = select(changes).where(_C.article.in_(list(which))).order_by(_C.at.desc(), _C.edition)
        return [_change(row) for row in self._connection.execute(query)]

    def forget(self, article: int, edition: str) -> None:
        """The article says again what the edition told: there is nothing to decide."""
        which = (_C.article == article, _C.edition == edition, _C.decided == Decision.OPEN)
        self._connection.execute(delete(changes).where(*which))

    def open(self, limit: int = 50) -> list[OpenChange]:
        """Those that wait for a decision, the newest first."""
        query = (
            select(changes, editions.c.name, editions.c.slot)
            .join(editions, editions.c.id == _C.edition)
            .where(_C.decided == Decision.OPEN)
            .order_by(_C.at.desc(), _C.article.desc(), editions.c.slot.desc())
            .limit(limit)
        )
        return [OpenChange(_change(row), row.name, row.slot) for row in self._connection.execute(query)]

    def count(self) -> int:
        """How many articles wait for a decision."""
        query = select(func.count(_C.article.distinct())).where(_C.decided == Decision.OPEN)
        return self._connection.execute(query).scalar() or 0

    def decide(self, article: int, decision: Decision, *, who: str, now: datetime) -> int:
        """Settles all of an article that waits; returns how many editions that concerns."""
        which = (_C.article == article, _C.decided == Decision.OPEN)
        values = {"decided": decision, "who": who, "decided_at": now}
        return self._connection.execute(update(changes).where(*which).values(**values)).rowcount


def _change(row: Row[Any]) -> Change:
    known = {name: value for name, value in row._mapping.items() if name in Change.__dataclass_fields__}
    return Change(**{**known, "decided": Decision(row.decided)})
