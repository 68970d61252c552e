"""The background of webhooks: programs are told within seconds of what happened, what is old is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

from bot.delivery.outgoing.telling import Teller
from bot.http import Http
from bot.schedules.installation import Installation

SECONDS = 2
"""How often it is looked whether somebody is to be told something."""
KEPT_FOR = timedelta(days=30)
"""How long what was told is kept: long enough to be told again by hand."""


def tell_now(installation: Installation, *, stop: Callable[[], bool] = lambda: False) -> int:
    """Tells what is due, and what becomes due meanwhile; returns how many calls that were.

    A pause of everything does not hold it up: it is told of, too. A store that was restored and not reconciled tells
    nothing. Raises ``StoreError``.
    """
    with installation.store.read() as tx:
        if not tx.endpoints.due(installation.clock()) or tx.flags.held():
            return 0

    async def tell() -> int:
        async with Http(installation.settings.http) as http:
            teller = Teller(
                store=installation.store,
                http=http,
                keys=installation.keys,
                public_url=installation.newsroom.public_url,
                clock=installation.clock,
                stop=stop,
            )
            await teller.tell()
            return len(teller.told)

    return asyncio.run(tell())


def sweep(installation: Installation) -> int:
    """Deletes what happened longer ago than ``KEPT_FOR``; returns how many events. Raises ``StoreError``."""
    with installation.store.write() as tx:
        return tx.outbox.prune(installation.clock() - KEPT_FOR)
