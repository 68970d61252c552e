from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.editions import wording as module
from bot.editions.wording import wording

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
CATALOGUE = tomllib.loads((Path(module.__file__).parent / "phrases.toml").read_text("utf-8"))
WORDS = [key for key, value in CATALOGUE["en"].items() if isinstance(value, str) and value.isascii()]


@pytest.mark.parametrize(
    ("language", "date", "day"),
    [
        ("en", "Tuesday 24 November 2026", "24 November 2026"),
        ("en-US", "Tuesday, November 24, 2026", "November 24, 2026"),
        ("de", "Dienstag, 24. November 2026", "24. November 2026"),
        ("fr", "mardi 24 novembre 2026", "24 novembre 2026"),
        ("es", "martes 24 de noviembre de 2026", "24 de noviembre de 2026"),
        ("ja", "2026年11月24日（火）", "2026年11月24日"),
        ("ar", "الثلاثاء ٢٤ نوفمبر ٢٠٢٦", "٢٤ نوفمبر ٢٠٢٦"),
        ("it", "Tuesday 24 November 2026", "24 November 2026"),
    ],
)
def test_dates_are_said_as_the_language_says_them(language: str, date: str, day: str) -> None:
    words = wording(language, "UTC")
    assert (words.long_date(NOW).replace("\u00a0", " "), words.day(NOW).replace("\u00a0", " ")) == (date, day)


@pytest.mark.parametrize(
    ("ago", "brief", "published"),
    [
        (timedelta(hours=1), "07:00", "07:00"),
        (timedelta(hours=9), "Mon", "Mon 23:00"),
        (timedelta(days=6), "Wed", "Wed 08:00"),
        (timedelta(days=7), "17 Nov", "17 Nov, 08:00"),
        (timedelta(days=-1), "25 Nov", "25 Nov, 08:00"),
    ],
)
def test_an_older_story_is_dated_by_weekday_then_by_date_in_local_time(
    ago: timedelta, brief: str, published: str
) -> None:
    words = wording("en", "Europe/Berlin")
    assert words.brief(NOW - ago, NOW).replace("\u00a0", " ") == brief
    assert words.published(NOW - ago, NOW).replace("\u00a0", " ") == published


@pytest.mark.parametrize(
    ("language", "number", "said"),
    [("en", 1, "1 story"), ("en", 3, "3 stories"), ("de", 1, "1 Beitrag"), ("ja", 3, "3本"), ("ar", 2, "قصتان"),
     ("ar", 7, "٧ قصص"), ("ar", 18, "١٨ قصة"), ("ar-MA", 7, "7 قصص")],
)  # fmt: skip
def test_counts_take_the_plural_of_the_language(language: str, number: int, said: str) -> None:
    assert wording(language, "UTC").counted("stories", number).replace("\u00a0", " ") == said


def test_names_are_joined_as_the_language_joins_them() -> None:
    assert wording("en", "UTC").joints(3) == ["", ", ", " and "]
    assert wording("ja", "UTC").joints(2) == ["", "、"]
    assert wording("en", "UTC").joints(0) == []


@pytest.mark.parametrize("language", ["de", "fr", "es", "ja", "ar"])
def test_every_language_has_every_word_of_its_own_with_the_same_places_to_fill(language: str) -> None:
    import re

    for key in set(WORDS) - {"comma", "between_names", "count_and_minutes", "short_day", "short_day_time", "weekday",
                             "weekday_time", "long_date", "day", "time"}:  # fmt: skip
        own = CATALOGUE[language][key]
        assert sorted(re.findall(r"\{\w+\}", own)) == sorted(re.findall(r"\{\w+\}", CATALOGUE["en"][key])), key


def test_what_was_published_in_another_year_is_said_with_the_year() -> None:
    words = wording("en", "UTC")
    assert words.published(datetime(2025, 2, 9, tzinfo=UTC), NOW).replace("\u00a0", " ") == "9 February 2025"
    new_year = datetime(2027, 1, 2, 7, tzinfo=UTC)
    assert words.published(datetime(2026, 12, 31, 8, tzinfo=UTC), new_year).replace("\u00a0", " ") == "Thu 08:00"
