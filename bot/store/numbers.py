"""The sums of editions: reckoned now and then, so that who asks reads a row of each and no ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select, update

from bot.model import CORRECTION, DeliveryState, Edition, EditionState, Verdict
from bot.store.among import read_past
from bot.store.books import Books
from bot.store.conflict import insert_or_ignore
from bot.store.edition_rows import edition_of
from bot.store.editions import Editions
from bot.store.events import Events
from bot.store.kept_editions import LIGHT
from bot.store.tables import chunks, edition_figures, edition_stories, editions, links

YOUNG = timedelta(days=60)
"""After this an edition's sums are reckoned no more, unless something of it is decided anew."""
SOONEST = timedelta(minutes=5)
SLOWING = 20
"""An edition is reckoned again when it is by a twentieth older: what comes back comes ever more slowly."""
COUNTED_FROM_BEGIN = timedelta(days=1)
"""An edition that ended longer ago when it is first reckoned went out before anybody counted who left by it."""
_SUMMED = ("readers", "accepted", "bounced", "complaints", "unsubscribed", "clicks")
_OUT = (EditionState.SENDING, EditionState.PAUSED, EditionState.SENT, EditionState.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionFigures:
    """An edition's mail in numbers. ``slot`` and ``reckoned`` are in UTC; ``headline`` is its first story's.

    ``readers`` is None for an edition that did not go out, and while nobody has reckoned it. ``unsubscribed`` counts
    those who left by this edition's link; None: nobody counted them. ``clicks`` None: they were not counted.
    """

    edition: str
    schedule: str
    name: str
    slot: datetime
    state: EditionState
    reason: str
    headline: str = ""
    reckoned: datetime | None = None
    readers: int | None = None
    accepted: int = 0
    failed: int = 0
    unknown: int = 0
    bounced: int = 0
    complaints: int = 0
    unsubscribed: int | None = None
    clicks: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Mail of several editions in numbers; ``unsubscribed`` and ``clicks`` are of those for which they were counted.

    ``readers`` are their mails, ``most_readers`` those of the largest one.
    """

    editions: int
    readers: int
    accepted: int
    bounced: int
    complaints: int
    unsubscribed: int
    clicks: int | None
    most_readers: int = 0
    reckoned: datetime | None = None
    """When the newest of them was reckoned (UTC)."""

    @classmethod
    def of(cls, parts: Iterable[Sums]) -> Sums:
        """The sums of all these together."""
        every = list(parts)
        clicks = [each.clicks for each in every if each.clicks is not None]
        return cls(
            editions=sum(each.editions for each in every),
            **{name: sum(getattr(each, name) for each in every) for name in _SUMMED[:-1]},
            clicks=sum(clicks) if clicks else None,
            most_readers=max((each.most_readers for each in every), default=0),
            reckoned=max((each.reckoned for each in every if each.reckoned), default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """An edition that went out, with its deliveries by state; None while nobody has summed them up as they are now."""

    id: str
    name: str
    schedule: str
    slot: datetime
    state: EditionState
    snapshot: int | None
    states: dict[str, int] | None


@dataclass(frozen=True, slots=True)
class Posted:
    """The posts of a channel by what became of them."""

    channel: str
    accepted: int
    failed: int
    unknown: int


class Numbers:
    """The figures of all editions that went out: ``bot.schedules.figures`` reckons them, the pages show them."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def due(self, now: datetime, limit: int) -> list[str]:
        """The editions that are to be reckoned, the newest first."""
        query = (
            select(editions.c.id, editions.c.slot, editions.c.changed, edition_figures.c.reckoned)
            .outerjoin(edition_figures, edition_figures.c.edition == editions.c.id)
            .where(editions.c.state.in_(_OUT), editions.c.snapshot.is_not(None))
            .where(or_(editions.c.slot > now - YOUNG, edition_figures.c.reckoned.is_(None)))
            .order_by(editions.c.slot.desc(), editions.c.id)
        )
        found = []
        for row in self._connection.execute(query):
            again = max(SOONEST, (now - row.slot) / SLOWING)
            if row.reckoned is None or row.reckoned < row.changed or row.reckoned <= now - again:
                found.append(row.id)
                if len(found) == limit:
                    break
        return found

    def reckon(self, edition: str, now: datetime) -> None:
        """Sums up an edition. Nobody moves it, or settles its deliveries, before this transaction ends."""
        Editions(self._connection).lock(edition)
        books, events = Books(self._connection), Events(self._connection)
        whole, mail = books.balance(edition), books.balance(edition, mail=True).states
        returned = events.counts(edition)
        clicks = self._connection.execute(select(func.sum(links.c.clicks)).where(links.c.edition == edition)).scalar()
        values: dict[str, Any] = {
            "reckoned": now,
            "states": whole.states,
            "readers": sum(mail.values()),
            "accepted": mail.get(DeliveryState.ACCEPTED, 0),
            "failed": mail.get(DeliveryState.FAILED, 0),
            "unknown": mail.get(DeliveryState.UNKNOWN, 0),
            "bounced": events.failures(edition),
            "complaints": returned.get(Verdict.COMPLAINT, 0),
            "clicks": clicks,
        }
        this = editions.c.id == edition
        ended = self._connection.execute(select(editions.c.changed, editions.c.state).where(this)).one()
        young = not EditionState(ended.state).ended or ended.changed > now - COUNTED_FROM_BEGIN
        row = {"edition": edition, **values, "unsubscribed": 0 if young else None}
        if not insert_or_ignore(self._connection, edition_figures, row):
            self._connection.execute(
                update(edition_figures).where(edition_figures.c.edition == edition).values(**values)
            )

    def left(self, edition: str, by: int = 1) -> None:
        """A reader left by this edition's link; -1: they took it back."""
        if self._connection.execute(select(editions.c.id).where(editions.c.id == edition)).first() is None:
            return
        row = {"edition": edition, "states": {}, "unsubscribed": max(by, 0)}
        if not insert_or_ignore(self._connection, edition_figures, row):
            known = func.coalesce(edition_figures.c.unsubscribed, 0)
            this = update(edition_figures).where(edition_figures.c.edition == edition)
            if by < 0:
                this = this.where(known + by >= 0)
            self._connection.execute(this.values(unsubscribed=known + by))

    def states(self, which: Collection[str]) -> dict[str, dict[str, int]]:
        """The deliveries by state of those of these editions that ended and were reckoned since."""
        ended = [state for state in EditionState if state.ended]
        query = (
            select(edition_figures.c.edition, edition_figures.c.states)
            .join(editions, editions.c.id == edition_figures.c.edition)
            .where(editions.c.id.in_(sorted(which)), editions.c.state.in_(ended))
            .where(edition_figures.c.reckoned >= editions.c.changed)
        )
        return {edition: dict(states) for edition, states in self._connection.execute(query).all()}

    def troubled(self, *, unknown: datetime, failed: datetime, until: datetime, limit: int) -> list[Troubled]:
        """The editions before ``until`` of which something may have gone wrong, the newest slot first.

        Those since ``unknown`` of which deliveries are unknown, those since ``failed`` of which some failed, and all
        since ``unknown`` that are not summed up: of thousands that went well nothing is read.
        """
        ended = editions.c.state.in_([state for state in EditionState if state.ended])
        summed = and_(ended, edition_figures.c.reckoned >= editions.c.changed)
        doubts, failures = (
            edition_figures.c.states[state.value].as_integer() > 0
            for state in (DeliveryState.UNKNOWN, DeliveryState.FAILED)
        )
        query = (
            select(
                *(editions.c[name] for name in ("id", "name", "schedule", "slot", "state", "snapshot")),
                func.coalesce(summed, False).label("summed"),
                edition_figures.c.states,
            )
            .outerjoin(edition_figures, edition_figures.c.edition == editions.c.id)
            .where(editions.c.slot >= unknown, editions.c.slot < until, read_past(editions.c.state, _OUT))
            .where(
                or_(
                    ~func.coalesce(summed, False),
                    doubts,
                    and_(failures, editions.c.slot >= failed),
                )
            )
            .order_by(editions.c.slot.desc(), editions.c.created.desc())
            .limit(limit)
        )
        return [
            Troubled(
                id=row.id,
                name=row.name,
                schedule=row.schedule,
                slot=row.slot,
                state=EditionState(row.state),
                snapshot=row.snapshot,
                states=dict(row.states) if row.summed else None,
            )
            for row in self._connection.execute(query)
        ]

    def went_out(
        self,
        *,
        schedule: str = "",
        states: Collection[EditionState] = (),
        trouble: DeliveryState | None = None,
        before: tuple[datetime, str] | None = None,
        limit: int = 25,
    ) -> list[Edition]:
        """The editions that were being sent at some time, the newest slot first; without stories and renditions.

        ``trouble``: those of which mails are ``failed`` or ``unknown``, as far as was reckoned. ``before``: the slot
        and id of the last one that is known already.
        """
        query = (
            select(*LIGHT)
            .where(read_past(editions.c.state, list(states) or _OUT), editions.c.snapshot.is_not(None))
            .order_by(editions.c.slot.desc(), editions.c.id.desc())
            .limit(limit)
        )
        if schedule:
            query = query.where(editions.c.schedule == schedule)
        if trouble:
            some = edition_figures.c.unknown if trouble is DeliveryState.UNKNOWN else edition_figures.c.failed
            query = query.join(edition_figures, edition_figures.c.edition == editions.c.id).where(some > 0)
        if before:
            slot, last = before
            earlier = and_(editions.c.slot == slot, editions.c.id < last)
            query = query.where(or_(editions.c.slot < slot, earlier))
        return [edition_of(row) for row in self._connection.execute(query)]

    def of_editions(
        self, schedules: Collection[str], *, since: datetime, until: datetime, limit: int
    ) -> list[EditionFigures]:
        """The editions of these schedules whose slots lie between, the newest first; without headlines.

        Replies that correct posts are none.
        """
        query = (
            select(
                editions.c.id,
                editions.c.schedule,
                editions.c.name,
                editions.c.slot,
                editions.c.state,
                editions.c.reason,
                # Without the states: a parse a row.
                *(each for each in edition_figures.c if each.name not in ("edition", "states")),
            )
            .outerjoin(edition_figures, edition_figures.c.edition == editions.c.id)
            .where(editions.c.slot >= since, editions.c.slot < until, _of(schedules))
            .where(~editions.c.slot_key.startswith(CORRECTION))
            .order_by(editions.c.slot.desc(), editions.c.id.desc())
            .limit(limit)
        )
        return [
            EditionFigures(
                edition=row.id,
                schedule=row.schedule,
                name=row.name,
                slot=row.slot,
                state=EditionState(row.state),
                reason=row.reason,
                reckoned=row.reckoned,
                readers=row.readers if row.reckoned else None,
                accepted=row.accepted or 0,
                failed=row.failed or 0,
                unknown=row.unknown or 0,
                bounced=row.bounced or 0,
                complaints=row.complaints or 0,
                unsubscribed=row.unsubscribed,
                clicks=row.clicks,
            )
            for row in self._connection.execute(query)
        ]

    def sums_between(self, schedules: Collection[str], bounds: Sequence[datetime]) -> list[Sums]:
        """All that was reckoned of the editions of these schedules whose slots lie between two moments and the next.

        As many as there are bounds, less one.
        """
        part = case(*((editions.c.slot < bound, at) for at, bound in enumerate(bounds[1:])), else_=len(bounds))
        sums = [func.sum(edition_figures.c[name]).label(name) for name in _SUMMED]
        query = (
            select(
                part.label("part"),
                func.count().label("editions"),
                func.max(edition_figures.c.readers).label("most"),
                func.max(edition_figures.c.reckoned, type_=edition_figures.c.reckoned.type).label("newest"),
                *sums,
            )
            .join(editions, editions.c.id == edition_figures.c.edition)
            .where(editions.c.slot >= bounds[0], editions.c.slot < bounds[-1])
            .where(_of(schedules))
            .where(edition_figures.c.reckoned.is_not(None), edition_figures.c.readers > 0)
            .group_by(part)
        )
        found = {row.part: row for row in self._connection.execute(query)}
        return [_sums(found.get(at)) for at in range(len(bounds) - 1)]

    def posts(self, schedules: Collection[str], *, since: datetime, until: datetime) -> list[Posted]:
        """The posts of the editions of these schedules whose slots lie between, by channel."""
        # Most of thousands have the same counts: each is read once.
        query = (
            select(chunks.c.channel, chunks.c.counts, func.count().label("number"))
            .join(editions, editions.c.id == chunks.c.edition)
            .where(editions.c.slot >= since, editions.c.slot < until, _of(schedules))
            .where(chunks.c.audience == "", chunks.c.counts.is_not(None))
            .group_by(chunks.c.channel, chunks.c.counts)
        )
        states: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in self._connection.execute(query):
            states[row.channel].update({state: number * row.number for state, number in row.counts.items()})
        told = (DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.UNKNOWN)
        return [Posted(channel, *(counts[state] for state in told)) for channel, counts in sorted(states.items())]

    def titles(self, which: Collection[str]) -> dict[str, str]:
        """The titles of the articles that lead stories of these editions, by their URLs."""
        article = edition_stories.c.content["article"]
        query = select(article["url"].as_string().label("url"), article["title"].as_string().label("title")).where(
            edition_stories.c.edition.in_(sorted(which))
        )
        return {row.url: row.title for row in self._connection.execute(query) if row.url and row.title}

    def headlines(self, which: Collection[str]) -> dict[str, str]:
        """The titles of the first stories of these editions."""
        title = edition_stories.c.content["article"]["title"].as_string()
        query = select(edition_stories.c.edition, title.label("title")).where(
            edition_stories.c.edition.in_(sorted(which)), edition_stories.c.position == 1
        )
        return {row.edition: row.title or "" for row in self._connection.execute(query)}


def _of(schedules: Collection[str]) -> ColumnElement[bool]:
    return read_past(editions.c.schedule, schedules)


def _sums(row: Row[Any] | None) -> Sums:
    numbers = {name: int(getattr(row, name, None) or 0) for name in _SUMMED[:-1]}
    clicks = getattr(row, "clicks", None)
    return Sums(
        editions=row.editions if row else 0,
        clicks=None if clicks is None else int(clicks),
        most_readers=row.most if row else 0,
        reckoned=row.newest if row else None,
        **numbers,
    )
