"""What waits for an editor's word of each edition, summed up: a page that asks reads no thousand events."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, exists, func, literal, select

from bot.model import Answer, Edition, Hit, Suspects
from bot.store.edition_rows import edition_of
from bot.store.editions import Editions
from bot.store.events import WAITING
from bot.store.kept_editions import LIGHT
from bot.store.tables import editions, events

_KEY = "suspects"
_DECIDED = "suspects decided"
"""Of an edition's report, which keeps them, and up to which event somebody has said a word."""
_STEPS = 500
"""Editions of which something waits that are looked through at most; what waits to be settled is among them."""


class SuspectsOfEditions:
    """The suspects of editions; they are there as long as one of their events waits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, edition: str, suspects: Suspects | None) -> None:
        """Puts the edition's suspects in place of those before; None: there are none."""
        if suspects == self._kept(edition):
            return
        kept = asdict(suspects) | {"since": suspects.since.isoformat()} if suspects else None
        Editions(self._connection).note(edition, _KEY, kept)

    def of(self, edition: str) -> Suspects | None:
        """What waits for an editor's word of this edition."""
        kept = self._kept(edition)
        if kept is None:
            return None
        waits = select(exists().where(WAITING, events.c.edition == edition, events.c.id <= kept.last))
        return kept if self._connection.execute(waits).scalar() else None

    def decide(self, edition: str, last: int) -> None:
        """Somebody has said a word on what waits up to the event ``last``: nothing of it is a suspect any more."""
        self.keep(edition, None)
        Editions(self._connection).note(edition, _DECIDED, last)

    def decided(self, edition: str) -> int:
        """Up to which event somebody has said a word; 0: of none."""
        query = select(editions.c.report[_DECIDED].as_integer()).where(editions.c.id == edition)
        return self._connection.execute(query).scalar() or 0

    def waiting(self, limit: int) -> list[tuple[Edition, int]]:
        """The editions that have suspects, without their stories, each with how many; the newest slot first."""
        # From one edition to the next by the index of what waits: grouping would read all of a burst.
        first = select(func.min(events.c.edition).label("edition"), literal(1).label("step")).where(
            WAITING, events.c.edition != ""
        )
        walk = first.cte("waiting", recursive=True)
        following = select(func.min(events.c.edition)).where(WAITING, events.c.edition > walk.c.edition)
        walk = walk.union_all(
            select(following.scalar_subquery(), walk.c.step + 1).where(
                walk.c.edition.is_not(None), walk.c.step < _STEPS
            )
        )
        number = editions.c.report[(_KEY, "number")].as_integer()
        query: Select[Any] = (
            select(*LIGHT, number.label("suspects"))
            .join(walk, walk.c.edition == editions.c.id)
            .where(number > 0)
            .order_by(editions.c.slot.desc(), editions.c.id)
            .limit(limit)
        )
        return [(edition_of(row), row.suspects) for row in self._connection.execute(query)]

    def _kept(self, edition: str) -> Suspects | None:
        query = select(editions.c.report[_KEY].as_json()).where(editions.c.id == edition)
        kept = self._connection.execute(query).scalar()
        if not kept:
            return None
        return Suspects(
            number=kept["number"],
            last=kept["last"],
            since=datetime.fromisoformat(kept["since"]),
            tried=kept["tried"],
            providers=tuple(Hit(**each) for each in kept["providers"]),
            answers=tuple(Answer(**each) for each in kept["answers"]),
        )
