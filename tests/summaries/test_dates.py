from __future__ import annotations

import pytest

from bot.summaries.dates import days
from bot.summaries.reading import read


def found(text: str, language: str = "en") -> list[tuple[int | None, int | None, int | None, int | None]]:
    return [(each.year, each.month, each.day, each.weekday) for each in days(read([text], language))]


@pytest.mark.parametrize(
    ("text", "language", "date"),
    [
        ("on February 7", "en", (None, 2, 7, None)),
        ("on Feb. 7, 2025", "en", (2025, 2, 7, None)),
        ("on 7 February 2025", "en", (2025, 2, 7, None)),
        ("on the 7th of February", "en", (None, 2, 7, None)),
        ("on 2025-02-07", "en", (2025, 2, 7, None)),
        ("on 2/7/2025", "en", (2025, 2, 7, None)),
        ("am 7.2.2025", "de", (2025, 2, 7, None)),
        ("am 7. Februar", "de", (None, 2, 7, None)),
        ("le 7 février 2025", "fr", (2025, 2, 7, None)),
        ("el 7 de febrero de 2025", "es", (2025, 2, 7, None)),
        ("2025年2月7日", "ja", (2025, 2, 7, None)),
        ("2月7日", "zh", (None, 2, 7, None)),
        ("7 فبراير 2025", "ar", (2025, 2, 7, None)),
        ("in May", "en", (None, 5, None, None)),
        ("on Tuesday", "en", (None, None, None, 1)),
        ("am Dienstag", "de", (None, None, None, 1)),
        ("mardi", "fr", (None, None, None, 1)),
        ("火曜日", "ja", (None, None, None, 1)),
        ("星期二", "zh", (None, None, None, 1)),
        ("الثلاثاء", "ar", (None, None, None, 1)),
    ],
)
def test_a_date_is_the_same_however_it_is_written(text: str, language: str, date: object) -> None:
    assert found(text, language) == [date]


@pytest.mark.parametrize(
    ("text", "language"), [("They may march on.", "en"), ("3年間", "ja"), ("in 2025", "en"), ("99/99/2025", "en")]
)
def test_what_is_no_date_is_none(text: str, language: str) -> None:
    assert found(text, language) == []


def test_a_date_is_within_one_that_says_more_and_not_within_another() -> None:
    whole, part, other = (days(read([text], "en"))[0] for text in ("February 7, 2025", "February 7", "February 8"))
    assert part.within(whole)
    assert not whole.within(part)
    assert not other.within(whole)
