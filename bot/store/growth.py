"""How many readers each audience has, and had day by day (``bot.store.reader_days`` keeps the days)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, func, select

from bot.store.tables import audience_days, subscriptions

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
        return {audience: self._now(audience) for audience in audiences}

    def _now(self, audience: str) -> Counted:
        this = select(_IN.subscriber).where(_IN.audience == audience, _IN.state == "subscribed").limit(LIVE + 1)
        live = self._connection.execute(select(func.count()).select_from(this.subquery())).scalar() or 0
        if live <= LIVE:
            return Counted(live)
        last = (
            select(audience_days.c.readers, audience_days.c.counted)
            .where(audience_days.c.audience == audience)
            .order_by(audience_days.c.day.desc())
            .limit(1)
        )
        row = self._connection.execute(last).one_or_none()
        # A count of fewer is older than what made them many.
        return Counted(row.readers, row.counted) if row and row.readers > LIVE else Counted(LIVE, more=True)

    def days(self, since: date) -> dict[str, dict[date, int]]:
        """Of each audience how many readers it had at the end of each day that is on record, from ``since`` on."""
        query = select(audience_days).where(audience_days.c.day >= since.isoformat()).order_by(audience_days.c.day)
        found: dict[str, dict[date, int]] = {}
        for row in self._connection.execute(query):
            found.setdefault(row.audience, {})[date.fromisoformat(row.day)] = row.readers
        return found
