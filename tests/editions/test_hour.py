from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.editions.hour import WITHIN, next_hour


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("hour", "zone", "slot", "told"),
    [
        (7, "UTC", "2026-11-24T07:00", "2026-11-24T07:00"),
        (8, "UTC", "2026-11-24T07:00", "2026-11-24T08:00"),
        (6, "UTC", "2026-11-24T07:00", "2026-11-25T06:00"),
        (0, "UTC", "2026-11-24T07:00", "2026-11-25T00:00"),
        (7, "UTC", "2026-11-24T07:00:01", "2026-11-25T07:00"),
        (7, "America/Los_Angeles", "2026-11-24T07:00", "2026-11-24T15:00"),
        (7, "Pacific/Kiritimati", "2026-11-24T07:00", "2026-11-24T17:00"),
        (7, "Asia/Kathmandu", "2026-11-24T07:00", "2026-11-25T01:15"),
    ],
)
def test_the_hour_is_the_next_one_at_or_after_the_slot(hour, zone, slot, told):
    assert next_hour(hour, ZoneInfo(zone), at(slot)) == at(told)


@pytest.mark.parametrize(
    ("zone", "slot", "told"),
    [
        # 02:00 to 03:00 is passed over at 01:00 UTC.
        ("Europe/Berlin", "2027-03-28T00:00", "2027-03-28T01:00"),
        # Half an hour alone is passed over, from 02:00 on.
        ("Australia/Lord_Howe", "2026-10-03T12:00", "2026-10-03T15:30"),
    ],
)
def test_an_hour_that_is_passed_over_is_the_moment_at_which_clocks_go_forward(zone, slot, told):
    assert next_hour(2, ZoneInfo(zone), at(slot)) == at(told)


def test_a_midnight_that_does_not_exist_is_the_moment_after_it():
    # In Cairo clocks go from 24:00 to 01:00.
    found = next_hour(0, ZoneInfo("Africa/Cairo"), at("2026-04-23T12:00"))
    assert found.astimezone(ZoneInfo("Africa/Cairo")).isoformat() == "2026-04-24T01:00:00+03:00"


def test_of_an_hour_that_comes_twice_it_is_the_first_that_is_not_before_the_slot():
    berlin = ZoneInfo("Europe/Berlin")
    assert next_hour(2, berlin, at("2027-10-30T22:00")) == at("2027-10-31T00:00")
    assert next_hour(2, berlin, at("2027-10-31T00:00")) == at("2027-10-31T00:00")
    assert next_hour(2, berlin, at("2027-10-31T00:30")) == at("2027-10-31T01:00")
    assert next_hour(2, berlin, at("2027-10-31T01:30")) == at("2027-11-01T01:00")


def test_on_a_day_of_25_hours_nobody_waits_longer_than_24():
    slot = at("2027-10-30T05:30")
    assert next_hour(7, ZoneInfo("Europe/Berlin"), slot) == slot + WITHIN


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Tehran", "UTC"])
def test_at_every_hour_of_a_year_it_lies_within_a_day_and_shows_the_hour(zone):
    info = ZoneInfo(zone)
    slot = at("2026-12-31T12:20")
    for step in range(0, 366 * 24, 5):
        moment = slot + timedelta(hours=step)
        hour = step % 24
        found = next_hour(hour, info, moment)
        assert moment <= found <= moment + WITHIN
        shown = found.astimezone(info)
        gap = (shown - timedelta(hours=1)).utcoffset() != shown.utcoffset()
        assert (shown.hour, shown.minute) == (hour, 0) or gap or found == moment + WITHIN
