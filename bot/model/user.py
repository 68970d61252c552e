"""Who works at the desk, and what they may do."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do: each role may all that the ones before it may."""

    VIEWER = "viewer"
    """Sees all pages."""
    EDITOR = "editor"
    """Edits editions, schedules and sources, collects, adds."""
    APPROVER = "approver"
    """Approves, sends, pauses, cancels, settles what is unknown."""
    ADMIN = "admin"
    """Users, settings, brand, erasing readers."""

    def may(self, needed: Role) -> bool:
        """Whether this role is enough where ``needed`` is asked for."""
        order = list(Role)
        return order.index(self) >= order.index(needed)

    @classmethod
    def least(cls, needed: Role) -> list[Role]:
        """The roles that are enough where ``needed`` is asked for, the smallest first."""
        return [each for each in cls if each.may(needed)]


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody with an account; ``id`` 0 is who is at this machine while nobody has one.

    ``language`` is one of the desk's ("": the newsroom's), ``scheme`` is ``light`` or ``dark`` ("": the system's),
    ``keys``: whether single keys do something. ``disabled`` is since when they may not log in.
    """

    id: int
    name: str
    address: str
    role: Role
    language: str = ""
    scheme: str = ""
    keys: bool = True
    disabled: datetime | None = None

    @property
    def name_on_record(self) -> str:
        """Whose act it is. Names are unique, and nobody changes their own: it is the same person tomorrow."""
        return self.name


def operator() -> str:
    """Whose act it is on the command line: the account of the operating system that runs the program."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "command line"


AT_THIS_MACHINE = User(id=0, name=operator(), address="", role=Role.ADMIN)
"""Who opens the desk on the machine itself while nobody has an account: the same name as on the command line."""
