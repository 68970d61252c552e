"""What one check of an installation found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Grade(StrEnum):
    """``fault``: it does not work, or breaks a rule that receivers or laws hold you to."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Checked:
    """One check. ``id`` stays the same from call to call, its parts joined by dots: ``channel.mail.spf``.

    ``said`` is one line; ``fix`` what to do next, as a record to publish where that is it, "" where nothing is needed.
    """

    id: str
    grade: Grade
    said: str
    fix: str = ""


def ok(id: str, said: str) -> Checked:
    return Checked(id, Grade.OK, said)


def warning(id: str, said: str, fix: str = "") -> Checked:
    return Checked(id, Grade.WARNING, said, fix)


def fault(id: str, said: str, fix: str) -> Checked:
    return Checked(id, Grade.FAULT, said, fix)
