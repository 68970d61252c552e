"""The counts beside the rail's entries: how much waits for who asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.model import User
from bot.schedules.installation import Installation
from bot.schedules.needs import PLACES, Kind, Need, needs
from bot.store import Transaction

COUNTED = ("today", *dict.fromkeys(PLACES.values()))
"""The entries of the rail that may have a count; each has its place on the page, ``#waits-ENTRY``, filled or not."""

ANEW = ",".join(f"#waits-{entry}" for entry in COUNTED)
"""What a page that looks again takes from the answer beside its own part (``hx-select-oob``).

The answer is a whole page, so that the counts cost no question more.
"""

_BAD = (Kind.FAILED, Kind.SOURCE, Kind.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Badge:
    """A count beside an entry of the rail, red for failures and amber for deadlines."""

    count: int
    tone: str


def badges(tx: Transaction, installation: Installation, user: User) -> dict[str, Badge]:
    """By entry of the rail, how much of it waits for ``user``: bounded questions, for each page of the desk."""
    return badges_of(needs(tx, installation, installation.clock()), user)


def badges_of(found: Sequence[Need], user: User) -> dict[str, Badge]:
    """As ``badges``, of needs that are known."""
    counted: dict[str, list[Need]] = {}
    for need in found:
        if user.role.may(need.role):
            counted.setdefault("today", []).append(need)
            if need.kind in PLACES:
                counted.setdefault(PLACES[need.kind], []).append(need)
    return {
        place: Badge(len(those), "bad" if any(each.kind in _BAD for each in those) else "warn")
        for place, those in counted.items()
    }
