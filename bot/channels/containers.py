"""What a network made in the first of its steps, kept until it is surely published: so it is published once.

Kept as flags of the store for a week, in which an editor may still say what became of an unknown post; Threads ends
what was not published after a day.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.store import Store

_FLAG = "container:"
_KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Container:
    """``id`` is the network's; ``content`` tells what it was made of, ``made`` when (UTC)."""

    id: str
    content: str
    made: datetime


class Containers:
    """One for each parcel, by its token. Without a ``store`` nothing is kept."""

    def __init__(self, store: Store | None) -> None:
        self._store = store

    def find(self, token: str) -> Container | None:
        """What an earlier attempt left; None: nothing."""
        if self._store is None:
            return None
        with self._store.read() as tx:
            seen = tx.flags.seen(f"{_FLAG}{token}")
        if seen is None:
            return None
        id, _, content = seen[0].partition(" ")
        return Container(id, content, seen[1])

    def keep(self, token: str, made: Container) -> None:
        """Commits it, in the place of an earlier one; those that are too old are forgotten."""
        if self._store is None:
            return
        with self._store.write() as tx:
            tx.flags.set(f"{_FLAG}{token}", f"{made.id} {made.content}", made.made)
            tx.flags.drop(_FLAG, made.made - _KEPT)


def content_of(fields: Mapping[str, str]) -> str:
    """A short name of what a container is made of."""
    return hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()[:16]
