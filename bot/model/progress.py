"""How far an edition's sending is, and what each process, server and destination has to do with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from bot.model.edition import EditionState


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerNow:
    """A server as its channel uses it now. ``address`` is what answers are told from; ``rests_until`` in UTC."""

    channel: str
    address: str
    connections: int
    in_use: int
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerProgress:
    """What one server did of an edition. ``rate`` in deliveries a second, over the last seconds."""

    channel: str
    address: str
    states: dict[str, int] = field(default_factory=dict)
    rate: float = 0.0
    connections: int = 0
    in_use: int = 0
    rests_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainProgress:
    """What became of the deliveries to one destination. ``said`` is its newest answer that was not a yes."""

    domain: str
    states: dict[str, int] = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProgress:
    """What one process says it did of an edition, since ``began`` and until ``updated``.

    ``rate`` is None while it sends too short a time to tell.
    """

    edition: str
    owner: str
    began: datetime
    updated: datetime
    tried: int
    rate: float | None
    servers: tuple[ServerProgress, ...] = ()
    domains: tuple[DomainProgress, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an edition is at the moment ``at``.

    ``states`` sum to ``total``; ``done`` of them have ended. ``rate`` is in deliveries a second over the last
    seconds, None when it cannot be told. ``waiting`` are the pending ones whose readers' own hour is still to come.
    ``about`` is when all but these and the deferred ones will have ended if it goes on so, None when that cannot be
    told; ``next_try`` is when the next of what waits is tried. ``stale`` names the processes that hold work and have
    said nothing for a while.
    """

    edition: str
    state: EditionState
    at: datetime
    total: int
    done: int
    states: dict[str, int]
    rate: float | None
    about: datetime | None
    next_try: datetime | None
    waiting: int = 0
    servers: tuple[ServerProgress, ...] = ()
    domains: tuple[DomainProgress, ...] = ()
    workers: int = 0
    stale: tuple[str, ...] = ()
