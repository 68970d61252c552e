"""Counts the readers of each audience once an hour, so that no page has to."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.schedules.installation import Installation

HOURS = 1
BACK = timedelta(days=90)
"""How far back the first count looks, by the dates of the consents."""


def count_now(installation: Installation) -> dict[str, int]:
    """How many readers each audience has, put on record for today; at first also for the days before.

    Raises ``StoreError``.
    """
    now = installation.clock()
    zone = ZoneInfo(installation.newsroom.timezone)
    today = now.astimezone(zone).date()
    found = {}
    for audience in installation.settings.audiences:
        with installation.store.read() as tx:
            readers = tx.growth.count(audience)
            past = {}
            if not tx.growth.known(audience):
                past = tx.growth.counted_back(audience, today - BACK, today - timedelta(days=1), zone)
        with installation.store.write() as tx:
            tx.growth.record_past(audience, past, now)
            tx.growth.record(audience, today, readers, now)
        found[audience] = readers
    return found
