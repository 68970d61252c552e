"""Schedules, sources and other parts of the settings that were made on the desk."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from bot.model import Declaration
from bot.store.conflict import insert_or_ignore
from bot.store.flags import Flags
from bot.store.tables import declarations

CHANGED = "declarations"
"""The flag that has another value after each change: whoever holds settings sees by it that they are old."""


class Declarations:
    """The declarations of an installation: dozens, not thousands."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def mark(self) -> str:
        """Another text after each change of any of them; "" while there was none. One look-up by a primary key."""
        return Flags(self._connection).get(CHANGED)

    def get(self, kind: str, key: str) -> Declaration | None:
        row = self._connection.execute(select(declarations).where(*_is(kind, key))).one_or_none()
        return _declaration(row) if row else None

    def all(self) -> list[Declaration]:
        """In the order in which they were made."""
        query = select(declarations).order_by(declarations.c.made, declarations.c.kind, declarations.c.key)
        return [_declaration(row) for row in self._connection.execute(query)]

    def put(
        self, kind: str, key: str, content: Mapping[str, Any], *, who: str, now: datetime, version: int | None = None
    ) -> Declaration | None:
        """Makes it or changes it. ``version`` is the one it was changed from, 0 for one that is made.

        None, and nothing changed, when another was stored meanwhile; without a ``version`` the last one wins.
        """
        known = self._connection.execute(select(declarations).where(*_is(kind, key)).with_for_update()).one_or_none()
        if version is not None and version != (known.version if known else 0):
            return None
        self._touch(now)
        if known is None:
            made = Declaration(kind=kind, key=key, content=content, made=now, changed=now, who=who)
            row = {
                "kind": kind,
                "key": key,
                "content": dict(content),
                "version": made.version,
                "made": now,
                "changed": now,
                "who": who,
            }
            return made if insert_or_ignore(self._connection, declarations, row) else None
        self._connection.execute(
            update(declarations)
            .where(*_is(kind, key))
            .values(content=dict(content), version=known.version + 1, changed=now, who=who)
        )
        return self.get(kind, key)

    def remove(self, kind: str, key: str, now: datetime) -> bool:
        """False when there was none."""
        self._touch(now)
        return self._connection.execute(delete(declarations).where(*_is(kind, key))).rowcount == 1

    def _touch(self, now: datetime) -> None:
        # Not a number: two that count at once, on two machines, could make the same one of it.
        Flags(self._connection).set(CHANGED, secrets.token_hex(8), now)


def _is(kind: str, key: str) -> tuple[Any, ...]:
    return (declarations.c.kind == kind, declarations.c.key == key)


def _declaration(row: Row[Any]) -> Declaration:
    return Declaration(**row._mapping)
