"""Who left, was erased, or must not be mailed any more: carried from a store that is replaced into the next one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, exists, select, update

from bot.store.address import AddressHash
from bot.store.among import among_texts, texts
from bot.store.conflict import insert_or_ignore
from bot.store.subscribers import Subscribers
from bot.store.suppressions import Suppressions
from bot.store.tables import signups, subscribers, subscriptions, suppressions

_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Departures:
    """What happened since a moment: subscriptions that ended, suppressions that were made.

    ``erased`` are the hashes of all who were erased, whenever: when is not on record where the address was on a list
    before.
    """

    left: Sequence[Mapping[str, Any]]
    suppressed: Sequence[Mapping[str, Any]]
    erased: Sequence[str] = ()


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
    # A list that was imported by hashes is of readers too that are still there.
    erased = (
        select(suppressions.c.address_hash)
        .distinct()
        .where(suppressions.c.address == "", ~exists().where(subscribers.c.address_hash == suppressions.c.address_hash))
    )
    return Departures(
        [dict(row._mapping) for row in connection.execute(left)],
        [dict(row._mapping) for row in connection.execute(suppressed)],
        list(connection.execute(erased).scalars()),
    )


def depart(connection: Connection, departures: Departures, now: datetime) -> int:
    """Lets them be gone from this store too, by address; returns how many it had not known of.

    Programs are told once more of who was erased, for the store that is replaced may not have got to it; of the others
    they know.
    """
    gone = _erase(connection, departures.erased, now)
    known = len(gone)
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
    for row in departures.suppressed:
        added = insert_or_ignore(connection, suppressions, dict(row))
        known += added and row["address_hash"] not in gone
    return known


def _erase(connection: Connection, erased: Sequence[str], now: datetime) -> set[str]:
    """Erases those of whom a backup still knows more than the hash; returns theirs."""
    dialect = connection.dialect.name
    gone: set[str] = set()
    for start in range(0, len(erased), _AT_ONCE):
        given = {"hashes": texts(dialect, erased[start : start + _AT_ONCE])}
        found: dict[str, list[int]] = defaultdict(list)
        for table in (subscribers, signups):
            of = select(table.c.address_hash, table.c.id).where(among_texts(dialect, table.c.address_hash, "hashes"))
            for row in connection.execute(of, given):
                found[row.address_hash] += [row.id] if table is subscribers else []
        listed = select(suppressions.c.address_hash).where(
            among_texts(dialect, suppressions.c.address_hash, "hashes"), suppressions.c.address != ""
        )
        for hashed in connection.execute(listed, given).scalars():
            found[hashed] += []
        for hashed, ids in found.items():
            readers = Subscribers(connection, AddressHash())
            readers.forget_hashed(hashed, None, now)
            for subscriber in ids:
                readers.forget_hashed(hashed, subscriber, now)
            Suppressions(connection, AddressHash()).forget_hashed(hashed)
        gone |= found.keys()
    return gone
