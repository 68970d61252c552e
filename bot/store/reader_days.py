"""How many readers each audience had, day by day: kept as it goes, so that a page counts no subscriptions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Connection, Select, String, cast, exists, func, select, union_all

from bot.store.conflict import insert_or_replace
from bot.store.tables import audience_days, subscribers, subscriptions, suppressions


@dataclass(frozen=True, slots=True)
class Day:
    """An audience at the end of a day: how many readers it had who may be mailed, and how many left it on that day."""

    day: date
    readers: int
    left: int


class ReaderDays:
    """The days of all audiences."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count_now(self) -> dict[str, int]:
        """The readers of each audience who may be mailed. Counted: asked by who keeps the days, not for a page."""
        query = select(subscriptions.c.audience, func.count().label("number"))
        query = query.where(subscriptions.c.state == "subscribed").group_by(subscriptions.c.audience)
        listed = self._listed()
        return {row.audience: row.number - listed.get(row.audience, 0) for row in self._connection.execute(query)}

    def _listed(self) -> dict[str, int]:
        """How many of each audience are subscribed and must not be mailed: from the side of those, who are fewer."""
        against = suppressions.c.address_hash == subscribers.c.address_hash
        query = (
            select(subscriptions.c.audience, func.count().label("number"))
            .join(subscribers, subscribers.c.id == subscriptions.c.subscriber)
            # SQLite would begin with a million subscriptions: the list of hashes has it begin there.
            .where(subscribers.c.address_hash.in_(select(suppressions.c.address_hash)))
            .where(subscriptions.c.state == "subscribed")
            .where(exists().where(against, suppressions.c.audience.in_(["", subscriptions.c.audience])))
            .group_by(subscriptions.c.audience)
        )
        return {row.audience: row.number for row in self._connection.execute(query)}

    def left_between(self, audiences: Collection[str], since: datetime, until: datetime) -> dict[str, int]:
        """How many left each of these audiences in that time and have not come back."""
        query = (
            select(subscriptions.c.audience, func.count().label("number"))
            .where(subscriptions.c.audience.in_(sorted(audiences)))
            .where(subscriptions.c.ended >= since, subscriptions.c.ended < until)
            .group_by(subscriptions.c.audience)
        )
        rows = self._connection.execute(query)
        return {**dict.fromkeys(audiences, 0), **{row.audience: row.number for row in rows}}

    def put(self, audience: str, days: Sequence[Day], now: datetime) -> None:
        """Keeps days of an audience, as counted ``now``, in the place of what was known of them."""
        for each in days:
            row = {
                "audience": audience,
                "day": each.day.isoformat(),
                "readers": each.readers,
                "left": each.left,
                "counted": now,
            }
            insert_or_replace(self._connection, audience_days, row)

    def since(self, audiences: Collection[str], first: date) -> dict[str, list[Day]]:
        """The days that are known of audiences, from ``first`` on, in their order."""
        query = (
            # Without the moment it was counted: a parse a row.
            select(*(audience_days.c[name] for name in ("audience", "day", "readers", "left")))
            .where(audience_days.c.audience.in_(sorted(audiences)), audience_days.c.day >= first.isoformat())
            .order_by(audience_days.c.audience, audience_days.c.day)
        )
        found: dict[str, list[Day]] = {}
        for audience, day, readers, left in self._connection.execute(query).all():
            found.setdefault(audience, []).append(Day(date.fromisoformat(day), readers, left))
        return found

    def newest(self, audiences: Collection[str]) -> dict[str, Day]:
        """The newest day that is known of each of the audiences; without those of which none is."""
        rows = self._connection.execute(newest_days(audiences)) if audiences else ()
        return {row.audience: Day(date.fromisoformat(row.day), row.readers, row.left) for row in rows}

    def joined(self, audience: str, since: datetime) -> Mapping[str, int]:
        """How many consented since, by ten minutes (``2026-11-24 07:1``, UTC). Looks at every subscription."""
        return self._by_ten_minutes(subscriptions.c.consent_at, audience, since)

    def ended(self, audience: str, since: datetime) -> Mapping[str, int]:
        """How many left since and have not come back, by ten minutes."""
        return self._by_ten_minutes(subscriptions.c.ended, audience, since)

    def _by_ten_minutes(self, column: Any, audience: str, since: datetime) -> Mapping[str, int]:
        if self._connection.dialect.name == "postgresql":
            told: ColumnElement[Any] = func.to_char(func.timezone("UTC", column), "YYYY-MM-DD HH24:MI")
        else:
            told = cast(column, String)
        bucket = func.substr(told, 1, 15)
        query = select(bucket.label("bucket"), func.count().label("number"))
        query = query.where(subscriptions.c.audience == audience, column >= since).group_by(bucket)
        return {row.bucket: row.number for row in self._connection.execute(query)}


def newest_days(audiences: Collection[str]) -> CompoundSelect[Any]:
    """The newest row of each of these audiences, of one at least: each by itself, which the index answers at once."""

    def newest(audience: str) -> Select[Any]:
        days = select(audience_days).where(audience_days.c.audience == audience)
        return select(days.order_by(audience_days.c.day.desc()).limit(1).subquery())

    return union_all(*map(newest, sorted(set(audiences))))
