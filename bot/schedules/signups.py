"""The background of signing up: mails to those who asked go out within seconds, what is over is deleted."""

from __future__ import annotations

import asyncio

from bot.audience.newsletters import letter_channel, newsletters
from bot.audience.signup import prune
from bot.delivery.confirming import Desk, Mailed, mail_due
from bot.delivery.flood import STOPPED, watch
from bot.schedules.installation import Installation
from bot.store.flags import PAUSED

SECONDS = 2
"""How often it is looked whether somebody waits for a mail."""
SWEEP_HOURS = 1


def mail_now(installation: Installation) -> Mailed:
    """Sends the mails that are due to those who signed up, unless nothing may go out from this store.

    Raises ``StoreError``, ``RenderError``, and what a channel cannot be opened by.
    """
    now = installation.clock()
    with installation.store.read() as tx:
        if not tx.signups.due(now, 1) or tx.flags.held() or tx.flags.get(PAUSED):
            return Mailed()
    state = watch(installation.store, now)
    if state == STOPPED:
        return Mailed(rests=True)

    async def send() -> Mailed:
        async with installation.connected() as connected:
            desk = Desk(
                store=installation.store,
                keys=installation.keys,
                newsroom=installation.newsroom,
                folders=installation.settings.template_folders(),
                rules=installation.settings.signup,
                offered=newsletters(installation.settings),
                channel=letter_channel(installation.settings),
                clock=installation.clock,
            )
            return await mail_due(desk, connected.channels, state=state)

    return asyncio.run(send())


def sweep(installation: Installation) -> int:
    """Deletes sign-ups whose time is over, and counts that no limit needs; returns how many sign-ups."""
    now = installation.clock()
    with installation.store.write() as tx:
        tx.allowances.prune(now)
    return prune(installation.store, now)
