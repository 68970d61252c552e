"""The links of editions whose clicks are counted: how often each was followed, and nothing of who did."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.model import Link
from bot.store.among import read_past
from bot.store.tables import editions, links

LARGEST = 2**31 - 1
LINKED = 200
"""Editions whose links are looked at together."""


@dataclass(frozen=True, slots=True)
class Clicked:
    """A link and how often it was followed, in all editions that were asked for. ``edition`` is the newest of them."""

    url: str
    clicks: int
    edition: str


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

    def clicked(self, schedules: Collection[str], *, since: datetime, until: datetime, limit: int) -> list[Clicked]:
        """The links that were followed most, of the newest ``LINKED`` editions whose slots lie between."""
        newest = (
            select(editions.c.id)
            .where(editions.c.slot >= since, editions.c.slot < until, read_past(editions.c.schedule, schedules))
            .order_by(editions.c.slot.desc())
            .limit(LINKED)
        )
        clicks = func.sum(links.c.clicks)
        query = (
            select(links.c.url, clicks.label("clicks"), func.max(links.c.edition).label("edition"))
            .where(links.c.edition.in_(newest), links.c.clicks > 0)
            .group_by(links.c.url)
            .order_by(clicks.desc(), links.c.url)
            .limit(limit)
        )
        return [Clicked(row.url, int(row.clicks), row.edition) for row in self._connection.execute(query)]
