"""Switches of the installation, such as "everything is paused"."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from sqlalchemy import Connection, delete, select, update

from bot.errors import StoreHeld
from bot.store.conflict import insert_or_ignore, insert_or_replace
from bot.store.tables import flags

PAUSED = "paused"
RESTORED = "restored"
"""The store stems from a backup, and nobody has said yet what was sent since: a ``Restored`` as text."""
MOVED = "moved"
"""The store was copied to another database, which sends from now on: its URL, without the password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """``backup`` is when the backup was made, ``at`` when it was restored (None: the file was put there by hand).

    ``unsent`` are the ids of the editions that an editor said were not sent since. Times in UTC.
    """

    backup: datetime
    at: datetime | None = None
    unsent: tuple[str, ...] = ()

    def text(self) -> str:
        """As a flag keeps it."""
        at = self.at.isoformat() if self.at else ""
        return json.dumps({"backup": self.backup.isoformat(), "at": at, "unsent": list(self.unsent)})

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """None for a flag that is not set."""
        if not text:
            return None
        found = json.loads(text)
        at = datetime.fromisoformat(found["at"]) if found["at"] else None
        return cls(backup=datetime.fromisoformat(found["backup"]), at=at, unsent=tuple(found["unsent"]))


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

    def held(self) -> str:
        """Why nothing may go out from this store, in a line with what helps; "" when it may."""
        query = select(flags.c.name, flags.c.value).where(flags.c.name.in_([RESTORED, MOVED]))
        found = {row.name: row.value for row in self._connection.execute(query)}
        if MOVED in found:
            return (
                f"this store was moved to {found[MOVED]}: set store.url or DATABASE_URL to that one; "
                "`broadsheet db move --cancel` makes this one the newsroom's again"
            )
        restored = Restored.parse(found.get(RESTORED, ""))
        if restored:
            return (
                f"this store is a backup of {restored.backup:%Y-%m-%d %H:%M} UTC, restored: nothing goes out until "
                "you have said what was sent since; `broadsheet db reconcile` asks"
            )
        return ""

    def need_open(self) -> None:
        """Raises ``StoreHeld`` when nothing may go out from this store."""
        held = self.held()
        if held:
            raise StoreHeld(held)

    def seen(self, name: str) -> tuple[str, datetime] | None:
        """The flag's value, and when it was set."""
        row = self._connection.execute(select(flags.c.value, flags.c.at).where(flags.c.name == name)).one_or_none()
        return (row.value, row.at) if row else None

    def drop(self, prefix: str, before: datetime) -> int:
        """Clears the flags whose names begin so and that were set earlier; returns how many."""
        which = (flags.c.name.startswith(prefix, autoescape=True), flags.c.at < before)
        return self._connection.execute(delete(flags).where(*which)).rowcount

    def named(self, prefix: str) -> dict[str, tuple[str, datetime]]:
        """The flags whose names begin so, by the rest of the name: the value of each, and when it was set."""
        query = select(flags).where(flags.c.name.startswith(prefix, autoescape=True)).order_by(flags.c.name)
        return {row.name.removeprefix(prefix): (row.value, row.at) for row in self._connection.execute(query)}

    def take(self, name: str, seen: tuple[str, datetime]) -> bool:
        """Clears the flag if it still is as it was ``seen``; False when another process took or set it meanwhile."""
        same = (flags.c.name == name, flags.c.value == seen[0], flags.c.at == seen[1])
        return self._connection.execute(delete(flags).where(*same)).rowcount == 1

    def swap(self, name: str, seen: tuple[str, datetime] | None, value: str, now: datetime) -> bool:
        """Sets the flag if it still is as it was ``seen``; False when another process has changed it meanwhile."""
        if seen is None:
            return insert_or_ignore(self._connection, flags, {"name": name, "value": value, "at": now})
        same = (flags.c.name == name, flags.c.value == seen[0], flags.c.at == seen[1])
        return self._connection.execute(update(flags).where(*same).values(value=value, at=now)).rowcount == 1
