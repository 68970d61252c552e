"""The books: what the ledger says, looked at and never changed."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    false,
    func,
    or_,
    select,
    union_all,
)

from bot.model import OPEN_STATES, Delivery, DeliveryState
from bot.store.among import among, among_texts, integers, texts
from bot.store.chunks import its_chunk, within
from bot.store.runs import ids_in
from bot.store.sought import Sought
from bot.store.tables import attempts, chunks, deliveries, editions, subscribers


@dataclass(frozen=True, slots=True)
class Balance:
    """The books of one edition: the snapshot's size against the deliveries by state."""

    snapshot: int
    states: dict[str, int]

    @property
    def balanced(self) -> bool:
        return self.snapshot == sum(self.states.values())

    @property
    def open(self) -> int:
        """Deliveries with work left."""
        return sum(count for state, count in self.states.items() if state in OPEN_STATES)


_STATE = case(
    (and_(deliveries.c.state == DeliveryState.PENDING, chunks.c.lease != ""), DeliveryState.LEASED.value),
    else_=deliveries.c.state,
)
"""A delivery is leased when its chunk is, until it is attempted."""

_WINDOW, _LARGEST_WINDOW = 32, 64
"""Chunks that are looked through at once: few at first, for often these are enough."""
_BETWEEN = 2
"""So many times their deliveries, with what lies between them, are looked through as one; of more each by itself."""

_KNOWN = case((attempts.c.outcome == DeliveryState.UNKNOWN, 0), else_=1)
"""An answer comes after the ``unknown`` that it settles, whatever the clocks of two machines say."""


