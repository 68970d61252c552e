"""Subscribers and their subscriptions: one address, any number of audiences."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, case, delete, func, insert, or_, select, update

from bot.model import Consent, DeliveryState, EventType, Preferences, Recipient, Subscriber
from bot.store.address import AddressHash, address_key
from bot.store.chosen import evidence_json, preferences_json, read_evidence, read_preferences
from bot.store.chosen_readers import counted_choices
from bot.store.conflict import insert_or_ignore
from bot.store.outbox import Outbox
from bot.store.tables import (
    attempts,
    deliveries,
    editions,
    events,
    past_consents,
    signups,
    subscribers,
    subscriptions,
)

LARGEST_ID = 2**53 - 1
"""The largest integer that every reader of JSON holds exactly (RFC 8259 §6)."""


class Subscribers:
    """The audiences' members."""

    def __init__(self, connection: Connection, hashed: AddressHash) -> None:
        self._connection = connection
        self._hashed = hashed

    def subscribe(
        self, address: str, audience: str, consent: Consent, *, name: str = "", takes_back: bool = True
    ) -> str:
        """Puts ``address`` into ``audience``; says ``new``, ``known`` (was in it) or ``returned`` (had left it).

        Somebody who left is taken back only with a consent given after they left, and never without
        ``takes_back``; else says ``left``.
        """
        subscriber = self._id_for(address, name, consent.at)
        this = (subscriptions.c.audience == audience, subscriptions.c.subscriber == subscriber)
        values = {
            "state": "subscribed",
            "consent_at": consent.at,
            "consent_via": consent.via,
            "consent_note": consent.note,
            "evidence": evidence_json(consent.evidence),
            "ended": None,
            "ended_via": "",
        }
        row = {"audience": audience, "subscriber": subscriber, **values}
        if insert_or_ignore(self._connection, subscriptions, row):
            self._subscribed(subscriber, audience, consent)
            return "new"
        old = self._connection.execute(select(subscriptions).where(*this).with_for_update()).one()
        if old.state == "subscribed":
            return "known"
        if not takes_back or (old.ended and consent.at <= old.ended):
            return "left"
        self._connection.execute(insert(past_consents).values(**past_consent(old)))
        self._connection.execute(update(subscriptions).where(*this).values(**values))
        self._subscribed(subscriber, audience, consent)
        return "returned"

    def _subscribed(self, subscriber: int, audience: str, consent: Consent) -> None:
        outbox = Outbox(self._connection)
        outbox.subscriber(EventType.SUBSCRIBER_SUBSCRIBED, consent.at, subscriber, audience=audience, via=consent.via)

    def past_consents(self, subscriber: int) -> list[tuple[str, Consent, datetime | None]]:
        """(audience, consent, when it ended): those that another one took the place of, the oldest first."""
        query = select(past_consents).where(past_consents.c.subscriber == subscriber).order_by(past_consents.c.id)
        return [
            (
                row.audience,
                Consent(at=row.at, via=row.via, note=row.note, evidence=read_evidence(row.evidence)),
                row.ended,
            )
            for row in self._connection.execute(query)
        ]

    def prefer(self, subscriber: int, audience: str, preferences: Preferences) -> bool:
        """Keeps what a reader chose of ``audience``; False when they have no such subscription."""
        changed = (
            update(subscriptions)
            .where(subscriptions.c.subscriber == subscriber, subscriptions.c.audience == audience)
            .values(preferences=preferences_json(preferences))
        )
        return self._connection.execute(changed).rowcount == 1

    def id_of(self, address: str) -> int | None:
        """The id of a known address, whatever it is subscribed to."""
        query = select(subscribers.c.id).where(subscribers.c.address_key == address_key(address))
        return self._connection.execute(query).scalar()

    def _id_for(self, address: str, name: str, now: datetime) -> int:
        while (known := self.id_of(address)) is None:
            # Ignored when another process adds the address just now, or the id is taken: then it is looked for again.
            insert_or_ignore(
                self._connection,
                subscribers,
                {
                    # Not counted up: a link in an old mail must never name somebody else, not after a restored backup.
                    "id": secrets.randbelow(LARGEST_ID) + 1,
                    "address": address.strip(),
                    "address_key": address_key(address),
                    "address_hash": self._hashed(address),
                    "name": name,
                    "created": now,
                },
            )
        return known

    def unsubscribe(self, subscriber: int, audience: str, *, via: str, now: datetime) -> list[str]:
        """Ends the subscription to ``audience`` ("": to all). Returns the audiences that were left just now."""
        which = [subscriptions.c.subscriber == subscriber, subscriptions.c.state == "subscribed"]
        if audience:
            which.append(subscriptions.c.audience == audience)
        ended = self._connection.execute(
            update(subscriptions)
            .where(*which)
            .values(state="unsubscribed", ended=now, ended_via=via)
            .returning(subscriptions.c.audience)
        )
        left = sorted(row.audience for row in ended)
        for each in left:
            Outbox(self._connection).subscriber(
                EventType.SUBSCRIBER_UNSUBSCRIBED, now, subscriber, audience=each, via=via
            )
        return left

    def resubscribe(self, subscriber: int, audience: str, *, now: datetime) -> bool:
        """Takes back an unsubscription the reader made by this subscription's own link (undo)."""
        taken_back = self._connection.execute(
            update(subscriptions)
            .where(
                subscriptions.c.subscriber == subscriber,
                subscriptions.c.audience == audience,
                subscriptions.c.state == "unsubscribed",
            )
            .values(state="subscribed", ended=None, ended_via="", consent_note=f"undone by the reader {now:%Y-%m-%d}")
        )
        if taken_back.rowcount != 1:
            return False
        Outbox(self._connection).subscriber(
            EventType.SUBSCRIBER_SUBSCRIBED, now, subscriber, audience=audience, via="undone by the reader"
        )
        return True

    def get(self, subscriber: int, audience: str) -> Subscriber | None:
        """One subscription."""
        row = self._connection.execute(
            joined().where(subscribers.c.id == subscriber, subscriptions.c.audience == audience)
        ).one_or_none()
        return read_subscriber(row) if row else None

    def find(self, address: str) -> list[Subscriber]:
        """All subscriptions of an address."""
        query = joined().where(subscribers.c.address_key == address_key(address))
        return [read_subscriber(row) for row in self._connection.execute(query)]

    def page(self, *, audience: str = "", state: str = "", limit: int = 200, after: int = 0) -> list[Subscriber]:
        """By id, from ``after`` on."""
        query = joined().where(subscribers.c.id > after).order_by(subscribers.c.id, subscriptions.c.audience)
        if audience:
            query = query.where(subscriptions.c.audience == audience)
        if state:
            query = query.where(subscriptions.c.state == state)
        return [read_subscriber(row) for row in self._connection.execute(query.limit(limit))]

    def every(self, *, audience: str = "", state: str = "") -> Iterator[Subscriber]:
        """All, streamed: a million are never in memory at once."""
        query = joined().order_by(subscribers.c.id, subscriptions.c.audience)
        if audience:
            query = query.where(subscriptions.c.audience == audience)
        if state:
            query = query.where(subscriptions.c.state == state)
        for row in self._connection.execution_options(yield_per=500).execute(query):
            yield read_subscriber(row)

    def size(self, audience: str = "", state: str = "") -> int:
        """How many ``every`` would give."""
        query = select(func.count()).select_from(subscriptions)
        if audience:
            query = query.where(subscriptions.c.audience == audience)
        if state:
            query = query.where(subscriptions.c.state == state)
        return self._connection.execute(query).scalar() or 0

    def choices(self, audience: str) -> Iterator[tuple[Preferences, int]]:
        """Each distinct choice that subscribers of ``audience`` made, with how many made it; streamed."""
        return counted_choices(self._connection, audience)

    def count(self, audience: str) -> int:
        """How many are subscribed to ``audience``."""
        return self.counts([audience])[audience]

    def counts(self, audiences: Collection[str]) -> dict[str, int]:
        """How many are subscribed to each of these audiences."""
        query = (
            select(subscriptions.c.audience, func.count().label("number"))
            .where(subscriptions.c.audience.in_(sorted(audiences)), subscriptions.c.state == "subscribed")
            .group_by(subscriptions.c.audience)
        )
        rows = self._connection.execute(query)
        return {**dict.fromkeys(audiences, 0), **{row.audience: row.number for row in rows}}

    def recipients(self, ids: Collection[int], audience: str) -> dict[int, Recipient]:
        """What a mail's merge needs to know of these subscribers."""
        query = joined().where(subscribers.c.id.in_(list(ids)), subscriptions.c.audience == audience)
        return {
            row.id: Recipient(
                subscriber=row.id,
                address=row.address,
                audience=audience,
                name=row.name,
                subscribed=row.consent_at,
            )
            for row in self._connection.execute(query)
        }

    def forget(self, address: str, now: datetime) -> bool:
        """Erases an address everywhere; False when nothing was known of it.

        The ledger keeps its rows, without the address and without what servers said: that often repeats it. What came
        back of its deliveries is counted on, without whom it was of.
        """
        return self.forget_hashed(self._hashed(address), self.id_of(address), now)

    def forget_hashed(self, hashed: str, subscriber: int | None, now: datetime) -> bool:
        """``forget`` of an address by its hash, and of the reader that has it."""
        outbox = Outbox(self._connection)
        outbox.forget(hashed)
        # Who asked to subscribe and never confirmed is no subscriber, and may be erased all the same.
        asked = self._connection.execute(delete(signups).where(signups.c.address_hash == hashed)).rowcount
        theirs = events.c.address_hash == hashed
        nameless = {"subscriber": None, "address_hash": "", "evidence": ""}
        of_them = theirs if subscriber is None else or_(theirs, events.c.subscriber == subscriber)
        told = self._connection.execute(update(events).where(of_them).values(**nameless)).rowcount
        if subscriber is not None:
            self._forget_deliveries(subscriber)
            for table in (past_consents, subscriptions):
                self._connection.execute(delete(table).where(table.c.subscriber == subscriber))
            self._connection.execute(delete(subscribers).where(subscribers.c.id == subscriber))
            outbox.erased(subscriber, now)
        return subscriber is not None or asked > 0 or told > 0

    def _forget_deliveries(self, subscriber: int) -> None:
        # By edition: the ledger has no index of readers alone.
        theirs = and_(deliveries.c.edition.in_(select(editions.c.id)), deliveries.c.subscriber == subscriber)
        self._connection.execute(
            update(attempts).where(attempts.c.delivery.in_(select(deliveries.c.id).where(theirs))).values(text="")
        )
        self._connection.execute(
            update(deliveries)
            .where(theirs)
            .values(
                subscriber=None,
                reason=case((deliveries.c.state.in_(_OUR_REASONS), deliveries.c.reason), else_=""),
            )
        )


