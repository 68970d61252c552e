"""The days of the calendar, each with what goes out on it: lines as the page shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.model import EditionState
from bot.schedules.agenda import Entry, agenda
from bot.schedules.clock_change import ClockChange, clock_change, day_begins
from bot.speech.catalog import N_, _
from bot.speech.phrases import told
from bot.store import Transaction
from bot.web.editor.desk import Desk, number
from bot.web.editor.month import View
from bot.web.editor.states import EDITION_STATES, PLANNED, Shown, of_edition

A_DAY = 6
A_WEEKDAY = 24
"""Entries of a day that a month shows, and a week; the others are behind a link to the day."""
SHORT = 12
"""Letters of a schedule's name in a month."""
MOST_LISTED = 200
"""Entries of a list, so that no page is heavy."""
PLANNED_KEY = "planned"
_MIDDAY, _EVENING = 10, 15
BANDS = ((N_("Morning"), N_("to 10:00")), (N_("Midday"), N_("10 to 15")), (N_("Evening"), N_("from 15:00")))
OPEN = (None, EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED, EditionState.HELD)
"""States in which a slot may be moved."""


@dataclass(frozen=True, slots=True)
class Line:
    """An entry as the calendar shows it. ``href`` chooses it, or leads to its edition; ``movable``: it may be moved."""

    entry: Entry
    shown: Shown
    href: str
    short: str
    chosen: bool
    movable: bool
    headline: str = ""
    said: str = ""

    @property
    def id(self) -> str:
        """``SCHEDULE/KEY``, as the address names the slot."""
        return f"{self.entry.schedule}/{self.entry.key}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One day. ``more`` is how many of its entries are not among ``lines``; ``change`` what the clocks do on it."""

    day: date
    lines: tuple[Line, ...]
    more: int
    change: ClockChange | None
    today: bool
    past: bool
    outside: bool
    free: datetime | None = None

    def band(self, which: int, zone: ZoneInfo) -> list[Line]:
        """Those of the morning (0), midday (1) or evening (2)."""
        return [each for each in self.lines if _band(each.entry.due, zone) == which]

    def free_in(self, which: int, zone: ZoneInfo) -> bool:
        """Whether the free slot lies there."""
        return self.free is not None and _band(self.free, zone) == which


def cells_of(
    tx: Transaction, desk: Desk, view: View, chosen: tuple[str, str], free: datetime | None
) -> dict[date, Cell]:
    """The days of ``view``, with the entries that its filters leave; ``chosen`` is a slot, ``free`` a free one."""
    times, days = desk.times, view.days
    start, until = (
        day_begins(days[0], times.zone),
        day_begins(days[-1] + timedelta(days=1), times.zone),
    )
    filters = dict(view.filters)
    entries = [
        each
        for each in agenda(tx, desk.installation, start, until, times.now, schedules=_schedules(desk, filters))
        if _passes(each, filters.get("state", ""))
    ]
    by_day: dict[date, list[Entry]] = {day: [] for day in days}
    for entry in entries:
        by_day[times.local(entry.due).date()].append(entry)
    most = {"month": A_DAY, "week": A_WEEKDAY}.get(view.kind, MOST_LISTED)
    kept = [each for those in by_day.values() for each in those[:most]]
    if view.kind in ("list", "day"):
        kept = kept[:MOST_LISTED]
    ids = [each.edition for each in kept if each.edition]
    counts = tx.numbers.states(ids)
    headlines = tx.numbers.headlines(ids) if view.kind != "month" else {}
    lines = {
        (each.schedule, each.key): _line(desk, each, view, chosen, counts.get(each.edition, {}), headlines)
        for each in kept
    }
    today = times.local(times.now).date()
    cells = {}
    for day, those in by_day.items():
        found = tuple(lines[each.schedule, each.key] for each in those if (each.schedule, each.key) in lines)
        cells[day] = Cell(
            day=day,
            lines=found,
            more=len(those) - len(found),
            change=clock_change(day, times.zone),
            today=day == today,
            past=day < today,
            outside=view.kind == "month" and day.month != view.day.month,
            free=free if free and times.local(free).date() == day else None,
        )
    return cells


def _line(
    desk: Desk, entry: Entry, view: View, chosen: tuple[str, str], counts: dict[str, int], headlines: Mapping[str, str]
) -> Line:
    movable = entry.timetable and entry.state in OPEN and entry.due > desk.times.now
    choosable = movable or (entry.skipped and entry.due > desk.times.now)
    return Line(
        entry=entry,
        shown=of_edition(entry.state, counts) if entry.state else PLANNED,
        href=_picking(view, entry) if choosable else f"editions/{entry.edition}",
        short=short_name(entry.name),
        chosen=(entry.schedule, entry.key) == chosen,
        movable=movable,
        headline=headlines.get(entry.edition, ""),
        said=_said(entry, counts),
    )


def _picking(view: View, entry: Entry) -> str:
    return f"calendar?{view.query(slot=f'{entry.schedule}/{entry.key}')}#picked"


def short_name(name: str) -> str:
    """At most ``SHORT`` letters of a schedule's name, by whole words; its first word when that is longer."""
    if len(name) <= SHORT:
        return name
    return name[: SHORT + 1].rpartition(" ")[0].rstrip(" &,;:–-") or name.partition(" ")[0]


def _said(entry: Entry, counts: dict[str, int]) -> str:
    """What a week adds to the state: to how many it went, how many failed, why it was skipped."""
    if entry.state is EditionState.SENT:
        failed = counts.get("failed", 0)
        if failed:
            return _("%(count)s failed") % {"count": number(failed)}
        accepted = counts.get("accepted", entry.snapshot)
        return "" if accepted is None else number(accepted)
    if entry.state in (EditionState.SKIPPED, EditionState.CANCELLED, EditionState.HELD):
        return told(entry.reason)
    return ""


def _schedules(desk: Desk, filters: Mapping[str, str]) -> list[str] | None:
    """The schedules that the filters leave; None: all, also those that are no more."""
    schedule, channel = filters.get("schedule", ""), filters.get("channel", "")
    if not channel:
        return [schedule] if schedule else None
    tables = desk.installation.settings.schedules.items()
    return [name for name, table in tables if channel in table.channels and schedule in ("", name)]


def _passes(entry: Entry, state: str) -> bool:
    return not state or (entry.state or PLANNED_KEY) == state


def states() -> dict[str, Shown]:
    """The states that a calendar tells, with their words."""
    return {PLANNED_KEY: PLANNED, **EDITION_STATES}


def change_said(change: ClockChange, *, whole: bool = False) -> str:
    hour = f"{change.first:%H:%M}"
    if whole:
        said = (
            _("The clocks go back: %(hour)s comes twice.")
            if change.twice
            else _("The clocks go forward: %(hour)s is left out.")
        )
    else:
        said = _("Clocks back: %(hour)s twice") if change.twice else _("Clocks forward: no %(hour)s")
    return said % {"hour": hour}


def _band(moment: datetime, zone: ZoneInfo) -> int:
    hour = moment.astimezone(zone).hour
    return 0 if hour < _MIDDAY else 1 if hour < _EVENING else 2
