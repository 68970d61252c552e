"""The ledger. Nothing goes out that it did not name first; its states sum to the snapshot, always.

In one file, though it is long: all that changes a delivery's state is here, and settles its chunk's counts in the same
transaction. What is read stands in ``books``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
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

from bot.model import Chunk, DeliveryState, Due, Outcome, Phrase, Placement, Preferences, Recipient
from bot.store import attempts
from bot.store.among import among, integers
from bot.store.books import Books
from bot.store.chosen import read_preferences
from bot.store.chosen_readers import ChosenReaders, Place, Run
from bot.store.chunks import WAITING, Chunks, its_chunk, within
from bot.store.conflict import COUNTED
from bot.store.recalls import Recalls
from bot.store.tables import chunks, deliveries, editions, subscribers, subscriptions, suppressions

CANCELLED = Phrase("the edition was cancelled")
LEFT = Phrase("left the audience after the snapshot")
"""Why deliveries end that had not gone out."""
AT_ONCE = 1_000
"""Deliveries of a chunk that are worked on at once, however large it is."""

Away = Callable[[Preferences], str]
"""Why a reader who chose so gets nothing now; "" when they do."""

_MOMENT: Any = deliveries.c.updated.type


class Deliveries(Books):
    """Every delivery of every edition, and what becomes of it."""

    @property
    def _dialect(self) -> str:
        return self._connection.dialect.name

    # --- the snapshot

    def add_audience(
        self, edition: str, channel: str, audience: str, now: datetime, place: Place = lambda _: Placement()
    ) -> int:
        """Names a delivery for each subscriber of ``audience``; returns how many.

        Those who chose nothing in one statement. ``place`` says what becomes of each distinct choice of the others:
        who is excluded is named too, as are suppressed addresses: the books say why they got nothing.
        """
        before = self._last()
        with ChosenReaders(self._connection, audience, place) as chosen:
            runs = [Run(self._name(edition, channel, now, chosen.others())), *chosen.runs]
            if chosen.runs:
                self._name(edition, channel, now, chosen.rows())
        named = sum(run.size for run in runs)
        if named:
            blocked = self._suppress(edition, channel, audience)
            self._divide(edition, channel, audience, before, runs, now, recount=bool(blocked))
        return named

    def add_told(self, edition: str, channel: str, audience: str, told: Collection[str], now: datetime) -> int:
        """Names a delivery for each subscriber of ``audience`` whose mail of one of the editions ``told`` was accepted.

        Returns how many. Suppressed addresses are named too, as in ``add_audience``; who left is not.
        """
        before = self._last()
        readers = select(subscriptions.c.subscriber).where(*_have(audience, told))
        named = self._name(edition, channel, now, readers.order_by(subscriptions.c.subscriber))
        if named:
            blocked = self._suppress(edition, channel, audience)
            self._divide(edition, channel, audience, before, [Run(named)], now, recount=bool(blocked))
        return named

    def have(self, audience: str, told: Collection[str]) -> int:
        """How many ``add_told`` would name."""
        query = select(func.count()).select_from(subscriptions).where(*_have(audience, told))
        return self._connection.execute(query).scalar() or 0

    def _name(self, edition: str, channel: str, now: datetime, readers: Select[Any]) -> int:
        """Inserts the deliveries of these readers, in their order: who they are, and how their deliveries begin."""
        subscriber, *begins = readers.selected_columns
        state, reason, not_before = begins or (
            literal(str(DeliveryState.PENDING)),
            literal(""),
            cast(null(), deliveries.c.not_before.type),
        )
        rows = readers.with_only_columns(
            literal(edition),
            subscriber,
            literal(channel),
            literal(""),
            state,
            reason,
            not_before,
            literal(now, _MOMENT),
            maintain_column_froms=True,
        )
        columns = ["edition", "subscriber", "channel", "subject", "state", "reason", "not_before", "updated"]
        return self._connection.execute(
            insert(deliveries).from_select(columns, rows), execution_options=COUNTED
        ).rowcount

    def add_post(self, edition: str, channel: str, subject: str, now: datetime) -> int:
        """Names the delivery of one post."""
        before = self._last()
        row = {"edition": edition, "subscriber": 0, "channel": channel, "subject": subject, "updated": now}
        self._connection.execute(insert(deliveries).values(**row, state=DeliveryState.PENDING))
        self._divide(edition, channel, "", before, [Run(1)], now)
        return 1

    def _last(self) -> int:
        """The highest id there is. Until this transaction ends nobody else adds any: a chunk is a run of ids."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('broadsheet.deliveries'))"))
        return self._connection.execute(select(func.max(deliveries.c.id))).scalar() or 0

    def _divide(
        self,
        edition: str,
        channel: str,
        audience: str,
        before: int,
        runs: Sequence[Run],
        now: datetime,
        *,
        recount: bool = False,
    ) -> None:
        first = self._connection.execute(select(func.min(deliveries.c.id)).where(deliveries.c.id > before)).scalar_one()
        last = self._connection.execute(select(func.max(deliveries.c.id))).scalar_one()
        assert last - first + 1 == sum(run.size for run in runs)
        made = Chunks(self._connection).add(edition, channel, audience, first, runs, now)
        if recount:
            Chunks(self._connection).settle(made, now)

    def _suppress(self, edition: str, channel: str, audience: str) -> int:
        blocked = (
            select(subscribers.c.id, suppressions.c.reason)
            .select_from(suppressions)
            .join(subscribers, subscribers.c.address_hash == suppressions.c.address_hash)
            .where(suppressions.c.audience.in_(["", audience]))
        )
        statement = (
            update(deliveries)
            .where(
                deliveries.c.edition == edition,
                deliveries.c.channel == channel,
                deliveries.c.subject == "",
                deliveries.c.subscriber == bindparam("blocked"),
            )
            .values(state=DeliveryState.SUPPRESSED, reason=bindparam("why"), not_before=None)
        )
        found = 0
        for some in self._connection.execute(blocked).partitions(1000):
            self._connection.execute(statement, [{"blocked": row.id, "why": row.reason} for row in some])
            found += len(some)
        return found

    # --- the work

    def due(self, chunk: Chunk, now: datetime, away: Away = lambda _: "") -> list[Due]:
        """The deliveries of a leased chunk whose time has come, by id.

        Suppression and consent are looked at again: who left since the snapshot becomes ``cancelled`` here, and so does
        who chose meanwhile to get none, for which ``away`` gives the reason.
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
                cast(subscriptions.c.preferences, Text).label("choice"),
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
        departed: dict[str, list[int]] = defaultdict(list)
        absent: dict[str, str] = {}
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
            choice,
            suppressed,
        ) in self._connection.execute(query).all():
            recipient = None
            if chunk.audience:
                if standing != "subscribed" or suppressed:
                    departed[LEFT].append(id_)
                    continue
                if choice is not None:
                    if choice not in absent:
                        absent[choice] = away(read_preferences(json.loads(choice)))
                    if absent[choice]:
                        departed[Phrase("%(why)s, chosen after the snapshot", why=absent[choice])].append(id_)
                        continue
                recipient = Recipient(
                    subscriber=subscriber, address=address, audience=chunk.audience, name=name, subscribed=since
                )
            found.append(
                Due(id=id_, subject=subject, attempt=made + 1, tries=tries, first_try=first_try, recipient=recipient)
            )
        for reason, ids in departed.items():
            self._cancel(deliveries.c.id.in_(ids), reason, now)
        return found

    def attempt(self, chunk: Chunk, ids: Collection[int], now: datetime, *, number: int = 0) -> set[int]:
        """Writes ahead that deliveries of a chunk are being sent; returns those that may be.

        The others are not ours to send: cancelled meanwhile, or of an edition that is not sent any more, or of a
        chunk whose lease was lost, or this would not be their attempt of that ``number`` (0: whichever).
        """
        return attempts.begin(self._connection, chunk, ids, now, number)

    def finish(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Writes how attempts ended, and appends each to the attempts; returns those that came too late.

        An answer that comes after the lease ran out still settles what was taken for ``unknown`` meanwhile, and is
        no second try; one of an older attempt than the newest changes nothing.
        """
        outcomes = list(outcomes)
        late = attempts.end(self._connection, outcomes)
        deferred = [each.delivery for each in outcomes if each.state is DeliveryState.DEFERRED]
        if deferred:
            # What was cancelled while it was under way is not tried again.
            gone = exists().where(editions.c.id == deliveries.c.edition, editions.c.state == "cancelled")
            these = and_(among(self._dialect, deliveries.c.id, "ids"), gone)
            now = max(each.ended for each in outcomes)
            self._cancel(these, CANCELLED, now, integers(self._dialect, deferred))
        return late

    def postpone(self, chunk: Chunk, until: Mapping[int, datetime]) -> None:
        """Deliveries of a leased chunk that were not attempted and wait until then, in whatever waiting state."""
        held = exists().where(chunks.c.id == chunk.id, chunks.c.lease == chunk.lease)
        these = and_(among(self._dialect, deliveries.c.id, "ids"), deliveries.c.state.in_(WAITING), held)
        # Those of one provider wait for the same moment.
        alike: dict[datetime, list[int]] = defaultdict(list)
        for delivery, moment in until.items():
            alike[moment].append(delivery)
        for moment, ids in alike.items():
            statement = update(deliveries).where(these).values(not_before=moment)
            self._connection.execute(statement, {"ids": integers(self._dialect, ids)})

    # --- what a person, or a policy, decides

    def resolve(self, ids: Collection[int], *, to: DeliveryState, reason: str, now: datetime) -> int:
        """Settles ``unknown`` deliveries: to ``accepted`` (it arrived) or ``pending`` (send it again)."""
        self._keep_open(ids)
        changed = self._connection.execute(
            update(deliveries)
            .where(among(self._dialect, deliveries.c.id, "ids"), deliveries.c.state == DeliveryState.UNKNOWN)
            .values(state=to, reason=reason, not_before=None, updated=now),
            {"ids": integers(self._dialect, ids)},
        ).rowcount
        self._settle(ids, now)
        Recalls(self._connection).recount(ids)
        return changed

    def resend_unknown(self, now: datetime, *, since: datetime, not_before: datetime | None = None) -> int:
        """The policy ``resend``: unknown mails first tried after ``since`` are sent again, not before then.

        What becomes of posts that are unknown, ``bot.delivery.recalling`` decides: a follower must not see one twice.
        """
        if self._connection.dialect.name == "postgresql":
            # So that an edition is never closed on books from before this.
            sending = select(editions.c.id).where(editions.c.state == "sending").order_by(editions.c.id)
            self._connection.execute(sending.with_for_update(key_share=True))
        query = (
            select(deliveries.c.id)
            .select_from(chunks.join(deliveries, within(chunks)).join(editions, editions.c.id == chunks.c.edition))
            .where(
                editions.c.state == "sending",
                chunks.c.audience != "",
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
            .where(among(self._dialect, deliveries.c.id, "ids"), deliveries.c.state == DeliveryState.UNKNOWN)
            .values(state=DeliveryState.PENDING, reason="", not_before=not_before, updated=now),
            {"ids": integers(self._dialect, ids)},
        ).rowcount
        self._settle(ids, now)
        return changed

    def doubt_edition(self, edition: str, reason: str, now: datetime) -> int:
        """Makes ``unknown`` of all that has not ended: it may have gone out, and only a person can tell."""
        doubted = self._connection.execute(
            update(deliveries)
            .where(deliveries.c.edition == edition, deliveries.c.state.in_([*WAITING, DeliveryState.ATTEMPTING]))
            .values(state=DeliveryState.UNKNOWN, reason=reason, not_before=None, updated=now)
        ).rowcount
        self._settle_edition(edition, now)
        return doubted

    def retry_now(self, ids: Collection[int], now: datetime) -> int:
        """Lets deferred deliveries be tried at once."""
        changed = self._connection.execute(
            update(deliveries)
            .where(among(self._dialect, deliveries.c.id, "ids"), deliveries.c.state == DeliveryState.DEFERRED)
            .values(not_before=None, updated=now),
            {"ids": integers(self._dialect, ids)},
        ).rowcount
        self._settle(ids, now)
        return changed

    def try_again(self, ids: Collection[int], now: datetime) -> int:
        """Lets posts that failed be tried as if they never had been; their attempts stay on record."""
        self._keep_open(ids)
        changed = self._connection.execute(
            update(deliveries)
            .where(
                among(self._dialect, deliveries.c.id, "ids"),
                deliveries.c.state == DeliveryState.FAILED,
                # Nobody is mailed who was refused for good.
                deliveries.c.subscriber == 0,
            )
            .values(state=DeliveryState.PENDING, reason="", not_before=None, tries=0, first_try=None, updated=now),
            {"ids": integers(self._dialect, ids)},
        ).rowcount
        self._settle(ids, now)
        return changed

    def _keep_open(self, ids: Collection[int]) -> None:
        """Until the transaction ends, no edition of these is closed on books from before it."""
        if self._connection.dialect.name == "postgresql":
            of = select(deliveries.c.edition).where(among(self._dialect, deliveries.c.id, "ids"))
            locked = select(editions.c.id).where(editions.c.id.in_(of)).order_by(editions.c.id)
            self._connection.execute(locked.with_for_update(key_share=True), {"ids": integers(self._dialect, ids)})

    def _settle(self, ids: Collection[int], now: datetime) -> None:
        among_these = among(self._dialect, deliveries.c.id, "ids")
        of = select(chunks.c.id).join(deliveries, its_chunk()).where(among_these).distinct()
        found = self._connection.execute(of, {"ids": integers(self._dialect, ids)})
        Chunks(self._connection).settle([row.id for row in found], now)

    # --- cancelling

    def cancel_edition(self, edition: str, now: datetime) -> int:
        """Cancels what has not gone out; what was accepted stays accepted."""
        cancelled = self._cancel(deliveries.c.edition == edition, CANCELLED, now)
        self._settle_edition(edition, now)
        return cancelled

    def _settle_edition(self, edition: str, now: datetime) -> None:
        of = self._connection.execute(select(chunks.c.id).where(chunks.c.edition == edition))
        Chunks(self._connection).settle([row.id for row in of], now)

    def cancel_subscriber(self, subscriber: int, audience: str, reason: str, now: datetime) -> int:
        """Cancels a reader's deliveries that have not gone out: of one audience, or of all ("")."""
        going = select(editions.c.id).where(editions.c.state.in_(["sending", "paused"]))
        query = (
            select(deliveries.c.id)
            .join(chunks, its_chunk())
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


def _have(audience: str, told: Collection[str]) -> list[ColumnElement[bool]]:
    """The subscriptions of who is in ``audience`` and got a mail of one of the editions ``told``."""
    # The ledger itself, which the statement may write: under another name.
    earlier = deliveries.alias("earlier")
    got = select(earlier.c.subscriber).where(
        earlier.c.edition.in_(list(told)),
        earlier.c.subscriber > 0,
        earlier.c.state == DeliveryState.ACCEPTED,
    )
    return [
        subscriptions.c.audience == audience,
        subscriptions.c.state == "subscribed",
        subscriptions.c.subscriber.in_(got),
    ]
