"""What is remembered of each schedule: since when it runs, and up to when its slots were reckoned."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.store.conflict import insert_or_replace
from bot.store.tables import schedule_states


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleState:
    """``reckoned``: every slot up to then has its edition, or is on record as skipped."""

    schedule: str
    activated: datetime
    cron: str
    timezone: str
    reckoned: datetime


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
