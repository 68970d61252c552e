"""The days that a calendar shows: which, from where to where, and the way to those before and after. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

LISTED = 14
"""Days of a list."""
YEARS = range(2000, 2100)
KINDS = ("month", "week", "list", "day")
FILTERS = ("schedule", "channel", "state")

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class View:
    """``kind`` of ``KINDS``, with a day that lies in it, and the filters by name."""

    kind: str
    day: date
    filters: tuple[tuple[str, str], ...] = ()
    week_begins: int = 0

    @property
    def first(self) -> date:
        """The first day shown: of a month, the first of its first week."""
        if self.kind == "month":
            return self._begin(self.day.replace(day=1))
        return self._begin(self.day) if self.kind == "week" else self.day

    @property
    def days(self) -> list[date]:
        """All days shown, whole weeks for a month."""
        if self.kind != "month":
            number = {"week": 7, "list": LISTED, "day": 1}[self.kind]
        else:
            last = next_month(self.day) - _DAY
            number = ((last - self.first).days // 7 + 1) * 7
        return [self.first + number * _DAY for number in range(number)]

    def of(self, day: date) -> View:
        """The same kind of view, with ``day`` in it."""
        return View(self.kind, day, self.filters, self.week_begins)

    def as_kind(self, kind: str, today: date) -> View:
        """The same days, seen otherwise: from ``today`` on if it is among them."""
        same_month = (today.year, today.month) == (self.day.year, self.day.month)
        here = same_month if self.kind == "month" else today in self.days
        return View(kind, today if here else self.day, self.filters, self.week_begins)

    @property
    def before(self) -> View:
        if self.kind == "month":
            return self.of((self.day.replace(day=1) - _DAY).replace(day=1))
        return self.of(self.first - len(self.days) * _DAY)

    @property
    def after(self) -> View:
        return self.of(next_month(self.day) if self.kind == "month" else self.first + len(self.days) * _DAY)

    def query(self, **more: str) -> str:
        """The address' query that shows it."""
        day = f"{self.day:%Y-%m}" if self.kind == "month" else self.first.isoformat()
        said = {self.kind: day, **dict(self.filters), **more}
        return urlencode({name: value for name, value in said.items() if value})

    def _begin(self, day: date) -> date:
        return day - ((day.weekday() - self.week_begins) % 7) * _DAY


def next_month(day: date) -> date:
    """The first day of the month after that of ``day``."""
    return (day.replace(day=28) + 4 * _DAY).replace(day=1)


def view_of(asked: Mapping[str, str], today: date, week_begins: int = 0) -> View:
    """What the address asks for; this month where it asks for nothing that there is."""
    filters = tuple((name, asked[name][:100]) for name in FILTERS if asked.get(name))
    for kind in KINDS:
        text = asked.get(kind, "")
        try:
            day = datetime.strptime(text, "%Y-%m" if kind == "month" else "%Y-%m-%d").date()  # noqa: DTZ007
        except ValueError:
            continue
        if day.year in YEARS:
            return View(kind, day, filters, week_begins)
    return View("month", today, filters, week_begins)


def weeks(days: Iterable[date]) -> list[list[date]]:
    """Days by sevens."""
    every = list(days)
    return [every[number : number + 7] for number in range(0, len(every), 7)]
