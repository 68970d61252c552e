"""What is remembered of each schedule: since when it runs, and up to when its slots were reckoned."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from bot.store.conflict import insert_or_ignore, insert_or_replace
from bot.store.tables import editions, judged, schedule_states


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """``reckoned``: every slot up to then has its edition, or is on record as skipped.

    ``cron`` is the timetable it was reckoned by (``ScheduleTable.trigger``).
    """

    schedule: str
    activated: datetime
    cron: str
    timezone: str
    reckoned: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """How many editions a schedule has made, and how many of them are to go out yet, by their states."""

    editions: int = 0
    open: Mapping[str, int] = field(default_factory=dict)

    @property
    def waiting(self) -> int:
        return sum(self.open.values())


class Schedules:
    """One state a schedule."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, schedule: str) -> ScheduleState | None:
        query = select(schedule_states).where(schedule_states.c.schedule == schedule)
        row = self._connection.execute(query).one_or_none()
        return ScheduleState(**row._mapping) if row else None

    def put(self, state: ScheduleState) -> None:
        insert_or_replace(self._connection, schedule_states, asdict(state))

    def reckon(self, schedule: str, until: datetime) -> None:
        """Moves ``reckoned`` forward, never back."""
        self._connection.execute(
            update(schedule_states)
            .where(schedule_states.c.schedule == schedule, schedule_states.c.reckoned < until)
            .values(reckoned=until)
        )

    def forget(self, schedule: str) -> None:
        """A schedule that is removed: one that gets its id later counts from then on, and makes up for nothing."""
        self._connection.execute(delete(schedule_states).where(schedule_states.c.schedule == schedule))

    def past(self) -> dict[str, Past]:
        """What the schedules have made, those too that are gone; two look-ups over all editions."""
        counted = select(editions.c.schedule, func.count()).group_by(editions.c.schedule)
        waiting = (
            select(editions.c.schedule, editions.c.state, func.count())
            .where(editions.c.state.in_(["drafted", "awaiting", "approved", "held"]))
            .group_by(editions.c.schedule, editions.c.state)
        )
        waits: dict[str, dict[str, int]] = defaultdict(dict)
        for schedule, state, count in self._connection.execute(waiting):
            waits[schedule][state] = count
        return {
            schedule: Past(editions=count, open=waits.get(schedule, {}))
            for schedule, count in self._connection.execute(counted)
        }

    def judge(self, schedule: str, article: int, reason: str, now: datetime) -> None:
        """Keeps that a schedule has decided on an article; ``reason`` says why it is not told, "" when it is."""
        row = {"schedule": schedule, "article": article, "at": now, "reason": reason}
        insert_or_ignore(self._connection, judged, row)

    def left_out(self, schedule: str, limit: int) -> list[tuple[datetime, int, str]]:
        """(when, article, reason) of what a schedule decided not to tell, newest first."""
        query = (
            select(judged.c.at, judged.c.article, judged.c.reason)
            .where(judged.c.schedule == schedule, judged.c.reason != "")
            .order_by(judged.c.at.desc(), judged.c.article.desc())
            .limit(limit)
        )
        return [(row.at, row.article, row.reason) for row in self._connection.execute(query)]

    def forget_judged(self, before: datetime) -> int:
        """Deletes what was decided so long ago that no article of then is looked at again; returns how much."""
        return self._connection.execute(delete(judged).where(judged.c.at < before)).rowcount
