"""Calls of the API that say by a key that they are one call, however often they come: each is done once."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.store import Store
from bot.store.api_calls import ApiCall

KEPT = timedelta(hours=24)
"""How long a key stands for the call it was used for first."""


def begin(store: Store, token: int, key: str, digest: str, now: datetime) -> ApiCall | None:
    """Takes the key for a call; None when the caller is to do it, else what was begun under this key before.

    Of two that come at once, one is told to do it. One that was begun and never ended, because the process died, may
    have been done: it stays as it is until its key is over. Raises ``StoreError``.
    """
    with store.write() as tx:
        found = tx.api_calls.begin(token, key, digest, now)
        if found is not None and now - found.began >= KEPT:
            tx.api_calls.drop(token, key)
            found = tx.api_calls.begin(token, key, digest, now)
    return found


def end(store: Store, token: int, key: str, status: int, kind: str, body: bytes) -> None:
    """Keeps the answer for who asks again. Raises ``StoreError``."""
    with store.write() as tx:
        tx.api_calls.end(token, key, status, kind, body)


def prune(store: Store, now: datetime) -> int:
    """Deletes what was begun longer ago than ``KEPT``; returns how many."""
    with store.write() as tx:
        return tx.api_calls.prune(now - KEPT)