class Books:
    """The ledger, read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def balance(self, edition: str, *, counted: bool = False, mail: bool = False) -> Balance:
        """The books of ``edition``: from its chunks, and of those that are worked on from the deliveries themselves.

        ``counted``: every delivery is counted, whatever its chunk says. ``mail``: posts are left out, and the books do
        not balance then. An old edition's totals stand for those of its rows that were folded.
        """
        return self.balances([edition], counted=counted, mail=mail)[edition]

    def balances(self, which: Collection[str], *, counted: bool = False, mail: bool = False) -> dict[str, Balance]:
        """The books of each of these editions, as ``balance`` has them."""
        sizes, states = dict.fromkeys(which, 0), {edition: Counter[str]() for edition in which}
        if not sizes:
            return {}
        ids = sorted(sizes)
        kept = select(editions.c.id, editions.c.snapshot, editions.c.totals).where(editions.c.id.in_(ids))
        for row in self._connection.execute(kept):
            sizes[row.id] = row.snapshot or 0
            # Old deliveries may have been folded, a part of them so far; the others are still counted by their chunks.
            states[row.id].update(row.totals or {})
        # By the chunks as they are at one moment: one that is given back meanwhile is not missed, nor counted twice.
        # Most of thousands have the same counts: each is read once.
        alone = (chunks.c.id if counted else case((chunks.c.counts.is_(None), chunks.c.id))).label("alone")
        rest: dict[int, str] = {}
        of = select(chunks.c.edition, chunks.c.counts, alone, func.count().label("number"))
        of = of.where(chunks.c.edition.in_(ids)).group_by(chunks.c.edition, chunks.c.counts, alone)
        for chunk in self._connection.execute(of.where(chunks.c.audience != "") if mail else of):
            if chunk.alone is not None:
                rest[chunk.alone] = chunk.edition
            else:
                states[chunk.edition].update({state: number * chunk.number for state, number in chunk.counts.items()})
        for each in self._by_chunk(list(rest)):
            states[rest[each.id]][each.state] += each.number
        return {edition: Balance(size, dict(states[edition])) for edition, size in sizes.items()}

    def _by_chunk(self, which: Sequence[int]) -> Iterable[Row[Any]]:
        """How many deliveries of each of these chunks are in each state."""
        if not which:
            return ()
        dialect = self._connection.dialect.name
        return self._connection.execute(
            # By chunk: by edition, SQLite would go through all deliveries there are.
            select(chunks.c.id, _STATE.label("state"), func.count().label("number"))
            .select_from(chunks.join(deliveries, within(chunks)))
            .where(among(dialect, chunks.c.id, "rest"))
            .group_by(chunks.c.id, _STATE),
            {"rest": integers(dialect, which)},
        )

    def open_channels(self, edition: str) -> list[str]:
        """The channels on which an edition has work left."""
        query = (
            select(chunks.c.channel)
            .where(chunks.c.edition == edition, or_(chunks.c.due.is_not(None), chunks.c.lease != ""))
            .distinct()
            .order_by(chunks.c.channel)
        )
        return [row.channel for row in self._connection.execute(query)]

    def next_due(self, edition: str = "", *, now: datetime) -> datetime | None:
        """When, after ``now``, the next delivery of an edition being sent is to be tried."""
        query = (
            select(func.min(chunks.c.due, type_=chunks.c.due.type))
            .join(editions, editions.c.id == chunks.c.edition)
            .where(chunks.c.due > now, editions.c.state == "sending")
        )
        if edition:
            query = query.where(chunks.c.edition == edition)
        found: datetime | None = self._connection.execute(query).scalar()
        return found

    def waiting(self, edition: str, now: datetime) -> int:
        """Deliveries of an edition that nobody has tried, for their readers' own hour is still to come.

        By their chunks, all of one hour each.
        """
        pending = chunks.c.counts[DeliveryState.PENDING.value].as_integer()
        query = select(func.sum(pending)).where(
            chunks.c.edition == edition, chunks.c.due > now, chunks.c.lease == "", chunks.c.counts.is_not(None)
        )
        return int(self._connection.execute(query).scalar() or 0)

    def of_post(self, edition: str, channel: str, subject: str) -> Delivery | None:
        """The delivery of a post."""
        one = (deliveries.c.subscriber == 0, deliveries.c.channel == channel, deliveries.c.subject == subject)
        return next(iter(self._shown(_rows().where(deliveries.c.edition == edition, *one))), None)

    def open_posts(self, channels: Collection[str]) -> dict[str, int]:
        """How many posts wait on each of these channels, of editions being sent."""
        found = dict.fromkeys(channels, 0)
        if not found:
            return found
        query = (
            select(chunks.c.channel, func.count().label("number"))
            .select_from(chunks.join(editions, editions.c.id == chunks.c.edition))
            .where(chunks.c.due.is_not(None), chunks.c.audience == "", chunks.c.channel.in_(sorted(channels)))
            .where(editions.c.state == "sending")
            .group_by(chunks.c.channel)
        )
        return {**found, **{row.channel: row.number for row in self._connection.execute(query)}}

    def unknown_posts(self, edition: str) -> int:
        """How many posts of an edition are ``unknown``."""
        number = chunks.c.counts[DeliveryState.UNKNOWN.value].as_integer()
        query = select(func.sum(number)).where(chunks.c.edition == edition, chunks.c.audience == "")
        return int(self._connection.execute(query).scalar() or 0)

    def get(self, delivery: int) -> Delivery | None:
        return next(iter(self._shown(_rows().where(deliveries.c.id == delivery))), None)

    def page(
        self,
        *,
        edition: str = "",
        states: Collection[DeliveryState] = (),
        limit: int = 200,
        after: int = 0,
        sought: Sought | None = None,
    ) -> list[Delivery]:
        """By id, from ``after`` on."""
        # By id, which is the order of their deliveries too: it need not be read how a million go on.
        sure = sought.counted if sought and sought.answers else false()
        candidates = select(chunks.c.id, chunks.c.first, chunks.c.last, chunks.c.counts, sure.label("sure")).where(
            chunks.c.last > after
        )
        if edition:
            candidates = candidates.where(chunks.c.edition == edition)
        if states:
            # Chunks that surely hold none are passed over: a million deliveries have two thousand of them.
            some = [chunks.c.counts[_kept(state)].as_integer() > 0 for state in states]
            candidates = candidates.where(or_(chunks.c.counts.is_(None), *some))
        if sought:
            candidates = candidates.where(sought.chunks)
        found: list[Row[Any]] = []
        passed, size = 0, _LARGEST_WINDOW if sought else _WINDOW
        while len(found) < limit:
            following = candidates.where(chunks.c.id > passed).order_by(chunks.c.id).limit(size)
            fetched = self._connection.execute(following).all()
            window = fetched if sought else _enough(fetched, states, limit - len(found))
            # A chunk that is being worked on may hold what nobody counted yet.
            answered = sought.answered if sought and all(chunk.sure for chunk in window) else None
            found += self._in_window(window, states, limit - len(found), after, answered) if window else []
            if len(window) == len(fetched) < size:
                break
            passed, size = window[-1].id, min(size * 2, _LARGEST_WINDOW)
        return self._said_of(found)

    def _in_window(
        self,
        window: Sequence[Any],
        states: Collection[DeliveryState],
        limit: int,
        after: int,
        only: ColumnElement[bool] | None,
    ) -> Sequence[Row[Any]]:
        """Deliveries of some chunks, by id: where they lie near each other, with one look at all between, whoever's
        it is."""
        # Else there is much between them that is of no interest.
        near = window[-1].last - window[0].first < _BETWEEN * sum(each.last - each.first + 1 for each in window)
        runs = [(window[0].first, window[-1].last)] if near else [(chunk.first, chunk.last) for chunk in window]
        kept = {_kept(state) for state in states}
        firsts = [chunk.first for chunk in window]
        found: list[Row[Any]] = []
        passed = 0
        while len(found) < limit:
            left = [(max(first, after + 1, passed + 1), last) for first, last in runs if last > max(after, passed)]
            ids = ids_in(self._connection, left, kept, limit, only)
            of = {delivery: window[at] for delivery in ids if (at := bisect_right(firsts, delivery) - 1) >= 0}
            ours = [delivery for delivery, chunk in of.items() if delivery <= chunk.last]
            if ours:
                which = [chunks.c.id.in_({of[delivery].id for delivery in ours}), deliveries.c.id.in_(ours)]
                query = _rows(within(chunks)).where(*which).order_by(deliveries.c.id)
                query = query.where(_STATE.in_(list(states))) if states else query
                found += self._connection.execute(query).all()
            if len(ids) < limit:
                break
            passed = ids[-1]
        return found[:limit]

    def those(self, ids: Collection[int]) -> list[Delivery]:
        """The deliveries with these ids that there are, in no order."""
        dialect = self._connection.dialect.name
        query = _rows().where(among(dialect, deliveries.c.id, "those"))
        return self._said_of(self._connection.execute(query, {"those": integers(dialect, ids)}).all())

    def posts(self, edition: str, *, limit: int = 100) -> list[Delivery]:
        """The posts of an edition, by id."""
        candidates = select(chunks.c.id).where(chunks.c.edition == edition, chunks.c.audience == "")
        ids = self._connection.execute(candidates.order_by(chunks.c.first).limit(limit)).scalars().all()
        # As in ``of_subscriber``: by their chunks, and not by going through the ledger in its order.
        query = _rows(within(chunks)).where(chunks.c.id.in_(ids)).order_by(deliveries.c.id + 0).limit(limit)
        return self._shown(query) if ids else []

    def newest_posts(self, channels: Collection[str], *, limit: int) -> dict[str, list[Delivery]]:
        """The posts that each of these channels accepted last, newest first, out of its newest twenty chunks."""
        found: dict[str, list[Delivery]] = {channel: [] for channel in channels}
        held = self._connection.execute(union_all(*map(_newest_chunks, found))).all() if found else []
        if not held:
            return found
        # By numbers that are written out: PostgreSQL would go through the whole ledger to find so few of it.
        near = or_(*(deliveries.c.id.between(chunk.first, chunk.last) for chunk in held))
        accepted = (chunks.c.id.in_([chunk.id for chunk in held]), near, _STATE == DeliveryState.ACCEPTED)
        query = select(deliveries.c.id, deliveries.c.channel).select_from(chunks.join(deliveries, within(chunks)))
        newest: dict[str, list[int]] = {channel: [] for channel in channels}
        for row in self._connection.execute(
            query.where(*accepted).order_by(deliveries.c.updated.desc(), deliveries.c.id.desc())
        ):
            if len(newest[row.channel]) < limit:
                newest[row.channel].append(row.id)
        whole = {each.id: each for each in self.those([id for ids in newest.values() for id in ids])}
        return {channel: [whole[id] for id in ids] for channel, ids in newest.items()}

    def of_edition(self, edition: str, subscriber: int) -> list[Delivery]:
        """What became of an edition for one reader."""
        return self._shown(_rows().where(deliveries.c.edition == edition, deliveries.c.subscriber == subscriber))

    def of_readers(self, edition: str, readers: Collection[int]) -> list[Delivery]:
        """What became of an edition for each of these readers whom it named, by id."""
        dialect = self._connection.dialect.name
        query = _rows().where(deliveries.c.edition == edition, among(dialect, deliveries.c.subscriber, "readers"))
        rows = self._connection.execute(query.order_by(deliveries.c.id), {"readers": integers(dialect, readers)}).all()
        return self._said_of(rows)

    def posts_of(self, which: Collection[str]) -> dict[str, list[Delivery]]:
        """The posts of each of these editions, by id."""
        found: dict[str, list[Delivery]] = {edition: [] for edition in which}
        if not found:
            return found
        dialect = self._connection.dialect.name
        query = _rows().where(among_texts(dialect, deliveries.c.edition, "which"), deliveries.c.subscriber == 0)
        rows = self._connection.execute(query.order_by(deliveries.c.id), {"which": texts(dialect, list(found))}).all()
        for each in self._said_of(rows):
            found[each.edition].append(each)
        return found

    def of_subscriber(self, subscriber: int, *, limit: int = 200) -> list[Delivery]:
        """What became of all editions for one reader, the newest first."""
        # By edition: the ledger has no index of readers alone.
        theirs = and_(deliveries.c.edition.in_(select(editions.c.id)), deliveries.c.subscriber == subscriber)
        # Not by the id as it stands: to find the newest PostgreSQL would go back through everybody's deliveries.
        return self._shown(_rows().where(theirs).order_by((deliveries.c.id + 0).desc()).limit(limit))

    def of_provider_id(self, provider_id: str) -> list[Delivery]:
        """The deliveries that a provider calls so, as its events do."""
        named = select(attempts.c.delivery).where(attempts.c.provider_id == provider_id, attempts.c.provider_id != "")
        return self._shown(_rows().where(deliveries.c.id.in_(named)))

    def attempts(self, delivery: int) -> list[dict[str, Any]]:
        """The attempts of one delivery, oldest first."""
        query = select(attempts).where(attempts.c.delivery == delivery).order_by(attempts.c.number, _KNOWN)
        return [dict(row._mapping) for row in self._connection.execute(query)]

    def _shown(self, query: Select[Any]) -> list[Delivery]:
        return self._said_of(self._connection.execute(query).all())

    def _said_of(self, rows: Sequence[Row[Any]]) -> list[Delivery]:
        tried = [row.id for row in rows if row.attempts]
        newest: dict[int, Row[Any]] = {}
        if tried:
            said = select(attempts).where(among(self._connection.dialect.name, attempts.c.delivery, "ids"))
            said = said.order_by(attempts.c.delivery, attempts.c.number, _KNOWN)
            for attempt in self._connection.execute(said, {"ids": integers(self._connection.dialect.name, tried)}):
                newest[attempt.delivery] = attempt
        return [_delivery(row, newest.get(row.id)) for row in rows]


def _newest_chunks(channel: str) -> Select[Any]:
    """The newest twenty of a channel's chunks of posts of which some were accepted, or may have been."""
    accepted = chunks.c.counts[DeliveryState.ACCEPTED.value].as_integer() > 0
    theirs = (chunks.c.channel == channel, chunks.c.audience == "", or_(chunks.c.counts.is_(None), accepted))
    newest = select(chunks.c.id, chunks.c.first, chunks.c.last).where(*theirs).order_by(chunks.c.id.desc()).limit(20)
    # SQLite takes no limit of one among several.
    one = newest.subquery()
    return select(one.c.id, one.c.first, one.c.last)


