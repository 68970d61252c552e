"""Readers as the desk looks for them: found by a part of address or name, listed, and told with what they got.

No answer takes longer with a million readers than with a thousand. What begins with the words stands together in an
index. What only holds them is looked for in the next ``WALK`` entries of that index, and the answer says where it
stopped. (Measured on a million: docs/performance.md, `desk`. A trigram index would know at once, and each import and
each sign-up would pay for it; PostgreSQL's is an extension that many hosts do not have.)
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, literal, not_, or_, select, text, tuple_

from bot.model import DeliveryState, Subscriber, Verdict
from bot.store.among import among, integers
from bot.store.subscribers import joined, read_subscriber
from bot.store.tables import attempts, deliveries, editions, events, subscribers, subscriptions, suppressions

WALK = 10_000
"""Entries of an index that one answer walks through."""
FEW = 1000
"""So many of an audience are listed by address; more of them in no order, but at once."""
LAST_EDITIONS = 12
"""The last mail of a reader in a list is looked for in so many editions."""
_LATEST = 2
"""So many of those are asked for everybody."""
SHORTEST = 3
"""Letters that a search takes."""

_WHO = subscribers.c
_IN = subscriptions.c


@dataclass(frozen=True, slots=True)
class Page:
    """Readers by id and address. ``after`` and ``before`` are the cursors of the pages beside it, "" without.

    ``whole``: all that there is was looked at. Else those at ``after`` were not yet: there may be more, or none.
    """

    readers: Sequence[tuple[int, str, str]]
    after: str = ""
    before: str = ""
    whole: bool = True


@dataclass(frozen=True, slots=True)
class LastMail:
    """The newest of the last editions that named a reader, and what became of it."""

    name: str
    state: DeliveryState
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Mail:
    """One delivery to a reader, with the last answer of a server ("" and 0: none is kept)."""

    id: int
    edition: str
    name: str
    slot: datetime
    channel: str
    state: DeliveryState
    reason: str
    tries: int
    updated: datetime
    code: int = 0
    enhanced: str = ""
    said: str = ""


class Readers:
    """Looks only."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name

    def find(self, words: str, *, audience: str = "", state: str = "", limit: int = 50, after: str = "") -> Page:
        """Who has ``words`` (of ``SHORTEST`` letters or more) in address or name: first those that begin with it.

        ``after`` is a cursor of the page before; one that is none begins anew.
        """
        walks = _walks(words.strip(), self._dialect)
        phase, cursor = _cursor(after, len(walks))
        found: list[tuple[int, str, str]] = []
        while phase < len(walks):
            readers, stopped = self._along(walks[phase], audience, state, cursor, limit - len(found))
            found += readers
            if stopped:
                return Page(found, after=json.dumps([phase, *stopped], ensure_ascii=False), whole=False)
            phase, cursor = phase + 1, ()
        return Page(found)

    def page(self, *, audience: str = "", state: str = "", limit: int = 50, after: str = "", before: str = "") -> Page:
        """Those of an audience and a state, all with both "". By address; more than ``FEW`` of an audience by id.

        ``after`` or ``before`` are cursors of the page beside.
        """
        if (audience or state) and not self._few(audience, state):
            return self._by_id(audience, state, limit, after, before)
        query, given = select(_WHO.id, _WHO.address, _WHO.name, _WHO.address_key), {}
        if audience or state:
            # Named one by one: PostgreSQL knows of an audience and a state each, and expects thousands of both.
            mine = set(self._connection.execute(select(_IN.subscriber).where(*_chosen(audience, state))).scalars())
            query, given = query.where(among(self._dialect, _WHO.id, "ids")), {"ids": integers(self._dialect, mine)}
        return self._by_address(query, given, limit, _text(after), _text(before))

    def _few(self, audience: str, state: str) -> bool:
        this = select(_IN.subscriber).where(*_chosen(audience, state)).limit(FEW + 1)
        if not audience:
            # No index has the state alone; whether all of them are few says enough.
            this = select(_IN.subscriber).limit(FEW + 1)
        count = self._connection.execute(select(func.count()).select_from(this.subquery())).scalar() or 0
        return count <= FEW

    def _by_id(self, audience: str, state: str, limit: int, after: str, before: str) -> Page:
        audiences = [audience]
        if not audience:
            audiences = self._audiences()
        back = bool(before)
        edge = _number(before if back else after)
        ids: set[int] = set()
        for each in audiences:
            query = select(_IN.subscriber).where(*_chosen(each, state))
            if edge is not None:
                query = query.where(_IN.subscriber < edge if back else _IN.subscriber > edge)
            order = _IN.subscriber.desc() if back else _IN.subscriber
            ids.update(self._connection.execute(query.order_by(order).limit(limit + 1)).scalars())
        ordered = sorted(ids, reverse=back)
        more, shown = len(ordered) > limit, sorted(ordered[:limit])
        rows = {row.id: row for row in self._named(shown)}
        readers = [(each, rows[each].address, rows[each].name) for each in shown if each in rows]
        first, last = (str(shown[0]), str(shown[-1])) if shown else ("", "")
        return Page(
            readers,
            after=last if (more or back) and shown else "",
            before=first if shown and (more if back else edge is not None) else "",
        )

    def _audiences(self) -> list[str]:
        # Each by one step in the index: DISTINCT reads all of it.
        found: list[str] = []
        while True:
            next_one = select(func.min(_IN.audience)).where(_IN.audience > (found[-1] if found else ""))
            audience = self._connection.execute(next_one).scalar()
            if audience is None:
                return found
            found.append(audience)

    def _by_address(self, query: Select[Any], given: Mapping[str, Any], limit: int, after: str, before: str) -> Page:
        key = _WHO.address_key
        back = bool(before)
        if before or after:
            query = query.where(key < before if back else key > after)
        rows = list(self._connection.execute(query.order_by(key.desc() if back else key).limit(limit + 1), given))
        more, rows = len(rows) > limit, rows[:limit]
        if back:
            rows.reverse()
        return Page(
            [(row.id, row.address, row.name) for row in rows],
            after=rows[-1].address_key if rows and (more or back) else "",
            before=rows[0].address_key if rows and (more if back else bool(after)) else "",
        )

    def _named(self, ids: Collection[int]) -> Sequence[Any]:
        which = among(self._dialect, _WHO.id, "ids")
        query = select(_WHO.id, _WHO.address, _WHO.name).where(which)
        return self._connection.execute(query, {"ids": integers(self._dialect, ids)}).all()

    def _along(
        self, walk: _Walk, audience: str, state: str, cursor: tuple[str, ...], room: int
    ) -> tuple[list[tuple[int, str, str]], tuple[str, ...]]:
        """The next that match along an index, and the key after which there may be more; () at its end."""
        entries = WALK if not (audience or state) else WALK // 4
        key = [_WHO.name, _WHO.id] if walk.named else [_WHO.address_key]
        place = tuple_(*key) if walk.named else key[0]
        bounds = [walk.within]
        if cursor:
            bounds.append(place > _value(walk, cursor))
        edge = select(*key).where(*bounds).order_by(*key).limit(1).offset(entries)
        row = self._connection.execute(edge).one_or_none()
        end = tuple(str(each) for each in row) if row else ()
        if end:
            bounds.append(place <= _value(walk, end))
        if audience or state:
            bounds.append(exists().where(_IN.subscriber == _WHO.id, *_chosen(audience, state)))
        columns = (_WHO.id, _WHO.address, _WHO.name, _WHO.address_key)
        query = select(*columns).where(*bounds, *walk.wanted).order_by(*key).limit(room + 1)
        rows = list(self._connection.execute(query))
        if len(rows) > room:
            rows = rows[:room]
            end = _key(walk, rows[-1]) if rows else cursor or _START
        return [(row.id, row.address, row.name) for row in rows], end

    def subscriptions(self, ids: Collection[int]) -> dict[int, list[Subscriber]]:
        """All subscriptions of these readers."""
        query = joined().where(among(self._dialect, _WHO.id, "ids")).order_by(_IN.audience)
        found: dict[int, list[Subscriber]] = {}
        for row in self._connection.execute(query, {"ids": integers(self._dialect, ids)}):
            found.setdefault(row.id, []).append(read_subscriber(row))
        return found

    def suppressed(self, ids: Collection[int]) -> dict[int, str]:
        """Of these readers those who must not be mailed by any audience, with the reason."""
        query = (
            select(_WHO.id, suppressions.c.reason)
            .join(suppressions, suppressions.c.address_hash == _WHO.address_hash)
            .where(among(self._dialect, _WHO.id, "ids"), suppressions.c.audience == "")
        )
        return {row.id: row.reason for row in self._connection.execute(query, {"ids": integers(self._dialect, ids)})}

    def soft_bounces(self, ids: Collection[int]) -> dict[int, datetime]:
        """Of these readers the last moment at which a mail came back that may go through next time."""
        query = (
            select(events.c.subscriber, func.max(events.c.at).label("at"))
            .where(among(self._dialect, events.c.subscriber, "ids"), events.c.verdict == Verdict.SOFT)
            .group_by(events.c.subscriber)
        )
        given = {"ids": integers(self._dialect, ids)}
        return {row.subscriber: row.at for row in self._connection.execute(query, given)}

    def last_mails(self, ids: Collection[int]) -> dict[int, LastMail]:
        """Of these readers the newest mail of the last ``LAST_EDITIONS`` editions that went out."""
        newest = select(editions.c.id, editions.c.name, editions.c.slot).where(editions.c.snapshot > 0)
        last = {
            row.id: row
            for row in self._connection.execute(newest.order_by(editions.c.slot.desc()).limit(LAST_EDITIONS))
        }
        which, found = list(last), dict[int, LastMail]()
        # Most readers of a list are in the very last ones: the others are asked for the few who are not.
        for editions_asked in (which[:_LATEST], which[_LATEST:]):
            left = set(ids).difference(found)
            if not (left and editions_asked):
                break
            query = select(
                deliveries.c.subscriber,
                deliveries.c.edition,
                deliveries.c.state,
                deliveries.c.reason,
                deliveries.c.updated,
            ).where(
                deliveries.c.edition.in_(editions_asked),
                among(self._dialect, deliveries.c.subscriber, "ids"),
                deliveries.c.state.not_in([DeliveryState.SUPPRESSED, DeliveryState.EXCLUDED]),
            )
            given = {"ids": integers(self._dialect, left)}
            rows = sorted(self._connection.execute(query, given), key=lambda row: (last[row.edition].slot, row.updated))
            for row in rows:
                found[row.subscriber] = LastMail(
                    last[row.edition].name, DeliveryState(row.state), row.reason, row.updated
                )
        return found

    def mails(
        self, subscriber: int, *, limit: int = 100, before: datetime | None = None
    ) -> tuple[list[Mail], datetime | None]:
        """What the last ``limit`` editions (of slots before ``before``) had for a reader, the newest first.

        And the slot of the oldest of them, when there are more. By edition: the ledger has no index of readers alone.
        """
        which = select(editions.c.id, editions.c.name, editions.c.slot).where(editions.c.snapshot > 0)
        if before:
            which = which.where(editions.c.slot < before)
        newest = list(self._connection.execute(which.order_by(editions.c.slot.desc()).limit(limit + 1)))
        last = {row.id: row for row in newest[:limit]}
        older = newest[limit - 1].slot if len(newest) > limit else None
        if not last:
            return [], None
        query = select(deliveries).where(deliveries.c.edition.in_(list(last)), deliveries.c.subscriber == subscriber)
        rows = list(self._connection.execute(query))
        said = self._said([row.id for row in rows if row.state != DeliveryState.ACCEPTED or row.tries])
        found = []
        for row in rows:
            answer = said.get(row.id)
            found.append(
                Mail(
                    id=row.id,
                    edition=row.edition,
                    name=last[row.edition].name,
                    slot=last[row.edition].slot,
                    channel=row.channel,
                    state=DeliveryState(row.state),
                    reason=row.reason,
                    tries=row.tries,
                    updated=row.updated,
                    code=answer.code if answer else 0,
                    enhanced=answer.enhanced if answer else "",
                    said=answer.text if answer else "",
                )
            )
        return sorted(found, key=lambda each: (each.updated, each.id), reverse=True), older

    def _said(self, ids: Collection[int]) -> dict[int, Any]:
        if not ids:
            return {}
        query = (
            select(attempts.c.delivery, attempts.c.code, attempts.c.enhanced, attempts.c.text)
            .where(among(self._dialect, attempts.c.delivery, "ids"))
            .order_by(attempts.c.delivery, attempts.c.number, attempts.c.ended)
        )
        rows = self._connection.execute(query, {"ids": integers(self._dialect, ids)})
        return {row.delivery: row for row in rows}


