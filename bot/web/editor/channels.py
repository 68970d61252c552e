"""``/channels``: how each channel is, what it may still post, and when its permission ends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request, Response

from bot.delivery.permission import consequence, headline, stage
from bot.model import Delivery
from bot.schedules.channel_status import ChannelStatus, Condition, statuses
from bot.schedules.installation import Installation
from bot.store import Transaction
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk
from bot.web.editor.states import Shown

LAST = 3
"""Posts of each channel that are shown."""

_SHOWN = {
    Condition.OK: Shown("Ready", "good", "tick"),
    Condition.NOT_CONNECTED: Shown("Not connected", "warn", "mark"),
    Condition.ENDED: Shown("Permission ended", "bad", "cross"),
    Condition.PAUSED: Shown("Paused", "warn", "bars"),
    Condition.RESTING: Shown("Resting", "plain", "clock"),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """A permission that ends, or has ended. ``what`` is a headline, ``why`` what it means, ``command`` mends it."""

    what: str
    why: str
    command: str
    shown: Shown
    by: datetime | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A channel as the page shows it; ``used`` is how much of its limit is used up, in per cent, None: not known.

    ``last`` are its newest deliveries, each with the moment it was settled; ``waits`` is how many posts wait.
    """

    status: ChannelStatus
    shown: Shown
    quota: str
    used: int | None
    sent_twice: str
    ends_soon: bool
    last: tuple[Delivery, ...]
    waits: int


def routes(desk: Desk) -> APIRouter:
    """GET and HEAD of ``/channels``."""
    router = APIRouter()

    @router.api_route("/channels", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer) -> Response:
        now = desk.installation.clock()
        with desk.installation.store.read() as tx:
            rows = [_row(tx, each, now) for each in statuses(desk.installation, tx, now)]
            ending = list(endings(tx, desk.installation, now))
        return desk.page(request, user, "editor/channels.html.j2", here="channels", channels=rows, ending=ending)

    return router


def endings(tx: Transaction, installation: Installation, now: datetime) -> Iterator[Ending]:
    """What needs the editor: permissions that end within 14 days, or have ended, and channels that are paused."""
    for name, state in sorted(tx.channels.all().items()):
        if name not in installation.settings.channels:
            continue
        connect = f"broadsheet channels connect {name}"
        if state.paused:
            command = connect if "channels connect" in state.paused else f"broadsheet channels resume {name}"
            # What to run stands below it.
            why = state.paused.removeprefix(f"{name}: ").removesuffix(f"; run `{command}`")
            yield Ending(f"{name} is paused", why, command, _SHOWN[Condition.PAUSED])
        reached = stage(state.expires, now)
        if state.expires is None or reached is None:
            continue
        shown = Shown("Permission ends", "warn", "mark") if reached else _SHOWN[Condition.ENDED]
        why = consequence(state.expires, now, installation.newsroom.timezone)
        by = state.expires if reached else None
        yield Ending(headline(name, state.expires, now), why, connect, shown, by)


def _row(tx: Transaction, status: ChannelStatus, now: datetime) -> Row:
    quota = status.state.quota
    still = quota is not None and quota.resets > now
    used = None
    if quota is not None and still and quota.limit:
        used = min(100, max(0, round(100 * (quota.limit - quota.remaining) / quota.limit)))
    reached = stage(status.state.expires, now)
    shown = _SHOWN[status.condition]
    if status.condition is Condition.OK and reached:
        shown = Shown("Permission ends", "warn", "mark")
    post = status.medium == "post"
    return Row(
        status=status,
        shown=shown,
        quota=status.quota(now),
        used=used,
        sent_twice=status.doubling,
        ends_soon=reached is not None,
        last=tuple(tx.deliveries.newest_posts(status.name, limit=LAST)) if post else (),
        waits=tx.deliveries.open_posts(status.name) if post else 0,
    )
