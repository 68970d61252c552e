"""How a channel posts: what an editor set, and what its network said of how much it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Idempotency(StrEnum):
    """What keeps a post that is sent twice from standing there twice (docs/channels.md)."""

    KEY = "key"
    """The network knows our key again: a post whose outcome is unknown is sent again with the same key."""
    STEPS = "steps"
    """It is made in one step and published in another: a stored first step is published once."""
    NONE = "none"
    """Nothing: what may have arrived is ``unknown`` until it is read back, or an editor says."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """From ``begin`` until ``end`` of each day, in the newsroom's timezone; over midnight when ``end`` is earlier."""

    begin: time
    end: time


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a channel posts. ``gap`` is the shortest time between two posts, ``most`` how many in each period."""

    gap: timedelta = timedelta(0)
    most: Mapping[timedelta, int] = field(default_factory=lambda: MappingProxyType({}))
    quiet: Quiet | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRules:
    """How an editor wants a channel's posts. ``hashtags`` is how many at most.

    ``hashtag_names``: tag (case folded) → hashtag without ``#``, "" for none. ``utm``: parameters of links,
    ``{channel}``, ``{schedule}``, ``{network}`` and ``{date}`` filled in. ``picture``: as a ``card`` below the text,
    as an ``image`` of the post's own, or ``none``. ``warnings``: tag or section (case folded) → the words of a warning.
    ``numbered``: the parts of a thread say their place. ``reactions``: the network is asked how followers reacted.
    """

    hashtags: int = 0
    hashtag_names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    utm: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    picture: Literal["card", "image", "none"] = "card"
    warnings: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    numbered: bool = False
    reactions: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a server said of how much more it takes: ``remaining`` of ``limit`` (None: it did not say) until ``resets``.

    ``resets`` is in UTC.
    """

    remaining: int
    resets: datetime
    limit: int | None = None
