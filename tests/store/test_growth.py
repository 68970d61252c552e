from __future__ import annotations

from datetime import date, timedelta

import pytest

from bot.model import Suppression
from bot.store import growth
from bot.store.reader_days import Day
from bot.testing import NOW, subscribe

TODAY = date(2026, 11, 24)


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


def _list(store, address, audience="", at=NOW):
    with store.write() as tx:
        tx.suppressions.add(Suppression(address=address, reason="editor", at=at, audience=audience))


def test_who_must_not_be_mailed_is_no_reader_of_the_count(store):
    subscribe(store, "ida@example.org", "tom@example.org", "noor@example.org")
    subscribe(store, "ida@example.org", "tom@example.org", audience="weekend")
    _list(store, "ida@example.org")
    _list(store, "ida@example.org", "readers")
    _list(store, "tom@example.org", "weekend")
    _list(store, "stranger@example.org")
    with store.read() as tx:
        found = tx.growth.now(["readers", "weekend"])
        assert {name: each.readers for name, each in found.items()} == {"readers": 2, "weekend": 0}
        assert tx.reader_days.count_now() == {"readers": 2, "weekend": 0}


def test_an_audience_of_many_whom_nobody_mails_is_counted_as_one_of_few(store, monkeypatch):
    monkeypatch.setattr(growth, "LIVE", 1)
    subscribe(store, "ida@example.org", "tom@example.org")
    _list(store, "tom@example.org")
    with store.write() as tx:
        tx.reader_days.put("readers", [Day(TODAY, 1, 0)], NOW)
    with store.read() as tx:
        assert tx.growth.now(["readers"])["readers"] == growth.Counted(1)


def test_of_many_the_last_count_on_record_is_told_with_its_moment(store, monkeypatch):
    monkeypatch.setattr(growth, "LIVE", 1)
    subscribe(store, "ida@example.org", "tom@example.org", "noor@example.org")
    with store.read() as tx:
        unknown = tx.growth.now(["readers"])["readers"]
    assert (unknown.readers, unknown.more) == (1, True)
    with store.write() as tx:
        tx.reader_days.put("readers", [Day(TODAY - timedelta(days=2), 1, 0)], NOW - timedelta(days=2))
    with store.read() as tx:
        assert tx.growth.now(["readers"])["readers"] == unknown
    with store.write() as tx:
        tx.reader_days.put("readers", [Day(TODAY - timedelta(days=1), 2, 0)], NOW - timedelta(days=1))
        tx.reader_days.put("readers", [Day(TODAY, 7, 0)], NOW - timedelta(hours=1))
        tx.reader_days.put("readers", [Day(TODAY, 3, 0)], NOW)
    with store.read() as tx:
        known = tx.growth.now(["readers"])["readers"]
    assert (known.readers, known.at, known.more) == (3, NOW, False)


@pytest.fixture
def many(store, monkeypatch):
    """Four readers of two audiences, so many that they are told as they were counted at ``NOW``; their ids."""
    monkeypatch.setattr(growth, "LIVE", 1)
    addresses = ("ida@example.org", "tom@example.org", "noor@example.org", "ben@example.org")
    subscribe(store, *addresses, audience="weekend", at=NOW - timedelta(days=9))
    ids = subscribe(store, *addresses, at=NOW - timedelta(days=9))
    with store.write() as tx:
        for audience in ("readers", "weekend"):
            tx.reader_days.put(audience, [Day(TODAY, 4, 0)], NOW)
    return ids


def _now(store):
    with store.read() as tx:
        return {name: each.readers for name, each in tx.growth.now(["readers", "weekend"]).items()}


LATER = NOW + timedelta(minutes=1)


def test_of_many_who_is_suppressed_is_taken_off_at_once_from_the_audiences_it_holds_for(store, many):
    _list(store, "ida@example.org", at=LATER)
    assert _now(store) == {"readers": 3, "weekend": 3}
    _list(store, "tom@example.org", "readers", at=LATER)
    assert _now(store) == {"readers": 2, "weekend": 3}
    with store.read() as tx:
        assert tx.growth.now(["readers"])["readers"].at == NOW, "who came since is not counted yet"
        assert tx.growth.numbers(["readers", "weekend"]) == {"readers": 2, "weekend": 3}
        assert tx.reader_days.count_now() == {"readers": 2, "weekend": 3}


def test_of_many_who_leaves_is_taken_off_at_once_and_who_takes_it_back_is_there_again(store, many):
    _leave(store, many[0], LATER)
    assert _now(store) == {"readers": 3, "weekend": 4}
    with store.write() as tx:
        tx.subscribers.resubscribe(many[0], "readers", now=LATER)
    assert _now(store) == {"readers": 4, "weekend": 4}


def test_of_many_nobody_is_taken_off_twice(store, many):
    _list(store, "ida@example.org", at=LATER)
    _list(store, "ida@example.org", "readers", at=LATER)
    _leave(store, many[0], LATER)
    assert _now(store) == {"readers": 3, "weekend": 3}


def test_of_many_nobody_is_taken_off_who_was_not_in_the_count(store, many):
    _list(store, "ida@example.org", "readers", at=NOW)
    with store.write() as tx:
        tx.reader_days.put("readers", [Day(TODAY, 3, 0)], NOW)
    _list(store, "ida@example.org", at=LATER)
    _leave(store, many[0], LATER)
    (new,) = subscribe(store, "new@example.org", at=LATER)
    _list(store, "new@example.org", at=LATER)
    _list(store, "stranger@example.org", at=LATER)
    assert _now(store) == {"readers": 3, "weekend": 3}
    _leave(store, new, LATER)
    assert _now(store) == {"readers": 3, "weekend": 3}


def test_of_many_no_more_than_the_last_are_looked_at(store, many, monkeypatch):
    monkeypatch.setattr(growth, "LATELY", 2)
    for address in ("ida@example.org", "tom@example.org", "noor@example.org"):
        _list(store, address, at=LATER)
    assert _now(store) == {"readers": 2, "weekend": 2}


def test_the_days_on_record_are_told_from_a_day_on(store):
    with store.write() as tx:
        tx.reader_days.put("readers", [Day(TODAY - timedelta(days=1), 8, 0), Day(TODAY, 12, 1)], NOW)
    with store.read() as tx:
        known = tx.reader_days.since(["readers"], TODAY - timedelta(days=7))["readers"]
        assert {each.day: each.readers for each in known} == {TODAY - timedelta(days=1): 8, TODAY: 12}
        assert [each.day for each in tx.reader_days.since(["readers"], TODAY)["readers"]] == [TODAY]


def test_who_left_is_counted_by_audience(store):
    ida, _tom = subscribe(store, "ida@example.org", "tom@example.org")
    subscribe(store, "ida@example.org", audience="weekend")
    _leave(store, ida, NOW)
    with store.read() as tx:
        left = tx.reader_days.left_between(["readers", "weekend"], NOW, NOW + timedelta(seconds=1))
        assert left == {"readers": 1, "weekend": 0}
        assert tx.reader_days.left_between(["readers"], NOW - timedelta(days=1), NOW) == {"readers": 0}
        assert tx.subscribers.counts(["readers", "weekend", "none"]) == {"readers": 1, "weekend": 1, "none": 0}
