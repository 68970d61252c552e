"""The figures that are kept beside everything else."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.delivery.sending import begin_sending
from bot.schedules.figures import count_readers, reckon_now
from bot.schedules.installation import Installation
from bot.store.reader_days import Day
from bot.testing import KEYS, NOW, edition, settings, subscribe

DAY = timedelta(days=1)
TODAY = date(2026, 11, 24)


@pytest.fixture
def installation(store, tmp_path, clock):
    return Installation(settings(tmp_path), store, KEYS, clock)


def days(store, first=TODAY - 10 * DAY):
    with store.read() as tx:
        return tx.reader_days.since(["readers"], first).get("readers", [])


def test_what_went_out_is_reckoned_once_until_it_is_older(store, installation):
    subscribe(store, "mara@example.org")
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + DAY, report={})
    assert reckon_now(installation, NOW) == 0
    begin_sending(store, made, audience="readers", now=NOW)
    assert reckon_now(installation, NOW) == 1
    assert reckon_now(installation, NOW) == 0
    assert reckon_now(installation, NOW + timedelta(minutes=10)) == 1


def test_the_days_before_the_first_count_are_made_out_from_who_came_and_left(store, installation):
    subscribe(store, "mara@example.org", at=NOW - 5 * DAY)
    (noor,) = subscribe(store, "noor@example.org", at=NOW - 3 * DAY)
    with store.write() as tx:
        tx.subscribers.unsubscribe(noor, "readers", via="test", now=NOW - DAY)
    count_readers(installation, NOW)
    assert [(each.day.day, each.readers, each.left) for each in days(store)] == [
        (19, 1, 0),
        (20, 1, 0),
        (21, 2, 0),
        (22, 2, 0),
        (23, 1, 1),
        (24, 1, 0),
    ]


def test_a_day_is_counted_again_until_it_is_over(store, installation):
    subscribe(store, "mara@example.org")
    count_readers(installation, NOW)
    (noor,) = subscribe(store, "noor@example.org")
    with store.write() as tx:
        tx.subscribers.unsubscribe(noor, "readers", via="test", now=NOW)
    count_readers(installation, NOW + timedelta(minutes=5))
    assert days(store)[-1] == Day(TODAY, 1, 1)


def test_days_on_which_nobody_counted_lie_evenly_between(store, installation):
    with store.write() as tx:
        tx.reader_days.put("readers", [Day(TODAY - 4 * DAY, 9, 0)], NOW - 4 * DAY)
    subscribe(store, "mara@example.org")
    count_readers(installation, NOW)
    assert [each.readers for each in days(store)] == [9, 7, 5, 3, 1]


def test_an_audience_without_readers_has_its_day_too(store, installation):
    count_readers(installation, NOW)
    assert days(store) == [Day(TODAY, 0, 0)]
