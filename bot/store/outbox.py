"""What happened and is to be told: written in the transaction in which it does, so that neither is there without it.

Nothing is written of what no endpoint wants. ``Endpoints`` reads it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, exists, insert, select, update

from bot.model import OPEN_STATES, CallState, EditionState, EventType
from bot.store.books import Books
from bot.store.edition_rows import story_of
from bot.store.tables import edition_stories, editions, endpoint_calls, endpoints, outbox, subscribers

_LONGEST = 500
"""Characters of a text in an event: bodies are bounded, whatever somebody wrote."""
_COUNTED = (EditionState.SENT, EditionState.PAUSED, EditionState.CANCELLED)


class Outbox:
    """Events, each with a call for every endpoint that wants its type."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def edition(self, edition: str, type: EventType, now: datetime) -> None:
        """Tells what state an edition is in."""
        self._tell(type, now, lambda: (self._edition(edition), ""))

    def subscriber(self, type: EventType, at: datetime, subscriber: int, *, audience: str, via: str) -> None:
        """Tells what became of a reader's subscription to ``audience``."""
        this = subscribers.c
        query = select(this.address, this.address_hash).where(this.id == subscriber)

        def found() -> tuple[dict[str, Any], str]:
            row = self._connection.execute(query).one()
            data = {"id": subscriber, "address": row.address, "audience": audience, "via": via[:_LONGEST]}
            return data, row.address_hash

        self._tell(type, at, found)

    def suppressed(self, at: datetime, address: str, hashed: str, *, audience: str, reason: str) -> None:
        """Tells that an address must not be mailed any more, by ``audience`` or by any (""); it may be no reader's."""
        query = select(subscribers.c.id).where(subscribers.c.address_hash == hashed)

        def found() -> tuple[dict[str, Any], str]:
            id = self._connection.execute(query).scalar()
            data = {"id": id, "address": address, "audience": audience or None, "reason": reason[:_LONGEST]}
            return data, hashed

        self._tell(EventType.SUBSCRIBER_SUPPRESSED, at, found)

    def erased(self, subscriber: int, at: datetime) -> None:
        """Tells that a reader was erased, by the id alone."""
        self._tell(EventType.SUBSCRIBER_ERASED, at, lambda: ({"id": subscriber}, ""))

    def imported(self, at: datetime, data: Mapping[str, Any]) -> None:
        """Tells of a whole file at once: a million readers are one event."""
        self._tell(EventType.AUDIENCE_IMPORTED, at, lambda: (dict(data), ""))

    def ping(self, endpoint: int, now: datetime, by: str) -> int:
        """Has one endpoint called for a trial; returns the event."""
        return self._keep(EventType.PING, now, {"by": by[:_LONGEST]}, [endpoint])

    def forget(self, hashed: str) -> None:
        """Takes an erased address out of all events, those that wait to be told too."""
        found = select(outbox.c.id, outbox.c.data).where(outbox.c.address_hash == hashed)
        for row in self._connection.execute(found).all():
            data = {**row.data, "address": None}
            self._connection.execute(update(outbox).where(outbox.c.id == row.id).values(data=data, address_hash=""))

    def prune(self, before: datetime) -> int:
        """Deletes what happened earlier, unless an endpoint that is on is still to be told; returns how many."""
        waits = exists().where(
            endpoint_calls.c.event == outbox.c.id,
            endpoint_calls.c.due.is_not(None),
            endpoint_calls.c.endpoint == endpoints.c.id,
            endpoints.c.disabled.is_(None),
        )
        return self._connection.execute(delete(outbox).where(outbox.c.at < before, ~waits)).rowcount

    def _tell(self, type: EventType, at: datetime, found: Callable[[], tuple[dict[str, Any], str]]) -> None:
        """``found`` is asked when somebody wants it: for the data, and the hash of an address that stands in it."""
        wanting = self._wanting(type)
        if wanting:
            data, hashed = found()
            self._keep(type, at, data, wanting, hashed)

    def _wanting(self, type: EventType) -> list[int]:
        # In JSON, of a few rows. Kept from being removed until the event is committed: it would be undone with what
        # happened otherwise.
        query = select(endpoints.c.id, endpoints.c.types).where(endpoints.c.disabled.is_(None)).order_by(endpoints.c.id)
        rows = self._connection.execute(query.with_for_update(read=True, key_share=True))
        return [row.id for row in rows if type in row.types]

    def _keep(self, type: EventType, at: datetime, data: dict[str, Any], wanting: list[int], hashed: str = "") -> int:
        row = {
            "message": f"msg_{secrets.token_hex(13)}",
            "type": type,
            "at": at,
            "data": data,
            "address_hash": hashed,
        }
        event: int = self._connection.execute(insert(outbox).values(row).returning(outbox.c.id)).scalar_one()
        calls = [{"endpoint": each, "event": event, "state": CallState.WAITING, "due": at} for each in wanting]
        self._connection.execute(insert(endpoint_calls), calls)
        return event

    def _edition(self, edition: str) -> dict[str, Any]:
        this = editions.c
        row = self._connection.execute(
            select(
                this.id,
                this.schedule,
                this.slot_key,
                this.slot,
                this.state,
                this.name,
                this.reason,
                this.approval,
                this.version,
                this.snapshot,
                this.sent,
            ).where(this.id == edition)
        ).one()
        held = select(edition_stories).where(edition_stories.c.edition == edition).order_by(edition_stories.c.position)
        stories = [story_of(each) for each in self._connection.execute(held)]
        return {
            "id": row.id,
            "schedule": row.schedule,
            "slot_key": row.slot_key,
            "slot": row.slot.isoformat(),
            "state": row.state,
            "name": row.name[:_LONGEST],
            "title": stories[0].told.article.title[:_LONGEST] if stories else None,
            "stories": len(stories),
            "reason": row.reason[:_LONGEST],
            "approval": row.approval,
            "version": row.version,
            "deliveries": row.snapshot,
            "counts": self._counts(edition, EditionState(row.state)),
            "sent": row.sent.isoformat() if row.sent else None,
        }

    def _counts(self, edition: str, state: EditionState) -> dict[str, int] | None:
        if state not in _COUNTED:
            return None
        found = Books(self._connection).balance(edition).states
        # What waited is cancelled in this transaction, after the edition.
        shown = (
            found if state is not EditionState.CANCELLED else {k: v for k, v in found.items() if k not in OPEN_STATES}
        )
        return {str(each): number for each, number in sorted(shown.items()) if number}
