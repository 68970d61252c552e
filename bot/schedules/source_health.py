"""Whether the news is coming in: each source's last visits, what it brought, and when it is visited next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.schedules import hubs, pings
from bot.schedules.installation import Installation
from bot.settings.origin import Origin
from bot.store import Transaction
from bot.store.sources import SourceState

DAY, WEEK = timedelta(days=1), timedelta(days=7)
HOURS = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHealth:
    """A source of the settings. ``day`` and ``week`` count what it published in the last 24 hours and 7 days.

    ``hours`` are the numbers of the last 24 hours, the oldest first. ``next`` (UTC) is the visit after this moment, as
    far as can be told; None for one that is due, or was pinged. ``hub`` says how its hub stands (WebSub), "" without.
    ``place`` is its address or folder, ``origin`` where it was set.
    """

    name: str
    type: str
    place: str
    state: SourceState
    day: int
    week: int
    hours: tuple[int, ...]
    next: datetime | None
    hub: str
    origin: Origin | None


def health(installation: Installation, tx: Transaction, now: datetime, only: str = "") -> list[SourceHealth]:
    """All sources, those that fail first, then in the order of the settings; or ``only`` one, if there is such.

    So many queries, however many they are.
    """
    settings = installation.settings
    names = [name for name in settings.sources if only in ("", name)]
    states = tx.sources.of(names)
    week = tx.headlines.counts(names, now - WEEK)
    hours: dict[str, list[int]] = {name: [0] * HOURS for name in names}
    for source, published in tx.headlines.moments(names, now - DAY):
        ago = int((now - published) / timedelta(hours=1))
        if 0 <= ago < HOURS:
            hours[source][HOURS - 1 - ago] += 1
    day = tx.headlines.counts(names, now - DAY)
    named = {each.source: hubs.standing(each, now) for each in tx.hubs.all()}
    pinged = tx.flags.named(pings.FLAG)
    every = settings.delivery.collect_every
    found = [
        SourceHealth(
            name=name,
            type=str(table.get("type", "")),
            place=str(table.get("url") or table.get("path") or ""),
            state=states[name],
            day=day.get(name, 0),
            week=week.get(name, 0),
            hours=tuple(hours[name]),
            next=None if name in pinged else _next(states[name], every, now),
            hub=named.get(name, ""),
            origin=settings.origin("sources", name),
        )
        for name, table in settings.sources.items()
        if name in states
    ]
    return sorted(found, key=lambda each: each.state.failures == 0)


def _next(state: SourceState, every: timedelta, now: datetime) -> datetime | None:
    if state.not_before and state.not_before > now:
        return state.not_before
    due = state.last_visit + every if state.last_visit else now
    return due if due > now else None
