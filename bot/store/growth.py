"""How many readers each audience has now; what it had day by day is in ``bot.store.reader_days``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, func, literal, select, union_all

from bot.store.reader_days import ReaderDays, newest_days
from bot.store.tables import subscribers, subscriptions, suppressions

LIVE = 2000
"""So many are counted for each look at a page; of more, the last count on record is told."""

_IN = subscriptions.c


@dataclass(frozen=True, slots=True)
class Counted:
    """How many readers an audience has who may be mailed. ``at`` (UTC) is when they were counted, None for now.

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
        """Of each audience how many are subscribed and not on a list of those who must not be mailed."""
        if not audiences:
            return {}
        many = [audience for audience, number in self._some(audiences, subscribed).items() if number > LIVE]
        found = self._kept(many)
        rest = self._some([each for each in audiences if each not in found], mailed)
        for audience, number in rest.items():
            found[audience] = Counted(number) if number <= LIVE else Counted(LIVE, more=True)
        return found

    def numbers(self, audiences: Collection[str]) -> dict[str, int]:
        """The same as numbers. What nobody counted yet is counted; a million are told as they last were."""
        counted = self.now(sorted({each for each in audiences if each}))
        new = ReaderDays(self._connection).count_now() if any(each.more for each in counted.values()) else {}
        return {audience: new.get(audience, each.readers) for audience, each in counted.items()}

    def _some(self, audiences: Sequence[str], whom: Callable[[str], Select[Any]]) -> dict[str, int]:
        """How many of ``whom`` each audience has, ``LIVE`` + 1 at most."""
        if not audiences:
            return {}
        counts = union_all(*(_count(each, whom(each).limit(LIVE + 1)) for each in audiences))
        return {row.audience: row.number for row in self._connection.execute(counts)}

    def _kept(self, audiences: Sequence[str]) -> dict[str, Counted]:
        """The last counts on record. One of fewer is older than what made them many, or of many who are not mailed."""
        rows = self._connection.execute(newest_days(audiences)) if audiences else ()
        return {row.audience: Counted(row.readers, row.counted) for row in rows if row.readers > LIVE}


def subscribed(audience: str) -> Select[Any]:
    """Who is subscribed to an audience, whether they are mailed or not."""
    return select(_IN.subscriber).where(_IN.audience == audience, _IN.state == "subscribed")


def mailed(audience: str) -> Select[Any]:
    """Who is subscribed to an audience and not on a list of those who must not be mailed."""
    listed = exists().where(
        suppressions.c.address_hash == subscribers.c.address_hash, suppressions.c.audience.in_(["", audience])
    )
    return subscribed(audience).join(subscribers, subscribers.c.id == _IN.subscriber).where(~listed)


def _count(audience: str, whom: Select[Any]) -> Any:
    return select(literal(audience).label("audience"), func.count().label("number")).select_from(whom.subquery())
