"""What waits for an editor's word of each edition, summed up: a page that asks reads no thousand events."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, exists, select

from bot.model import Answer, Edition, Hit, Suspects
from bot.store.edition_rows import edition_of
from bot.store.editions import Editions
from bot.store.events import WAITING
from bot.store.flags import Flags
from bot.store.kept_editions import LIGHT
from bot.store.tables import editions, events, flags

_KEY = "suspects"
_DECIDED = "suspects decided"
"""Of an edition's report, which keeps them, and up to which event somebody has said a word."""
_FLAG = "suspects:"
"""Before an edition's id: the name of the flag that says how many it has."""


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
        name = f"{_FLAG}{edition}"
        if suspects:
            Flags(self._connection).set(name, str(suspects.number), suspects.since)
        else:
            self._connection.execute(delete(flags).where(flags.c.name == name))

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
        # By flags: each page asks, and neither a burst's events nor the reports of all editions are to be read for it.
        numbers = {edition: int(value) for edition, (value, _) in Flags(self._connection).named(_FLAG).items()}
        if not numbers:
            return []
        query = (
            select(*LIGHT)
            .where(editions.c.id.in_(numbers), exists().where(WAITING, events.c.edition == editions.c.id))
            .order_by(editions.c.slot.desc(), editions.c.id)
            .limit(limit)
        )
        return [(edition_of(row), numbers[row.id]) for row in self._connection.execute(query)]

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
