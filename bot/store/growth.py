"""How many readers each audience has now; what it had day by day is in ``bot.store.reader_days``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
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
        found = dict(kept)
        for at in {each.at for each in kept.values() if each.at}:
            which = [audience for audience, each in kept.items() if each.at == at]
            for audience in self._gone(which, at):
                known = found[audience]
                found[audience] = replace(known, readers=max(known.readers - 1, 0))
        return found

    def _gone(self, which: Collection[str], since: datetime) -> list[str]:
        """The audience of each reader who was counted then and is none any more.

        Asked step by step, each by an index: whoever plans all of it as one statement may begin with a million readers.
        """
        given = {"which": which, "since": since, "lately": LATELY}
        gone = {(row.audience, row.subscriber) for row in self._connection.execute(_OVER, given)}
        listed: dict[str, set[str]] = defaultdict(set)
        for row in self._connection.execute(_LISTED, given):
            listed[row.address_hash].add(row.audience)
        if listed:
            rows = self._connection.execute(_STAND, {**given, "hashes": list(listed)})
            gone |= {(row.audience, row.subscriber) for row in rows if listed[row.address_hash] & {"", row.audience}}
        ids = {subscriber for _, subscriber in gone}
        for row in self._connection.execute(_BEFORE, {**given, "ids": list(ids)}) if ids else ():
            # Who was on a list then is not in the count.
            gone -= {(each, row.id) for each in (which if not row.audience else (row.audience,))}
        return [audience for audience, _ in gone]

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


_SINCE, _MOST = bindparam("since", type_=Moment), bindparam("lately", type_=Integer)
_WHICH = bindparam("which", type_=String, expanding=True)
# Of any audience, and cut before anything is asked of them: the index ends it, whatever file was just imported.
_LISTED = (
    select(suppressions.c.address_hash, suppressions.c.audience)
    .where(suppressions.c.at > _SINCE)
    .order_by(suppressions.c.at.desc())
    .limit(_MOST)
)
_OVER = (
    select(_IN.audience, _IN.subscriber)
    .where(_IN.audience.in_(_WHICH), _IN.ended > _SINCE, _IN.consent_at <= _SINCE)
    .limit(_MOST)
)
_STAND = (
    select(_IN.audience, _IN.subscriber, subscribers.c.address_hash)
    .join(subscribers, subscribers.c.id == _IN.subscriber)
    .where(
        # By the hash alone: by the audience it would be by all of its readers.
        subscribers.c.address_hash.in_(bindparam("hashes", type_=String, expanding=True)),
        (_IN.audience + "").in_(_WHICH),
        _IN.state == "subscribed",
        _IN.consent_at <= _SINCE,
    )
)
_BEFORE = (
    select(subscribers.c.id, suppressions.c.audience)
    .join(suppressions, suppressions.c.address_hash == subscribers.c.address_hash)
    .where(subscribers.c.id.in_(bindparam("ids", type_=BigInteger, expanding=True)), suppressions.c.at <= _SINCE)
)
