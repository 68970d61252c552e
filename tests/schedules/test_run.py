from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.errors import NotFound, NothingToDo
from bot.schedules.run import due_slot, extra_slot, latest_slot, moment
from bot.schedules.slot import make
from bot.testing import NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOW),
        ("-1d", NOW - timedelta(days=1)),
        ("+90m", NOW + timedelta(minutes=90)),
        ("today 07:00", datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        ("yesterday 07:00", datetime(2026, 11, 23, 6, 0, tzinfo=UTC)),
        ("tomorrow", datetime(2026, 11, 24, 23, 0, tzinfo=UTC)),
        ("2026-11-24T07:00", datetime(2026, 11, 24, 6, 0, tzinfo=UTC)),
        ("2026-11-24T07:00+00:00", NOW),
        ("2026-11-24T07:00Z", NOW),
    ],
)
def test_times_are_read_as_people_write_them_in_the_newsrooms_timezone(text, expected):
    assert moment(text, "Europe/Berlin", NOW) == expected


@pytest.mark.parametrize("text", ["", "lately", "today 25:00", "-1 day", "07:00", "2026-13-01"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        moment(text, "UTC", NOW)


def test_a_slot_due_this_very_moment_is_due(newsroom):
    assert due_slot(newsroom(), "morning", NOW).key == "2026-11-24T07:00"
    assert latest_slot(newsroom(), "morning", NOW - timedelta(seconds=1)).key == "2026-11-23T07:00"


def test_a_slot_that_has_its_edition_is_not_due_again(newsroom, publish):
    publish("The ferry returns")
    installation = newsroom()
    make(installation, "morning", due_slot(installation, "morning", NOW), NOW)
    with pytest.raises(NothingToDo, match="nothing is sent twice"):
        due_slot(installation, "morning", NOW + timedelta(minutes=1))


def test_a_slot_that_is_too_late_is_not_due_any_more(newsroom):
    with pytest.raises(NothingToDo, match="max_lateness of 3h"):
        due_slot(newsroom(), "morning", NOW + timedelta(hours=3, minutes=1))


def test_an_unknown_schedule_is_named_with_its_nearest(newsroom):
    with pytest.raises(NotFound, match='did you mean "morning"'):
        extra_slot(newsroom(), "mornign", NOW)
