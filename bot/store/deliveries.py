"""The ledger. Nothing goes out that it did not name first; its states sum to the snapshot, always."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    DateTime,
    and_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    null,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from bot.model import Chunk, DeliveryState, Due, Outcome, Recipient
from bot.store.among import among, integers
from bot.store.books import Books
from bot.store.chunks import WAITING, Chunks, within
from bot.store.conflict import COUNTED
from bot.store.tables import (
    Moment,
    attempts,
    chunks,
    deliveries,
    editions,
    subscribers,
    subscriptions,
    suppressions,
)

AT_ONCE = 1_000
"""Deliveries of a chunk that are worked on at once, however large it is."""

_MOMENT: Any = deliveries.c.updated.type


class Deliveries(Books):
    """Every delivery of every edition, and what becomes of it."""

    @property
    def _dialect(self) -> str:
        return self._connection.dialect.name

    # --- the snapshot

    def add_audience(self, edition: str, channel: str, audience: str, now: datetime) -> int:
        """Names a delivery for each subscriber of ``audience``, in one statement; returns how many.

        Suppressed addresses are named too, in the state ``suppressed``: the books say why they got nothing.
        """
        members = (
            select(
                literal(edition),
                subscriptions.c.subscriber,
                literal(channel),
                literal(""),
                literal(str(DeliveryState.PENDING)),
                literal(now, _MOMENT),
            )
            .where(subscriptions.c.audience == audience, subscriptions.c.state == "subscribed")
            .order_by(subscriptions.c.subscriber)
        )
        columns = ["edition", "subscriber", "channel", "subject", "state", "updated"]
        before = self._last()
        named = self._connection.execute(
            insert(deliveries).from_select(columns, members), execution_options=COUNTED
        ).rowcount
        if named:
            self._suppress(edition, channel, audience)
            self._divide(edition, channel, audience, before, named, now)
        return named

    def add_post(self, edition: str, channel: str, subject: str, now: datetime) -> int:
        """Names the delivery of one post."""
        before = self._last()
        row = {"edition": edition, "subscriber": 0, "channel": channel, "subject": subject, "updated": now}
        self._connection.execute(insert(deliveries).values(**row, state=DeliveryState.PENDING))
        self._divide(edition, channel, "", before, 1, now)
        return 1

    def _last(self) -> int:
        """The highest id there is. Until this transaction ends nobody else adds any: a chunk is a run of ids."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('broadsheet.deliveries'))"))
        return self._connection.execute(select(func.max(deliveries.c.id))).scalar() or 0

    def _divide(self, edition: str, channel: str, audience: str, before: int, size: int, now: datetime) -> None:
        first = self._connection.execute(select(func.min(deliveries.c.id)).where(deliveries.c.id > before)).scalar_one()
        last = self._connection.execute(select(func.max(deliveries.c.id))).scalar_one()
        assert last - first + 1 == size
        Chunks(self._connection).add(edition, channel, audience, first, last, now)

    def _suppress(self, edition: str, channel: str, audience: str) -> None:
        blocked = (
            select(subscribers.c.id, suppressions.c.reason)
            .select_from(suppressions)
            .join(subscribers, subscribers.c.address_hash == suppressions.c.address_hash)
            .join(
                subscriptions,
                and_(subscriptions.c.audience == audience, subscriptions.c.subscriber == subscribers.c.id),
            )
            .where(suppressions.c.audience.in_(["", audience]), subscriptions.c.state == "subscribed")
        )
        statement = (
            update(deliveries)
            .where(
                deliveries.c.edition == edition,
                deliveries.c.channel == channel,
                deliveries.c.subject == "",
                deliveries.c.subscriber == bindparam("blocked"),
            )
            .values(state=DeliveryState.SUPPRESSED, reason=bindparam("why"))
        )
        for some in self._connection.execute(blocked).partitions(1000):
            self._connection.execute(statement, [{"blocked": row.id, "why": row.reason} for row in some])

    # --- the work

    def due(self, chunk: Chunk, now: datetime) -> list[Due]:
        """The deliveries of a leased chunk whose time has come, by id.

        Suppression and consent are looked at again: who left since the snapshot becomes ``cancelled`` here.
        """
        blocked = (
            select(literal(1))
            .where(
                suppressions.c.address_hash == subscribers.c.address_hash,
                suppressions.c.audience.in_(["", chunk.audience]),
            )
            .exists()
        )
        theirs = and_(subscriptions.c.audience == chunk.audience, subscriptions.c.subscriber == deliveries.c.subscriber)
        query = (
            select(
                deliveries.c.id,
                deliveries.c.subscriber,
                deliveries.c.subject,
                deliveries.c.attempts,
                deliveries.c.tries,
                deliveries.c.first_try,
                subscribers.c.address,
                subscribers.c.name,
                subscriptions.c.consent_at,
                subscriptions.c.state.label("standing"),
                blocked.label("blocked"),
            )
            .select_from(
                deliveries.outerjoin(subscribers, subscribers.c.id == deliveries.c.subscriber).outerjoin(
                    subscriptions, theirs
                )
            )
            .where(
                within(chunk),
                deliveries.c.state.in_(WAITING),
                or_(deliveries.c.not_before.is_(None), deliveries.c.not_before <= now),
            )
            .order_by(deliveries.c.id)
            .limit(AT_ONCE)
        )
        found: list[Due] = []
        departed: list[int] = []
        for (
            id_,
            subscriber,
            subject,
            made,
            tries,
            first_try,
            address,
            name,
            since,
            standing,
            suppressed,
        ) in self._connection.execute(query):
            recipient = None
            if chunk.audience:
                if standing != "subscribed" or suppressed:
                    departed.append(id_)
                    continue
                recipient = Recipient(
                    subscriber=subscriber, address=address, audience=chunk.audience, name=name, subscribed=since
                )
            found.append(
                Due(id=id_, subject=subject, attempt=made + 1, tries=tries, first_try=first_try, recipient=recipient)
            )
        if departed:
            self._cancel(deliveries.c.id.in_(departed), "left the audience after the snapshot", now)
        return found

    def attempt(self, chunk: Chunk, ids: Collection[int], now: datetime) -> set[int]:
        """Writes ahead that deliveries of a chunk are being sent; returns those that may be.

        The others are not ours to send: cancelled meanwhile, or of an edition that is not sent any more, or of a
        chunk whose lease was lost.
        """
        statement = _attempting(self._dialect)
        given = {"ids": integers(self._dialect, ids), "chunk": chunk.id, "lease": chunk.lease, "now": now}
        return {row.id for row in self._connection.execute(statement, given)}

    def finish(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Writes how attempts ended, and appends each to the attempts; returns those that came too late.

        An answer that comes after the lease ran out still settles what was taken for ``unknown`` meanwhile; one of an
        older attempt than the newest changes nothing.
        """
        alike: dict[tuple[Any, ...], list[Outcome]] = defaultdict(list)
        for each in outcomes:
            alike[each.state, each.attempt, each.reason, each.not_before, each.counts].append(each)
        late: list[Outcome] = []
        kept: list[Outcome] = []
        for same in alike.values():
            written = self._finish(same)
            kept += [each for each in same if each.delivery in written]
            late += [each for each in same if each.delivery not in written]
        if kept:
            self._append([_row(each) for each in kept])
        return late

    def _append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if self._dialect == "postgresql":
            # One statement for them all: executed row by row, they cost the server as much as the two updates.
            self._connection.execute(_appending(), {name: [row[name] for row in rows] for name in rows[0]})
        else:
            self._connection.execute(insert(attempts), rows)

    def _finish(self, same: Sequence[Outcome]) -> Collection[int]:
        one, ids = same[0], [each.delivery for each in same]
        given = {
            "ids": integers(self._dialect, ids),
            "attempt": one.attempt,
            "to": str(one.state),
            "why": one.reason,
            "until": one.not_before,
            "counts": int(one.counts),
            "now": max(each.ended for each in same),
        }
        result = self._connection.execute(_finishing(self._dialect), given)
        written = {row.id for row in result}
        if one.state is DeliveryState.DEFERRED:
            # What was cancelled while it was under way is not tried again.
            gone = exists().where(editions.c.id == deliveries.c.edition, editions.c.state == "cancelled")
            these = and_(among(self._dialect, deliveries.c.id, "ids"), gone)
            self._cancel(these, "the edition was cancelled", given["now"], given["ids"])
        return written

    def postpone(self, chunk: Chunk, until: Mapping[int, datetime]) -> None:
        """Deliveries of a leased chunk that were not attempted and wait until then, in whatever waiting state."""
        held = exists().where(chunks.c.id == chunk.id, chunks.c.lease == chunk.lease)
        statement = (
            update(deliveries)
            .where(deliveries.c.id == bindparam("delivery"), deliveries.c.state.in_(WAITING), held)
            .values(not_before=bindparam("until"))
        )
        if until:
            self._connection.execute(statement, [{"delivery": id_, "until": when} for id_, when in until.items()])

    # --- what a person, or a policy, decides

    def resolve(self, ids: Collection[int], *, to: DeliveryState, reason: str, now: datetime) -> int:
        """Settles ``unknown`` deliveries: to ``accepted`` (it arrived) or ``pending`` (send it again)."""
        if self._connection.dialect.name == "postgresql":
            # So that an edition is never closed on books from before this.
            of = select(deliveries.c.edition).where(deliveries.c.id.in_(list(ids)))
            self._connection.execute(select(editions.c.id).where(editions.c.id.in_(of)).with_for_update())
        changed = self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(list(ids)), deliveries.c.state == DeliveryState.UNKNOWN)
            .values(state=to, reason=reason, not_before=None, updated=now)
        ).rowcount
        self._settle(ids, now)
        return changed

    def resend_unknown(self, now: datetime, *, since: datetime, not_before: datetime | None = None) -> int:
        """The policy ``resend``: unknown deliveries first tried after ``since`` are sent again, not before then."""
        query = (
            select(deliveries.c.id)
            .select_from(chunks.join(deliveries, within(chunks)).join(editions, editions.c.id == chunks.c.edition))
            .where(
                editions.c.state == "sending",
                or_(chunks.c.counts.is_(None), chunks.c.counts["unknown"].as_integer() > 0),
                deliveries.c.state == DeliveryState.UNKNOWN,
                deliveries.c.first_try > since,
            )
        )
        ids = [row.id for row in self._connection.execute(query)]
        if not ids:
            return 0
        changed = self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(ids), deliveries.c.state == DeliveryState.UNKNOWN)
            .values(state=DeliveryState.PENDING, reason="", not_before=not_before, updated=now)
        ).rowcount
        self._settle(ids, now)
        return changed

    def retry_now(self, ids: Collection[int], now: datetime) -> int:
        """Lets deferred deliveries be tried at once."""
        changed = self._connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(list(ids)), deliveries.c.state == DeliveryState.DEFERRED)
            .values(not_before=None, updated=now)
        ).rowcount
        self._settle(ids, now)
        return changed

    def _settle(self, ids: Collection[int], now: datetime) -> None:
        of = select(chunks.c.id).join(deliveries, within(chunks)).where(deliveries.c.id.in_(list(ids)))
        Chunks(self._connection).settle(chunks.c.id.in_(of), now)

    # --- cancelling

    def cancel_edition(self, edition: str, now: datetime) -> int:
        """Cancels what has not gone out; what was accepted stays accepted."""
        cancelled = self._cancel(deliveries.c.edition == edition, "the edition was cancelled", now)
        Chunks(self._connection).settle(chunks.c.edition == edition, now)
        return cancelled

    def cancel_subscriber(self, subscriber: int, audience: str, reason: str, now: datetime) -> int:
        """Cancels a reader's deliveries that have not gone out: of one audience, or of all ("")."""
        going = select(editions.c.id).where(editions.c.state.in_(["sending", "paused"]))
        query = (
            select(deliveries.c.id)
            .join(chunks, within(chunks))
            .where(
                deliveries.c.edition.in_(going),
                deliveries.c.subscriber == subscriber,
                chunks.c.audience == audience if audience else chunks.c.audience != "",
            )
        )
        ids = [row.id for row in self._connection.execute(query)]
        if not ids:
            return 0
        cancelled = self._cancel(deliveries.c.id.in_(ids), reason, now)
        self._settle(ids, now)
        return cancelled

    def _cancel(self, which: ColumnElement[bool], reason: str, now: datetime, ids: Any = None) -> int:
        statement = (
            update(deliveries)
            .where(which, deliveries.c.state.in_(WAITING))
            .values(state=DeliveryState.CANCELLED, reason=reason, not_before=None, updated=now)
        )
        return self._connection.execute(statement, {} if ids is None else {"ids": ids}).rowcount


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "delivery": outcome.delivery,
        "number": outcome.attempt,
        "outcome": str(outcome.state),
        "began": outcome.began,
        "ended": outcome.ended,
        "server": outcome.server,
        "code": outcome.code,
        "enhanced": outcome.enhanced[:12],
        "text": outcome.text[:500],
        "provider_id": outcome.provider_id,
    }


