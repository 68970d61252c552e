"""How many readers each audience has, and had day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, select

from bot.store.conflict import insert_all_or_ignore, insert_or_replace
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
        query = select(audience_days).where(audience_days.c.day >= since).order_by(audience_days.c.day)
        found: dict[str, dict[date, int]] = {}
        for row in self._connection.execute(query):
            found.setdefault(row.audience, {})[row.day] = row.readers
        return found

    def known(self, audience: str) -> bool:
        """Whether any day is on record."""
        query = select(audience_days.c.day).where(audience_days.c.audience == audience).limit(1)
        return self._connection.execute(query).first() is not None

    def count(self, audience: str) -> int:
        """How many are subscribed, one by one: a second of a million."""
        query = select(func.count()).where(_IN.audience == audience, _IN.state == "subscribed")
        return self._connection.execute(query).scalar() or 0

    def counted_back(self, audience: str, first: date, last: date, zone: ZoneInfo) -> dict[date, int]:
        """How many there were at the end of each day, by the dates of the consents that stand: seconds of a million.

        Who was taken back since counts from then on, and who was erased not at all.
        """
        joined = self._by_day(audience, _IN.consent_at, zone)
        left = self._by_day(audience, _IN.ended, zone)
        days = sorted({*joined, *left, first})
        readers, reached = 0, {}
        for day in days:
            readers += joined[day] - left[day]
            reached[day] = readers
        found, day, before = {}, first, 0
        for each in days:
            if each <= first:
                before = reached[each]
        while day <= last:
            before = reached.get(day, before)
            found[day] = before
            day += timedelta(days=1)
        return found

    def _by_day(self, audience: str, moment: ColumnElement[datetime], zone: ZoneInfo) -> Counter[date]:
        query = select(moment).where(_IN.audience == audience, moment.is_not(None))
        counts: Counter[date] = Counter()
        for (at,) in self._connection.execution_options(yield_per=5000).execute(query):
            counts[at.astimezone(zone).date()] += 1
        return counts

    def record(self, audience: str, day: date, readers: int, now: datetime) -> None:
        """Keeps the count of a day; the last one of a day stands."""
        row = {"audience": audience, "day": day, "readers": readers, "counted": now}
        insert_or_replace(self._connection, audience_days, row)

    def record_past(self, audience: str, days: Mapping[date, int], now: datetime) -> None:
        """Keeps the counts of days that none is on record of."""
        rows = [{"audience": audience, "day": day, "readers": readers, "counted": now} for day, readers in days.items()]
        if rows:
            insert_all_or_ignore(self._connection, audience_days, rows)
