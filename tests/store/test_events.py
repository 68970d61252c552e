from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.sending import begin_sending
from bot.model import DeliveryState, Effect, Event, Verdict
from bot.testing import NOW, edition, subscribe

READERS = ["ida@example.org", "ben@Mail.example.org", "eve@example.org", "tom_x@other.example"]


def event(key="one", **fields):
    given = {"at": NOW, "verdict": Verdict.HARD, "source": "imap", "effect": Effect.WAITING}
    return Event(key=key, **{**given, **fields})


@pytest.fixture
def sent(store):
    """An edition that four readers got: its id, and the deliveries by address."""
    ids = dict(zip(READERS, subscribe(store, *READERS), strict=True))
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    with store.write() as tx:
        tx.deliveries.doubt_edition(made.id, "", NOW)
        found = tx.deliveries.page(edition=made.id)
        tx.deliveries.resolve([each.id for each in found], to=DeliveryState.ACCEPTED, reason="", now=NOW)
    return made.id, {each.destination: each.id for each in found}, ids


def test_an_event_is_kept_once_by_its_key_and_as_it_was_first(store):
    with store.write() as tx:
        assert tx.events.add(event(reason="no such user"))
        assert not tx.events.add(event(reason="another"))
        tx.events.add_all([event(reason="a third"), event("two"), event("two")])
        tx.events.add_all([])
    with store.read() as tx:
        assert tx.events.known("one")
        assert not tx.events.known("three")
        assert sorted((each.key, each.reason) for each in tx.events.newest()) == [("one", "no such user"), ("two", "")]


def test_what_is_kept_is_cut_and_freed_of_what_no_database_takes(store):
    odd = "\x00\ud800" + "x" * 600
    with store.write() as tx:
        tx.events.add(event(code=odd, reason=odd, evidence=odd))
    with store.read() as tx:
        (found,) = tx.events.newest()
    assert (len(found.code), len(found.reason), len(found.evidence)) == (12, 40, 500)
    assert "\x00" not in found.evidence


def test_a_delivery_counts_once_a_verdict_and_once_as_a_failure(store, sent):
    edition_id, deliveries, _ = sent
    ida, ben = deliveries["ida@example.org"], deliveries["ben@Mail.example.org"]
    with store.write() as tx:
        for key, delivery, verdict in (
            ("a", ida, Verdict.SOFT),
            ("b", ida, Verdict.SOFT),
            ("c", ida, Verdict.HARD),
            ("d", ben, Verdict.COMPLAINT),
            ("e", 0, Verdict.COMPLAINT),
        ):
            tx.events.add(event(key, edition=edition_id, delivery=delivery, verdict=verdict))
        tx.events.add(event("f", edition="another", delivery=7))
    with store.read() as tx:
        assert tx.events.counts(edition_id) == {"soft": 1, "hard": 1, "complaint": 1}
        assert tx.events.failures(edition_id) == 1
        assert tx.events.since(NOW) == {"soft": 2, "hard": 2, "complaint": 2}
        assert tx.events.since(NOW + timedelta(seconds=1)) == {}


def test_what_waits_is_known_by_edition_and_settled_by_id(store):
    with store.write() as tx:
        for key, edition_id in (("a", "first"), ("b", "first"), ("c", ""), ("d", "second")):
            tx.events.add(event(key, edition=edition_id))
        tx.events.settle([each.id for each in tx.events.newest(edition="second")], Effect.SUPPRESSED)
        tx.events.settle([], Effect.SUPPRESSED)
    with store.read() as tx:
        assert tx.events.waiting() == {"first": 2, "": 1}
        assert [each.key for each in tx.events.waiting_of("first")] == ["a", "b"]
        assert [each.key for each in tx.events.newest(effects=[Effect.SUPPRESSED])] == ["d"]


def test_mails_are_counted_by_the_domains_they_went_to(store, sent):
    edition_id, deliveries, _ = sent
    with store.read() as tx:
        assert tx.events.tried(edition_id) == 4
        assert tx.events.tried(edition_id, ["example.org"]) == 2
        assert tx.events.tried(edition_id, ["example.org", "mail.example.org"]) == 3
        assert tx.events.tried(edition_id, ["_ther.example"]) == 0, "no letter stands for another"
        named = tx.events.named([*deliveries.values(), 999])
    assert {each.destination for each in named.values()} == set(READERS)
    assert {each.audience for each in named.values()} == {"readers"}


def test_the_dead_are_those_that_wait_or_are_suppressed_with_their_address(store, sent):
    edition_id, _, ids = sent
    with store.write() as tx:
        ida, eve, tom = (ids[each] for each in ("ida@example.org", "eve@example.org", "tom_x@other.example"))
        tx.events.add(event("a", edition=edition_id, subscriber=ida))
        tx.events.add(event("b", edition=edition_id, subscriber=eve, effect=Effect.SUPPRESSED))
        tx.events.add(event("c", edition=edition_id, subscriber=tom, effect=Effect.COUNTED, verdict=Verdict.SOFT))
        tx.events.add(
            event("d", edition=edition_id, subscriber=tom, effect=Effect.SUPPRESSED, verdict=Verdict.COMPLAINT)
        )
        assert [(each.key, address) for each, address in tx.events.dead(edition_id)] == [
            ("a", "ida@example.org"),
            ("b", "eve@example.org"),
        ]
        assert tx.events.history(ida, 5) == [edition_id]
        assert [each.key for each in tx.events.of_subscriber(tom)] == ["d", "c"]
        tx.subscribers.forget("ida@example.org", NOW)
        assert [each.key for each, _ in tx.events.dead(edition_id)] == ["b"]
