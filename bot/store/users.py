"""Who works at the desk. Nobody is ever deleted, only disabled: their names stand on the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, insert, select, update

from bot.model import Role, User
from bot.store.address import address_key
from bot.store.tables import users


class Users:
    """Found by id, or by any spelling of their address."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def any(self) -> bool:
        """Whether anybody has an account, also one that is disabled."""
        return bool(self._connection.execute(select(exists().where(users.c.id.is_not(None)))).scalar())

    def add(self, user: User, *, name_key: str, password: str, now: datetime) -> int:
        """Returns the id. ``name_key`` is equal for names that look alike; ``password`` is its hash.

        Raises ``sqlalchemy.exc.IntegrityError`` where somebody has the address or the name: look first.
        """
        added: int = self._connection.execute(
            insert(users)
            .values(
                name=user.name,
                name_key=name_key,
                address=user.address,
                address_key=address_key(user.address),
                role=user.role,
                language=user.language,
                scheme=user.scheme,
                shortcuts=user.keys,
                password=password,
                created=now,
                disabled=user.disabled,
            )
            .returning(users.c.id)
        ).scalar_one()
        return added

    def get(self, user: int) -> User | None:
        row = self._connection.execute(select(users).where(users.c.id == user)).one_or_none()
        return read_user(row) if row else None

    def find(self, address: str) -> User | None:
        """The user of ``address``, however it is spelled."""
        row = self._connection.execute(select(users).where(users.c.address_key == address_key(address))).one_or_none()
        return read_user(row) if row else None

    def named(self, name_key: str) -> User | None:
        row = self._connection.execute(select(users).where(users.c.name_key == name_key)).one_or_none()
        return read_user(row) if row else None

    def password(self, user: int) -> str:
        """The hash of their password, "" for nobody."""
        return self._connection.execute(select(users.c.password).where(users.c.id == user)).scalar() or ""

    def every(self, limit: int = 500) -> list[User]:
        """By name; those who are disabled last."""
        query = select(users).order_by(users.c.disabled.is_not(None), users.c.name_key, users.c.id).limit(limit)
        return [read_user(row) for row in self._connection.execute(query)]

    def count(self, role: Role) -> int:
        """How many of that role may log in."""
        query = select(func.count()).select_from(users).where(users.c.role == role, users.c.disabled.is_(None))
        return self._connection.execute(query).scalar() or 0

    def lock(self) -> None:
        """Until the commit nobody else changes a user: what was counted still holds then."""
        if self._connection.dialect.name == "postgresql":
            self._connection.execute(select(users.c.id).order_by(users.c.id).with_for_update()).all()

    def set_password(self, user: int, password: str) -> None:
        self._set(user, password=password)

    def set_role(self, user: int, role: Role) -> None:
        self._set(user, role=role)

    def set_name(self, user: int, name: str, name_key: str) -> None:
        self._set(user, name=name, name_key=name_key)

    def set_disabled(self, user: int, since: datetime | None) -> None:
        self._set(user, disabled=since)

    def set_tastes(self, user: int, *, language: str, scheme: str, keys: bool) -> None:
        """How they like the desk; the fields as in ``User``."""
        self._set(user, language=language, scheme=scheme, shortcuts=keys)

    def _set(self, user: int, **values: Any) -> None:
        self._connection.execute(update(users).where(users.c.id == user).values(**values))


def read_user(row: Row[Any]) -> User:
    """The user of a row that has all columns of ``users``."""
    return User(
        id=row.id,
        name=row.name,
        address=row.address,
        role=Role(row.role),
        language=row.language,
        scheme=row.scheme,
        keys=row.shortcuts,
        disabled=row.disabled,
    )
