"""How followers reacted to a post, as its network told it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

MOST = 10**12
"""No network counts more of anything; what is more is an error of theirs, or of who stands between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reactions:
    """Figures of a network, each None where it does not tell. Whether a like is called a favourite, and a repost a
    boost or a share, is the network's own word."""

    likes: int | None = None
    reposts: int | None = None
    replies: int | None = None
    quotes: int | None = None
    views: int | None = None

    @property
    def total(self) -> int | None:
        """How many there are in all, views left out: nobody did anything by seeing a post. None: none is known."""
        known = [each for each in (self.likes, self.reposts, self.replies, self.quotes) if each is not None]
        return sum(known) if known else None

    @property
    def told(self) -> bool:
        """Whether the network told anything."""
        return self.total is not None or self.views is not None


def figure(told: object) -> int | None:
    """A figure of a network: a whole number from 0 to ``MOST``. None for all else, whatever it may mean."""
    return told if type(told) is int and 0 <= told <= MOST else None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredPost:
    """A post that stands on a network, and what is known of how followers reacted to it. Times in UTC.

    ``delivery`` is its row of the ledger, ``post`` the network's name for it, ``sent`` when it went out. ``looked`` is
    when the network told it last (None: not yet), ``due`` when it is asked next (None: it is asked no more), ``gone``
    since when the network no longer has it. ``first_day`` is what ``Reactions.total`` was about a day after it went out
    (None: nobody looked then).
    """

    delivery: int
    edition: str
    channel: str
    subject: str
    post: str
    sent: datetime
    reactions: Reactions = field(default_factory=Reactions)
    looked: datetime | None = None
    due: datetime | None = None
    gone: datetime | None = None
    first_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """What is known of asking a channel's network for reactions. Times in UTC.

    ``not_before``: nobody asks until then (None: somebody may). ``refused`` is why the network does not tell us, as it
    was said ("": it does), ``at`` when it was asked last.
    """

    channel: str
    not_before: datetime | None = None
    refused: str = ""
    at: datetime | None = None
