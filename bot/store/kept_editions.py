"""Editions, read: whole, light, and as pages list them; and what they told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    literal,
    or_,
    select,
    tuple_,
    union_all,
)

from bot.model import (
    CORRECTION,
    VARIANT,
    Edition,
    EditionState,
    EditionStory,
    Rendition,
)
from bot.store.among import among, among_texts, integers, texts
from bot.store.corrections import Corrections
from bot.store.edition_rows import edition_of, rendition_of, story_of
from bot.store.tables import articles, edition_stories, editions, renditions, reservations

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

LIGHT = tuple(each for each in editions.c if each.name not in ("report", "totals"))
"""A row without its report, which names all that was not picked, and without what was folded."""


class KeptEditions:
    """The editions, read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, edition: str) -> Edition | None:
        """The edition, whole."""
        return next(iter(self._wholes(select(*LIGHT).where(editions.c.id == edition))), None)

    def light(self, edition: str) -> Edition | None:
        """The edition without stories and renditions."""
        return self.lights([edition]).get(edition)

    def lights(self, which: Collection[str]) -> dict[str, Edition]:
        """Those of these editions that there are, by id; without stories and renditions."""
        rows = self._connection.execute(select(*LIGHT).where(editions.c.id.in_(sorted(which)))) if which else ()
        return {row.id: edition_of(row) for row in rows}

    def of_slot(self, schedule: str, slot_key: str) -> Edition | None:
        """The edition that owns this slot."""
        return self.of_slots([(schedule, slot_key)]).get((schedule, slot_key))

    def of_slots(self, slots: Collection[tuple[str, str]]) -> dict[tuple[str, str], Edition]:
        """The editions that own these slots, by schedule and key."""
        slot = tuple_(editions.c.schedule, editions.c.slot_key)
        found = self._wholes(select(*LIGHT).where(slot.in_(sorted(slots)))) if slots else []
        return {(each.schedule, each.slot_key): each for each in found}

    def newest(self, *, states: Collection[EditionState] = (), schedule: str = "", limit: int = 50) -> list[Edition]:
        """Newest slot first; without stories and renditions."""
        query = select(*LIGHT).order_by(editions.c.slot.desc(), editions.c.created.desc()).limit(limit)
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
        names = list(rows.keys())
        found = (dict(zip(names, row, strict=True)) for row in rows.all())
        return [Edition(**{**each, "state": EditionState(each["state"])}) for each in found]

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

    def numbers_noted(self, which: Collection[str], key: str) -> dict[str, int]:
        """The number that is noted under ``key`` in the report of each of these editions, where there is one."""
        number = editions.c.report[key].as_integer()
        query = select(editions.c.id, number.label("number")).where(editions.c.id.in_(sorted(which)))
        return {row.id: row.number for row in self._connection.execute(query) if row.number is not None}

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

    def variants(self, edition: str, channel: str) -> frozenset[str]:
        """The subjects of the variants that are kept of an edition."""
        query = select(renditions.c.subject).where(
            renditions.c.edition == edition, renditions.c.channel == channel, renditions.c.subject.startswith(VARIANT)
        )
        return frozenset(self._connection.execute(query).scalars())

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
        query = select(*LIGHT).where(_went_out(), editions.c.id.in_(holding))
        if since:
            query = query.where(editions.c.slot >= since)
        return [
            (edition, story)
            for edition, story in self._stories_of(query, {"which": integers(dialect, which)})
            if story.article.id in which
        ]

    def subjects(self, schedules: Collection[str], since: datetime) -> list[tuple[Edition, str]]:
        """The editions of these schedules since ``since`` that went out, wholly or in part, with their mails' subjects.

        Newest slot first; as ``between`` has them.
        """
        subject = renditions.c.content["email"]["subject"].as_string()
        query = (
            select(*_BRIEF, subject.label("line"))
            .join(renditions, and_(renditions.c.edition == editions.c.id, renditions.c.subject == ""))
            .where(editions.c.schedule.in_(sorted(schedules)), editions.c.slot >= since, _went_out())
            .where(subject.is_not(None))
            .order_by(editions.c.slot.desc(), editions.c.created.desc())
        )
        names = [each.name for each in _BRIEF]
        found = []
        for *brief, line in self._connection.execute(query):
            each = dict(zip(names, brief, strict=True))
            found.append((Edition(**{**each, "state": EditionState(each["state"])}), line))
        return found

    def told(self, since: datetime) -> list[tuple[Edition, EditionStory]]:
        """The stories of editions since ``since`` that went out, wholly or in part, newest slot first."""
        query = select(*LIGHT).where(editions.c.slot >= since, _went_out())
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
            query = select(*LIGHT).where(or_(*theirs), editions.c.slot_key.startswith(CORRECTION))
            for each in self._wholes(query.order_by(editions.c.slot, editions.c.created)):
                found[each.schedule].append(each)
        return found

    def last_sent(self, schedule: str) -> Edition | None:
        """The schedule's newest edition that went out, wholly or in part, by the time it was drafted.

        Replies that correct posts are none: they bring no news.
        """
        query = (
            select(*LIGHT)
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
