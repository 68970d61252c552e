from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.quiet import quiet_until
from bot.model import Quiet

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = Quiet(time(22), time(6, 30))
LUNCH = Quiet(time(12), time(13))


def _at(*wall, fold=0):
    return datetime(*wall, tzinfo=BERLIN, fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        (NIGHT, _at(2026, 11, 24, 21, 59), None),
        (NIGHT, _at(2026, 11, 24, 22, 0), _at(2026, 11, 25, 6, 30)),
        (NIGHT, _at(2026, 11, 25, 3, 0), _at(2026, 11, 25, 6, 30)),
        (NIGHT, _at(2026, 11, 25, 6, 30), None),
        (LUNCH, _at(2026, 11, 24, 12, 30), _at(2026, 11, 24, 13, 0)),
        (LUNCH, _at(2026, 11, 24, 13, 0), None),
        (LUNCH, _at(2026, 11, 24, 0, 30), None),
        (None, _at(2026, 11, 24, 12, 30), None),
        # Midnight itself, as an end and as a beginning.
        (Quiet(time(20), time(0)), _at(2026, 11, 24, 23, 59), _at(2026, 11, 25, 0, 0)),
        (Quiet(time(0), time(5)), _at(2026, 11, 24, 0, 0), _at(2026, 11, 24, 5, 0)),
    ],
)
def test_quiet_hours_are_those_of_the_clock_on_the_wall(quiet, now, until):
    assert quiet_until(quiet, BERLIN, now) == until


def test_a_night_in_which_the_clock_is_put_back_is_an_hour_longer():
    begin = _at(2026, 10, 24, 22, 0)
    assert quiet_until(NIGHT, BERLIN, begin) - begin == timedelta(hours=9, minutes=30)


def test_a_night_in_which_the_clock_is_put_forward_is_an_hour_shorter():
    begin = _at(2026, 3, 28, 22, 0)
    assert quiet_until(NIGHT, BERLIN, begin) - begin == timedelta(hours=7, minutes=30)


def test_an_end_that_the_clock_shows_twice_is_the_second():
    quiet = Quiet(time(22), time(2, 30))
    end = _at(2026, 10, 25, 2, 30, fold=1)
    assert quiet_until(quiet, BERLIN, _at(2026, 10, 25, 2, 45, fold=0)) == end
    assert quiet_until(quiet, BERLIN, end) is None


def test_an_end_that_the_clock_leaps_over_is_the_leap():
    leap = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert quiet_until(Quiet(time(22), time(2, 30)), BERLIN, leap - timedelta(minutes=1)) == leap
    assert quiet_until(Quiet(time(2, 30), time(5)), BERLIN, leap) == _at(2026, 3, 29, 5, 0)
    assert quiet_until(Quiet(time(2, 30), time(5)), BERLIN, leap - timedelta(minutes=1)) is None


ZONES = st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])
WALLS = st.times().map(lambda each: each.replace(second=0, microsecond=0))
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda each: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=each))


@given(begin=WALLS, end=WALLS, zone=ZONES, now=MOMENTS)
def test_whoever_waits_until_they_end_may_post_then(begin, end, zone, now):
    if begin == end:
        return
    until = quiet_until(Quiet(begin, end), ZoneInfo(zone), now)
    if until is not None:
        assert now < until <= now + timedelta(hours=26)
        assert quiet_until(Quiet(begin, end), ZoneInfo(zone), until) is None
