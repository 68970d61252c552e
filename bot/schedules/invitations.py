"""The background of accounts: links for those who were invited go out within seconds, what is over is deleted."""

from __future__ import annotations

import asyncio

from bot.accounts import api_calls, invitations, sessions
from bot.delivery.inviting import Office, desk_channel, mail_invitations
from bot.schedules.installation import Installation

SECONDS = 3
"""How often it is looked whether somebody waits for a mail."""


def mail_now(installation: Installation) -> int:
    """Sends the mails that are due; returns how many. A pause of everything does not hold them up: to end it, somebody
    may need a new password. A store that was restored and not reconciled sends nothing.

    Raises ``StoreError``, ``RenderError``, and what a channel cannot be opened by.
    """
    channel = desk_channel(installation.settings)
    with installation.store.read() as tx:
        if not channel or tx.flags.held() or not tx.invitations.due(installation.clock(), 1):
            return 0

    async def send() -> int:
        async with installation.connected() as connected:
            office = Office(
                store=installation.store,
                keys=installation.keys,
                newsroom=installation.newsroom,
                folders=installation.settings.template_folders(),
                channel=channel,
                clock=installation.clock,
            )
            return await mail_invitations(office, connected.channels)

    return asyncio.run(send())


def sweep(installation: Installation) -> None:
    """Deletes sessions, links and the answers of the API whose time is over. Raises ``StoreError``."""
    now = installation.clock()
    sessions.prune(installation.store, now)
    invitations.prune(installation.store, now)
    api_calls.prune(installation.store, now)
