from __future__ import annotations

from datetime import timedelta

import pytest

from bot.schedules import pings
from bot.store.sources import SourceState
from bot.testing import NOW

SOURCES = """
[sources.site]
type = "feed"
url = "https://record.example/feed"

[sources.wire]
type = "feed"
url = "https://wire.example/feed"
"""


@pytest.fixture
def pinging(newsroom):
    return newsroom(SOURCES)


def _visited(store, **fields):
    with store.write() as tx:
        tx.sources.put(SourceState(source="site", **fields))


def test_many_pings_are_one_visit_of_that_source(pinging):
    for _ in range(5):
        pings.take(pinging, "site")
    assert pings.pinged(pinging) == ("site",)
    assert pings.pinged(pinging) == ()


def test_a_ping_right_after_a_visit_waits_and_is_not_lost(pinging, store, clock):
    _visited(store, last_visit=NOW - timedelta(seconds=3))
    pings.take(pinging, "site")
    assert pings.pinged(pinging) == ()
    clock.advance(seconds=2)
    assert pings.pinged(pinging) == ("site",)


def test_a_source_that_asked_for_rest_is_left_alone_until_then(pinging, store, clock):
    _visited(store, last_visit=NOW - timedelta(minutes=5), not_before=NOW + timedelta(hours=1))
    pings.take(pinging, "site")
    assert pings.pinged(pinging) == ()
    clock.advance(hours=1)
    assert pings.pinged(pinging) == ("site",)


def test_two_schedulers_visit_once(pinging, store, clock):
    pings.take(pinging, "site")
    pings.take(pinging, "wire")
    with store.read() as tx:
        seen = tx.flags.named(pings.FLAG)
    with store.write() as tx:
        assert tx.flags.take("ping:site", seen["site"])
    with store.write() as tx:
        assert not tx.flags.take("ping:site", seen["site"])
    assert pings.pinged(pinging) == ("wire",)


def test_the_ping_of_a_source_that_left_the_settings_is_swept_away(newsroom, pinging, store):
    pings.take(pinging, "site")
    without = newsroom()
    assert pings.pinged(without) == ()
    with store.read() as tx:
        assert tx.flags.named(pings.FLAG) == {}
