"""Sums over all editions, for those who watch the whole: each costs a look at what is open, never at every delivery."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, or_, select

from bot.model import OPEN_STATES, DeliveryState
from bot.store.books import Books
from bot.store.tables import chunks, editions, progress

GOING = ("sending", "paused")


@dataclass(frozen=True, slots=True)
class Sums:
    """``editions`` by state; ``open`` deliveries by state, of editions that are being sent or paused.

    ``oldest_due`` is since when the chunk that waits longest could have been worked on; None: none waits.
    ``unknown`` are deliveries of those editions and of the newer ones that were asked for. ``rate`` is what all
    processes together say they deliver in a second.
    """

    editions: dict[str, int]
    open: dict[str, int]
    unknown: int
    unbalanced: int
    leased: int
    due: int
    oldest_due: datetime | None
    rate: float


class Figures:
    """Asked every few seconds by whoever watches."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sums(self, now: datetime, *, since: datetime, fresh: datetime) -> Sums:
        """``since``: how old an edition may be whose unknown deliveries count; ``fresh``: what a process said."""
        run = self._connection.execute
        states = run(select(editions.c.state, func.count().label("number")).group_by(editions.c.state))
        by_state = {row.state: row.number for row in states}
        going = run(select(editions.c.id).where(editions.c.state.in_(GOING))).scalars().all()
        books = Books(self._connection)
        balances = books.balances(going).values()
        open_ = {
            state.value: sum(each.states.get(state, 0) for each in balances)
            for state in DeliveryState
            if state in OPEN_STATES
        }
        waits = and_(chunks.c.due <= now, chunks.c.lease == "", editions.c.state == "sending")
        work = run(
            select(
                func.count(case((chunks.c.lease != "", 1))).label("leased"),
                func.count(case((waits, 1))).label("due"),
                func.min(case((waits, chunks.c.due)), type_=chunks.c.due.type).label("oldest"),
            )
            .select_from(chunks.join(editions, editions.c.id == chunks.c.edition))
            .where(or_(chunks.c.due.is_not(None), chunks.c.lease_until.is_not(None)))
        ).one()
        newer = select(editions.c.id).where(editions.c.changed >= since, editions.c.state.not_in(GOING))
        ended = run(
            select(func.sum(chunks.c.counts[DeliveryState.UNKNOWN.value].as_integer())).where(
                chunks.c.edition.in_(newer), chunks.c.counts.is_not(None)
            )
        ).scalar()
        rate = run(select(func.sum(progress.c.rate)).where(progress.c.updated > fresh)).scalar()
        return Sums(
            editions=by_state,
            open=open_,
            unknown=int(ended or 0) + sum(each.states.get("unknown", 0) for each in balances),
            unbalanced=sum(not each.balanced for each in balances),
            leased=work.leased,
            due=work.due,
            oldest_due=work.oldest,
            rate=float(rate or 0),
        )