@cache
def _attempting(dialect: str) -> Any:
    """Made once: to put a statement together costs more than to run it."""
    held = (
        exists()
        .where(chunks.c.id == bindparam("chunk"), chunks.c.lease == bindparam("lease"))
        .where(editions.c.id == chunks.c.edition, editions.c.state == "sending")
    )
    now = bindparam("now", type_=_MOMENT)
    return (
        update(deliveries)
        .where(among(dialect, deliveries.c.id, "ids"), deliveries.c.state.in_(WAITING), held)
        .values(
            state=DeliveryState.ATTEMPTING,
            attempts=deliveries.c.attempts + 1,
            first_try=func.coalesce(deliveries.c.first_try, now),
            not_before=null(),
            updated=now,
        )
        .returning(deliveries.c.id)
    )


@cache
def _finishing(dialect: str) -> Any:
    under_way = deliveries.c.state.in_([DeliveryState.ATTEMPTING, DeliveryState.UNKNOWN])
    return (
        update(deliveries)
        .where(among(dialect, deliveries.c.id, "ids"), deliveries.c.attempts == bindparam("attempt"), under_way)
        .values(
            state=bindparam("to"),
            reason=bindparam("why"),
            not_before=bindparam("until"),
            tries=deliveries.c.tries + bindparam("counts"),
            updated=bindparam("now", type_=_MOMENT),
        )
        .returning(deliveries.c.id)
    )


@cache
def _appending() -> Any:
    """PostgreSQL: a column of values each."""
    names = ["delivery", "number", "outcome", "began", "ended", "server", "code", "enhanced", "text", "provider_id"]
    columns = [attempts.c[name] for name in names]
    given = [cast(bindparam(each.name), ARRAY(_of_driver(each.type))) for each in columns]
    rows = func.unnest(*given).table_valued(*names).render_derived()
    return insert(attempts).from_select(names, select(*(rows.c[name] for name in names)))


def _of_driver(kind: Any) -> Any:
    return DateTime(timezone=True) if isinstance(kind, Moment) else kind
