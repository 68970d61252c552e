"""Editions: the slot each one owns, what it froze, and the states it goes through.

In one file, though it is long: each change of state or version is one statement that looks at what stands there, and
they are read against each other. What a page lists of many editions is at its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    delete,
    insert,
    literal,
    or_,
    select,
    tuple_,
    union_all,
    update,
)

from bot.errors import ReservedElsewhere
from bot.model import (
    CORRECTION,
    CORRECTION_MAIL,
    VARIANT,
    Edition,
    EditionState,
    EditionStory,
    EventType,
    Rendition,
)
from bot.store.among import among, among_texts, integers, texts
from bot.store.conflict import insert_or_ignore
from bot.store.corrections import Corrections
from bot.store.edition_rows import content_of, edition_of, rendition_of, row_of, story_of, words_content
from bot.store.flags import Flags
from bot.store.images import Images
from bot.store.jobs import Jobs
from bot.store.links import Links
from bot.store.moved_slots import MovedSlots
from bot.store.outbox import Outbox
from bot.store.tables import articles, chunks, deliveries, edition_stories, editions, renditions, reservations

WENT_OUT = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT)


# What stands in a row before its report, which may be long: what a calendar reads of a thousand.
_BRIEF = tuple(
    editions.c[name]
    for name in (
        "id",
        "schedule",
        "slot_key",
        "slot",
        "state",
        "name",
        "reason",
        "approval",
        "created",
        "snapshot",
        "sent",
    )
)

# A row without its report, which names all that was not picked, and without what was folded.
_LIGHT = tuple(each for each in editions.c if each.name not in ("report", "totals"))


class Editions:
    """One edition a slot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

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

    def variants(self, edition: str, channel: str) -> frozenset[str]:
        """The subjects of the variants that are kept of an edition."""
        query = select(renditions.c.subject).where(
            renditions.c.edition == edition, renditions.c.channel == channel, renditions.c.subject.startswith(VARIANT)
        )
        return frozenset(self._connection.execute(query).scalars())

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

    def get(self, edition: str) -> Edition | None:
        """The edition, whole."""
        return next(iter(self._wholes(select(*_LIGHT).where(editions.c.id == edition))), None)

    def light(self, edition: str) -> Edition | None:
        """The edition without stories and renditions."""
        return self.lights([edition]).get(edition)

    def lights(self, which: Collection[str]) -> dict[str, Edition]:
        """Those of these editions that there are, by id; without stories and renditions."""
        rows = self._connection.execute(select(*_LIGHT).where(editions.c.id.in_(sorted(which)))) if which else ()
        return {row.id: edition_of(row) for row in rows}

    def of_slot(self, schedule: str, slot_key: str) -> Edition | None:
        """The edition that owns this slot."""
        return self.of_slots([(schedule, slot_key)]).get((schedule, slot_key))

    def of_slots(self, slots: Collection[tuple[str, str]]) -> dict[tuple[str, str], Edition]:
        """The editions that own these slots, by schedule and key."""
        slot = tuple_(editions.c.schedule, editions.c.slot_key)
        found = self._wholes(select(*_LIGHT).where(slot.in_(sorted(slots)))) if slots else []
        return {(each.schedule, each.slot_key): each for each in found}

    def newest(self, *, states: Collection[EditionState] = (), schedule: str = "", limit: int = 50) -> list[Edition]:
        """Newest slot first; without stories and renditions."""
        query = select(*_LIGHT).order_by(editions.c.slot.desc(), editions.c.created.desc()).limit(limit)
        if states:
            query = query.where(editions.c.state.in_(list(states)))
        if schedule:
            query = query.where(editions.c.schedule == schedule)
        return [edition_of(row) for row in self._connection.execute(query)]

    def between(self, start: datetime, until: datetime, *, schedule: str = "", limit: int = 2_000) -> list[Edition]:
        """Those whose slot is from ``start`` to before ``until``, oldest first.

        Without all that may be long: stories, renditions, words; and without what was folded.
        """
        query = select(*_BRIEF).where(editions.c.slot >= start, editions.c.slot < until)
        if schedule:
            query = query.where(editions.c.schedule == schedule)
        return self._brief(query.order_by(editions.c.slot, editions.c.created).limit(limit))

    def listed(
        self,
        *,
        states: Collection[EditionState] = (),
        schedule: str = "",
        before: tuple[datetime, str] | None = None,
        limit: int = 50,
    ) -> list[Edition]:
        """As ``between``, the newest slot first; ``before``: the slot and id of the last one of the page before."""
        columns = select(*_BRIEF, editions.c.version)
        query = columns.order_by(editions.c.slot.desc(), editions.c.id.desc()).limit(limit)
        if states:
            query = query.where(editions.c.state.in_(list(states)))
        if schedule:
            query = query.where(editions.c.schedule == schedule)
        if before:
            slot, last = before
            query = query.where(editions.c.slot <= slot, or_(editions.c.slot < slot, editions.c.id < last))
        return self._brief(query)

    def latest(self, limit: int) -> list[Edition]:
        """As ``between``, the newest slots first, those to come too."""
        return self._brief(select(*_BRIEF).order_by(editions.c.slot.desc(), editions.c.created.desc()).limit(limit))

    def last_out(self, channels: Collection[str]) -> dict[str, tuple[str, datetime]]:
        """By channel, the edition of the newest slot that went out over it, and when it was done, or how it is since.

        A channel over which nothing went out yet is not among them.
        """
        if not channels:
            return {}
        rows = self._connection.execute(union_all(*map(_last_out, sorted(channels))))
        return {row.channel: (row.id, row.sent or row.changed) for row in rows}

    def names(self, which: Collection[str]) -> dict[str, str]:
        """The names of those of these editions that there are."""
        query = select(editions.c.id, editions.c.name).where(editions.c.id.in_(sorted(which)))
        return {row.id: row.name for row in self._connection.execute(query)}

    def titles(self, edition: str) -> list[str]:
        """The headlines of an edition's stories, in order."""
        query = select(edition_stories).where(edition_stories.c.edition == edition)
        rows = self._connection.execute(query.order_by(edition_stories.c.position))
        return [story_of(row).article.title for row in rows]

    def in_states(self, states: Collection[EditionState], *, limit: int = 50) -> list[Edition]:
        """Those in one of ``states``, the earliest slot first; as ``between`` has them."""
        query = select(*_BRIEF).where(editions.c.state.in_(list(states))).order_by(editions.c.slot).limit(limit)
        return self._brief(query)

    def _brief(self, query: Select[Any]) -> list[Edition]:
        rows = self._connection.execute(query)
        return [Edition(**{**row._mapping, "state": EditionState(row.state)}) for row in rows]

    def state(self, edition: str) -> EditionState | None:
        """The state alone, for those who ask often."""
        found = self._connection.execute(select(editions.c.state).where(editions.c.id == edition)).scalar()
        return EditionState(found) if found else None

    def corrects(self, edition: str) -> bool:
        """Whether it corrects posts, or takes them down."""
        query = select(editions.c.id).where(editions.c.id == edition, editions.c.slot_key.startswith(CORRECTION))
        return self._connection.execute(query).first() is not None

    def report(self, edition: str) -> dict[str, Any]:
        """The selection the edition was made of, with its reasons."""
        return self._connection.execute(select(editions.c.report).where(editions.c.id == edition)).scalar() or {}

    def noted(self, edition: str, key: str) -> Any:
        """What ``note`` kept under ``key``, without reading the rest; None: nothing."""
        return self._connection.execute(select(editions.c.report[key]).where(editions.c.id == edition)).scalar()

    def note(self, edition: str, key: str, value: Any) -> None:
        """Keeps a JSON ``value`` in the edition's report, beside its selection."""
        query = select(editions.c.report).where(editions.c.id == edition)
        if self._connection.dialect.name == "postgresql":
            query = query.with_for_update(key_share=True)
        report = self._connection.execute(query).scalar() or {}
        self._connection.execute(update(editions).where(editions.c.id == edition).values(report={**report, key: value}))

    def folded(self, edition: str) -> datetime | None:
        """Until when it was kept who got the edition; None: it is."""
        return self._connection.execute(select(editions.c.folded).where(editions.c.id == edition)).scalar()

    def expires(self, edition: str) -> datetime | None:
        """When the edition is too late to go out."""
        return self.expiries([edition]).get(edition)

    def expiries(self, which: Collection[str]) -> dict[str, datetime]:
        """When each of these editions is too late to go out."""
        query = select(editions.c.id, editions.c.expires).where(editions.c.id.in_(sorted(which)))
        rows = self._connection.execute(query) if which else ()
        return {row.id: row.expires for row in rows if row.expires}

    def rendition(self, edition: str, channel: str, subject: str) -> Rendition | None:
        query = select(renditions).where(
            renditions.c.edition == edition, renditions.c.channel == channel, renditions.c.subject == subject
        )
        row = self._connection.execute(query).one_or_none()
        return rendition_of(row) if row else None

    def renditions(
        self, which: Collection[str], channels: Collection[str], subjects: Collection[str]
    ) -> dict[tuple[str, str, str], Rendition]:
        """What these editions tell on one of the channels of one of the subjects, by all three."""
        if not (which and channels and subjects):
            return {}
        dialect, of = self._connection.dialect.name, renditions.c
        query = select(renditions).where(
            among_texts(dialect, of.edition, "which"),
            among_texts(dialect, of.channel, "channels"),
            among_texts(dialect, of.subject, "subjects"),
        )
        given = {"which": which, "channels": channels, "subjects": subjects}
        rows = self._connection.execute(query, {name: texts(dialect, each) for name, each in given.items()})
        return {(row.edition, row.channel, row.subject): rendition_of(row) for row in rows}

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

    def held(self, schedule: str, since: datetime) -> tuple[frozenset[int], frozenset[int]]:
        """The ids of the articles published ``since`` that this schedule has (consumed, reserved)."""
        query = (
            select(reservations.c.article, reservations.c.consumed)
            .join(articles, articles.c.id == reservations.c.article)
            .where(reservations.c.schedule == schedule, articles.c.published >= since)
        )
        rows = self._connection.execute(query).all()
        return (
            frozenset(row.article for row in rows if row.consumed),
            frozenset(row.article for row in rows if not row.consumed),
        )

    def telling(self, which: Collection[int], since: datetime | None = None) -> list[tuple[Edition, EditionStory]]:
        """The editions that went out, wholly or in part, with a story led by one of the articles ``which``.

        Newest slot first.
        """
        dialect = self._connection.dialect.name
        holding = select(reservations.c.edition).where(among(dialect, reservations.c.article, "which"))
        query = select(*_LIGHT).where(_went_out(), editions.c.id.in_(holding))
        if since:
            query = query.where(editions.c.slot >= since)
        return [
            (edition, story)
            for edition, story in self._stories_of(query, {"which": integers(dialect, which)})
            if story.article.id in which
        ]

    def told(self, since: datetime) -> list[tuple[Edition, EditionStory]]:
        """The stories of editions since ``since`` that went out, wholly or in part, newest slot first."""
        query = select(*_LIGHT).where(editions.c.slot >= since, _went_out())
        return list(self._stories_of(query))

    def _stories_of(
        self, query: Select[Any], values: Mapping[str, Any] = MappingProxyType({})
    ) -> Iterator[tuple[Edition, EditionStory]]:
        held = select(edition_stories).where(edition_stories.c.edition.in_(query.with_only_columns(editions.c.id)))
        stories: dict[str, list[EditionStory]] = defaultdict(list)
        for each in self._connection.execute(held.order_by(edition_stories.c.position), values):
            stories[each.edition].append(story_of(each))
        query = query.order_by(editions.c.slot.desc(), editions.c.created.desc())
        for row in self._connection.execute(query, values):
            edition = edition_of(row)
            for story in stories[row.id]:
                yield edition, story

    def amending(self, since: Mapping[str, datetime]) -> dict[str, list[Edition]]:
        """The editions that answer, change or take down posts of these schedules, each since a slot of its own.

        By schedule, oldest first, with their renditions.
        """
        found: dict[str, list[Edition]] = {schedule: [] for schedule in since}
        theirs = [and_(editions.c.schedule == schedule, editions.c.slot >= slot) for schedule, slot in since.items()]
        if theirs:
            query = select(*_LIGHT).where(or_(*theirs), editions.c.slot_key.startswith(CORRECTION))
            for each in self._wholes(query.order_by(editions.c.slot, editions.c.created)):
                found[each.schedule].append(each)
        return found

    def last_sent(self, schedule: str) -> Edition | None:
        """The schedule's newest edition that went out, wholly or in part, by the time it was drafted.

        Replies that correct posts are none: they bring no news.
        """
        query = (
            select(*_LIGHT)
            .where(editions.c.schedule == schedule, editions.c.state.in_(list(WENT_OUT)))
            .where(~editions.c.slot_key.startswith(CORRECTION))
            .order_by(editions.c.created.desc())
            .limit(1)
        )
        row = self._connection.execute(query).one_or_none()
        return edition_of(row) if row else None

    def _wholes(self, query: Select[Any]) -> list[Edition]:
        rows: Sequence[Row[Any]] = self._connection.execute(query).all()
        if not rows:
            return []
        ids = [row.id for row in rows]
        stories: dict[str, list[EditionStory]] = defaultdict(list)
        held = select(edition_stories).where(edition_stories.c.edition.in_(ids))
        for each in self._connection.execute(held.order_by(edition_stories.c.position)):
            stories[each.edition].append(story_of(each))
        made: dict[str, list[Rendition]] = defaultdict(list)
        # Hundreds of variants are in nobody's way who asks for the edition.
        told = select(renditions).where(renditions.c.edition.in_(ids), ~renditions.c.subject.startswith(VARIANT))
        for each in self._connection.execute(told.order_by(renditions.c.channel, renditions.c.subject)):
            made[each.edition].append(rendition_of(each))
        carried = Corrections(self._connection).carried(ids)
        return [
            edition_of(
                row,
                stories=tuple(stories[row.id]),
                renditions=tuple(made[row.id]),
                corrections=tuple(carried[row.id]),
            )
            for row in rows
        ]


def _went_out() -> ColumnElement[bool]:
    """Also of an edition that was cancelled half-way: what was accepted stands, and its stories are consumed."""
    held = select(reservations.c.edition).where(reservations.c.edition == editions.c.id, reservations.c.consumed)
    return editions.c.state.in_(list(WENT_OUT)) | ((editions.c.state == EditionState.CANCELLED) & held.exists())


def _last_out(channel: str) -> Select[Any]:
    carries = select(renditions.c.edition).where(renditions.c.edition == editions.c.id, renditions.c.channel == channel)
    query = (
        select(literal(channel).label("channel"), editions.c.id, editions.c.sent, editions.c.changed)
        .where(editions.c.state.in_(list(WENT_OUT)), carries.exists())
        .order_by(editions.c.slot.desc(), editions.c.id.desc())
        .limit(1)
    )
    # SQLite takes no limit of one among several.
    one = query.subquery()
    return select(one.c.channel, one.c.id, one.c.sent, one.c.changed)
