"""The hubs that feeds name, and how the subscription of each source stands (WebSub)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.store.conflict import insert_or_ignore
from bot.store.tables import hubs

NONE = "none"
"""Nobody subscribed."""
ASKED = "asked"
"""The hub was asked to subscribe us and has not come back to verify it."""
ACTIVE = "active"
"""The hub verified: it tells us until ``until``."""
LEAVING = "leaving"
"""The hub was asked to tell us no more and has not come back to verify it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HubState:
    """``hub`` and ``topic`` are what the feed names now, ``held_hub`` and ``held_topic`` where we subscribed.

    ``due`` is when to look at it again, ``until`` when the lease ends, both in UTC; ``tries`` counts questions in a row
    that led to nothing, ``error`` is what came of the last one.
    """

    source: str
    hub: str = ""
    topic: str = ""
    held_hub: str = ""
    held_topic: str = ""
    state: str = NONE
    until: datetime | None = None
    due: datetime
    tries: int = 0
    error: str = ""


class Hubs:
    """One state a source whose feed named a hub."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, source: str) -> HubState | None:
        row = self._connection.execute(select(hubs).where(hubs.c.source == source)).one_or_none()
        return HubState(**row._mapping) if row else None

    def name(self, source: str, hub: str, topic: str, now: datetime) -> None:
        """Keeps what a feed names; "" when it names no hub any more. What changed is due at once."""
        found = self.get(source)
        if found is None:
            if hub:
                row = asdict(HubState(source=source, hub=hub, topic=topic, due=now))
                insert_or_ignore(self._connection, hubs, row)
        elif (found.hub, found.topic) != (hub, topic):
            values = {"hub": hub, "topic": topic, "due": now, "tries": 0, "error": ""}
            self._connection.execute(update(hubs).where(hubs.c.source == source).values(**values))

    def all(self) -> list[HubState]:
        """All of them, by the names of their sources."""
        return [HubState(**row._mapping) for row in self._connection.execute(select(hubs).order_by(hubs.c.source))]

    def change(self, seen: HubState, **values: object) -> bool:
        """Changes a state if it still is as it was ``seen``; False when another process has changed it meanwhile."""
        same = [hubs.c[name] == value for name, value in asdict(seen).items() if value is not None]
        return self._connection.execute(update(hubs).where(*same).values(**values)).rowcount == 1

    def drop(self, source: str) -> None:
        self._connection.execute(delete(hubs).where(hubs.c.source == source))
