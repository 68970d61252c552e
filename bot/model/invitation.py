"""A link that lets somebody in, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.user import Role


class Purpose(StrEnum):
    JOIN = "join"
    """Who follows the link chooses a name and a password, and has an account."""
    RESET = "reset"
    """Who follows the link chooses a new password for the account they have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """``role`` is that of who joins, None for a new password; ``by`` is whose act it was.

    Its mail is ``due`` then (None: not, or not any more) and went out at ``mailed``; ``fault`` is why it did not.
    Times in UTC.
    """

    id: str
    purpose: Purpose
    address: str
    by: str
    created: datetime
    ends: datetime
    role: Role | None = None
    name: str = ""
    language: str = ""
    due: datetime | None = None
    mailed: datetime | None = None
    fault: str = ""
    used: datetime | None = None
