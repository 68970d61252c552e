"""What channels' servers tell of their limits, asked now and then and kept: a server that is down changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import timedelta

from bot.channels.base import Learning
from bot.clock import Clock, system_clock
from bot.errors import BroadsheetError
from bot.model import Limits, Phrase, said_by
from bot.schedules.installation import Connected, Installation

FRESH = timedelta(days=1)
"""What was learnt longer ago is asked anew before something is made with it."""
HOURS = 6
"""``up`` asks every so many."""
_SECONDS = 10.0
"""Longest wait for one server: whatever it says, what was known before will do."""

log = logging.getLogger(__name__)


def stale(installation: Installation, older: timedelta = FRESH, clock: Clock = system_clock) -> set[str]:
    """The channels whose server tells limits and was not asked for ``older``.

    What servers say is of now, whatever time a command was told to act at.
    """
    learning = installation.learning
    if not learning:
        return set()
    with installation.store.read() as tx:
        known = tx.channels.all()
    now = clock()
    return {
        name
        for name in learning
        if name not in known or (learned := known[name].learned) is None or now - learned >= older
    }


async def learn(connected: Connected, names: set[str], clock: Clock = system_clock) -> Mapping[str, Limits | str]:
    """Asks the servers of ``names`` at once and keeps what they say; what a server did not say, as a reason."""
    asked = {name: channel for name in sorted(names) if isinstance(channel := connected.channels[name], Learning)}
    answers = await asyncio.gather(*(_asked(channel) for channel in asked.values()))
    told = dict(zip(asked, answers, strict=True))
    learnt = {name: each for name, each in told.items() if isinstance(each, Limits)}
    if learnt:
        await asyncio.to_thread(_keep, connected.installation, learnt, clock)
    return told


async def _asked(channel: Learning) -> Limits | str:
    try:
        async with asyncio.timeout(_SECONDS):
            return await channel.learn()
    except TimeoutError:
        return Phrase("no answer within %(seconds)s s", seconds=f"{_SECONDS:g}")
    except BroadsheetError as error:
        return said_by(error)


def _keep(installation: Installation, learnt: Mapping[str, Limits], clock: Clock) -> None:
    with installation.store.write() as tx:
        for name, limits in learnt.items():
            tx.channels.learn(name, limits, clock())


def learn_now(installation: Installation, *, older: timedelta = FRESH) -> None:
    """Asks what is ``stale``. Raises nothing, holds nobody up for long: what was known goes on, or defaults."""
    try:
        asyncio.run(learn_stale(installation, older=older))
    except Exception as error:
        log.warning("limits are not learnt: %s", error, exc_info=not isinstance(error, BroadsheetError))


async def learn_stale(installation: Installation, *, older: timedelta = FRESH) -> None:
    """``learn_now`` within an event loop."""
    names = await asyncio.to_thread(stale, installation, older)
    if not names:
        return
    async with installation.connected() as connected:
        for name, told in (await learn(connected, names)).items():
            if isinstance(told, str):
                log.warning("channel %s: its limits are not learnt: %s", name, told)
