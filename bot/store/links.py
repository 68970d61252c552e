"""The links of editions whose clicks are counted: how often each was followed, and nothing of who did."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, insert, select, update

from bot.model import Link
from bot.store.tables import links

LARGEST = 2**31 - 1


class Links:
    """Numbered from 1 within an edition."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, edition: str, urls: Sequence[str]) -> None:
        """Replaces the edition's links, before it is sent."""
        self._connection.execute(delete(links).where(links.c.edition == edition))
        if urls:
            rows = [{"edition": edition, "number": number, "url": url} for number, url in enumerate(urls, start=1)]
            self._connection.execute(insert(links), rows)

    def of(self, edition: str) -> list[Link]:
        """In the order in which they stand in the edition."""
        query = select(links).where(links.c.edition == edition).order_by(links.c.number)
        return [Link(row.number, row.url, row.clicks) for row in self._connection.execute(query)]

    def url(self, edition: str, number: int) -> str:
        """Where a link leads; "" when the edition has none of that number."""
        if not 0 < number <= LARGEST:
            return ""
        query = select(links.c.url).where(links.c.edition == edition, links.c.number == number)
        return self._connection.execute(query).scalar() or ""

    def count(self, edition: str, number: int) -> None:
        """It was followed once more."""
        this = (links.c.edition == edition, links.c.number == number)
        self._connection.execute(update(links).where(*this).values(clicks=links.c.clicks + 1))
