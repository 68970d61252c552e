"""What one check of an installation found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

# What came from outside (a record, an answer) must move no cursor and turn no text round.
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\x9f\u2028-\u202e\u2066-\u2069]+")
_LONGEST = 4000


def one_line(text: str) -> str:
    """``text`` without what moves a cursor or turns a text round, cut with "…" beyond 4,000 characters."""
    line = _UNSEEN.sub(" ", text).strip()
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


class Grade(StrEnum):
    """``fault``: it does not work, or breaks a rule that receivers or laws hold you to. ``open``: nobody looked yet."""

    OK = "ok"
    OPEN = "open"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Checked:
    """One check. ``id`` stays the same from call to call, its parts joined by dots: ``channel.mail.spf``.

    ``said`` and ``fix`` are one line each, however hostile what they quote; ``fix`` is what to do next, as a record to
    publish where that is it, "" where nothing is needed.
    """

    id: str
    grade: Grade
    said: str
    fix: str = ""

    def __post_init__(self) -> None:
        for name in ("said", "fix"):
            # A phrase is one already, and must stay one.
            if type(text := getattr(self, name)) is str:
                object.__setattr__(self, name, one_line(text))


def ok(id: str, said: str) -> Checked:
    return Checked(id, Grade.OK, said)


def warning(id: str, said: str, fix: str = "") -> Checked:
    return Checked(id, Grade.WARNING, said, fix)


def fault(id: str, said: str, fix: str) -> Checked:
    return Checked(id, Grade.FAULT, said, fix)
