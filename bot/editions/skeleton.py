"""Days and times by CLDR's skeletons (Unicode TR 35, part 4): the fields, in a language's own order and signs."""

from __future__ import annotations

from datetime import date
from functools import cache

from babel import Locale
from babel.dates import DateTimePattern, format_datetime, match_skeleton


def by_skeleton(skeleton: str, day: date, locale: Locale) -> str:
    """``day`` (a date, or a time in its zone) with the fields of ``skeleton``, such as ``yMMMM``."""
    return format_datetime(day, _pattern(skeleton, locale), locale=locale)


@cache
def _pattern(skeleton: str, locale: Locale) -> str:
    # Babel looks for the nearest one through all of a language's, each time: that took a fifth of a page.
    known = locale.datetime_skeletons
    nearest = skeleton if skeleton in known else match_skeleton(skeleton, known)
    found: DateTimePattern = known[nearest or skeleton]
    return found.pattern
