"""What another program may do at the desk, and in whose name."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.user import Role


class Scope(StrEnum):
    """What a token may do, at most: each of them all that the ones before it may."""

    READ = "read"
    WRITE = "write"
    APPROVE = "approve"
    ADMIN = "admin"

    @property
    def role(self) -> Role:
        """The role that may as much."""
        return list(Role)[list(Scope).index(self)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiToken:
    """A token without the token itself, which nobody knows any more: ``tail`` are its last characters.

    ``used`` is right to some minutes; ``revoked`` is since when it is worth nothing. Times in UTC.
    """

    id: int
    user: int
    name: str
    tail: str
    scope: Scope
    created: datetime
    ends: datetime
    used: datetime | None = None
    revoked: datetime | None = None