@dataclass(frozen=True, slots=True)
class _Walk:
    """A way along an index, of names or of addresses: the part that is gone along, and what is wanted in it."""

    named: bool
    within: ColumnElement[bool]
    wanted: tuple[ColumnElement[bool], ...] = ()


def _walks(words: str, dialect: str) -> list[_Walk]:
    """Where ``words`` are looked for, in turn; what one finds, no later one finds again."""
    lower, spellings = words.lower(), _spellings(words)
    begins = _begins(_WHO.address_key, lower)
    named = or_(*(_begins(_WHO.name, each) for each in spellings))
    holds = _holds(_WHO.address_key, lower, dialect)
    in_name = or_(*(_holds(_WHO.name, each, dialect) for each in spellings))
    # As the index of names has it: else it is not gone along.
    has_name = text("subscribers.name <> ''")
    return [
        _Walk(False, begins),
        *(_Walk(True, and_(has_name, _begins(_WHO.name, each)), (not_(begins),)) for each in spellings),
        # A query of its own is what SQLite looks at last, where all else matches: else it reads each row for its name.
        _Walk(False, _WHO.address_key != "", (holds, not_(begins), not_(_asked(named)))),
        _Walk(True, and_(has_name), (in_name, not_(named), not_(holds))),
    ]


_START = ("",)


