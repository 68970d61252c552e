"""Editions: the slot each one owns, what it froze, and the states it goes through.

Each change of state or version is one statement that looks at what stands there. What is read stands in
``kept_editions``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    delete,
    insert,
    select,
    update,
)

from bot.errors import ReservedElsewhere
from bot.model import (
    CORRECTION,
    CORRECTION_MAIL,
    Edition,
    EditionState,
    EventType,
    Rendition,
)
from bot.store.conflict import insert_or_ignore
from bot.store.corrections import Corrections
from bot.store.edition_rows import content_of, row_of, words_content
from bot.store.flags import Flags
from bot.store.images import Images
from bot.store.jobs import Jobs
from bot.store.kept_editions import KeptEditions
from bot.store.links import Links
from bot.store.moved_slots import MovedSlots
from bot.store.outbox import Outbox
from bot.store.tables import chunks, deliveries, edition_stories, editions, renditions, reservations


class Editions(KeptEditions):
    """One edition a slot."""

    def add(
        self, edition: Edition, *, expires: datetime, report: dict[str, Any], planned: datetime | None = None
    ) -> bool:
        """Claims the edition's slot and keeps all it froze; False when the slot has its edition already.

        ``planned``: the timetable's time of the slot; False, too, when somebody moved it to another time than the
        edition's meanwhile. ``report`` is the selection with its reasons. Raises ``ReservedElsewhere`` when another
        edition of the same schedule took one of the articles meanwhile: select again. Raises ``StoreHeld``.
        """
        Flags(self._connection).need_open()
        if planned:
            moved = MovedSlots(self._connection)
            moved.lock(edition.schedule)
            if not moved.stands(edition.schedule, edition.slot_key, was=planned, due=edition.slot):
                return False
        mine = self._insert(edition, expires=expires, report=report)
        if mine:
            self._add_stories(edition)
            self._put_made(edition)
            Corrections(self._connection).carry(edition.id, edition.corrections)
            self._tell(edition.id, edition.state, edition.created)
        return mine

    def add_sent(self, edition: Edition, *, expires: datetime, report: dict[str, Any]) -> bool:
        """Claims the slot of an edition that went out before the store was restored, of which nothing else is known.

        False when the slot has its edition already. No program is told: it was when it went out.
        """
        return self._insert(edition, expires=expires, report=report, sent=edition.sent, snapshot=0)

    def _insert(self, edition: Edition, *, expires: datetime, report: dict[str, Any], **more: Any) -> bool:
        return insert_or_ignore(
            self._connection,
            editions,
            {
                "id": edition.id,
                "schedule": edition.schedule,
                "slot_key": edition.slot_key,
                "slot": edition.slot,
                "state": edition.state,
                "name": edition.name,
                "reason": edition.reason,
                "approval": edition.approval,
                "version": edition.version,
                "words": words_content(edition.words),
                "created": edition.created,
                "changed": edition.created,
                "expires": expires,
                "report": report,
                **more,
            },
        )

    def _add_stories(self, edition: Edition) -> None:
        for story in edition.stories:
            self._connection.execute(
                insert(edition_stories).values(edition=edition.id, position=story.position, content=content_of(story))
            )
        held = dict.fromkeys(article for story in edition.stories for article in story.article_ids)
        for article in held:
            row = {"schedule": edition.schedule, "article": article, "edition": edition.id, "consumed": False}
            if not insert_or_ignore(self._connection, reservations, row):
                raise ReservedElsewhere(f"article {article} is in another edition of {edition.schedule} already")

    def put_renditions(self, edition: str, made: Iterable[Rendition]) -> None:
        """Replaces the edition's renditions; the variants of the old ones are gone."""
        self._connection.execute(delete(renditions).where(renditions.c.edition == edition))
        images = Images(self._connection)
        images.forget(edition)
        for rendition in made:
            self._connection.execute(insert(renditions).values(row_of(edition, rendition)))
            images.show(edition, rendition.images)

    def add_variants(self, edition: str, made: Iterable[Rendition]) -> None:
        """Keeps renditions that only some readers get, beside the others; those that are there already stay."""
        for rendition in made:
            insert_or_ignore(self._connection, renditions, row_of(edition, rendition))
            Images(self._connection).show(edition, rendition.images)

    def replace_stories(self, edition: Edition) -> None:
        """Puts other stories (and their reservations) in the place of those the edition held, before it is sent."""
        self._connection.execute(delete(edition_stories).where(edition_stories.c.edition == edition.id))
        self._release_stories(edition.id)
        self._add_stories(edition)
        self._put_made(edition)

    def revise(self, edition: Edition, *, before: Edition, now: datetime) -> bool:
        """Puts ``edition``, whose version is the next one, with its state and words in the place of what it was.

        False, and nothing is changed, when it is not as it was ``before`` any more: another version, or decided on
        meanwhile (state, reason, whether it needs approval). Raises ``ReservedElsewhere``: then the transaction must be
        undone.
        """
        revised = self._connection.execute(
            update(editions)
            .where(editions.c.id == edition.id, editions.c.version == edition.version - 1)
            .where(editions.c.state == before.state, editions.c.reason == before.reason)
            .where(editions.c.approval.is_(before.approval))
            .values(
                version=edition.version,
                words=words_content(edition.words),
                state=edition.state,
                reason=edition.reason,
                approval=edition.approval,
                changed=now,
            )
        )
        if revised.rowcount != 1:
            return False
        self.replace_stories(edition)
        if edition.state is not before.state:
            self._tell(edition.id, edition.state, now)
        return True

    def need_approval(self, edition: str) -> None:
        """From now on the edition goes out only when somebody approved it."""
        self._connection.execute(update(editions).where(editions.c.id == edition).values(approval=True))

    def version(self, edition: str) -> int:
        """The edition's newest version, kept from being changed until this transaction ends; 0: there is none such."""
        self.lock(edition)
        return self._connection.execute(select(editions.c.version).where(editions.c.id == edition)).scalar() or 0

    def _put_made(self, edition: Edition) -> None:
        self.put_renditions(edition.id, edition.renditions)
        Links(self._connection).put(edition.id, edition.links)

    def note(self, edition: str, key: str, value: Any) -> None:
        """Keeps a JSON ``value`` in the edition's report, beside its selection."""
        query = select(editions.c.report).where(editions.c.id == edition)
        if self._connection.dialect.name == "postgresql":
            query = query.with_for_update(key_share=True)
        report = self._connection.execute(query).scalar() or {}
        self._connection.execute(update(editions).where(editions.c.id == edition).values(report={**report, key: value}))

    def move(
        self,
        edition: str,
        *,
        to: EditionState,
        since: Collection[EditionState],
        now: datetime,
        reason: str = "",
        due: datetime | None = None,
    ) -> bool:
        """Puts the edition into the state ``to`` if it is in one of ``since``; False when it is not.

        ``due``: only if that still is its slot's time; somebody may have moved it meanwhile.
        Its chunks have jobs while it is being sent, and only then. Raises ``StoreHeld`` when it would be sent from a
        store from which nothing may go out.
        """
        if to is EditionState.SENDING:
            Flags(self._connection).need_open()
        still = [editions.c.slot == due] if due else []
        moved = self._connection.execute(
            update(editions)
            .where(editions.c.id == edition, editions.c.state.in_(list(since)), *still)
            .values(state=to, reason=reason, changed=now, **({"sent": now} if to is EditionState.SENT else {}))
        )
        if moved.rowcount != 1:
            return False
        if to is EditionState.SENDING:
            Jobs(self._connection).wake(chunks.c.edition == edition, now)
        elif to is EditionState.PAUSED or to.ended:
            Jobs(self._connection).drop(edition)
        self._tell(edition, to, now, since)
        return True

    def _tell(self, edition: str, to: EditionState, now: datetime, since: Collection[EditionState] = ()) -> None:
        """Lets programs know; that it begins to be sent, when it is known to how many (``set_snapshot``)."""
        if to is EditionState.SENDING and self._snapshot(edition) is None:
            return
        # Only who releases an edition takes it out of "held"; else it was given back to be changed.
        returned = to is EditionState.DRAFTED and since and EditionState.HELD not in since
        type = EventType.EDITION_RETURNED if returned else EventType(f"edition.{to}")
        Outbox(self._connection).edition(edition, type, now)

    def _snapshot(self, edition: str) -> int | None:
        return self._connection.execute(select(editions.c.snapshot).where(editions.c.id == edition)).scalar()

    def reschedule(
        self, edition: str, *, slot: datetime, expires: datetime, since: Collection[EditionState], now: datetime
    ) -> bool:
        """Gives an edition another due time if it is in a state of ``since``; False when it is not."""
        moved = self._connection.execute(
            update(editions)
            .where(editions.c.id == edition, editions.c.state.in_(list(since)))
            .values(slot=slot, expires=expires, changed=now)
        )
        return moved.rowcount == 1

    def drop_skipped(self, edition: str) -> bool:
        """Deletes an edition that was skipped, so that its slot is nobody's again; False when it was not."""
        gone = delete(editions).where(editions.c.id == edition, editions.c.state == EditionState.SKIPPED)
        return self._connection.execute(gone).rowcount == 1

    def lock(self, edition: str) -> EditionState | None:
        """Keeps others from moving the edition until this transaction ends; returns its state."""
        query = select(editions.c.state).where(editions.c.id == edition)
        if self._connection.dialect.name == "postgresql":
            query = query.with_for_update(key_share=True)
        found = self._connection.execute(query).scalar()
        return EditionState(found) if found else None

    def lock_all(self, editions_: Collection[str]) -> None:
        """Keeps others from moving these editions until this transaction ends.

        Not from changing rows that refer to them: who gives a chunk back would wait for us, and we for the chunk.
        """
        if self._connection.dialect.name == "postgresql":
            query = select(editions.c.id).where(editions.c.id.in_(sorted(editions_))).order_by(editions.c.id)
            self._connection.execute(query.with_for_update(key_share=True))

    def set_snapshot(self, edition: str, size: int) -> None:
        """Keeps how many deliveries the ledger was given when sending began."""
        given = update(editions).where(editions.c.id == edition).values(snapshot=size)
        row = self._connection.execute(given.returning(editions.c.state, editions.c.changed)).one()
        if row.state == EditionState.SENDING:
            Outbox(self._connection).edition(edition, EventType.EDITION_SENDING, row.changed)

    def consume(self, edition: str) -> None:
        """The edition's stories have gone out: this schedule never picks them again."""
        self._connection.execute(
            update(reservations)
            .where(reservations.c.edition == edition, reservations.c.consumed.is_(False))
            .values(consumed=True)
        )

    def release(self, edition: str) -> None:
        """The edition ended: what no delivery was attempted of may be picked, and told, by the next."""
        self._release_stories(edition)
        told = select(reservations.c.edition).where(reservations.c.edition == edition).limit(1)
        key = self._connection.execute(select(editions.c.slot_key).where(editions.c.id == edition)).scalar() or ""
        if key.startswith(CORRECTION) and not key.startswith(CORRECTION_MAIL):
            # What posts alone were to say has no next edition that could.
            return
        if key.startswith(CORRECTION_MAIL) and self._attempted(edition):
            return
        if self._connection.execute(told).one_or_none() is None:
            Corrections(self._connection).release(edition)

    def _attempted(self, edition: str) -> bool:
        """Whether anything of it may be with somebody: it keeps no stories that would say so."""
        query = select(deliveries.c.id).where(deliveries.c.edition == edition, deliveries.c.attempts > 0).limit(1)
        return self._connection.execute(query).first() is not None

    def _release_stories(self, edition: str) -> None:
        self._connection.execute(
            delete(reservations).where(reservations.c.edition == edition, reservations.c.consumed.is_(False))
        )
