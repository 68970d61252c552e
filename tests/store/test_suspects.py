"""What waits for an editor's word of each edition, kept beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model import Answer, Effect, Event, Hit, Suspects, Verdict
from bot.testing import NOW, edition, subscribe

FOUND = Suspects(
    number=34,
    last=10**9,
    since=NOW,
    tried=130,
    providers=(Hit("company.example", 34, 36),),
    answers=(Answer("550", 34),),
)


def back(edition, key, reader=None):
    return Event(
        key=f"{edition}-{key}",
        at=NOW,
        verdict=Verdict.HARD,
        source="smtp",
        effect=Effect.WAITING,
        edition=edition,
        subscriber=reader,
    )


@pytest.fixture
def made(store):
    """Adds an edition of which ``count`` reports wait; ``suspects`` are kept of it."""

    def add(count=1, suspects=FOUND, **fields):
        one = edition(**fields)
        with store.write() as tx:
            tx.editions.add(one, expires=NOW, report={"rejections": []})
            for number in range(count):
                tx.events.add(back(one.id, number))
            tx.suspects.keep(one.id, suspects)
        return one

    return add


def test_they_come_back_as_they_were_kept(store, made):
    one = made()
    with store.read() as tx:
        assert tx.suspects.of(one.id) == FOUND
        assert tx.editions.report(one.id)["rejections"] == []


def test_they_are_gone_with_the_last_event_that_waits(store, made):
    one = made(count=2)
    with store.write() as tx:
        ids = [each.id for each in tx.events.waiting_of(one.id)]
        tx.events.settle(ids[:1], Effect.COUNTED)
        assert tx.suspects.of(one.id) == FOUND
        tx.events.settle(ids, Effect.COUNTED)
        assert tx.suspects.of(one.id) is None
        assert tx.suspects.waiting(5) == []


def test_none_are_kept_where_there_are_none(store, made):
    one = made(suspects=None)
    with store.write() as tx:
        assert tx.suspects.of(one.id) is None
        tx.suspects.keep(one.id, FOUND)
        tx.suspects.keep(one.id, None)
        assert tx.suspects.of(one.id) is None


def test_the_editions_that_have_some_are_listed_with_how_many_the_newest_first(store, made):
    older = made(count=3, slot_key="a", slot=NOW.replace(hour=1))
    made(suspects=None, slot_key="b")
    newer = made(slot_key="c", slot=NOW.replace(hour=2))
    with store.write() as tx:
        tx.events.add(back("", 1))
        assert [(each.id, number) for each, number in tx.suspects.waiting(5)] == [(newer.id, 34), (older.id, 34)]
        assert [each.id for each, _ in tx.suspects.waiting(1)] == [newer.id]


def test_whom_they_are_is_told_some_at_a_time(store, made):
    one = made(count=0)
    subscribe(store, "a@example.org", "b@example.org", "c@example.org")
    with store.write() as tx:
        for name in "abc":
            tx.events.add(back(one.id, name, tx.subscribers.id_of(f"{name}@example.org")))
        tx.events.add(back(one.id, "erased"))
        first = tx.events.undecided(one.id, 10**9, limit=2)
        rest = tx.events.undecided(one.id, 10**9, after=first[-1][0].id, limit=2)
        known = tx.events.undecided(one.id, first[0][0].id)
    assert [address for _, address in first + rest] == ["a@example.org", "b@example.org", "c@example.org"]
    assert known == first[:1]


def test_those_that_somebody_decided_are_no_suspects_and_what_comes_later_is(store, made):
    one = made(count=2)
    with store.write() as tx:
        ids = [each.id for each in tx.events.waiting_of(one.id)]
        assert tx.suspects.decided(one.id) == 0
        tx.suspects.decide(one.id, ids[0])
        assert (tx.suspects.of(one.id), tx.suspects.decided(one.id)) == (None, ids[0])
        tx.suspects.keep(one.id, replace(FOUND, last=ids[1]))
        assert tx.suspects.of(one.id).last == ids[1]
        assert tx.suspects.decided(one.id) == ids[0]