def _key(walk: _Walk, row: Any) -> tuple[str, ...]:
    return (row.name, str(row.id)) if walk.named else (row.address_key,)


def _value(walk: _Walk, cursor: tuple[str, ...]) -> Any:
    if not walk.named:
        return cursor[0]
    return tuple_(cursor[0], int(cursor[1]) if len(cursor) > 1 and cursor[1].isdecimal() else 0)


def _begins(column: ColumnElement[Any], words: str) -> ColumnElement[bool]:
    return and_(column >= words, column < f"{words}\U0010ffff")


def _holds(column: ColumnElement[Any], words: str, dialect: str) -> ColumnElement[bool]:
    # Not LIKE: nothing in the words is a sign of its own, and it is not slower.
    find = func.instr if dialect == "sqlite" else func.strpos
    found: ColumnElement[bool] = find(column, words) > 0
    return found


def _asked(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists(select(literal(1)).where(condition).correlate(subscribers))


def _spellings(words: str) -> list[str]:
    """As names are written: neither database knows letters of all languages without regard to their case."""
    return list(dict.fromkeys((words, words.lower(), words.title(), words.upper())))


def _chosen(audience: str, state: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [_IN.audience == audience] if audience else []
    return [*found, _IN.state == state] if state else found


def _cursor(told: str, phases: int) -> tuple[int, tuple[str, ...]]:
    """The phase and its key. Anybody can write an address: what is no cursor begins anew."""
    try:
        phase, *key = json.loads(told) if told and len(told) < 1000 else [0]
        if not isinstance(phase, int) or not 0 <= phase < phases:
            return 0, ()
        return phase, tuple(str(each).replace("\0", "")[:500] for each in key[:2])
    except (ValueError, TypeError, RecursionError):
        return 0, ()


def _text(cursor: str) -> str:
    return cursor.replace("\0", "")[:500]


def _number(cursor: str) -> int | None:
    return int(cursor) if cursor.isascii() and cursor.isdecimal() and len(cursor) < 17 else None
