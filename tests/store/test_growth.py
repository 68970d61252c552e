from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bot.store import growth
from bot.testing import NOW, subscribe

TODAY = date(2026, 11, 24)
UTC = ZoneInfo("UTC")


def _leave(store, reader, at):
    with store.write() as tx:
        tx.subscribers.unsubscribe(reader, "readers", via="page", now=at)


def test_few_readers_are_counted_as_they_are_now(store):
    ida, _ = subscribe(store, "ida@example.org", "tom@example.org")
    subscribe(store, "ida@example.org", audience="weekend")
    _leave(store, ida, NOW)
    with store.read() as tx:
        found = tx.growth.now(["readers", "weekend", "empty"])
    assert {name: each.readers for name, each in found.items()} == {"readers": 1, "weekend": 1, "empty": 0}
    assert found["readers"].at is None


def test_of_many_the_last_count_on_record_is_told_with_its_moment(store, monkeypatch):
    monkeypatch.setattr(growth, "LIVE", 1)
    subscribe(store, "ida@example.org", "tom@example.org", "noor@example.org")
    with store.read() as tx:
        unknown = tx.growth.now(["readers"])["readers"]
    assert (unknown.readers, unknown.more) == (1, True)
    with store.write() as tx:
        tx.growth.record("readers", TODAY - timedelta(days=1), 2, NOW - timedelta(days=1))
        tx.growth.record("readers", TODAY, 7, NOW - timedelta(hours=1))
        tx.growth.record("readers", TODAY, 3, NOW)
    with store.read() as tx:
        known = tx.growth.now(["readers"])["readers"]
    assert (known.readers, known.at, known.more) == (3, NOW, False)


def test_days_before_the_first_count_are_told_by_the_consents(store):
    ida, tom, _ = subscribe(store, "ida@example.org", "tom@example.org", "eva@example.org", at=NOW - timedelta(days=5))
    subscribe(store, "noor@example.org", at=NOW - timedelta(days=2))
    subscribe(store, "old@example.org", at=NOW - timedelta(days=500))
    _leave(store, ida, NOW - timedelta(days=3))
    _leave(store, tom, NOW - timedelta(days=1))
    with store.read() as tx:
        found = tx.growth.counted_back("readers", TODAY - timedelta(days=6), TODAY, UTC)
    assert list(found.values()) == [1, 4, 4, 3, 4, 3, 3]
    assert list(found) == [TODAY - timedelta(days=days) for days in range(6, -1, -1)]


def test_a_day_that_was_counted_is_not_counted_back(store):
    with store.write() as tx:
        tx.growth.record("readers", TODAY, 12, NOW)
        tx.growth.record_past("readers", {TODAY: 9, TODAY - timedelta(days=1): 8}, NOW)
    with store.read() as tx:
        assert tx.growth.days(TODAY - timedelta(days=7))["readers"] == {TODAY - timedelta(days=1): 8, TODAY: 12}
        assert tx.growth.days(TODAY)["readers"] == {TODAY: 12}
