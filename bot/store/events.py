"""What came back of deliveries. An event never changes a delivery's state, and only its own effect ever changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, distinct, func, or_, select, text, update

from bot.model import Delivery, DeliveryState, Effect, Event, Verdict
from bot.store.among import among, integers
from bot.store.attempts import storable
from bot.store.chunks import its_chunk
from bot.store.conflict import insert_all_or_ignore, insert_or_ignore
from bot.store.tables import chunks, deliveries, editions, events, subscribers

FAILURES = (Verdict.HARD, Verdict.SOFT)
"""Verdicts that say that a mail was not delivered."""
WAITING = text("effect = 'waiting'")
"""As the index of those that wait has it."""
_TRIED = (DeliveryState.ACCEPTED, DeliveryState.FAILED)


class Events:
    """The events, idempotent by their key."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, event: Event) -> bool:
        """Keeps ``event``; False when one with its key is kept already."""
        return insert_or_ignore(self._connection, events, _row(event))

    def add_all(self, made: Sequence[Event]) -> None:
        """Keeps those whose key is not known yet, in one statement."""
        if made:
            insert_all_or_ignore(self._connection, events, [_row(each) for each in made])

    def known(self, key: str) -> bool:
        """Whether an event with that key is kept."""
        return self._connection.execute(select(events.c.id).where(events.c.key == key)).first() is not None

    def settle(self, ids: Collection[int], effect: Effect) -> None:
        """Says what followed from these events."""
        if ids:
            which = among(self._connection.dialect.name, events.c.id, "ids")
            given = {"ids": integers(self._connection.dialect.name, ids)}
            self._connection.execute(update(events).where(which).values(effect=effect), given)

    def newest(
        self,
        *,
        edition: str = "",
        verdicts: Collection[Verdict] = (),
        effects: Collection[Effect] = (),
        limit: int = 200,
    ) -> list[Event]:
        """The newest first."""
        query = select(events).order_by(events.c.at.desc(), events.c.id.desc()).limit(limit)
        if edition:
            query = query.where(events.c.edition == edition)
        if verdicts:
            query = query.where(events.c.verdict.in_(list(verdicts)))
        if effects:
            query = query.where(events.c.effect.in_(list(effects)))
        return [_event(row) for row in self._connection.execute(query)]

    def of_subscriber(self, subscriber: int, *, limit: int = 200) -> list[Event]:
        """All that came back from one reader, the newest first."""
        query = select(events).where(events.c.subscriber == subscriber).order_by(events.c.id.desc()).limit(limit)
        return [_event(row) for row in self._connection.execute(query)]

    def counts(self, edition: str) -> dict[str, int]:
        """By verdict, how many deliveries of an edition something came back of; each counts once a verdict."""
        query = (
            select(events.c.verdict, func.count(distinct(events.c.delivery)).label("number"))
            .where(events.c.edition == edition, events.c.delivery != 0)
            .group_by(events.c.verdict)
        )
        return {row.verdict: row.number for row in self._connection.execute(query)}

    def failures(self, edition: str) -> int:
        """Of how many deliveries of an edition something says that they were not delivered."""
        query = select(func.count(distinct(events.c.delivery))).where(
            events.c.edition == edition, events.c.delivery != 0, events.c.verdict.in_(FAILURES)
        )
        return self._connection.execute(query).scalar() or 0

    def since(self, moment: datetime) -> dict[str, int]:
        """By verdict, how many events there were since then."""
        query = select(events.c.verdict, func.count().label("number")).where(events.c.at >= moment)
        return {row.verdict: row.number for row in self._connection.execute(query.group_by(events.c.verdict))}

    def waiting(self) -> dict[str, int]:
        """By edition ("": of none that is known), how many events wait to be settled."""
        query = select(events.c.edition, func.count().label("number")).where(WAITING)
        return {row.edition: row.number for row in self._connection.execute(query.group_by(events.c.edition))}

    def waiting_of(self, edition: str) -> list[Event]:
        """Those that wait of one edition, the oldest first."""
        query = select(events).where(WAITING, events.c.edition == edition).order_by(events.c.id)
        return [_event(row) for row in self._connection.execute(query)]

    def undecided(
        self, edition: str, last: int, *, after: int = 0, limit: int | None = None
    ) -> list[tuple[Event, str]]:
        """Those that wait of an edition up to the event ``last``, each with the reader's address, by id from behind
        ``after`` on.
        """
        query = (
            select(events, subscribers.c.address)
            .join(subscribers, subscribers.c.id == events.c.subscriber)
            .where(WAITING, events.c.edition == edition, events.c.id > after, events.c.id <= last)
            .order_by(events.c.id)
            .limit(limit)
        )
        return [(_event(row), row.address) for row in self._connection.execute(query)]

    def dead(self, edition: str) -> list[tuple[Event, str]]:
        """The events of an edition by which an address is dead, waiting or not, each with the reader's address.

        The oldest first; an erased reader's are left out.
        """
        return self._failed(edition, (Effect.WAITING, Effect.SUPPRESSED))

    def spared(self, edition: str) -> list[tuple[Event, str]]:
        """As ``dead``, those of which somebody said that the address is good."""
        return self._failed(edition, (Effect.DISMISSED,))

    def _failed(self, edition: str, effects: Collection[Effect]) -> list[tuple[Event, str]]:
        query = (
            select(events, subscribers.c.address)
            .join(subscribers, subscribers.c.id == events.c.subscriber)
            .where(
                events.c.edition == edition,
                events.c.verdict.in_(FAILURES),
                events.c.effect.in_(list(effects)),
            )
            .order_by(events.c.id)
        )
        return [(_event(row), row.address) for row in self._connection.execute(query)]

    def named(self, ids: Collection[int]) -> dict[int, Delivery]:
        """What an event must know of these deliveries of readers, by id; posts are left out."""
        dialect = self._connection.dialect.name
        query = (
            select(deliveries, chunks.c.audience, subscribers.c.address)
            .select_from(
                deliveries.join(chunks, its_chunk()).join(subscribers, subscribers.c.id == deliveries.c.subscriber)
            )
            .where(among(dialect, deliveries.c.id, "ids"))
        )
        rows = self._connection.execute(query, {"ids": integers(dialect, ids)})
        return {
            row.id: Delivery(
                id=row.id,
                edition=row.edition,
                channel=row.channel,
                subject=row.subject,
                state=DeliveryState(row.state),
                destination=row.address,
                audience=row.audience,
                subscriber=row.subscriber,
            )
            for row in rows
        }

    def tried(self, edition: str, domains: Collection[str] = ()) -> int:
        """How many of an edition's mails a server took or refused for good: all, or those to ``domains``."""
        query = select(func.count()).where(deliveries.c.edition == edition, deliveries.c.state.in_(_TRIED))
        if domains:
            query = query.where(subscribers.c.id == deliveries.c.subscriber).where(
                or_(*(subscribers.c.address_key.endswith(f"@{each}", autoescape=True) for each in domains))
            )
        return self._connection.execute(query).scalar() or 0

    def history(self, subscriber: int, limit: int) -> list[str]:
        """The last editions whose mail to a reader a server took or refused for good, the newest first."""
        theirs = and_(deliveries.c.edition.in_(select(editions.c.id)), deliveries.c.subscriber == subscriber)
        query = (
            select(deliveries.c.edition)
            .where(theirs, deliveries.c.state.in_(_TRIED))
            .group_by(deliveries.c.edition)
            .order_by(func.max(deliveries.c.id).desc())
            .limit(limit)
        )
        return list(self._connection.execute(query).scalars())

    def prune(self, before: datetime) -> int:
        """Deletes what is older; returns how many. What waits for an editor stays."""
        gone = delete(events).where(events.c.at < before, events.c.effect != Effect.WAITING)
        return self._connection.execute(gone).rowcount


def _row(event: Event) -> dict[str, Any]:
    return {
        "key": event.key,
        "at": event.at,
        "verdict": event.verdict,
        "effect": event.effect,
        "delivery": event.delivery,
        "edition": event.edition,
        "channel": event.channel,
        "subscriber": event.subscriber,
        "address_hash": event.address_hash,
        "code": storable(event.code)[:12],
        "reason": storable(event.reason)[:40],
        "source": event.source,
        "evidence": storable(event.evidence)[:500],
    }


def _event(row: Row[Any]) -> Event:
    return Event(
        id=row.id,
        key=row.key,
        at=row.at,
        verdict=Verdict(row.verdict),
        effect=Effect(row.effect),
        delivery=row.delivery,
        edition=row.edition,
        channel=row.channel,
        subscriber=row.subscriber,
        address_hash=row.address_hash,
        code=row.code,
        reason=row.reason,
        source=row.source,
        evidence=row.evidence,
    )
