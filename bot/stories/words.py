"""The words in which selection and ranking give their reasons to an editor."""

from __future__ import annotations


def counted(number: int, one: str) -> str:
    """``1 story``, ``2 stories``, ``1,200 new articles``."""
    many = f"{one[:-1]}ies" if one.endswith("y") else f"{one}s"
    return f"{number:,} {one if number == 1 else many}"
