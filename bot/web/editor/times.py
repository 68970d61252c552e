"""Moments as an editor reads them: in the newsroom's zone and the editor's language; hovering tells UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_timezone_location
from markupsafe import Markup, escape

from bot.editions.skeleton import by_skeleton
from bot.speech.catalog import _, locale

_HOUR = "HH:mm"


# A page tells the same days and hours again and again, and Babel takes their pattern apart each time.
@lru_cache(maxsize=1440)
def _hour(hour: int, minute: int, speech: Locale) -> str:
    return format_time(time(hour, minute), _HOUR, locale=speech)


@lru_cache(maxsize=2048)
def _day(skeleton: str, day: date, speech: Locale) -> str:
    return by_skeleton(skeleton, day, speech)


@dataclass(frozen=True, slots=True)
class Times:
    """Moments as of ``now`` in ``zone``."""

    zone: ZoneInfo
    now: datetime

    def local(self, moment: datetime) -> datetime:
        """``moment`` in the newsroom's zone."""
        return moment.astimezone(self.zone)

    def at(self, moment: datetime) -> Markup:
        """``07:00`` today, ``yesterday 07:00``, ``Thu 07:00`` within a week, else ``3 Mar 07:00``, with its year."""
        return self._marked(moment, self.words(moment))

    def words(self, moment: datetime) -> str:
        """As ``at``, as plain text: for titles and sentences."""
        local, today = self.local(moment), self.local(self.now).date()
        hour, days = _hour(local.hour, local.minute, locale()), (local.date() - today).days
        if days == 0:
            return hour
        if days == -1:
            return _("yesterday %(time)s") % {"time": hour}
        if days == 1:
            return _("tomorrow %(time)s") % {"time": hour}
        if abs(days) < 7:
            return f"{_day('E', local.date(), locale())} {hour}"
        skeleton = "MMMd" if local.year == today.year else "yMMMd"
        return f"{_day(skeleton, local.date(), locale())} {hour}"

    def day(self, moment: datetime) -> Markup:
        """``Thu``, ``today``: the day of ``at`` without its hour."""
        return self._marked(moment, self._day_words(self.local(moment).date()))

    def on(self, day: date) -> Markup:
        """As ``day``, of a day of which no hour is known."""
        return Markup(f'<time datetime="{day.isoformat()}">{escape(self._day_words(day))}</time>')  # noqa: S704

    def _day_words(self, day: date) -> str:
        today = self.local(self.now).date()
        days = (day - today).days
        if days == 0:
            return _("today")
        if abs(days) < 7:
            return _day("E", day, locale())
        return _day("MMMd" if day.year == today.year else "yMMMd", day, locale())

    def hour(self, moment: datetime) -> Markup:
        """``07:00``, whatever the day."""
        local = self.local(moment)
        return self._marked(moment, _hour(local.hour, local.minute, locale()))

    def whole(self, moment: datetime) -> Markup:
        """``Tuesday 24 November 2026 07:00``."""
        local = self.local(moment)
        return self._marked(moment, f"{self.date(local.date())} {_hour(local.hour, local.minute, locale())}")

    def date(self, day: date) -> str:
        """``Tuesday 24 November 2026``."""
        return format_date(day, "full", locale=locale())

    def today(self) -> str:
        """``Sunday 29 November``."""
        return by_skeleton("MMMMEEEEd", self.local(self.now), locale())

    def clock(self) -> Markup:
        """What time it is."""
        return self.hour(self.now)

    @property
    def place(self) -> str:
        """``London`` of ``Europe/London``."""
        named = get_timezone_location(self.zone, locale=locale(), return_city=True)
        return named or self.zone.key.rpartition("/")[2].replace("_", " ")

    def until(self, moment: datetime) -> str:
        """``in 48 min``, ``in 3 h``; "" for more than a day and for what has passed."""
        minutes = round((moment - self.now).total_seconds() / 60)
        if not 0 <= minutes < 24 * 60:
            return ""
        if minutes < 90:
            return _("in %(minutes)d min") % {"minutes": max(minutes, 1)}
        return _("in %(hours)d h") % {"hours": round(minutes / 60)}

    def _marked(self, moment: datetime, text: str) -> Markup:
        day, _t, hour = moment.astimezone(UTC).isoformat(timespec="minutes")[:16].partition("T")
        # Written out, and not by ``Markup.format``, which takes ten times as long: a page has a hundred of them.
        return Markup(f'<time datetime="{day}T{hour}Z" title="{day} {hour} UTC">{escape(text)}</time>')  # noqa: S704
