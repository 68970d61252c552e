"""The editions that are being sent, as they stand in the store, kept in memory while their deliveries go out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.editions.variants import absent, paused
from bot.errors import NotFound
from bot.model import Chunk, Edition, Preferences, Rendition
from bot.store import Store
from bot.store.deliveries import Away

VARIANTS_KEPT = 8
"""Renditions of variants in memory at once."""


@dataclass
class Shelf:
    """Reads each edition once, until ``clear``. A variant's name tells what it says, so a kept one is never stale."""

    store: Store
    _editions: dict[str, Edition] = field(default_factory=dict)
    _variants: dict[tuple[str, str, str], Rendition | None] = field(default_factory=dict)

    def clear(self) -> None:
        """Editions are read anew: one that waited may have been drafted again."""
        self._editions.clear()

    def edition(self, edition: str) -> Edition:
        """With its general renditions. Raises ``NotFound``."""
        if edition not in self._editions:
            with self.store.read() as tx:
                found = tx.editions.get(edition)
            if found is None:
                raise NotFound(f"the ledger names the edition {edition}, which is not in the store")
            self._editions[edition] = found
        return self._editions[edition]

    def variant(self, chunk: Chunk) -> Rendition | None:
        """What the readers of ``chunk`` get; None: the general rendition."""
        if not chunk.variant:
            return None
        key = (chunk.edition, chunk.channel, chunk.variant)
        if key not in self._variants:
            with self.store.read() as tx:
                self._variants[key] = tx.editions.rendition(*key)
            # A variant's chunks come one after another.
            for oldest in list(self._variants)[:-VARIANTS_KEPT]:
                del self._variants[oldest]
        return self._variants[key]

    def away(self, edition: str, now: datetime, timezone: str) -> Away:
        """Tells of readers' preferences who chose, while they waited for their hour, to get nothing now."""

        def away(preferences: Preferences) -> str:
            unwanted = absent(preferences, self.edition(edition).schedule)
            return unwanted or paused(preferences, now, timezone)

        return away
