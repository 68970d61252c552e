"""Permissions are renewed ahead of their end, whether somebody posts or not."""

from __future__ import annotations

import asyncio
import logging

from bot.channels.base import Channel
from bot.channels.credentials import Connecting, Credentials, signs_in
from bot.clock import system_clock
from bot.delivery.pausing import pause_channel
from bot.errors import BroadsheetError, ChannelRefused
from bot.model import said_by
from bot.schedules.installation import Around, Connected, Installation

HOURS = 1
"""``up`` looks every so many."""

log = logging.getLogger(__name__)


def renew_now(installation: Installation) -> list[str]:
    """Renews what is due; returns the channels whose tokens are new. One that was revoked is paused. Nothing from a
    store that is held.

    Raises ``StoreError``.
    """
    with installation.store.read() as tx:
        if tx.flags.held():
            return []
        connected = {name for name, state in tx.channels.all().items() if state.credential}
    if not connected & installation.settings.channels.keys():
        return []
    return asyncio.run(_renewed(installation, connected))


async def _renewed(installation: Installation, names: set[str]) -> list[str]:
    async with installation.connected() as connected:
        chosen = {name: each for name, each in connected.channels.items() if name in names and signs_in(each)}
        done = await asyncio.gather(*(_renew(connected, name, each) for name, each in chosen.items()))
    return [name for name, renewed in zip(chosen, done, strict=True) if renewed]


async def _renew(connected: Connected, name: str, channel: Channel) -> bool:
    assert isinstance(channel, Connecting)
    installation = connected.installation
    around = Around(installation.newsroom, connected.http, installation.keys, system_clock, installation.store)
    try:
        kind = str(installation.settings.channels[name].get("type", ""))
        return await Credentials(name, around, channel.renew, kind=kind).ahead()
    except ChannelRefused as error:
        await asyncio.to_thread(_pause, installation, name, said_by(error))
    except BroadsheetError as error:
        # It is tried again within the hour; there are days left.
        log.warning("channel %s: its permission is not renewed: %s", name, error)
    return False


def _pause(installation: Installation, name: str, reason: str) -> None:
    with installation.store.write() as tx:
        pause_channel(tx, name, reason, installation.clock())
