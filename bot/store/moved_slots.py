"""Slots that go out at another time than their timetable says; kept until both times are long past."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, select, text

from bot.model import MovedSlot
from bot.store.conflict import insert_or_replace
from bot.store.tables import editions, moved_slots


class MovedSlots:
    """One row a slot that was moved, or put back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def lock(self, schedule: str) -> None:
        """Until this transaction ends nobody else moves, skips or makes a slot of the schedule."""
        # SQLite has one writer at a time anyway.
        if self._connection.dialect.name == "postgresql":
            query = text("SELECT pg_advisory_xact_lock(hashtext('broadsheet.slots'), hashtext(:schedule))")
            self._connection.execute(query, {"schedule": schedule})

    def put(self, moved: MovedSlot) -> None:
        """Keeps where the slot stands from now on."""
        insert_or_replace(self._connection, moved_slots, asdict(moved))

    def get(self, schedule: str, slot_key: str) -> MovedSlot | None:
        query = select(moved_slots).where(moved_slots.c.schedule == schedule, moved_slots.c.slot_key == slot_key)
        row = self._connection.execute(query).one_or_none()
        return _moved(row) if row else None

    def of(self, schedule: str) -> tuple[MovedSlot, ...]:
        """Those of one schedule, by key."""
        query = select(moved_slots).where(moved_slots.c.schedule == schedule).order_by(moved_slots.c.slot_key)
        return tuple(_moved(row) for row in self._connection.execute(query))

    def all(self) -> dict[str, tuple[MovedSlot, ...]]:
        """Those of each schedule that has any."""
        found: dict[str, list[MovedSlot]] = {}
        for row in self._connection.execute(select(moved_slots).order_by(moved_slots.c.slot_key)):
            found.setdefault(row.schedule, []).append(_moved(row))
        return {schedule: tuple(each) for schedule, each in found.items()}

    def claimed(self, schedule: str) -> frozenset[str]:
        """The keys of those of one schedule that have their edition, made or skipped."""
        same = and_(editions.c.schedule == moved_slots.c.schedule, editions.c.slot_key == moved_slots.c.slot_key)
        query = select(moved_slots.c.slot_key).join(editions, same).where(moved_slots.c.schedule == schedule)
        return frozenset(self._connection.execute(query).scalars())

    def stands(self, schedule: str, slot_key: str, *, was: datetime, due: datetime) -> bool:
        """Whether the slot that its timetable has at ``was`` is due at ``due`` by now."""
        moved = self.get(schedule, slot_key)
        return moved is None or moved.was != was or moved.due == due

    def forget(self, before: datetime) -> int:
        """Deletes those whose times are both earlier; returns how many."""
        past = (moved_slots.c.was < before, moved_slots.c.due < before)
        return self._connection.execute(delete(moved_slots).where(*past)).rowcount


def _moved(row: Row[Any]) -> MovedSlot:
    return MovedSlot(**row._mapping)
