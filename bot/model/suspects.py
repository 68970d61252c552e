"""Addresses that came back as dead in a burst: whether they are, a person says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Hit:
    """A mailbox provider, how many suspects are there, and of how many mails to it (``tried``; 0: not counted)."""

    provider: str
    number: int
    tried: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mail server said, without the reader, and of how many."""

    said: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """Those of one edition: how many readers, since when (UTC), at which providers, and what their servers said.

    ``tried`` are the mails of the edition that a server took or refused (0: not counted). Providers and answers are
    those of most; the rest of ``number`` is at others, or was told otherwise. ``last`` is the newest of their events: a
    word on them covers those up to it.
    """

    number: int
    last: int
    since: datetime
    tried: int = 0
    providers: tuple[Hit, ...] = ()
    answers: tuple[Answer, ...] = ()

    @property
    def elsewhere(self) -> int:
        """How many are at providers that are not named."""
        return self.number - sum(each.number for each in self.providers)

    @property
    def otherwise(self) -> int:
        """Of how many something else was said."""
        return self.number - sum(each.number for each in self.answers)
