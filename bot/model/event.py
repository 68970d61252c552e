"""What came back of a delivery, as the store keeps it, and what followed from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.report import Verdict


class Effect(StrEnum):
    """What followed from an event."""

    NONE = ""
    """Kept, and nothing follows: an automatic answer, a notice of delay, ordinary mail."""
    COUNTED = "counted"
    """Counts for the edition, and towards a run of soft ones."""
    WAITING = "waiting"
    """The address is to be suppressed, unless it is one of a burst: then an editor looks first."""
    SUPPRESSED = "suppressed"
    UNSUBSCRIBED = "unsubscribed"
    DISMISSED = "dismissed"
    """An editor said that the address is good."""
    UNPROVEN = "unproven"
    """Nothing in it shows that it speaks of a mail of ours, so nothing follows: anybody could have written it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One report of one recipient, on the record.

    ``delivery`` (0), ``edition``, ``channel`` ("") and ``subscriber`` (None) are those that it was shown to speak of.
    ``key`` is equal for the same report by whatever way it comes. ``source`` is the way: ``smtp``, ``maildir``,
    ``imap``, ``stdin``, a webhook's name. ``address_hash`` is of the recipient, "" when unknown or erased.
    """

    key: str
    at: datetime
    verdict: Verdict
    source: str
    effect: Effect = Effect.NONE
    id: int = 0
    delivery: int = 0
    edition: str = ""
    channel: str = ""
    subscriber: int | None = None
    address_hash: str = ""
    code: str = ""
    reason: str = ""
    evidence: str = ""
