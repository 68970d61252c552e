"""Figures and charts of the Numbers page, in the words of the editor's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from urllib.parse import urlsplit

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from bot.editions.skeleton import by_skeleton
from bot.schedules.numbers import Overview, Row, Span
from bot.speech.catalog import N_, _, locale, ngettext
from bot.store.numbers import Sums
from bot.web import charts
from bot.web.editor.desk import number

GAPS = {"held": N_("held"), "skipped": N_("skipped"), "cancelled": N_("cancelled"), "expired": N_("expired")}
"""The words of editions that did not go out."""
_AS_BEFORE = 0.00005
"""Shares that differ by less are the same."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One of the five: its name, its value and what it means beside it."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart in two drawings, with the finding by which it is told to who does not see it."""

    title: str
    fact: str
    finding: str
    wide: charts.Chart
    narrow: charts.Chart


@dataclass(frozen=True, slots=True)
class MostClicked:
    """A link that was followed often; ``share`` is of the most followed one, in per cent."""

    title: str
    url: str
    clicks: int
    share: float


def share(part: float, whole: float) -> str:
    """``99.7 %``, ``0.21 %``, ``0.008 %``: as fine as it is small; 100 only of all, 0 only of none."""
    if not whole:
        return "–"
    of = part / whole
    digits = 0 if of in (0, 1) else 1 if of >= 0.01 else 2 if of >= 0.001 else 3
    if of != 1 and of > 0.999:
        of = 0.999
    if part:
        of = max(of, 0.00001)
    return format_percent(of, f"#,##0{'.' if digits else ''}{'0' * digits} %", locale=locale())


def change(by: int) -> str:
    """``+38``, ``−4``."""
    return format_decimal(by, format="+#,##0;−#,##0", locale=locale()) if by else "±0"


def _against(part: int, whole: int, part_before: int, whole_before: int) -> str:
    """How a share differs from the one before, in points."""
    if not whole or not whole_before:
        return ""
    points = part / whole - part_before / whole_before
    if abs(points) < _AS_BEFORE:
        return _("as before")
    return _("%(points)s points") % {"points": format_decimal(points * 100, format="+0.00;−0.00", locale=locale())}


def figures(found: Overview) -> list[Figure]:
    """The five."""
    now, before = found.now, found.before
    growth = change(found.growth) if found.growth is not None else ""
    complaints = now.complaints / now.readers if now.readers else 0
    far = _("far below 0.1 %") if complaints < 0.0005 else _("near 0.1 %") if complaints < 0.001 else _("above 0.1 %")
    return [
        Figure(_("Readers"), "–" if found.readers is None else number(found.readers), growth),
        Figure(
            _("Accepted"),
            share(now.accepted, now.readers),
            _against(now.accepted, now.readers, before.accepted, before.readers),
        ),
        Figure(
            _("Bounced"),
            share(now.bounced, now.readers),
            _against(now.bounced, now.readers, before.bounced, before.readers),
        ),
        Figure(
            _("Unsubscribed"),
            share(now.unsubscribed, now.readers),
            _left(now),
        ),
        Figure(_("Complaints"), share(now.complaints, now.readers), far if now.readers else ""),
    ]


def _left(now: Sums) -> str:
    """How many left: an edition, or in all where that is less than one."""
    if not now.unsubscribed:
        return ""
    an_edition = round(now.unsubscribed / now.editions) if now.editions else 0
    if an_edition:
        return _("%(count)s an edition") % {"count": number(an_edition)}
    return ngettext("%(count)s reader", "%(count)s readers", now.unsubscribed) % {"count": number(now.unsubscribed)}


def _said(row: Row, span: Span) -> str:
    return day_words(row.begin, span)


def day_words(day: date, span: Span, *, year: bool = False) -> str:
    """``24 Nov``, ``Nov``: what begins on ``day``. ``year``: as a table says it, with weekday or year."""
    if span is Span.MONTHS:
        return by_skeleton("yMMM" if year else "MMM", day, locale())
    if year:
        words = by_skeleton("MMMEd", day, locale())
        return _("week from %(day)s") % {"day": words} if span is Span.WEEKS else words
    return by_skeleton("MMMd", day, locale())


def _labels(rows: Sequence[Row], span: Span) -> list[str]:
    """Days of a month after the first say their number alone."""
    labels, last = [], None
    for row in rows:
        month = (row.begin.year, row.begin.month)
        alone = span is Span.DAYS and month == last
        labels.append(format_date(row.begin, "d", locale=locale()) if alone else _said(row, span))
        last = month
    return labels


def _drawn(
    title: str, fact: str, finding: str, rows: Sequence[Row], points: Sequence[charts.Point], *, line: bool, span: Span
) -> Drawn:
    short = [
        charts.Point(
            _said(row, span), each.value, f"{each.word} {_said(row, span)}" if each.word and line else each.word
        )
        for row, each in zip(rows, points, strict=True)
    ]
    if line:
        wide = charts.line_chart(points, charts.WIDE, number)
        return Drawn(title, fact, finding, wide, charts.line_chart(short, charts.NARROW, number))
    wide = charts.bar_chart(short, charts.HALF, number)
    return Drawn(title, fact, finding, wide, charts.bar_chart(short, charts.NARROW, number))


def readers_chart(found: Overview, span: Span, *, one: bool) -> Drawn | None:
    """How many readers there were; None while there are no two points. ``one``: it is about one schedule."""
    rows = found.rows
    known = [each for each in rows if each.readers is not None]
    if len(known) < 2:
        return None
    labels = _labels(rows, span)
    points = [
        charts.Point(label, row.readers, _(GAPS[row.gap]) if row.gap else "")
        for label, row in zip(labels, rows, strict=True)
    ]
    finding = _("Readers: from %(first)s on %(begin)s to %(last)s on %(end)s.") % {
        "first": number(known[0].readers or 0),
        "begin": _said(known[0], span),
        "last": number(known[-1].readers or 0),
        "end": _said(known[-1], span),
    }
    lowest = charts.line_chart(points, charts.WIDE, number).lowest
    fact = _("axis from %(lowest)s") % {"lowest": number(lowest)}
    title = _("Readers at each edition") if one and span is Span.DAYS else _("Readers")
    return _drawn(title, fact, finding, rows, points, line=True, span=span)


def left_chart(found: Overview, span: Span, *, one: bool) -> Drawn | None:
    """How many left; None while there are no two points."""
    rows = [each for each in found.rows if each.unsubscribed is not None or each.gap]
    values = [each.unsubscribed for each in rows]
    known = [each for each in values if each is not None]
    if len(known) < 2:
        return None
    points = [charts.Point(_said(each, span), each.unsubscribed) for each in rows]
    strange = charts.odd(values)
    if strange is None:
        finding = _("Unsubscribed: %(usual)s as a rule, never more than %(most)s.") % {
            "usual": number(round(median(known))),
            "most": number(max(known)),
        }
    else:
        finding = _("Unsubscribed: %(most)s on %(day)s, otherwise about %(usual)s.") % {
            "most": number(max(known)),
            "day": _said(rows[strange], span),
            "usual": number(round(median(each for each in known if each != max(known)))),
        }
        points[strange] = charts.Point(points[strange].label, points[strange].value, _note(rows, strange))
    titles = {
        Span.DAYS: _("Unsubscribed, each edition") if one else _("Unsubscribed, each day"),
        Span.WEEKS: _("Unsubscribed, each week"),
        Span.MONTHS: _("Unsubscribed, each month"),
    }
    return _drawn(titles[span], "", finding, rows, points, line=False, span=span)


def _note(rows: Sequence[Row], at: int) -> str:
    """What else was odd about it: two mails on one day; "" when nothing is known."""
    same = [each for each in rows if each.begin == rows[at].begin and each.edition and not each.gap]
    return _("two mails that day") if len(same) > 1 else ""


def most_clicked(found: Overview, titles: dict[str, str]) -> list[MostClicked]:
    """The links that were followed most, by the titles of their articles where these are known."""
    most = max((each.clicks for each in found.clicked), default=0)
    rows = []
    for each in found.clicked:
        plain = urlsplit(each.url)
        bare = plain._replace(query="", fragment="").geturl()
        title = titles.get(each.url) or titles.get(bare) or f"{plain.netloc}{plain.path}"
        rows.append(MostClicked(title, each.url, each.clicks, round(100 * each.clicks / most, 1)))
    return rows
