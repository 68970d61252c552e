"""The books: what the ledger says, looked at and never changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select

from bot.model import OPEN_STATES, Delivery, DeliveryState
from bot.store.tables import attempts, deliveries, editions


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


class Books:
    """The ledger, read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def balance(self, edition: str) -> Balance:
        """The books of ``edition``."""
        rows = self._connection.execute(
            select(deliveries.c.state, func.count().label("number"))
            .where(deliveries.c.edition == edition)
            .group_by(deliveries.c.state)
        )
        snapshot = self._connection.execute(select(editions.c.snapshot).where(editions.c.id == edition)).scalar()
        return Balance(snapshot or 0, {row.state: row.number for row in rows})

    def open_channels(self, edition: str) -> list[str]:
        """The channels on which an edition has work left."""
        query = (
            select(deliveries.c.channel)
            .where(deliveries.c.edition == edition, deliveries.c.state.in_(list(OPEN_STATES)))
            .distinct()
            .order_by(deliveries.c.channel)
        )
        return [row.channel for row in self._connection.execute(query)]

    def next_due(self, edition: str = "") -> datetime | None:
        """When the earliest deferred delivery of an edition being sent is to be tried again."""
        query = (
            select(func.min(deliveries.c.not_before))
            .join(editions, editions.c.id == deliveries.c.edition)
            .where(deliveries.c.state == DeliveryState.DEFERRED, editions.c.state == "sending")
        )
        if edition:
            query = query.where(deliveries.c.edition == edition)
        found: datetime | None = self._connection.execute(query).scalar()
        return found

    def get(self, delivery: int) -> Delivery | None:
        row = self._connection.execute(select(deliveries).where(deliveries.c.id == delivery)).one_or_none()
        return delivery_of(row) if row else None

    def page(
        self, *, edition: str = "", states: Collection[DeliveryState] = (), limit: int = 200, after: int = 0
    ) -> list[Delivery]:
        """By id, from ``after`` on."""
        query = select(deliveries).where(deliveries.c.id > after).order_by(deliveries.c.id).limit(limit)
        if edition:
            query = query.where(deliveries.c.edition == edition)
        if states:
            query = query.where(deliveries.c.state.in_(list(states)))
        return [delivery_of(row) for row in self._connection.execute(query)]

    def attempts(self, delivery: int) -> list[dict[str, Any]]:
        """The attempts of one delivery, oldest first."""
        query = select(attempts).where(attempts.c.delivery == delivery).order_by(attempts.c.id)
        return [dict(row._mapping) for row in self._connection.execute(query)]


def delivery_of(row: Row[Any]) -> Delivery:
    """A row of the table ``deliveries`` as the noun."""
    return Delivery(
        id=row.id,
        edition=row.edition,
        channel=row.channel,
        subject=row.subject,
        audience=row.audience,
        token=row.token,
        state=DeliveryState(row.state),
        destination=row.destination,
        subscriber=row.subscriber,
        reason=row.reason,
        tries=row.tries,
        first_try=row.first_try,
        not_before=row.not_before,
        lease=row.lease,
        code=row.code,
        enhanced=row.enhanced,
        text=row.text,
        server=row.server,
        provider_id=row.provider_id,
        updated=row.updated,
    )
