"""Switches of the installation, such as "everything is paused"."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, select

from bot.store.conflict import insert_or_replace
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
