"""The tokens of other programs, of which the store has no more than the hashes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bot.model import ApiToken, Scope, User
from bot.store.tables import api_tokens, users
from bot.store.users import read_user


class ApiTokens:
    """By the SHA-256 of the token, in hexadecimal digits. They stay on record when they are over."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, hashed: str, token: ApiToken) -> int:
        """Returns the id; that of ``token`` does not count."""
        added: int = self._connection.execute(
            insert(api_tokens)
            .values(
                hash=hashed,
                user=token.user,
                name=token.name,
                tail=token.tail,
                scope=token.scope,
                created=token.created,
                ends=token.ends,
            )
            .returning(api_tokens.c.id)
        ).scalar_one()
        return added

    def find(self, hashed: str) -> tuple[ApiToken, User] | None:
        """The token and whose it is, whatever their state: whether it is good is the caller's to say."""
        row = self._connection.execute(select(api_tokens).where(api_tokens.c.hash == hashed)).one_or_none()
        if row is None:
            return None
        user = self._connection.execute(select(users).where(users.c.id == row.user)).one()
        return _token(row), read_user(user)

    def get(self, token: int) -> ApiToken | None:
        row = self._connection.execute(select(api_tokens).where(api_tokens.c.id == token)).one_or_none()
        return _token(row) if row else None

    def of(self, user: int | None, limit: int = 200) -> list[ApiToken]:
        """Somebody's, or everybody's, that were not revoked; the newest first."""
        query = select(api_tokens).where(api_tokens.c.revoked.is_(None)).order_by(api_tokens.c.id.desc()).limit(limit)
        if user is not None:
            query = query.where(api_tokens.c.user == user)
        return [_token(row) for row in self._connection.execute(query)]

    def touch(self, token: int, now: datetime) -> None:
        """It was used just now."""
        self._connection.execute(update(api_tokens).where(api_tokens.c.id == token).values(used=now))

    def revoke(self, token: int, now: datetime) -> bool:
        """It is worth nothing any more; False when it was so before."""
        query = update(api_tokens).where(api_tokens.c.id == token, api_tokens.c.revoked.is_(None)).values(revoked=now)
        return self._connection.execute(query).rowcount == 1


def _token(row: Row[Any]) -> ApiToken:
    return ApiToken(
        id=row.id,
        user=row.user,
        name=row.name,
        tail=row.tail,
        scope=Scope(row.scope),
        created=row.created,
        ends=row.ends,
        used=row.used,
        revoked=row.revoked,
    )
