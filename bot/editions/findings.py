"""How the findings of a preflight are said. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bot.editions.environment import one_line
from bot.model import Finding, Grade, Phrase, Way, plural, several

_NAMED = 3
"""How many are named of what is the same for many."""


def titled(title: str) -> str:
    """The headline in quotation marks, its beginning where it is long."""
    return f"“{one_line(title)[:80]}”"


def named(what: Iterable[str]) -> Phrase:
    """The first of them, and how many more there are."""
    each = tuple(what)
    more = len(each) - _NAMED
    return several(
        (*each[:_NAMED], *([plural(more, "and %(count)s more", "and %(count)s more")] if more > 0 else ())), Way.APART
    )


def ok(check: str, said: str, where: str = "") -> Finding:
    """What holds."""
    return Finding(check=check, grade=Grade.OK, said=said, where=where)


def open_(check: str, said: str) -> Finding:
    """What nobody knows yet."""
    return Finding(check=check, grade=Grade.OPEN, said=said)


def warning(check: str, said: str, where: str = "", fix: str = "") -> Finding:
    """What may be meant so."""
    return Finding(check=check, grade=Grade.WARNING, said=said, where=where, fix=fix)


def fault(check: str, said: str, where: str = "", fix: str = "") -> Finding:
    """What must be mended."""
    return Finding(check=check, grade=Grade.FAULT, said=said, where=where, fix=fix)
