"""Posts whose outcome nobody knows, and when their networks are asked what became of them.

``not_before`` of an ``unknown`` delivery is when it is asked for next; NULL until it is the first time. Whoever asks
moves it ahead, and that is the lease: nobody else asks meanwhile, and if they die it comes round again.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, or_, select, update

from bot.model import DeliveryState, Doubt, EditionState, Outcome, plural
from bot.store import attempts
from bot.store.among import among, integers
from bot.store.books import Books
from bot.store.chunks import Chunks, its_chunk, within
from bot.store.tables import attempts as attempts_table
from bot.store.tables import chunks, deliveries, edition_figures, editions

OLDEST = timedelta(days=7)
"""How long ago an edition's slot may be: what is older has no followers any more."""


class Recalls:
    """The unknown posts of all editions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def due(self, channels: Collection[str], now: datetime, *, life: timedelta, edition: str = "") -> list[Doubt]:
        """Those that may be asked for now, the longest unknown first; no more than once after ``life`` is over.

        None of them is one of which nobody knows whether it was attempted (a restored store).
        """
        doubted = deliveries.c.updated
        when = or_(
            deliveries.c.not_before.is_(None),
            and_(deliveries.c.not_before <= now, doubted > now - life),
        )
        last = and_(
            attempts_table.c.delivery == deliveries.c.id,
            attempts_table.c.number == deliveries.c.attempts,
            attempts_table.c.outcome == DeliveryState.UNKNOWN,
        )
        # An edition that was sent says so itself, so that few are looked through.
        likely = or_(
            editions.c.state.in_([EditionState.SENDING, EditionState.PAUSED, EditionState.CANCELLED]),
            and_(editions.c.state == EditionState.SENT, editions.c.reason.contains("unknown")),
        )
        some = chunks.c.counts[DeliveryState.UNKNOWN.value].as_integer() > 0
        query = (
            select(deliveries, attempts_table.c.began)
            .select_from(
                editions.join(chunks, chunks.c.edition == editions.c.id)
                .join(deliveries, within(chunks))
                .join(attempts_table, last)
            )
            .where(
                editions.c.slot > now - OLDEST,
                editions.c.folded.is_(None),
                likely,
                chunks.c.audience == "",
                chunks.c.channel.in_(list(channels)),
                chunks.c.lease == "",
                or_(chunks.c.counts.is_(None), some),
                deliveries.c.state == DeliveryState.UNKNOWN,
                when,
            )
            .order_by(doubted, deliveries.c.id)
        )
        if edition:
            query = query.where(editions.c.id == edition)
        return [_doubt(row) for row in self._connection.execute(query)]

    def take(self, doubt: Doubt, now: datetime, until: datetime) -> bool:
        """Makes the asking ours until then; False when somebody else is at it, or it is settled."""
        free = or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= now)
        taken = update(deliveries).where(_still(doubt), free).values(not_before=until)
        return self._connection.execute(taken).rowcount == 1

    def is_open(self, doubt: Doubt) -> bool:
        """Whether it is not settled yet."""
        return self._connection.execute(select(deliveries.c.id).where(_still(doubt))).first() is not None

    def put_off(self, doubt: Doubt, until: datetime) -> None:
        """It is asked for again then."""
        self._connection.execute(update(deliveries).where(_still(doubt)).values(not_before=until))

    def settle(self, doubt: Doubt, outcome: Outcome, now: datetime) -> bool:
        """Writes what became of it, as an answer that came late; False when it was settled meanwhile.

        Lock the edition first, so that it is never closed on books from before this.
        """
        settled = not attempts.end(self._connection, [outcome])
        self._settle(doubt.delivery, now)
        return settled

    def send_again(self, doubt: Doubt, now: datetime, not_before: datetime) -> bool:
        """Lets it be sent again, though nobody knows; False when it was settled meanwhile. Lock the edition first."""
        again = {"state": DeliveryState.PENDING, "reason": "", "not_before": not_before, "updated": now}
        changed = self._connection.execute(update(deliveries).where(_still(doubt)).values(**again)).rowcount
        self._settle(doubt.delivery, now)
        return changed == 1

    def _settle(self, delivery: int, now: datetime) -> None:
        of = select(chunks.c.id).join(deliveries, its_chunk()).where(deliveries.c.id == delivery)
        Chunks(self._connection).settle(list(self._connection.execute(of).scalars()), now)
        self.recount([delivery])

    def recount(self, ids: Collection[int]) -> None:
        """Says of the editions of these deliveries that were sent how many are unknown now; their sums are old."""
        dialect = self._connection.dialect.name
        # Apart from the editions: SQLite would look through all deliveries of each.
        of = select(deliveries.c.edition).where(among(dialect, deliveries.c.id, "ids")).distinct()
        found = self._connection.execute(of, {"ids": integers(dialect, ids)}).scalars().all()
        summed = edition_figures.c.edition.in_(found)
        self._connection.execute(update(edition_figures).where(summed).values(reckoned=None))
        sent = select(editions.c.id).where(editions.c.id.in_(found), editions.c.state == EditionState.SENT)
        for edition in self._connection.execute(sent.order_by(editions.c.id)).scalars().all():
            unknown = Books(self._connection).balance(edition).states.get(DeliveryState.UNKNOWN, 0)
            said = update(editions).where(editions.c.id == edition)
            self._connection.execute(said.values(reason=unknown_said(unknown)))


def unknown_said(number: int) -> str:
    """The reason of an edition that was sent; "" when all of it is known."""
    return plural(number, "%(count)s unknown", "%(count)s unknown") if number else ""


def _still(doubt: Doubt) -> Any:
    return and_(
        deliveries.c.id == doubt.delivery,
        deliveries.c.state == DeliveryState.UNKNOWN,
        deliveries.c.attempts == doubt.attempt,
    )


def _doubt(row: Row[Any]) -> Doubt:
    return Doubt(
        delivery=row.id,
        edition=row.edition,
        channel=row.channel,
        subject=row.subject,
        attempt=row.attempts,
        tries=row.tries,
        first_try=row.first_try or row.began,
        began=row.began,
        since=row.updated,
    )
