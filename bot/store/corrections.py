"""Corrections: kept until an edition of their schedule carries them to its readers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from bot.model import Correction
from bot.store.tables import corrections


class Corrections:
    """What readers are still to be told, and were."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, correction: Correction) -> int:
        """Keeps it, and returns its id."""
        row = {
            "article": correction.article,
            "edition": correction.edition,
            "schedule": correction.schedule,
            "title": correction.title,
            "url": correction.url,
            "said": correction.said,
            "right": correction.right,
            "told": correction.told,
            "at": correction.at,
            "who": correction.who,
        }
        key = self._connection.execute(insert(corrections).values(row)).inserted_primary_key
        assert key is not None
        return int(key[0])

    def waiting(self, schedule: str) -> list[Correction]:
        """Those that no edition of ``schedule`` carries, in the order they were written."""
        return self._of(corrections.c.schedule == schedule, corrections.c.carried == "")

    def of_article(self, article: int) -> list[Correction]:
        return self.of_articles([article])

    def of_articles(self, which: Collection[int]) -> list[Correction]:
        """All about these articles, in the order they were written."""
        return self._of(corrections.c.article.in_(sorted(which)))

    def about(self, edition: str) -> list[Correction]:
        """Those of what ``edition`` said."""
        return self._of(corrections.c.edition == edition)

    def carried(self, editions: Collection[str]) -> dict[str, list[Correction]]:
        """Those that each of these editions tells."""
        found: dict[str, list[Correction]] = {edition: [] for edition in editions}
        for each in self._of(corrections.c.carried.in_(sorted(found))):
            found[each.carried].append(each)
        return found

    def carry(self, edition: str, which: Collection[Correction]) -> None:
        """From now on ``edition`` tells them; no other one does."""
        ids = [each.id for each in which]
        self._connection.execute(
            update(corrections).where(corrections.c.id.in_(ids), corrections.c.carried == "").values(carried=edition)
        )

    def release(self, edition: str) -> None:
        """The edition ended unsent: the next one tells them."""
        self._connection.execute(update(corrections).where(corrections.c.carried == edition).values(carried=""))

    def drop(self, correction: int) -> bool:
        """Readers are not told of it; False when an edition carries it already, or there is none."""
        gone = delete(corrections).where(corrections.c.id == correction, corrections.c.carried == "")
        return self._connection.execute(gone).rowcount == 1

    def _of(self, *conditions: Any) -> list[Correction]:
        query = select(corrections).where(*conditions).order_by(corrections.c.id)
        return [_correction(row) for row in self._connection.execute(query)]


def _correction(row: Row[Any]) -> Correction:
    return Correction(**row._mapping)
