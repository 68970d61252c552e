"""What the desk's pages share: their headers, and times as an editor reads them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from fastapi import Request, Response
from markupsafe import Markup

from bot.schedules.installation import Installation
from bot.store.flags import PAUSED
from bot.web.editor.states import DELIVERY_STATES, EDITION_STATES
from bot.web.headers import DESK_POLICY
from bot.web.site import Site

_LOCALE = "en_GB"


@dataclass(frozen=True)
class Desk:
    """The desk of one site. Its words are English; the newsroom's own texts keep their language."""

    site: Site

    @property
    def installation(self) -> Installation:
        return self.site.installation

    def page(self, request: Request, template: str, *, here: str, now: datetime, **values: Any) -> Response:
        """A page of the desk; ``here`` is the entry of the rail it belongs to."""
        with self.installation.store.read() as tx:
            paused = bool(tx.flags.get(PAUSED))
        return self.site.page(
            request,
            template,
            headers={"Content-Security-Policy": DESK_POLICY},
            here=here,
            now=now,
            paused=paused,
            times=Times(ZoneInfo(self.installation.newsroom.timezone), now),
            edition_states=EDITION_STATES,
            delivery_states=DELIVERY_STATES,
            **values,
        )

    def missing(self, request: Request) -> Response:
        return self.site.message(request, "missing", status=404)


@dataclass(frozen=True, slots=True)
class Times:
    """Moments in the newsroom's zone; hovering tells UTC."""

    zone: ZoneInfo
    now: datetime

    def at(self, moment: datetime) -> Markup:
        """``07:00`` today, ``Thu 07:00`` within a week, ``3 Mar 07:00`` this year, else ``3 Mar 2024, 07:00``."""
        local, today = moment.astimezone(self.zone), self.now.astimezone(self.zone).date()
        days = (local.date() - today).days
        if days == 0:
            pattern = "HH:mm"
        elif days == -1:
            pattern = "'yesterday' HH:mm"
        elif days == 1:
            pattern = "'tomorrow' HH:mm"
        elif abs(days) < 7:
            pattern = "EEE HH:mm"
        else:
            pattern = "d MMM HH:mm" if local.year == today.year else "d MMM y, HH:mm"
        return self._marked(moment, format_datetime(local, pattern, locale=_LOCALE))

    def whole(self, moment: datetime) -> Markup:
        """``Tuesday 24 November 2026, 07:00``."""
        local = moment.astimezone(self.zone)
        return self._marked(moment, format_datetime(local, "EEEE d MMMM y, HH:mm", locale=_LOCALE))

    def today(self) -> str:
        return format_datetime(self.now.astimezone(self.zone), "EEEE d MMMM", locale=_LOCALE)

    def clock(self) -> Markup:
        return self._marked(self.now, format_datetime(self.now.astimezone(self.zone), "HH:mm", locale=_LOCALE))

    @property
    def place(self) -> str:
        """``London`` of ``Europe/London``."""
        return self.zone.key.rpartition("/")[2].replace("_", " ")

    def until(self, moment: datetime) -> str:
        """``in 48 min``, ``in 3 h``; "" for more than a day and for what has passed."""
        minutes = round((moment - self.now).total_seconds() / 60)
        if not 0 <= minutes < 24 * 60:
            return ""
        return f"in {minutes} min" if minutes < 90 else f"in {round(minutes / 60)} h"

    def _marked(self, moment: datetime, text: str) -> Markup:
        utc = moment.astimezone(UTC)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            f"{utc:%Y-%m-%dT%H:%MZ}", f"{utc:%Y-%m-%d %H:%M} UTC", text
        )
