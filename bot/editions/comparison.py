"""Two versions of an edition, word by word. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from bot.model import Told


class Change(StrEnum):
    """What became of some words."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Run:
    """Words in a row to which the same happened. All runs together, without those removed, are the newer text."""

    change: Change
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One place that differs. ``place`` is ``subject``, ``preheader``, ``order``, ``title``, ``summary``, ``alt``,
    ``credit``, ``picture``, ``pinned``, ``added`` or ``dropped`` (a story), ``article`` (a new revision) or ``post``.

    ``article`` and ``title`` name the story, 0 and "" where it is the whole edition's; ``channel`` and ``subject`` the
    post. ``runs`` are the words, unless there are none to compare.
    """

    place: str
    article: int = 0
    title: str = ""
    channel: str = ""
    subject: str = ""
    runs: tuple[Run, ...] = ()


def words_between(before: str, after: str) -> tuple[Run, ...]:
    """The difference by words; spaces belong to the word before them."""
    raise NotImplementedError


def compared(before: Told, after: Told) -> tuple[Compared, ...]:
    """What differs, in the order of the edition; () when readers are told the same."""
    raise NotImplementedError
