"""All that the store holds on one reader, table by table: what they may ask for (GDPR, articles 15 and 20)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, or_, select

from bot.store.address import AddressHash
from bot.store.tables import (
    deliveries,
    editions,
    endpoint_calls,
    endpoints,
    events,
    outbox,
    past_consents,
    signups,
    subscribers,
    subscriptions,
    suppressions,
)

Rows = Iterator[dict[str, Any]]


class Dossier:
    """Looks only. Each row is a dict by columns, without those that only the store can use."""

    def __init__(self, connection: Connection, hashed: AddressHash) -> None:
        self._connection = connection
        self._hashed = hashed

    def reader(self, subscriber: int) -> dict[str, Any] | None:
        """``address``, ``name``, ``created``; None when there is no such reader."""
        columns = (subscribers.c.address, subscribers.c.name, subscribers.c.created)
        return next(self._rows(select(*columns).where(subscribers.c.id == subscriber)), None)

    def subscriptions(self, subscriber: int) -> Rows:
        """Consent and preferences of each audience they are or were in."""
        query = select(subscriptions).where(subscriptions.c.subscriber == subscriber)
        return self._rows(query.order_by(subscriptions.c.audience), "subscriber")

    def past_consents(self, subscriber: int) -> Rows:
        """Those that another one took the place of, the oldest first."""
        query = select(past_consents).where(past_consents.c.subscriber == subscriber)
        return self._rows(query.order_by(past_consents.c.id), "id", "subscriber")

    def suppressions(self, address: str) -> Rows:
        """Why, since when and from where it is known that they must not be mailed."""
        query = select(suppressions).where(suppressions.c.address_hash == self._hashed(address))
        return self._rows(query.order_by(suppressions.c.audience), "address_hash", "address")

    def signups(self, address: str) -> Rows:
        """What they asked for on the public pages, while that is kept."""
        query = select(signups).where(signups.c.address_hash == self._hashed(address))
        return self._rows(query.order_by(signups.c.requested), "id", "address_hash")

    def deliveries(self, subscriber: int) -> Rows:
        """What was to go out to them, of each edition whose rows are kept, by its slot."""
        query = (
            select(
                deliveries.c.edition,
                editions.c.name,
                editions.c.slot,
                deliveries.c.channel,
                deliveries.c.state,
                deliveries.c.reason,
                deliveries.c.attempts,
                deliveries.c.updated,
            )
            # By edition: the ledger has no index of readers alone.
            .join(editions, editions.c.id == deliveries.c.edition)
            .where(deliveries.c.edition.in_(select(editions.c.id)), deliveries.c.subscriber == subscriber)
            .order_by(editions.c.slot, deliveries.c.id)
        )
        return self._rows(query)

    def events(self, address: str, subscriber: int | None) -> Rows:
        """What came back: bounces, complaints, replies."""
        theirs: ColumnElement[bool] = events.c.address_hash == self._hashed(address)
        if subscriber is not None:
            theirs = or_(theirs, events.c.subscriber == subscriber)
        return self._rows(
            select(events).where(theirs).order_by(events.c.at, events.c.id),
            "id", "key", "delivery", "subscriber", "address_hash",
        )  # fmt: skip

    def told(self, address: str) -> Rows:
        """What other programs were told of them, or are to be, while that is kept; by which program's name."""
        query = (
            select(outbox.c.type, outbox.c.at, endpoints.c.name.label("program"), endpoint_calls.c.state)
            .join(endpoint_calls, endpoint_calls.c.event == outbox.c.id)
            .join(endpoints, endpoints.c.id == endpoint_calls.c.endpoint)
            .where(outbox.c.address_hash == self._hashed(address))
            .order_by(outbox.c.id, endpoints.c.id)
        )
        return self._rows(query)

    def _rows(self, query: Select[Any], *without: str) -> Rows:
        for row in self._connection.execute(query):
            yield {name: value for name, value in row._mapping.items() if name not in without}