def _enough(window: Sequence[Any], states: Collection[DeliveryState], limit: int) -> Sequence[Any]:
    """The first chunks of a window that hold ``limit`` deliveries of the states by their counts, or all of them."""
    held, kept = 0, {_kept(state) for state in states}
    for place, chunk in enumerate(window, start=1):
        held += sum(number for state, number in (chunk.counts or {}).items() if not kept or state in kept)
        if held >= limit:
            return window[:place]
    return window


def _kept(state: DeliveryState) -> str:
    return str(DeliveryState.PENDING if state is DeliveryState.LEASED else state)


def _rows(chunk: ColumnElement[bool] | None = None) -> Select[Any]:
    return select(
        deliveries,
        _STATE.label("shown"),
        chunks.c.audience,
        subscribers.c.address,
    ).select_from(
        deliveries.join(chunks, its_chunk() if chunk is None else chunk).outerjoin(
            subscribers, subscribers.c.id == deliveries.c.subscriber
        )
    )


def _delivery(row: Row[Any], said: Row[Any] | None) -> Delivery:
    gone = "erased" if row.audience else ""
    return Delivery(
        id=row.id,
        edition=row.edition,
        channel=row.channel,
        subject=row.subject,
        audience=row.audience,
        state=DeliveryState(row.shown),
        destination=row.address or gone,
        subscriber=row.subscriber or None,
        reason=row.reason,
        attempts=row.attempts,
        tries=row.tries,
        first_try=row.first_try,
        not_before=row.not_before,
        code=said.code if said else 0,
        enhanced=said.enhanced if said else "",
        text=said.text if said else "",
        server=said.server if said else "",
        provider_id=said.provider_id if said else "",
        updated=row.updated,
    )
