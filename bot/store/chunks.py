"""Chunks: runs of deliveries that one worker holds at a time: the work queue, and the books while it is worked off.

A chunk's ``lease`` is the fencing token: what is written for a delivery that is about to be sent names it, and
touches nothing once another worker holds the chunk.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    update,
)

from bot.model import CORRECTION, Chunk, DeliveryState, Phrase
from bot.store.among import among, integers
from bot.store.chosen_readers import Run
from bot.store.jobs import Jobs
from bot.store.pauses import paused
from bot.store.reasons import STATES, Reasons
from bot.store.tables import attempts, chunks, deliveries, editions

LOST = Phrase("the sender stopped while it was under way")
"""What is said of a delivery that nobody can tell of any more."""
SIZE = 500
"""Deliveries of one chunk."""

WAITING = (DeliveryState.PENDING, DeliveryState.DEFERRED)


class Chunks:
    """The chunks of all editions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._postgresql = connection.dialect.name == "postgresql"

    def add(
        self, edition: str, channel: str, audience: str, first: int, runs: Iterable[Run], now: datetime
    ) -> list[int]:
        """Divides the deliveries from the id ``first`` on into chunks, run by run, and wakes them; returns their ids.

        A chunk never holds deliveries of two runs: all of it gets one rendition, at one time.
        """
        rows, start_of_all = [], first
        for run in runs:
            begins = run.placement
            waits = begins.state in WAITING
            for start in range(first, first + run.size, SIZE):
                size = min(SIZE, first + run.size - start)
                rows.append(
                    {
                        "edition": edition,
                        "channel": channel,
                        "audience": audience,
                        "first": start,
                        "last": start + size - 1,
                        "due": (begins.not_before or now) if waits else None,
                        "counts": {begins.state: size},
                        "variant": begins.variant,
                    }
                )
            first += run.size
        self._connection.execute(insert(chunks), rows)
        # Asked for afterwards: SQLite would give them back one INSERT at a time.
        added = select(chunks.c.id).where(
            chunks.c.edition == edition, chunks.c.channel == channel, chunks.c.first >= start_of_all
        )
        ids = list(self._connection.execute(added.order_by(chunks.c.id)).scalars())
        Jobs(self._connection).wake(chunks.c.id.between(min(ids), max(ids)), now)
        return ids

    # --- the work

    def claim(
        self,
        channel: str,
        *,
        owner: str,
        now: datetime,
        until: datetime,
        edition: str = "",
        after: Collection[str] = (),
        chunk: int | None = None,
        corrections: bool = False,
    ) -> Chunk | None:
        """Leases the next chunk with work due on ``channel``, of editions being sent; None when there is none.

        There is none on a channel that is paused.

        Chunks of the editions ``after`` come last: no edition waits for a larger one. ``chunk``: that one only.
        ``corrections``: only those of editions that correct posts, or take them down.
        """
        query = (
            select(chunks)
            .join(editions, editions.c.id == chunks.c.edition)
            .where(chunks.c.due <= now, chunks.c.lease == "", editions.c.state == "sending")
            .where(chunks.c.channel == channel, ~paused(channel))
        )
        if chunk is not None:
            # A job may be older than a restore, and its number another chunk's by now.
            query = query.where(chunks.c.id == chunk)
        if edition:
            query = query.where(chunks.c.edition == edition)
        if corrections:
            query = query.where(editions.c.slot_key.startswith(CORRECTION))
        if after:
            query = query.order_by(case((chunks.c.edition.in_(sorted(after)), 1), else_=0))
        query = query.order_by(chunks.c.due, chunks.c.id).limit(1)
        if self._postgresql:
            query = query.with_for_update(of=chunks, skip_locked=True)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        if chunk is None:
            Jobs(self._connection).overtake(row.id)
        lease = secrets.token_hex(8)
        self._connection.execute(
            update(chunks)
            .where(chunks.c.id == row.id)
            .values(owner=owner, lease=lease, lease_until=until, counts=null())
        )
        return _chunk(row, lease)

    def renew(self, leases: Collection[str], until: datetime) -> int:
        """Holds chunks longer; returns how many are still ours."""
        held = chunks.c.lease.in_(list(leases))
        if self._postgresql:
            # In the order in which they are given back.
            self._connection.execute(select(chunks.c.id).where(held).order_by(chunks.c.id).with_for_update())
        return self._connection.execute(update(chunks).where(held).values(lease_until=until)).rowcount

    def is_held(self, chunk: Chunk) -> bool:
        """Whether the chunk is still ours and its edition is being sent."""
        query = (
            select(chunks.c.id)
            .join(editions, editions.c.id == chunks.c.edition)
            .where(chunks.c.id == chunk.id, chunks.c.lease == chunk.lease, editions.c.state == "sending")
        )
        return self._connection.execute(query).first() is not None

    def keep(self, chunk: Chunk) -> bool:
        """Whether the chunk is still ours; nobody takes it over before this transaction ends."""
        query = select(chunks.c.id).where(chunks.c.id == chunk.id, chunks.c.lease == chunk.lease)
        if self._postgresql:
            query = query.with_for_update()
        return self._connection.execute(query).first() is not None

    def release(self, chunk: Chunk, now: datetime) -> dict[str, int] | None:
        """Gives the chunk back and returns its deliveries by state; None when it was no longer ours.

        What is still ``attempting`` had no answer: it may have arrived.
        """
        ours = and_(chunks.c.id == chunk.id, chunks.c.lease == chunk.lease)
        freed = update(chunks).where(ours).values(owner="", lease="", lease_until=None)
        ours_still = self._connection.execute(freed).rowcount == 1
        # Also when it was lost: an answer that came late has changed the counts.
        counts = self.settle([chunk.id], now).get(chunk.id, {})
        if not ours_still:
            return None
        if DeliveryState.ATTEMPTING in counts:
            self._lost(chunk, now)
            counts = self.settle([chunk.id], now).get(chunk.id, {})
        return counts

    def settle(self, ids: Collection[int], now: datetime) -> dict[int, dict[str, int]]:
        """Counts chunks anew, says when each has work, and wakes them then; returns the deliveries by state of each.

        What is leased keeps no counts: its holder settles it.
        """
        dialect = self._connection.dialect.name
        which, given = among(dialect, chunks.c.id, "ids"), {"ids": integers(dialect, ids)}
        if self._postgresql:
            # Two that change deliveries of a chunk at once: the second one counts what the first one has committed,
            # also when the first one gives the chunk back.
            self._connection.execute(select(chunks.c.id).where(which).order_by(chunks.c.id).with_for_update(), given)
        # A post that was given back keeps its place among the others.
        since = case((chunks.c.audience == "", deliveries.c.updated), else_=literal(now, _MOMENT))
        when = func.coalesce(deliveries.c.not_before, since)
        rows = self._connection.execute(
            select(
                chunks.c.id,
                deliveries.c.state,
                func.count().label("number"),
                func.min(case((deliveries.c.state.in_(WAITING), when)), type_=_MOMENT).label("due"),
            )
            .join(deliveries, within(chunks))
            .where(which, chunks.c.lease == "")
            .group_by(chunks.c.id, deliveries.c.state),
            given,
        ).all()
        counted: dict[int, dict[str, int]] = {}
        due: dict[int, list[datetime]] = {}
        for row in rows:
            counted.setdefault(row.id, {})[row.state] = row.number
            due.setdefault(row.id, []).extend([row.due] if row.due else [])
        values = [
            {"chunk": chunk, "counted": counts, "when": min(due[chunk], default=None)}
            for chunk, counts in counted.items()
        ]
        if values:
            self._connection.execute(_SETTLED, values)
            holding = [chunk for chunk, counts in counted.items() if not counts.keys().isdisjoint(STATES)]
            Reasons(self._connection).count(list(counted), holding)
        waiting = [chunk for chunk, times in due.items() if times]
        if waiting:
            Jobs(self._connection).wake(chunks.c.id.in_(waiting), now)
        return counted

    # --- after a crash

    def owners(self) -> dict[str, datetime]:
        """Who holds leases now, and until when at the earliest."""
        query = select(chunks.c.owner, func.min(chunks.c.lease_until, type_=_MOMENT).label("until")).where(
            chunks.c.lease_until.is_not(None)
        )
        return {row.owner: row.until for row in self._connection.execute(query.group_by(chunks.c.owner))}

    def recover(self, *, dead: Collection[str], now: datetime) -> tuple[int, int]:
        """Takes back the chunks of dead owners and those whose lease ran out; (deliveries pending again, unknown).

        What was not attempted is pending again; what was may have arrived and is unknown.
        """
        left = or_(chunks.c.owner.in_(list(dead)), chunks.c.lease_until < now)
        query = select(chunks).where(chunks.c.lease_until.is_not(None), left)
        if self._postgresql:
            query = query.with_for_update(of=chunks, skip_locked=True)
        pending = unknown = 0
        for row in self._connection.execute(query).all():
            unknown += self._lost(row, now)
            self._connection.execute(
                update(chunks).where(chunks.c.id == row.id).values(owner="", lease="", lease_until=None)
            )
            counts = self.settle([row.id], now).get(row.id, {})
            pending += counts.get(DeliveryState.PENDING, 0)
        return pending, unknown

    def _lost(self, chunk: Row[Any] | Chunk, now: datetime) -> int:
        under_way = and_(within(chunk), deliveries.c.state == DeliveryState.ATTEMPTING)
        columns = [each.name for each in attempts.c if each.name in _OF_LOST]
        self._connection.execute(
            insert(attempts).from_select(
                columns,
                select(
                    deliveries.c.id,
                    deliveries.c.attempts,
                    literal(str(DeliveryState.UNKNOWN)),
                    deliveries.c.updated,
                    literal(now, _MOMENT),
                    literal(str(LOST)),
                ).where(under_way),
            )
        )
        return self._connection.execute(
            update(deliveries)
            .where(under_way)
            .values(state=DeliveryState.UNKNOWN, reason=LOST, tries=deliveries.c.tries + 1, updated=now)
        ).rowcount


_OF_LOST = ("delivery", "number", "outcome", "began", "ended", "text")
_MOMENT: Any = chunks.c.due.type


_SETTLED = (
    update(chunks)
    .where(chunks.c.id == bindparam("chunk"), chunks.c.lease == "")
    .values(counts=bindparam("counted"), due=bindparam("when"))
)


def within(chunk: Any) -> ColumnElement[bool]:
    """The deliveries of a chunk: of the table in a join, or of a row of it.

    By their ids alone: where the edition is named too, SQLite looks through all deliveries of it.
    """
    of = chunk.c if hasattr(chunk, "c") else chunk
    return and_(deliveries.c.id >= of.first, deliveries.c.id <= of.last)


def its_chunk() -> ColumnElement[bool]:
    """The chunk of a delivery that is known: the index of editions finds it."""
    return and_(chunks.c.edition == deliveries.c.edition, within(chunks))


def _chunk(row: Row[Any], lease: str) -> Chunk:
    return Chunk(
        id=row.id,
        edition=row.edition,
        channel=row.channel,
        audience=row.audience,
        first=row.first,
        last=row.last,
        lease=lease,
        variant=row.variant,
    )
