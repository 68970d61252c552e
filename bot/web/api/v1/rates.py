"""How often a token may call: counted in the store, so over all processes, some calls at a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from threading import Lock

from bot.store import Store
from bot.store.allowances import Grant, Limits

LIMITS: Limits = {timedelta(minutes=1): 600}
AT_ONCE = 10
"""Calls that are granted by one write to the store. What nobody uses of them is lost within seconds."""


class Rates:
    """Safe to share between threads."""

    def __init__(self, store: Store, limits: Limits = LIMITS) -> None:
        self._store = store
        self._limits = limits
        self._granted: dict[int, tuple[Grant, int]] = {}
        self._lock = Lock()

    def take(self, token: int, now: datetime) -> int:
        """0 when the token may call now, else in how many seconds it may. Raises ``StoreError``."""
        with self._lock:
            grant, left = self._granted.get(token, (None, 0))
            if grant is None or not left or not grant.since <= now < grant.until:
                with self._store.write() as tx:
                    grant = tx.allowances.reserve(f"api:{token}", self._limits, AT_ONCE, now)
                left = grant.granted
            if not left:
                self._granted.pop(token, None)
                return max(1, ceil(((grant.next_at or now) - now).total_seconds()))
            self._granted[token] = (grant, left - 1)
            return 0
