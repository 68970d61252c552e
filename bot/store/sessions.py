"""Who is logged in where. The store has no more than the hash of what a browser holds."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from bot.model import User, UserSession
from bot.store.tables import sessions, users
from bot.store.users import read_user

_BROWSER, _NETWORK = 200, 50


class Sessions:
    """By the SHA-256 of their token, in hexadecimal digits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, hashed: str, user: int, now: datetime, *, kept: bool, browser: str = "", network: str = "") -> None:
        self._connection.execute(
            insert(sessions).values(
                hash=hashed,
                user=user,
                created=now,
                seen=now,
                kept=kept,
                browser=browser[:_BROWSER],
                network=network[:_NETWORK],
            )
        )

    def find(self, hashed: str) -> tuple[UserSession, User] | None:
        """The session and its user, whatever their state: whether it still holds is the caller's to say."""
        row = self._connection.execute(select(sessions).where(sessions.c.hash == hashed)).one_or_none()
        if row is None:
            return None
        user = self._connection.execute(select(users).where(users.c.id == row.user)).one()
        return _session(row), read_user(user)

    def of(self, user: int, limit: int = 100) -> list[UserSession]:
        """Where somebody is logged in, the last seen first."""
        query = (
            select(sessions).where(sessions.c.user == user).order_by(sessions.c.seen.desc(), sessions.c.id).limit(limit)
        )
        return [_session(row) for row in self._connection.execute(query)]

    def touch(self, session: int, now: datetime) -> None:
        """It was seen just now."""
        self._connection.execute(update(sessions).where(sessions.c.id == session).values(seen=now))

    def end(self, hashed: str) -> None:
        self._connection.execute(delete(sessions).where(sessions.c.hash == hashed))

    def end_one(self, user: int, session: int) -> bool:
        """Ends one of ``user``'s; False when they have none such."""
        one = (sessions.c.id == session, sessions.c.user == user)
        return self._connection.execute(delete(sessions).where(*one)).rowcount == 1

    def end_all(self, user: int, *, but: str = "") -> int:
        """Ends all of ``user``'s, but the one of that hash; returns how many."""
        query = delete(sessions).where(sessions.c.user == user, sessions.c.hash != but)
        return self._connection.execute(query).rowcount

    def put_to_rest(self, user: int, seen: datetime) -> None:
        """Says of all of ``user``'s that they rest since ``seen``, and are not to be kept for it."""
        self._connection.execute(update(sessions).where(sessions.c.user == user).values(seen=seen, kept=False))

    def prune(self, *, created: datetime, seen: datetime) -> int:
        """Deletes those made, or seen last, before; returns how many."""
        query = delete(sessions).where(or_(sessions.c.created < created, sessions.c.seen < seen))
        return self._connection.execute(query).rowcount


def _session(row: Row[Any]) -> UserSession:
    return UserSession(
        id=row.id,
        user=row.user,
        created=row.created,
        seen=row.seen,
        kept=row.kept,
        browser=row.browser,
        network=row.network,
    )
