"""Each source's last visits, what it brought by the hour, and when it is visited next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.schedules.pings import FLAG
from bot.schedules.source_health import health
from bot.store.sources import SourceState
from bot.testing import NOW

SOURCES = '\n[sources.site]\ntype = "feed"\nurl = "https://record.example/feed"\n'
OTHER = '\n[sources.wire]\ntype = "feed"\nurl = "https://wire.example/feed"\n'


@pytest.fixture
def found(newsroom, store):
    installation = newsroom(SOURCES + OTHER)

    def look():
        with store.read() as tx:
            return {each.name: each for each in health(installation, tx, NOW)}

    return look


def state(store, **fields):
    with store.write() as tx:
        tx.sources.put(SourceState(source="site", **fields))


def test_what_a_source_published_is_counted_by_the_hour_day_and_week(found, store, publish):
    for hours in (0.5, 0.7, 23.5, 30, 200):
        publish("News", hours=hours)
    site = found()["site"]
    assert (site.day, site.week) == (3, 4)
    assert (site.hours[-1], site.hours[0], sum(site.hours)) == (2, 1, 3)
    assert found()["wire"].week == 0


@pytest.mark.parametrize(
    ("fields", "minutes"),
    [
        ({}, None),
        ({"last_visit": NOW - timedelta(minutes=2)}, 3),
        ({"last_visit": NOW - timedelta(minutes=9)}, None),
        ({"last_visit": NOW, "not_before": NOW + timedelta(hours=1)}, 60),
    ],
)
def test_the_next_visit_is_after_the_last_one_or_when_the_server_allows(found, store, fields, minutes):
    state(store, **fields)
    assert found()["site"].next == (NOW + timedelta(minutes=minutes) if minutes else None)


def test_a_source_that_was_pinged_is_visited_at_once(found, store):
    state(store, last_visit=NOW)
    with store.write() as tx:
        tx.flags.set(f"{FLAG}site", "news", NOW)
    assert found()["site"].next is None


def test_those_that_fail_stand_first(found, store):
    with store.write() as tx:
        tx.sources.put(SourceState(source="wire", failures=2, error="x"))
    assert list(found()) == ["wire", "site"]


def test_a_source_says_where_it_was_set(found):
    origin = found()["site"].origin
    assert origin.file.endswith("broadsheet.toml")
    assert origin.line > 1
