"""Something a person should know, and what they can do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.model import Edition, Phrase

CHANGED = "story changed"
"""What is on record when an article is not any more as an edition told it."""
PREFLIGHT = "preflight"
"""What is on record when an edition that nobody approves has faults; and the key of its report under which it keeps
what became of its addresses (``reached``), and what needs a look (``look``).
"""

Facts = tuple[tuple[str, str | datetime], ...]
"""What is known, each with its name. A moment bears the newsroom's zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What who approves is told of an edition that waits for it. ``to`` are their addresses.

    ``facts`` are what would go out, ``look`` what needs a look.
    """

    to: tuple[str, ...]
    facts: Facts
    look: tuple[str, ...]
    stories: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Command:
    """What helps, for who sits at a terminal: a line as it is typed, and what it does, if that does not say it."""

    line: str
    does: str = ""

    def __str__(self) -> str:
        return f"{self.line}: {self.does}" if self.does else self.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something a person should know. ``flag`` is the same for the same thing, ``at`` (UTC) is when it happened.

    Its words are phrases: each address is told in its own language. A title's fact ``why`` may be cut where it is long.
    ``said`` are sentences. ``page`` is the page of the desk where it is mended or decided, below the desk's root:
    opening it changes nothing. ``edition`` is None for what is of no edition. ``approval``: those who may approve it
    are told, and asked.
    """

    flag: str
    at: datetime
    edition: Edition | None
    status: str
    title: str
    said: tuple[str, ...]
    facts: Facts
    do: tuple[Command, ...]
    page: str
    approval: Approval | None = None


def which(edition: Edition, zone: ZoneInfo) -> Facts:
    """Which edition it is, and of when."""
    return (
        (Phrase("Edition"), f"{edition.name}, {edition.id}"),
        (Phrase("Slot"), edition.slot.astimezone(zone)),
    )
