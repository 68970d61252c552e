"""How many readers each audience has now; what it had day by day is in ``bot.store.reader_days``."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Integer,
    Select,
    String,
    bindparam,
    exists,
    func,
    literal,
    select,
    union_all,
)

from bot.store.reader_days import ReaderDays, newest_days
from bot.store.tables import Moment, subscribers, subscriptions, suppressions

LIVE = 2000
"""So many are counted for each look at a page; of more, the last count on record is told, without who is gone since."""
LATELY = 200
"""So many who are gone since a count are looked at, the last; the next count has the others."""

_IN = subscriptions.c


@dataclass(frozen=True, slots=True)
class Counted:
    """How many readers an audience has who may be mailed. ``at`` (UTC) is when they were counted, None for now.

    Who left or was suppressed since ``at``, by the moment on record, is taken off already; who came since is in the
    next count.
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
        found = self._without_gone(self._kept(many))
        rest = self._some([each for each in audiences if each not in found], mailed)
        for audience, number in rest.items():
            found[audience] = Counted(number) if number <= LIVE else Counted(LIVE, more=True)
        return found

    def numbers(self, audiences: Collection[str]) -> dict[str, int]:
        """The same as numbers. What nobody counted yet is counted; a million are told as they last were."""
        counted = self.now(sorted({each for each in audiences if each}))
        new = ReaderDays(self._connection).count_now() if any(each.more for each in counted.values()) else {}
        return {audience: new.get(audience, each.readers) for audience, each in counted.items()}

    def _without_gone(self, kept: Mapping[str, Counted]) -> dict[str, Counted]:
        """These counts without who left or was suppressed since. All are of one moment, but for an odd one."""
        found, moments = dict(kept), {each.at for each in kept.values() if each.at}
        for at in moments:
            which = [audience for audience, each in kept.items() if each.at == at]
            rows = self._connection.execute(_GONE, {"which": which, "since": at, "lately": LATELY})
            for row in rows:
                known = found[row.audience]
                found[row.audience] = replace(known, readers=max(known.readers - row.number, 0))
        return found

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


def _gone() -> CompoundSelect[Any]:
    """How many of ``which`` audiences were counted at ``since`` and are no readers any more: a row for each way."""
    since, lately = bindparam("since", type_=Moment), bindparam("lately", type_=Integer)
    which = bindparam("which", type_=String, expanding=True)

    def before(audience: ColumnElement[str]) -> ColumnElement[bool]:
        """Who was on a list then is not in the count."""
        of = (suppressions.c.address_hash == subscribers.c.address_hash) & suppressions.c.audience.in_(["", audience])
        return exists().where(of, suppressions.c.at <= since)

    # Of any audience, and cut before anything is asked of them: the index ends it, whatever file was just imported.
    listed = select(suppressions.c.address_hash, suppressions.c.audience).where(suppressions.c.at > since)
    new = listed.order_by(suppressions.c.at.desc()).limit(lately).subquery()
    suppressed = (
        select(_IN.audience, func.count(_IN.subscriber.distinct()).label("number"))
        .select_from(new)
        .join(subscribers, subscribers.c.address_hash == new.c.address_hash)
        .join(subscriptions, _IN.subscriber == subscribers.c.id)
        .where(_IN.audience.in_(which), new.c.audience.in_(["", _IN.audience]))
        .where(_IN.state == "subscribed", _IN.consent_at <= since, ~before(_IN.audience))
        .group_by(_IN.audience)
    )
    ended = select(_IN.audience, _IN.subscriber, _IN.consent_at).where(_IN.audience.in_(which), _IN.ended > since)
    over = ended.limit(lately).subquery()
    left = (
        select(over.c.audience, func.count().label("number"))
        .join(subscribers, subscribers.c.id == over.c.subscriber)
        .where(over.c.consent_at <= since, ~before(over.c.audience))
        .group_by(over.c.audience)
    )
    return union_all(suppressed, left)


_GONE = _gone()
"""Made once: to put it together takes a hundred times as long as the store takes to answer it."""
