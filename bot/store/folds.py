"""Old editions' rows become totals, some at a time, so that the books balance at every commit.

A chunk shrinks from its beginning: the deliveries that are deleted and the chunk's part that named them go together,
and are added to the edition's totals in the same transaction. So a stop at any moment loses nothing, and the next
folding goes on at what is left.

Posts stay: they are nobody's personal data and few, and by what networks called them they are corrected and taken down.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, func, null, or_, select, update

from bot.errors import StateError
from bot.model import OPEN_STATES, EditionState
from bot.store.editions import Editions
from bot.store.tables import attempts, chunks, deliveries, editions, reasons

_CHUNKS = 64
"""Chunks looked at in one transaction."""
_MAIL = chunks.c.audience != ""


@dataclass(frozen=True, slots=True)
class Foldable:
    """An edition that ended (UTC) long enough ago, and how many rows of deliveries it still has."""

    edition: str
    ended: datetime
    deliveries: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction went through. ``last``: the id of the last delivery it came to; ``more``: some are left."""

    deliveries: int
    attempts: int
    last: int
    more: bool


class Folds:
    """The folding of editions that have ended. Whoever folds holds the edition until the transaction ends."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def with_deliveries(self, before: datetime) -> list[Foldable]:
        """Editions that ended ``before`` and still have rows, the oldest first."""
        return self._found(_foldable(before))

    def with_attempts(self, before: datetime) -> list[Foldable]:
        """Those of them whose attempts still stand."""
        return self._found(_foldable(before).where(_UNDROPPED))

    def fold(self, edition: str, limit: int, now: datetime) -> Step:
        """Folds at most ``limit`` deliveries, with their attempts, into the totals.

        Raises ``StateError``, and nothing is to be committed, when the edition is under way again or a row is missing.
        """
        self._hold(edition)
        folded: Counter[str] = Counter()
        dropped = last = 0
        for chunk in self._chunks(edition, after=0):
            if chunk.lease:
                raise StateError(f"edition {edition} is worked on: chunk {chunk.id} is leased")
            left = limit - folded.total()
            if not left:
                break
            last = min(chunk.last, chunk.first + left - 1)
            states = self._taken(edition, chunk.first, last)
            dropped += self._drop(chunk.first, last)
            self._shrink(chunk, last, states)
            folded.update(states)
        totals = self._connection.execute(select(editions.c.totals).where(editions.c.id == edition)).scalar()
        self._connection.execute(
            update(editions)
            .where(editions.c.id == edition)
            .values(totals=dict(Counter(totals or {}) + folded), folded=func.coalesce(editions.c.folded, now))
        )
        return Step(folded.total(), dropped, last, more=bool(self._chunks(edition, after=0)))

    def drop_attempts(self, edition: str, after: int, limit: int, now: datetime) -> Step:
        """Drops the attempts of the next ``limit`` deliveries behind the id ``after``, if nobody else has meanwhile.

        Raises ``StateError`` when the edition is under way again.
        """
        self._hold(edition)
        passed = dropped = last = 0
        this = editions.c.id == edition
        if self._connection.execute(select(editions.c.id).where(this, _UNDROPPED)).first() is None:
            return Step(0, 0, after, more=False)
        for chunk in self._chunks(edition, after=after):
            left = limit - passed
            if not left:
                break
            first = max(chunk.first, after + 1)
            last = min(chunk.last, first + left - 1)
            dropped += self._drop(first, last)
            passed += last - first + 1
        more = bool(self._chunks(edition, after=last))
        if not more:
            self._connection.execute(update(editions).where(this).values(attempts_dropped=now))
        return Step(passed, dropped, last, more=more)

    def _hold(self, edition: str) -> None:
        state = Editions(self._connection).lock(edition)
        if state is None or not state.ended:
            raise StateError(f"edition {edition} is {state or 'gone'}: only one that has ended is folded")

    def _chunks(self, edition: str, *, after: int) -> list[Row[tuple[int, ...]]]:
        """By id, which is the order of their deliveries too."""
        query = (
            select(chunks)
            .where(chunks.c.edition == edition, chunks.c.last > after, _MAIL)
            .order_by(chunks.c.id)
            .limit(_CHUNKS)
        )
        if self._connection.dialect.name == "postgresql":
            query = query.with_for_update()
        return list(self._connection.execute(query).all())

    def _taken(self, edition: str, first: int, last: int) -> Counter[str]:
        """Deletes a run of deliveries and counts what it deleted, in one statement: nothing can come between."""
        # By ids alone: where the edition is named too, SQLite looks through all deliveries of it.
        gone = delete(deliveries).where(_between(deliveries.c.id, first, last)).returning(deliveries.c.state)
        states = Counter(self._connection.execute(gone).scalars())
        if states.total() != last - first + 1:
            raise StateError(
                f"the books of edition {edition} do not balance: "
                f"{states.total()} deliveries from {first} to {last}, not {last - first + 1}"
            )
        open_ = sum(states[state] for state in OPEN_STATES)
        if open_:
            raise StateError(f"edition {edition} has ended with {open_} deliveries open: they are not folded")
        return states

    def _drop(self, first: int, last: int) -> int:
        return self._connection.execute(delete(attempts).where(_between(attempts.c.delivery, first, last))).rowcount

    def _shrink(self, chunk: Row[tuple[int, ...]], last: int, gone: Counter[str]) -> None:
        which = chunks.c.id == chunk.id
        if last == chunk.last:
            self._connection.execute(delete(chunks).where(which))
            return
        # They are of the whole; who looks counts those of what is left.
        self._connection.execute(delete(reasons).where(reasons.c.chunk == chunk.id))
        counts = Counter(chunk.counts or {})
        counts.subtract(gone)
        # Where they do not fit they are left out, and counted by whoever asks.
        fits = bool(chunk.counts) and min(counts.values()) >= 0 and counts.total() == chunk.last - last
        self._connection.execute(
            update(chunks).where(which).values(first=last + 1, counts=dict(+counts) if fits else null())
        )

    def _found(self, query: Select[tuple[str, datetime, int]]) -> list[Foldable]:
        return [Foldable(row.id, row.changed, row.rows) for row in self._connection.execute(query)]


# An edition may have been opened again, and sent more, since.
_UNDROPPED = or_(editions.c.attempts_dropped.is_(None), editions.c.attempts_dropped < editions.c.changed)


def _foldable(before: datetime) -> Select[tuple[str, datetime, int]]:
    ended = [str(state) for state in EditionState if state.ended]
    return (
        select(editions.c.id, editions.c.changed, func.sum(chunks.c.last - chunks.c.first + 1).label("rows"))
        .join(chunks, chunks.c.edition == editions.c.id)
        .where(editions.c.state.in_(ended), editions.c.changed < before, _MAIL)
        .group_by(editions.c.id, editions.c.changed)
        .order_by(editions.c.changed, editions.c.id)
    )


def _between(column: ColumnElement[int], first: int, last: int) -> ColumnElement[bool]:
    return column.between(first, last)
