"""What the tests of posting share: an edition of posts, an engine for one process, and what the ledger says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.delivery.engine import Engine
from bot.delivery.sending import begin_sending
from bot.model import Edition, EditionState, Post, Rendition
from bot.settings.tables import DeliveryTable
from bot.store import Store
from bot.testing import KEYS, ScriptedChannel, edition

CHANNEL = "town"


def posts(*subjects: str, channel: str = CHANNEL) -> tuple[Rendition, ...]:
    """A post for each subject, which is its text."""
    return tuple(Rendition(channel=channel, subject=each, post=Post(text=each)) for each in subjects)


def thread(name: str, parts: int, channel: str = CHANNEL) -> tuple[Rendition, ...]:
    """``name``, ``name/2`` …, each after the one before."""
    subjects = [name, *(f"{name}/{part}" for part in range(2, parts + 1))]
    return tuple(
        Rendition(
            channel=channel,
            subject=subject,
            post=Post(text=subject, follows=before, part=part, parts=parts),
        )
        for part, (before, subject) in enumerate(zip(["", *subjects], subjects, strict=False), start=1)
    )


def begin(store: Store, now: datetime, *renditions: Rendition) -> Edition:
    """An edition of these, being sent since ``now``."""
    made = edition(renditions=renditions, slot=now, created=now)
    with store.write() as tx:
        assert tx.editions.add(made, expires=now + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=now)
    return made


@dataclass
class Process:
    """One process that posts: its own engine, with nothing of another's memory."""

    store: Store
    clock: Clock
    channel: ScriptedChannel
    timezone: str = "UTC"
    rules: DeliveryTable = field(default_factory=DeliveryTable)
    others: dict[str, ScriptedChannel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.engine = Engine(
            store=self.store,
            channels={CHANNEL: self.channel, **self.others},
            keys=KEYS,
            clock=self.clock,
            rules=self.rules,
            jitter=lambda: 0.5,
            timezone=self.timezone,
        )

    async def look(self) -> int:
        return await self.engine.deliver()


def texts(channel: ScriptedChannel) -> list[str]:
    """What a channel was asked to post, in this order."""
    return [each.rendition.post.text for each in channel.sent if each.rendition.post]


def books(store: Store, made: Edition) -> tuple[EditionState | None, dict[str, int]]:
    with store.read() as tx:
        balance = tx.deliveries.balance(made.id)
        state = tx.editions.state(made.id)
    assert balance.balanced
    return state, balance.states
