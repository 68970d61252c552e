"""Who left, or must not be mailed any more: carried from a store that is replaced into the one that takes its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from bot.store.conflict import insert_or_ignore
from bot.store.tables import subscribers, subscriptions, suppressions


@dataclass(frozen=True, slots=True)
class Departures:
    """What happened since a moment: subscriptions that ended, suppressions that were made."""

    left: Sequence[Mapping[str, Any]]
    suppressed: Sequence[Mapping[str, Any]]


def departures_since(connection: Connection, since: datetime) -> Departures:
    """Those of ``since`` and later, as the store knows them."""
    left = (
        select(
            subscribers.c.address_hash,
            subscriptions.c.audience,
            subscriptions.c.state,
            subscriptions.c.ended,
            subscriptions.c.ended_via,
        )
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber)
        .where(subscriptions.c.ended >= since)
    )
    suppressed = select(suppressions).where(suppressions.c.at >= since)
    return Departures(
        [dict(row._mapping) for row in connection.execute(left)],
        [dict(row._mapping) for row in connection.execute(suppressed)],
    )


def depart(connection: Connection, departures: Departures) -> int:
    """Lets them be gone from this store too, by address; returns how many it had not known of."""
    known = 0
    for row in departures.left:
        of = select(subscribers.c.id).where(subscribers.c.address_hash == row["address_hash"])
        known += connection.execute(
            update(subscriptions)
            .where(
                subscriptions.c.subscriber.in_(of),
                subscriptions.c.audience == row["audience"],
                subscriptions.c.ended.is_(None),
            )
            .values(state=row["state"], ended=row["ended"], ended_via=row["ended_via"])
        ).rowcount
    return known + sum(insert_or_ignore(connection, suppressions, dict(row)) for row in departures.suppressed)