_OUR_REASONS = (DeliveryState.SUPPRESSED, DeliveryState.EXCLUDED, DeliveryState.CANCELLED)
"""States whose reason is Broadsheet's own word; that of the others may be a server's."""


def past_consent(old: Row[Any]) -> dict[str, Any]:
    """A row of ``past_consents``: what the subscription ``old`` proved, before another consent takes its place."""
    return {
        "subscriber": old.subscriber,
        "audience": old.audience,
        "at": old.consent_at,
        "via": old.consent_via,
        "note": old.consent_note,
        "evidence": old.evidence,
        "ended": old.ended,
        "ended_via": old.ended_via,
    }


def joined() -> Any:
    return select(
        subscribers.c.id,
        subscribers.c.address,
        subscribers.c.name,
        subscriptions.c.audience,
        subscriptions.c.state,
        subscriptions.c.consent_at,
        subscriptions.c.consent_via,
        subscriptions.c.consent_note,
        subscriptions.c.evidence,
        subscriptions.c.preferences,
        subscriptions.c.ended,
    ).join(subscriptions, subscriptions.c.subscriber == subscribers.c.id)


def read_subscriber(row: Row[Any]) -> Subscriber:
    return Subscriber(
        id=row.id,
        address=row.address,
        audience=row.audience,
        state=row.state,
        name=row.name,
        consent=Consent(
            at=row.consent_at, via=row.consent_via, note=row.consent_note, evidence=read_evidence(row.evidence)
        ),
        unsubscribed=row.ended,
        preferences=read_preferences(row.preferences),
    )
