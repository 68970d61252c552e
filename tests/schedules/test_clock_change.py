from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from bot.schedules.clock_change import clock_change


@pytest.mark.parametrize(
    ("zone", "day", "first", "twice"),
    [
        ("Europe/London", date(2026, 10, 25), "01:00", True),
        ("Europe/Berlin", date(2027, 10, 31), "02:00", True),
        ("Europe/Berlin", date(2027, 3, 28), "02:00", False),
        ("America/New_York", date(2026, 11, 1), "01:00", True),
        ("Australia/Lord_Howe", date(2027, 4, 4), "01:30", True),
        ("Asia/Beirut", date(2027, 3, 28), "00:00", False),
        ("Asia/Beirut", date(2027, 10, 30), "23:00", True),
    ],
)
def test_the_hour_that_comes_twice_or_is_left_out_is_named(zone, day, first, twice):
    found = clock_change(day, ZoneInfo(zone))
    assert (f"{found.first:%H:%M}", found.twice) == (first, twice)


def test_every_change_of_a_year_is_found_on_one_day_alone():
    for name in sorted(available_timezones())[::7]:
        zone = ZoneInfo(name)
        days = [date(2027, 1, 1) + timedelta(days=number) for number in range(365)]
        found = [each for each in (clock_change(day, zone) for day in days) if each]
        hours = [datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=30 * number) for number in range(365 * 48)]
        offsets = [hour.astimezone(zone).utcoffset() for hour in hours]
        changes = sum(one != other for one, other in zip(offsets, offsets[1:], strict=False))
        assert len(found) == changes, name
