"""Somebody who asked to subscribe and has not confirmed yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.subscriber import Evidence, Preferences


class SignupOutcome(StrEnum):
    """What became of a sign-up's mail."""

    WAITING = ""
    CONFIRM = "confirm"
    """The confirmation went out, or may have."""
    KNOWN = "known"
    """The address gets all of it already: the mail leads to its preferences."""
    DATA = "data"
    """The link to their data went out, or may have."""
    REPEATED = "repeated"
    """A mail went to the address within 24 hours: that one stands."""
    SUPPRESSED = "suppressed"
    """The address must not be mailed."""
    REFUSED = "refused"
    """The server refused the address for good."""
    LATE = "late"
    """It had waited too long for its mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signup:
    """One request. ``choices`` has what was chosen of each audience; ``language`` is BCP 47.

    ``mailed`` is when its mail went ahead, ``confirmed`` when its link was confirmed; times in UTC.
    """

    id: str
    address: str
    choices: Mapping[str, Preferences]
    language: str
    evidence: Evidence
    requested: datetime
    mailed: datetime | None = None
    outcome: SignupOutcome = SignupOutcome.WAITING
    confirmed: datetime | None = None
