"""The figures that pages show, kept up to date beside everything else: sums of editions, and readers by day."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.errors import BroadsheetError
from bot.schedules.installation import Installation
from bot.store import Store
from bot.store.reader_days import Day

SECONDS = 60
"""How often it is looked whether there is something to reckon."""
READERS_SECONDS = 300.0
"""How often readers are counted: each time, the index of a million is gone through."""
AT_ONCE = 100
"""Editions that are reckoned in one look."""
BACK = 400
"""Days that are made out, of an audience whose readers nobody counted before, from when they came and left."""

log = logging.getLogger(__name__)


def reckon_now(installation: Installation, now: datetime) -> int:
    """Brings the sums of editions up to date, each in a transaction of its own; returns of how many.

    One that cannot be reckoned is told of in the log and left as it is. Raises ``StoreError``.
    """
    store = installation.store
    with store.read() as tx:
        due = tx.numbers.due(now, AT_ONCE)
    reckoned = 0
    for edition in due:
        try:
            with store.write() as tx:
                tx.reasons.fill(edition)
                tx.numbers.reckon(edition, now)
            reckoned += 1
        except BroadsheetError as error:
            log.error("edition %s is not reckoned: %s", edition, error)
    return reckoned


def count_readers(installation: Installation, now: datetime) -> None:
    """Keeps how many readers each audience has today; an audience that is new here gets the days before, too.

    Raises ``StoreError``.
    """
    zone, store = ZoneInfo(installation.newsroom.timezone), installation.store
    today = now.astimezone(zone).date()
    with store.read() as tx:
        readers = tx.reader_days.count_now()
        audiences = sorted({*readers, *installation.settings.audiences})
        newest = tx.reader_days.newest(audiences)
        left = tx.reader_days.left_between(audiences, _begin(today, zone), now + timedelta(seconds=1))
    for audience in audiences:
        number, known = readers.get(audience, 0), newest.get(audience)
        days = [Day(today, number, left[audience])]
        if known is None:
            days = [*_before(store, audience, number, today, zone), *days]
        elif known.day < today - timedelta(days=1):
            days = [*_missed(known, number, today), *days]
        with store.write() as tx:
            tx.reader_days.put(audience, days, now)


def _before(store: Store, audience: str, readers: int, today: date, zone: ZoneInfo) -> list[Day]:
    """The days before today, made out from consents and departures.

    Who was there, left and came back counts from when they came back.
    """
    first = today - timedelta(days=BACK)
    with store.read() as tx:
        since = _begin(first, zone)
        joined = _by_day(tx.reader_days.joined(audience, since), zone)
        ended = _by_day(tx.reader_days.ended(audience, since), zone)
    if not (joined or ended):
        return []
    days: list[Day] = []
    at = readers
    for back in range(BACK):
        day = today - timedelta(days=back)
        # At its end, ``at``; at the end of the day before, without who came and with who left on it.
        if back:
            days.append(Day(day, max(at, 0), ended.get(day, 0)))
        at += ended.get(day, 0) - joined.get(day, 0)
        if at <= 0:
            break
    return days[::-1]


def _missed(known: Day, readers: int, today: date) -> list[Day]:
    """The days on which nobody counted, as if the change had come evenly."""
    gap = (today - known.day).days
    step = (readers - known.readers) / gap
    return [
        Day(known.day + timedelta(days=each), round(known.readers + step * each), 0)
        for each in range(1, min(gap, BACK))
    ]


def _begin(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone)


def _by_day(buckets: Mapping[str, int], zone: ZoneInfo) -> dict[date, int]:
    found: dict[date, int] = {}
    for bucket, number in buckets.items():
        day = datetime.fromisoformat(f"{bucket}0+00:00").astimezone(zone).date()
        found[day] = found.get(day, 0) + number
    return found
