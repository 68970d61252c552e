"""Switches of the installation, such as "everything is paused"."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.store.conflict import insert_or_ignore, insert_or_replace
from bot.store.tables import flags

PAUSED = "paused"


class Flags:
    """Named values; a flag that is not set is ""."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> str:
        return self._connection.execute(select(flags.c.value).where(flags.c.name == name)).scalar() or ""

    def set(self, name: str, value: str, now: datetime) -> None:
        """Sets the flag; "" clears it."""
        if value:
            insert_or_replace(self._connection, flags, {"name": name, "value": value, "at": now})
        else:
            self._connection.execute(delete(flags).where(flags.c.name == name))

    def seen(self, name: str) -> tuple[str, datetime] | None:
        """The flag's value, and when it was set."""
        row = self._connection.execute(select(flags.c.value, flags.c.at).where(flags.c.name == name)).one_or_none()
        return (row.value, row.at) if row else None

    def swap(self, name: str, seen: tuple[str, datetime] | None, value: str, now: datetime) -> bool:
        """Sets the flag if it still is as it was ``seen``; False when another process has changed it meanwhile."""
        if seen is None:
            return insert_or_ignore(self._connection, flags, {"name": name, "value": value, "at": now})
        same = (flags.c.name == name, flags.c.value == seen[0], flags.c.at == seen[1])
        return self._connection.execute(update(flags).where(*same).values(value=value, at=now)).rowcount == 1
