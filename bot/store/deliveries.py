"""The ledger. Nothing goes out that it did not name first; its states sum to the snapshot, always."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, insert, literal, or_, select, update

from bot.errors import LeaseLost
from bot.model import Delivery, DeliveryState
from bot.store.books import Books, delivery_of
from bot.store.conflict import COUNTED
from bot.store.tables import attempts, deliveries, editions, subscribers, subscriptions, suppressions


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended, as it is written to the ledger. Times in UTC; ``text`` is the server's, cut to 500."""

    state: DeliveryState
    began: datetime
    ended: datetime
    reason: str = ""
    not_before: datetime | None = None
    server: str = ""
    code: int = 0
    enhanced: str = ""
    text: str = ""
    provider_id: str = ""
    counts: bool = True
    """Whether it counts as a try of this destination."""


class Deliveries(Books):
    """Every delivery of every edition, and what becomes of it."""

    # --- the snapshot

    def add_audience(self, edition: str, channel: str, audience: str, now: datetime) -> int:
        """Names a delivery for each subscriber of ``audience``, in one statement; returns how many.

        Suppressed addresses are named too, in the state ``suppressed``: the books say why they got nothing.
        """
        blocked = (
            select(suppressions.c.reason)
            .where(
                suppressions.c.address_hash == subscribers.c.address_hash,
                suppressions.c.audience.in_(["", audience]),
            )
            .limit(1)
            .scalar_subquery()
        )
        members = (
            select(
                literal(edition),
                literal(channel),
                literal(""),
                literal(audience),
                subscribers.c.id,
                subscribers.c.address,
                case((blocked.is_not(None), DeliveryState.SUPPRESSED), else_=DeliveryState.PENDING),
                func.coalesce(blocked, ""),
                literal(now, deliveries.c.updated.type),
            )
            .join(subscriptions, subscriptions.c.subscriber == subscribers.c.id)
            .where(subscriptions.c.audience == audience, subscriptions.c.state == "subscribed")
            .order_by(subscribers.c.id)
        )
        columns = [
            "edition",
            "channel",
            "subject",
            "audience",
            "subscriber",
            "destination",
            "state",
            "reason",
            "updated",
        ]
        statement = insert(deliveries).from_select(columns, members)
        return self._connection.execute(statement, execution_options=COUNTED).rowcount

    def add_post(self, edition: str, channel: str, subject: str, now: datetime) -> int:
        """Names the delivery of one post."""
        self._connection.execute(
            insert(deliveries).values(
                edition=edition,
                channel=channel,
                subject=subject,
                destination="",
                state=DeliveryState.PENDING,
                updated=now,
            )
        )
        return 1

    # --- the work

    def claim(
        self, channel: str, *, owner: str, limit: int, now: datetime, until: datetime, edition: str = ""
    ) -> list[Delivery]:
        """Leases up to ``limit`` deliveries that are due on ``channel``, of editions being sent.

        Suppression and consent are looked at again: who left since the snapshot becomes ``cancelled`` here.
        """
        due = or_(
            deliveries.c.state == DeliveryState.PENDING,
            deliveries.c.state == DeliveryState.DEFERRED,
        )
        query = (
            select(deliveries.c.id)
            .join(editions, editions.c.id == deliveries.c.edition)
            .where(
                due,
                deliveries.c.channel == channel,
                or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= now),
                editions.c.state == "sending",
            )
            .order_by(deliveries.c.id)
            .limit(limit)
        )
        if edition:
            query = query.where(deliveries.c.edition == edition)
        if self._connection.dialect.name == "postgresql":
            query = query.with_for_update(of=deliveries, skip_locked=True)
        ids = [row.id for row in self._connection.execute(query)]
        if not ids:
            return []
        self._cancel_departed(ids, now)
        leased = (
            update(deliveries)
            .where(deliveries.c.id.in_(ids), due)
            .values(
                state=DeliveryState.LEASED, owner=owner, lease=secrets.token_hex(16), lease_until=until, updated=now
            )
            .returning(deliveries)
        )
        return sorted((delivery_of(row) for row in self._connection.execute(leased)), key=lambda each: each.id)

    def _cancel_departed(self, ids: Sequence[int], now: datetime) -> None:
        blocked = (
            select(1)
            .select_from(suppressions.join(subscribers, subscribers.c.address_hash == suppressions.c.address_hash))
            .where(
                subscribers.c.id == deliveries.c.subscriber,
                or_(suppressions.c.audience == "", suppressions.c.audience == deliveries.c.audience),
            )
            .correlate(deliveries)
            .exists()
        )
        subscribed = (
            select(1)
            .select_from(subscriptions)
            .where(
                subscriptions.c.subscriber == deliveries.c.subscriber,
                subscriptions.c.audience == deliveries.c.audience,
                subscriptions.c.state == "subscribed",
            )
            .correlate(deliveries)
            .exists()
        )
        self._cancel(
            and_(deliveries.c.id.in_(ids), deliveries.c.audience != "", or_(blocked, ~subscribed)),
            "left the audience after the snapshot",
            now,
        )

    def attempt(self, delivery: Delivery, *, token: str, now: datetime, until: datetime) -> None:
        """Writes ahead that ``delivery`` is being sent.

        Raises ``LeaseLost`` when it is no longer ours to send, or its edition is not being sent any more.
        """
        sending = select(1).where(editions.c.id == deliveries.c.edition, editions.c.state == "sending")
        self._fenced(
            delivery,
            and_(deliveries.c.state == DeliveryState.LEASED, sending.correlate(deliveries).exists()),
            {
                "state": DeliveryState.ATTEMPTING,
                "token": token,
                "lease_until": until,
                "first_try": func.coalesce(deliveries.c.first_try, literal(now, deliveries.c.updated.type)),
                "updated": now,
            },
        )

    def finish(self, delivery: Delivery, outcome: Outcome) -> None:
        """Writes how the attempt ended, and appends it to the attempts. Raises ``LeaseLost``.

        An answer that comes after the lease ran out still settles what was taken for ``unknown`` meanwhile.
        """
        tries = delivery.tries + (1 if outcome.counts else 0)
        self._fenced(
            delivery,
            deliveries.c.state.in_([DeliveryState.ATTEMPTING, DeliveryState.UNKNOWN]),
            {
                "state": outcome.state,
                "reason": outcome.reason,
                "not_before": outcome.not_before,
                "tries": tries,
                "server": outcome.server,
                "code": outcome.code,
                "enhanced": outcome.enhanced[:12],
                "text": outcome.text[:500],
                "provider_id": outcome.provider_id,
                "updated": outcome.ended,
                "lease": "",
                "owner": "",
                "lease_until": None,
            },
        )
        self._append(delivery.id, tries, outcome)

    def give_back(self, delivery: Delivery, now: datetime) -> None:
        """Returns a leased delivery that was not attempted; one whose lease was lost meanwhile is left alone."""
        self._connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id == delivery.id,
                deliveries.c.lease == delivery.lease,
                deliveries.c.state == DeliveryState.LEASED,
            )
            .values(state=DeliveryState.PENDING, **_RELEASED, updated=now)
        )

    def _fenced(self, delivery: Delivery, ready: ColumnElement[bool], values: dict[str, Any]) -> None:
        written = self._connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id == delivery.id,
                deliveries.c.lease == delivery.lease,
                ready,
            )
            .values(**values)
        )
        if written.rowcount != 1:
            raise LeaseLost(f"delivery {delivery.id}: another worker took it over, or it was cancelled")

    def _append(self, delivery: int, number: int, outcome: Outcome) -> None:
        self._connection.execute(
            insert(attempts).values(
                delivery=delivery,
                number=number,
                began=outcome.began,
                ended=outcome.ended,
                outcome=outcome.state,
                server=outcome.server,
                code=outcome.code,
                enhanced=outcome.enhanced[:12],
                text=outcome.text[:500],
                provider_id=outcome.provider_id,
            )
        )

    # --- after a crash

    def owners(self) -> dict[str, datetime]:
        """Who holds leases now, and when the first of them runs out."""
        query = (
            select(deliveries.c.owner, func.min(deliveries.c.lease_until).label("until"))
            .where(deliveries.c.lease_until.is_not(None))
            .group_by(deliveries.c.owner)
        )
        return {row.owner: row.until for row in self._connection.execute(query)}

    def recover(self, *, dead: Collection[str], now: datetime) -> tuple[int, int]:
        """Takes back what workers left: leased → pending, attempting → unknown. Returns how many of each.

        A worker has left when it is among ``dead`` owners, or its lease ran out.
        """
        left = and_(
            deliveries.c.lease_until.is_not(None),
            or_(deliveries.c.owner.in_(list(dead)), deliveries.c.lease_until < now),
        )
        pending = self._connection.execute(
            update(deliveries)
            .where(deliveries.c.state == DeliveryState.LEASED, left)
            .values(state=DeliveryState.PENDING, **_RELEASED, updated=now)
        ).rowcount
        lost = (
            update(deliveries)
            .where(deliveries.c.state == DeliveryState.ATTEMPTING, left)
            .values(
                state=DeliveryState.UNKNOWN,
                reason="the sender stopped while it was under way",
                tries=deliveries.c.tries + 1,
                # The lease's token stays: should its holder only have been slow, its answer still counts.
                owner="",
                lease_until=None,
                updated=now,
            )
            .returning(deliveries)
        )
        rows = self._connection.execute(lost).all()
        for row in rows:
            outcome = Outcome(state=DeliveryState.UNKNOWN, began=row.first_try or now, ended=now, reason=row.reason)
            self._append(row.id, row.tries, outcome)
        return pending, len(rows)

    def resolve(self, ids: Collection[int], *, to: DeliveryState, reason: str, now: datetime) -> int:
        """Settles ``unknown`` deliveries: to ``accepted`` (it arrived) or ``pending`` (send it again)."""
        if self._connection.dialect.name == "postgresql":
            # So that an edition is never closed on books from before this.
            of = select(deliveries.c.edition).where(deliveries.c.id.in_(list(ids)))
            self._connection.execute(select(editions.c.id).where(editions.c.id.in_(of)).with_for_update())
        return self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(list(ids)), deliveries.c.state == DeliveryState.UNKNOWN)
            .values(state=to, reason=reason, not_before=None, **_RELEASED, updated=now)
        ).rowcount

    def resend_unknown(self, now: datetime, *, since: datetime, not_before: datetime | None = None) -> int:
        """The policy ``resend``: unknown deliveries first tried after ``since`` are sent again, not before then."""
        sending = select(editions.c.id).where(editions.c.state == "sending")
        return self._connection.execute(
            update(deliveries)
            .where(
                deliveries.c.state == DeliveryState.UNKNOWN,
                deliveries.c.first_try > since,
                deliveries.c.edition.in_(sending),
            )
            .values(state=DeliveryState.PENDING, reason="", not_before=not_before, **_RELEASED, updated=now)
        ).rowcount

    def doubt_edition(self, edition: str, reason: str, now: datetime) -> int:
        """Makes ``unknown`` of all that has not ended: it may have gone out, and only a person can tell."""
        open_states = [each for each in DeliveryState if each.open]
        return self._connection.execute(
            update(deliveries)
            .where(deliveries.c.edition == edition, deliveries.c.state.in_(open_states))
            .values(state=DeliveryState.UNKNOWN, reason=reason, not_before=None, **_RELEASED, updated=now)
        ).rowcount

    def retry_now(self, ids: Collection[int], now: datetime) -> int:
        """Lets deferred deliveries be tried at once."""
        return self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(list(ids)), deliveries.c.state == DeliveryState.DEFERRED)
            .values(not_before=None, updated=now)
        ).rowcount

    # --- cancelling

    def cancel_edition(self, edition: str, now: datetime) -> int:
        """Cancels what has not gone out; what was accepted stays accepted."""
        return self._cancel(deliveries.c.edition == edition, "the edition was cancelled", now)

    def cancel_subscriber(self, subscriber: int, audience: str, reason: str, now: datetime) -> int:
        """Cancels a reader's deliveries that have not gone out: of one audience, or of all ("")."""
        of_audience = deliveries.c.audience == audience if audience else literal(True)
        return self._cancel(and_(deliveries.c.subscriber == subscriber, of_audience), reason, now)

    def _cancel(self, which: ColumnElement[bool], reason: str, now: datetime) -> int:
        waiting = [DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.DEFERRED]
        return self._connection.execute(
            update(deliveries)
            .where(which, deliveries.c.state.in_(waiting))
            .values(state=DeliveryState.CANCELLED, reason=reason, not_before=None, **_RELEASED, updated=now)
        ).rowcount


_RELEASED: dict[str, Any] = {"owner": "", "lease": "", "lease_until": None}
