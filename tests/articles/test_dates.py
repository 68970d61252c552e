from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from bot.articles.dates import parse_date


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-18T09:30:00-05:00", datetime(2026, 11, 18, 14, 30, tzinfo=UTC)),
        ("2026-11-18T09:30:00Z", datetime(2026, 11, 18, 9, 30, tzinfo=UTC)),
        ("2026-11-18T09:30:00", datetime(2026, 11, 18, 9, 30, tzinfo=UTC)),
        ("Wed, 18 Nov 2026 09:30:00 +0100", datetime(2026, 11, 18, 8, 30, tzinfo=UTC)),
        ("2026-11-18", datetime(2026, 11, 18, tzinfo=UTC)),
        ("November 18, 2026", datetime(2026, 11, 18, tzinfo=UTC)),
        ("Sept. 3rd, 2026", datetime(2026, 9, 3, tzinfo=UTC)),
        ("18 November 2026", datetime(2026, 11, 18, tzinfo=UTC)),
        ("2026年11月18日", datetime(2026, 11, 18, tzinfo=UTC)),
        (date(2026, 11, 18), datetime(2026, 11, 18, tzinfo=UTC)),
        (
            datetime(2026, 11, 18, 9),  # noqa: DTZ001
            datetime(2026, 11, 18, 9, tzinfo=UTC),
        ),
    ],
)
def test_dates_are_read_as_moments_in_utc(text: object, moment: datetime) -> None:
    assert parse_date(text) == moment


@pytest.mark.parametrize("text", ["", "soon", "February 31, 2026", "2026-13-01", None, 7, "x" * 5000, "00000"])
def test_what_is_no_date_is_none(text: object) -> None:
    assert parse_date(text) is None
