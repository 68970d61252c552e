"""How many readers each audience has now; what it had day by day is in ``bot.store.reader_days``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal, select, union_all

from bot.store.reader_days import newest_days
from bot.store.tables import subscriptions

LIVE = 2000
"""So many are counted for each look at a page; of more, the last count on record is told."""

_IN = subscriptions.c


@dataclass(frozen=True, slots=True)
class Counted:
    """How many readers an audience has. ``at`` (UTC) is when they were counted, None for now.

    ``more``: there are more than that, and nobody has counted them yet.
    """

    readers: int
    at: datetime | None = None
    more: bool = False


class Growth:
    """Counts that are cheap to ask for."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def now(self, audiences: Sequence[str]) -> dict[str, Counted]:
        """Of each audience how many are subscribed."""
        if not audiences:
            return {}
        found = {row.audience: Counted(row.live) for row in self._connection.execute(union_all(*map(_live, audiences)))}
        many = [audience for audience, counted in found.items() if counted.readers > LIVE]
        return {**found, **(self._kept(many) if many else {})}

    def _kept(self, audiences: Sequence[str]) -> dict[str, Counted]:
        """The last counts on record. One of fewer is older than what made them many."""
        known = {row.audience: row for row in self._connection.execute(newest_days(audiences)) if row.readers > LIVE}
        return {
            each: Counted(known[each].readers, known[each].counted) if each in known else Counted(LIVE, more=True)
            for each in audiences
        }


def _live(audience: str) -> Any:
    """How many are subscribed, ``LIVE`` + 1 at most."""
    this = select(_IN.subscriber).where(_IN.audience == audience, _IN.state == "subscribed").limit(LIVE + 1)
    return select(literal(audience).label("audience"), func.count().label("live")).select_from(this.subquery())
