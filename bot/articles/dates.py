"""Dates as pages and files write them, made moments in UTC."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)[a-z]{0,9}\.?"
DATE = re.compile(
    rf"{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+{_MONTH.replace('month', 'month2')},?\s+(?P<year2>\d{{4}})"
    r"|(?P<year3>\d{4})-(?P<month3>\d{2})-(?P<day3>\d{2})(?!\d)"
    r"|(?P<year4>\d{4})\s?[年/.]\s?(?P<month4>\d{1,2})\s?[月/.]\s?(?P<day4>\d{1,2})日?",
    re.IGNORECASE,
)
"""A date in running text: February 9, 2025 · 9 February 2025 · 2025-02-09 · 2025年2月9日."""


def parse_date(text: object) -> datetime | None:
    """ISO 8601, RFC 822 or a written date → a moment in UTC; what names no zone is taken as UTC. None if it is none."""
    if isinstance(text, datetime):
        return _utc(text)
    if isinstance(text, date):
        return datetime(text.year, text.month, text.day, tzinfo=UTC)
    if not isinstance(text, str) or len(text := text.strip()) > 100:
        return None
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return _utc(read(text))
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
    match = DATE.search(text)
    return date_of(match) if match else None


def date_of(match: re.Match[str]) -> datetime | None:
    """Midnight in UTC of a match of ``DATE``; None when there is no such day."""
    groups = {name.rstrip("234"): value for name, value in match.groupdict().items() if value}
    month = groups["month"]
    number = int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1
    try:
        return datetime(int(groups["year"]), number, int(groups["day"]), tzinfo=UTC)
    except ValueError:
        return None


def _utc(moment: datetime) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
