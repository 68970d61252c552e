"""What the newsroom changed in an article after an edition had told it, and what an editor decided of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Decision(StrEnum):
    """What an editor made of a change."""

    OPEN = ""
    """Nobody has decided yet."""
    CORRECTED = "corrected"
    DISMISSED = "not needed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``edition`` told ``article``; by ``revision`` (or because it was ``withdrawn``) that is no longer what stands.

    ``what`` names the kinds of changes (``numbers, names changed``); ``was`` and ``now`` are the first sentence that
    differs, either may be "". ``at`` (UTC) is when it was seen; ``who`` decided at ``decided_at``.
    """

    article: int
    edition: str
    revision: int
    withdrawn: bool
    at: datetime
    title: str
    what: str
    was: str = ""
    now: str = ""
    decided: Decision = Decision.OPEN
    who: str = ""
    decided_at: datetime | None = None
