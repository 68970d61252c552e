"""How the findings of a preflight are said. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from bot.editions.environment import one_line
from bot.model import Finding, Grade
from bot.stories.words import counted

_NAMED = 3
"""How many are named of what is the same for many."""


def titled(title: str) -> str:
    """The headline in quotation marks, its beginning where it is long."""
    return f"“{one_line(title)[:80]}”"


def named(what: Iterable[str]) -> str:
    """The first of them, and how many more there are."""
    each = list(what)
    more = f"; and {len(each) - _NAMED} more" if len(each) > _NAMED else ""
    return "; ".join(each[:_NAMED]) + more


def every(count: int, noun: str, does: str, do: str) -> str:
    """``All 3 posts fit``; ``The post fits``."""
    return f"The {noun} {does}" if count == 1 else f"All {counted(count, noun)} {do}"


def capital(said: str) -> str:
    """``said`` with a capital at its beginning."""
    return said[:1].upper() + said[1:]


def ok(check: str, said: str, where: str = "") -> Finding:
    """What holds."""
    return Finding(check=check, grade=Grade.OK, said=said, where=where)


def warning(check: str, said: str, where: str = "", fix: str = "") -> Finding:
    """What may be meant so."""
    return Finding(check=check, grade=Grade.WARNING, said=said, where=where, fix=fix)


def fault(check: str, said: str, where: str = "", fix: str = "") -> Finding:
    """What must be mended."""
    return Finding(check=check, grade=Grade.FAULT, said=said, where=where, fix=fix)
