"""Posts whose networks tell how followers reacted: what they told last, when they are asked next, and by whom."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, literal_column, or_, select, update

from bot.model import DeliveryState, MeasuredPost, Measurement, Reactions
from bot.store.among import among, integers
from bot.store.attempts import storable
from bot.store.conflict import insert_or_ignore
from bot.store.tables import attempts, chunks, deliveries, editions, measured_posts, measurements, renditions

LOOKS = (timedelta(hours=1), timedelta(hours=6), timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""How long after it went out a post's network is asked, ever more seldom."""
FIRST_DAY = (timedelta(hours=20), timedelta(hours=40))
"""What is looked at between them is the figure of the first day."""
_LATE = timedelta(days=2)
"""How long after its slot an edition's last post may go out."""
_NEW = 1000
_LONGEST = 500
_M, _N = measured_posts.c, measurements.c
_FIGURES = ("likes", "reposts", "replies", "quotes", "views")
_TOTAL = sum((func.coalesce(_M[name], 0) for name in _FIGURES[1:4]), func.coalesce(_M.likes, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """How followers reacted to the posts of a channel or an edition, ``of``: their sums.

    ``posts`` is how many there are, ``looked`` of how many something was told.
    """

    of: str
    posts: int
    looked: int
    reactions: Reactions


@dataclass(frozen=True, slots=True, kw_only=True)
class BestPost:
    """A post with its words, "" where they are not kept any more."""

    post: MeasuredPost
    text: str


def next_look(sent: datetime, now: datetime) -> datetime | None:
    """When the network of a post that went out then is asked next; None: it is asked no more."""
    return next((sent + wait for wait in LOOKS if sent + wait > now), None)


class MeasuredPosts:
    """One row a post, changed where it stands."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def unknown(self, channels: Collection[str], now: datetime) -> list[MeasuredPost]:
        """Posts that these channels' networks took in the last seven days and that have no row yet."""
        dialect = self._connection.dialect.name
        last = and_(
            attempts.c.delivery == deliveries.c.id,
            attempts.c.number == deliveries.c.attempts,
            attempts.c.outcome == DeliveryState.ACCEPTED,
        )
        # An edit is accepted under the name of its post, which has a row.
        known = select(_M.delivery).where(_M.channel == deliveries.c.channel, _M.post == attempts.c.provider_id)
        query = (
            select(
                deliveries.c.id,
                deliveries.c.edition,
                deliveries.c.channel,
                deliveries.c.subject,
                attempts.c.provider_id,
                attempts.c.began,
            )
            .select_from(deliveries.join(attempts, last))
            .where(
                among(dialect, deliveries.c.id, "ids"),
                deliveries.c.state == DeliveryState.ACCEPTED,
                attempts.c.provider_id != "",
                func.length(attempts.c.provider_id) <= _LONGEST,
                attempts.c.began > now - LOOKS[-1],
                ~known.exists(),
            )
            .order_by(deliveries.c.id)
            .limit(_NEW)
        )
        ids = self._candidates(channels, now)
        if not ids:
            return []
        return [
            MeasuredPost(
                delivery=row.id,
                edition=row.edition,
                channel=row.channel,
                subject=row.subject,
                post=row.provider_id,
                sent=row.began,
                due=row.began + LOOKS[0],
            )
            for row in self._connection.execute(query, {"ids": integers(dialect, ids)})
        ]

    def _candidates(self, channels: Collection[str], now: datetime) -> list[int]:
        """The deliveries of posts of recent editions that have no row; asked for apart, or SQLite looks through all."""
        posts = (
            select(chunks.c.first, chunks.c.last)
            .join(editions, editions.c.id == chunks.c.edition)
            .where(
                editions.c.slot > now - LOOKS[-1] - _LATE,
                # As the index has it: no database takes a parameter for its condition.
                chunks.c.audience == literal_column("''"),
                chunks.c.channel.in_(sorted(channels)),
            )
        )
        ids = {id for row in self._connection.execute(posts) for id in range(row.first, row.last + 1)}
        if not ids:
            return []
        dialect = self._connection.dialect.name
        rows = select(_M.delivery).where(among(dialect, _M.delivery, "ids"))
        known = self._connection.execute(rows, {"ids": integers(dialect, ids)}).scalars()
        return sorted(ids.difference(known))

    def enter(self, posts: Sequence[MeasuredPost]) -> int:
        """Gives each of them a row, unless the post has one; returns how many are new."""
        rows = ({name: value for name, value in asdict(each).items() if name != "reactions"} for each in posts)
        return sum(insert_or_ignore(self._connection, measured_posts, row) for row in rows)

    def channels_due(self, channels: Collection[str], now: datetime) -> list[str]:
        """Those of these channels whose networks are to be asked now, and that nobody is asking."""
        query = (
            select(_M.channel)
            .outerjoin(measurements, _N.channel == _M.channel)
            .where(_M.channel.in_(sorted(channels)), _M.due <= now)
            .where(or_(_N.not_before.is_(None), _N.not_before <= now))
            .distinct()
            .order_by(_M.channel)
        )
        return list(self._connection.execute(query).scalars())

    def due(self, channel: str, now: datetime, limit: int) -> list[MeasuredPost]:
        """The posts of a channel that are to be asked for, the longest due first."""
        query = select(measured_posts).where(_M.channel == channel, _M.due <= now).order_by(_M.due, _M.delivery)
        return [_post(row) for row in self._connection.execute(query.limit(limit))]

    def take(self, channel: str, now: datetime, until: datetime) -> bool:
        """Makes the asking ours until then; False when somebody else is at it, or the channel is to be left alone."""
        insert_or_ignore(self._connection, measurements, {"channel": channel})
        free = or_(_N.not_before.is_(None), _N.not_before <= now)
        taken = update(measurements).where(_N.channel == channel, free).values(not_before=until)
        return self._connection.execute(taken).rowcount == 1

    def leave(self, channel: str, now: datetime, until: datetime | None = None, refused: str | None = None) -> None:
        """Ends what ``take`` began; nobody asks before ``until``. ``refused`` is why the network does not tell us.

        None: it stays what was known of that; "": it tells us.
        """
        values: dict[str, Any] = {"not_before": until, "at": now}
        if refused is not None:
            values["refused"] = storable(refused)[:500]
        self._connection.execute(update(measurements).where(_N.channel == channel).values(**values))

    def keep(self, posts: Sequence[MeasuredPost], told: Mapping[str, Reactions | None], now: datetime) -> None:
        """Writes what was told of ``posts`` by their names; one that is left out is asked for at its next time."""
        for each in posts:
            values: dict[str, Any] = {"due": next_look(each.sent, now)}
            if each.post in told:
                found = told[each.post]
                values["looked"] = now
                if found is None:
                    values["gone"] = each.gone or now
                elif found.told:
                    values |= {**asdict(found), "gone": None}
                    if each.first_day is None and FIRST_DAY[0] <= now - each.sent <= FIRST_DAY[1]:
                        values["first_day"] = found.total
            self._connection.execute(update(measured_posts).where(_M.delivery == each.delivery).values(**values))

    def drop(self, channel: str, before: datetime) -> int:
        """Nobody asks any more for posts of a channel that went out before then; returns how many that are."""
        old = update(measured_posts).where(_M.channel == channel, _M.sent < before, _M.due.is_not(None))
        return self._connection.execute(old.values(due=None)).rowcount

    def states(self) -> dict[str, Measurement]:
        """What is known of asking each channel's network."""
        rows = self._connection.execute(select(measurements))
        return {row.channel: Measurement(**row._mapping) for row in rows}

    def of_edition(self, edition: str) -> dict[int, MeasuredPost]:
        """The posts of an edition, by delivery."""
        rows = self._connection.execute(select(measured_posts).where(_M.edition == edition))
        return {row.delivery: _post(row) for row in rows}

    def by_channel(self, schedules: Collection[str], *, since: datetime, until: datetime) -> dict[str, Reacted]:
        """Sums over the editions of these schedules whose slots lie between, by channel."""
        query = _between(_sums(_M.channel), schedules, since, until).group_by(_M.channel)
        return {row.of: _reacted(row) for row in self._connection.execute(query)}

    def by_edition(
        self, schedules: Collection[str], *, since: datetime, until: datetime, limit: int
    ) -> list[tuple[datetime, Reacted]]:
        """The same by edition, each with its slot (UTC), the newest first."""
        query = _between(_sums(_M.edition, editions.c.slot), schedules, since, until)
        query = query.group_by(_M.edition, editions.c.slot).order_by(editions.c.slot.desc(), _M.edition).limit(limit)
        return [(row.slot, _reacted(row)) for row in self._connection.execute(query)]

    def best(self, schedules: Collection[str], *, since: datetime, until: datetime, limit: int) -> list[BestPost]:
        """The posts to which followers reacted most; none to which nobody did."""
        words = and_(
            renditions.c.edition == _M.edition,
            renditions.c.channel == _M.channel,
            renditions.c.subject == _M.subject,
        )
        said = renditions.c.content["post"]["text"].as_string().label("said")
        query = (
            _between(select(measured_posts, said), schedules, since, until)
            .outerjoin(renditions, words)
            .where(_TOTAL > 0)
            .order_by(_TOTAL.desc(), _M.sent.desc(), _M.delivery)
            .limit(limit)
        )
        return [BestPost(post=_post(row), text=row.said or "") for row in self._connection.execute(query)]

    def all(
        self, schedules: Collection[str], *, since: datetime, until: datetime, limit: int
    ) -> list[tuple[str, MeasuredPost]]:
        """Each post of the editions of these schedules whose slots lie between, with its schedule; newest first."""
        query = _between(select(measured_posts, editions.c.schedule), schedules, since, until)
        query = query.order_by(_M.sent.desc(), _M.delivery.desc()).limit(limit)
        return [(row.schedule, _post(row)) for row in self._connection.execute(query)]


def _sums(*columns: Any) -> Select[Any]:
    of, *more = columns
    sums = [func.sum(_M[name]).label(name) for name in _FIGURES]
    looked = func.count(func.coalesce(*(_M[name] for name in _FIGURES)))
    return select(of.label("of"), *more, func.count().label("posts"), looked.label("told"), *sums)


def _between(query: Select[Any], schedules: Collection[str], since: datetime, until: datetime) -> Select[Any]:
    return query.join(editions, editions.c.id == _M.edition).where(
        editions.c.slot >= since, editions.c.slot < until, editions.c.schedule.in_(sorted(schedules))
    )


def _reacted(row: Row[Any]) -> Reacted:
    return Reacted(of=row.of, posts=row.posts, looked=row.told, reactions=_reactions(row))


def _reactions(row: Row[Any]) -> Reactions:
    known = {name: getattr(row, name) for name in _FIGURES}
    # PostgreSQL sums up 64 bits as a decimal.
    return Reactions(**{name: None if value is None else int(value) for name, value in known.items()})


def _post(row: Row[Any]) -> MeasuredPost:
    names = ("delivery", "edition", "channel", "subject", "post", "sent", "looked", "due", "gone", "first_day")
    return MeasuredPost(reactions=_reactions(row), **{name: getattr(row, name) for name in names})
