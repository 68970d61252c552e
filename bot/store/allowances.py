"""Rate limits that hold over all processes, and after a crash: what was granted is written before it is used.

A period is cut into 20 parts (10 when it is short), counted from 1970; a row says how much was granted in one part. A
window as long as the period touches at most 21 of them, so no more than the limit is granted in any 21: then no window,
wherever it begins, holds more. The price is that a limit asked to the full gives 20/21 of itself (10/11).

Machines that share a store must agree on the time to within a part, as they do with NTP.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from sqlalchemy import BigInteger, Connection, bindparam, case, cast, delete, select, text, tuple_, update

from bot.store.conflict import insert_or_add
from bot.store.tables import allowances

Limits = Mapping[timedelta, int]
"""How much at most in each period; a period is whole seconds."""

_SHORT = 10
"""Seconds. A part of a second must outlast a commit, or what it grants is over before it is known."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LOCKS = 64
_KEYS_AT_ONCE = 500
"""Keys in one SELECT: databases take some ten thousand parameters."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """``number`` of the allowance ``key``, which must stay within all of ``limits``."""

    key: str
    limits: Limits
    number: int


@dataclass(frozen=True, slots=True)
class Grant:
    """What was granted. To be used at ``since`` or later and before ``until``; what is not used is given back.

    ``next_at``: when more can be had, if none is given back before; None when all that was wanted was granted.
    """

    key: str
    granted: int
    since: datetime
    until: datetime
    next_at: datetime | None
    periods: tuple[timedelta, ...]


class Allowances:
    """What was granted of each limit. Used once in a transaction, one that writes, or two could wait for each other."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def reserve(self, key: str, limits: Limits, wanted: int, now: datetime) -> Grant:
        """Grants up to ``wanted`` within all of ``limits`` at once; with the commit it counts as used.

        Raises ``ValueError`` when there is no limit, or a period that is not whole seconds.
        """
        return self.reserve_all([Wanted(key, limits, wanted)], now)[0]

    def reserve_all(
        self, wanted: Sequence[Wanted], now: datetime, unused: Sequence[tuple[Grant, int]] = ()
    ) -> list[Grant]:
        """Takes ``unused`` back, then grants what is ``wanted``, in its order. Raises as ``reserve``."""
        keys = {each.key for each in wanted}
        self.lock(keys | {grant.key for grant, _ in unused})
        self._return(unused)
        books = {
            (key, _seconds(period)): _Book(key, _seconds(period), now)
            for key, limits in ((each.key, each.limits) for each in wanted)
            for period in limits
        }
        for key, period, part, used in self._rows(keys):
            # A period that is no longer in the settings has no book: ``prune`` sweeps it away.
            if (key, period) in books:
                books[key, period].enter(part, used)
        grants = [_grant(each, [books[each.key, _seconds(period)] for period in each.limits], now) for each in wanted]
        self._delete([row for book in books.values() for row in book.outdated()])
        insert_or_add(self._connection, allowances, "used", [row for book in books.values() for row in book.added()])
        return grants

    def give_back(self, unused: Sequence[tuple[Grant, int]]) -> None:
        """Takes back what was granted and not used, into the part it came from."""
        self.lock({grant.key for grant, _ in unused})
        self._return(unused)

    def prune(self, now: datetime) -> int:
        """Deletes what no limit counts any more, two periods after it was granted; returns how many rows.

        In a transaction of its own.
        """
        row = allowances.c
        # In 64 bits: databases multiply two of 32 in 32.
        parts = cast(case((row.period < _SHORT, _parts(1)), else_=_parts(_SHORT)), BigInteger)
        over = (row.part + 1 + 2 * parts) * row.period < parts * (_micros(now) // 10**6)
        # Rows that another one works on are left to it: it deletes them itself.
        found = select(row.key, row.period, row.part).where(over).with_for_update(skip_locked=True)
        past = delete(allowances).where(tuple_(row.key, row.period, row.part).in_(found))
        return self._connection.execute(past).rowcount

    def lock(self, keys: Iterable[str]) -> None:
        """Until the commit, nobody else grants of ``keys``. The time is read after it, so that no wait makes it stale.

        In SQLite a transaction that writes is alone anyhow.
        """
        if self._connection.dialect.name == "postgresql":
            # Always in the same order, so that two never wait for each other; few, for the server has room for few.
            for lock in sorted({crc32(key.encode()) % _LOCKS for key in keys}):
                self._connection.execute(
                    text("SELECT pg_advisory_xact_lock(hashtext('broadsheet.allowances'), :lock)"), {"lock": lock}
                )

    def _rows(self, keys: Iterable[str]) -> Iterator[tuple[str, int, int, int]]:
        row = allowances.c
        ordered = sorted(keys)
        for start in range(0, len(ordered), _KEYS_AT_ONCE):
            some = row.key.in_(ordered[start : start + _KEYS_AT_ONCE])
            for each in self._connection.execute(select(row.key, row.period, row.part, row.used).where(some)):
                yield each.key, each.period, each.part, each.used

    def _return(self, unused: Sequence[tuple[Grant, int]]) -> None:
        rows = [
            {"k": grant.key, "p": _seconds(period), "at": _part(grant.since, _seconds(period)), "back": back}
            for grant, back in unused
            for period in grant.periods
            if back
        ]
        if rows:
            rest = allowances.c.used - bindparam("back", type_=BigInteger)
            self._connection.execute(
                update(allowances)
                .where(
                    allowances.c.key == bindparam("k"),
                    allowances.c.period == bindparam("p"),
                    allowances.c.part == bindparam("at"),
                    rest >= 0,
                )
                .values(used=rest),
                rows,
            )

    def _delete(self, rows: Sequence[dict[str, str | int]]) -> None:
        if rows:
            self._connection.execute(
                delete(allowances).where(
                    allowances.c.key == bindparam("key"),
                    allowances.c.period == bindparam("period"),
                    allowances.c.part == bindparam("part"),
                ),
                rows,
            )


class _Book:
    """What was granted of one key in one period, part by part, as seen at one moment."""

    __slots__ = ("_ahead", "_granted", "_old", "_used", "count", "current", "key", "period")

    def __init__(self, key: str, period: int, now: datetime) -> None:
        self.key = key
        self.period = period
        self.count = _parts(period)
        self.current = _part(now, period)
        self._used: dict[int, int] = {}
        self._old: list[int] = []
        self._ahead = 0
        self._granted = 0

    def enter(self, part: int, used: int) -> None:
        if part > self.current + self.count:
            # The clock was ahead, and was set back: it counts as granted now, or it would block until then.
            self._old.append(part)
            self._ahead += used
            self._used[self.current] = self._used.get(self.current, 0) + used
        elif part >= self.current - self.count:
            self._used[part] = self._used.get(part, 0) + used
        elif part < self.current - 2 * self.count:
            # One period longer than needed: another machine's clock may be a little behind.
            self._old.append(part)

    def room(self, limit: int) -> int:
        return max(0, limit - sum(self._used.values()))

    def take(self, number: int) -> None:
        self._granted += number
        self._used[self.current] = self._used.get(self.current, 0) + number

    def opens(self, limit: int) -> datetime:
        """When there is room for one."""
        left = sum(self._used.values())
        for part in sorted(self._used):
            left -= self._used[part]
            if left < limit:
                return _begin(part + self.count + 1, self.period)
        return _begin(self.current + 1, self.period)

    def outdated(self) -> list[dict[str, str | int]]:
        return [{"key": self.key, "period": self.period, "part": part} for part in self._old]

    def added(self) -> list[dict[str, str | int]]:
        added = self._granted + self._ahead
        return [{"key": self.key, "period": self.period, "part": self.current, "used": added}] if added else []


def _grant(wanted: Wanted, books: Sequence[_Book], now: datetime) -> Grant:
    if not books:
        raise ValueError(f"{wanted.key}: nothing limits it")
    limits = list(zip(books, wanted.limits.values(), strict=True))
    granted = min(max(0, wanted.number), *(book.room(limit) for book, limit in limits))
    for book in books:
        book.take(granted)
    full = [book.opens(limit) for book, limit in limits if book.room(limit) == 0]
    return Grant(
        key=wanted.key,
        granted=granted,
        since=now,
        until=min(_begin(book.current + 1, book.period) for book in books),
        next_at=max(full) if granted < wanted.number and full else None,
        periods=tuple(wanted.limits),
    )


def _seconds(period: timedelta) -> int:
    seconds, rest = divmod(period, timedelta(seconds=1))
    if rest or seconds < 1:
        raise ValueError(f"the period of a limit is whole seconds, not {period}")
    return seconds


def _parts(period: int) -> int:
    return 10 if period < _SHORT else 20


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _part(moment: datetime, period: int) -> int:
    return _micros(moment) * _parts(period) // (period * 10**6)


def _begin(part: int, period: int) -> datetime:
    # The number of parts divides a million, so the beginning of each is a whole microsecond.
    return _EPOCH + part * period * (10**6 // _parts(period)) * _MICROSECOND
