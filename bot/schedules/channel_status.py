"""How each channel is: what the command line lists, and the desk shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.channels.base import Posting, Recalling
from bot.channels.credentials import signs_in
from bot.delivery.permission import stage
from bot.model import ChannelState, Idempotency
from bot.schedules.installation import Installation
from bot.store import Transaction

IDEMPOTENCY: Mapping[Idempotency, str] = {
    Idempotency.KEY: "never doubled: by the network's own key",
    Idempotency.STEPS: "never doubled: made first, then published once",
    Idempotency.NONE: "not by us: after a lost answer it waits for you",
}
LOOKED_UP = "not by us: after a lost answer it is looked for, or waits for you"
"""Of a network without a key that can be asked what stands there: as sure as its lists are."""
"""What keeps a post from standing there twice, as people read it."""


class Condition(StrEnum):
    """What a channel does now."""

    OK = "ok"
    NOT_CONNECTED = "not connected"
    ENDED = "permission ended"
    PAUSED = "paused"
    RESTING = "resting"


@dataclass(frozen=True, slots=True)
class ChannelStatus:
    """A channel of the settings. ``verified`` is as ``Posting`` has it; of mail, which is tested for real, "-".

    ``schedules`` use it, ``alerts``: alerts go over it. ``recalls``: its network can be asked what became of a post.
    """

    name: str
    type: str
    medium: str
    condition: Condition
    state: ChannelState
    signs_in: bool
    idempotency: Idempotency | None
    recalls: bool
    verified: str
    schedules: tuple[str, ...]
    alerts: bool

    @property
    def unverified(self) -> bool:
        """It only met the fake of its network."""
        return self.verified == ""

    @property
    def doubling(self) -> str:
        """What keeps its posts from standing there twice; "" for mail."""
        if self.idempotency is None:
            return ""
        looked_up = self.idempotency is Idempotency.NONE and self.recalls
        return LOOKED_UP if looked_up else IDEMPOTENCY[self.idempotency]

    @property
    def why(self) -> str:
        """What more there is to say of its condition; "" when nothing."""
        if self.condition is Condition.PAUSED:
            return self.state.paused
        if self.condition in (Condition.NOT_CONNECTED, Condition.ENDED):
            return f"broadsheet channels connect {self.name}"
        if self.unverified and self.medium == "post":
            return "not yet verified live"
        return ""

    def quota(self, now: datetime) -> str:
        """``38 of 100 left``; "" when nothing is known that still holds."""
        quota = self.state.quota
        if quota is None or quota.resets <= now:
            return ""
        return f"{quota.remaining:,} of {quota.limit:,} left" if quota.limit else f"{quota.remaining:,} left"


def statuses(installation: Installation, tx: Transaction, now: datetime) -> list[ChannelStatus]:
    """All channels, in the order of the settings."""
    known, settings = tx.channels.all(), installation.settings
    found = []
    for name, channel in installation.configured.items():
        state = known.get(name) or ChannelState(channel=name)
        needed = signs_in(channel)
        posting = channel if isinstance(channel, Posting) else None
        found.append(
            ChannelStatus(
                name=name,
                type=str(settings.channels[name].get("type", "")),
                medium=channel.medium,
                condition=_condition(state, needed, now),
                state=state,
                signs_in=needed,
                idempotency=posting.idempotency if posting else None,
                recalls=isinstance(channel, Recalling),
                verified=posting.verified if posting else "-",
                schedules=tuple(key for key, each in settings.schedules.items() if name in each.channels),
                alerts=name in settings.alerts.channels,
            )
        )
    return found


def _condition(state: ChannelState, needed: bool, now: datetime) -> Condition:
    if state.paused:
        return Condition.PAUSED
    if needed and not state.credential:
        return Condition.NOT_CONNECTED
    if stage(state.expires, now) == 0:
        return Condition.ENDED
    return Condition.RESTING if state.rests_until and state.rests_until > now else Condition.OK
