"""Pings: somebody says that a source has news. The web process takes them, the ticker visits, and the store is between.

A ping says nothing but which source; what is new the source itself says. Many pings are one visit.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import Newsroom
from bot.schedules.installation import Installation
from bot.store.sources import SourceState
from bot.tokens import KeyRing

PING = "ping"
"""The purpose of tokens that name a source."""
FLAG = "ping:"
SECONDS = 2
"""How often the ticker looks for pings."""
GAP = timedelta(seconds=5)
"""Between two visits that pings ask for; those that come meanwhile are one."""


def ping_url(newsroom: Newsroom, keys: KeyRing, source: str) -> str:
    """The address that tells of news of ``source``."""
    return f"{newsroom.public_url}/ping/{keys.sign(PING, source)}"


def take(installation: Installation, source: str) -> None:
    """Keeps that ``source`` was pinged. One that waits for its visit already is left alone. Raises ``StoreError``."""
    with installation.store.read() as tx:
        if tx.flags.get(FLAG + source):
            return
    with installation.store.write() as tx:
        tx.flags.set(FLAG + source, "news", installation.clock())


def pinged(installation: Installation) -> tuple[str, ...]:
    """The sources to visit now, taken for this process. One that was just visited, or asked us to wait, waits.

    Raises ``StoreError``.
    """
    now = installation.clock()
    with installation.store.read() as tx:
        waiting = tx.flags.named(FLAG)
        states = {name: tx.sources.get(name) for name in waiting if name in installation.sources}
    ready = []
    for name, seen in waiting.items():
        state = states.get(name)
        if state and _rests(state, now):
            continue
        with installation.store.write() as tx:
            # The ping of a source that is gone from the settings is taken away, too.
            if tx.flags.take(FLAG + name, seen) and state:
                ready.append(name)
    return tuple(ready)


def _rests(state: SourceState, now: datetime) -> bool:
    asked = state.not_before is not None and now < state.not_before
    return asked or (state.last_visit is not None and now < state.last_visit + GAP)
