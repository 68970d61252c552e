from __future__ import annotations

import threading
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from random import Random

from bot.model import Consent, Enrolment, Evidence, Preferences, Suppression
from bot.store import Store
from bot.testing import NOW, subscribe

LATER = NOW + timedelta(hours=1)


def _enrolment(address, audience="readers", at=NOW, **fields):
    return Enrolment(address=address, audience=audience, consent=Consent(at=at, via="import"), **fields)


def _take(store, *entries):
    with store.write() as tx:
        return tx.enrolments.take(entries)


def test_a_mailbox_that_stands_twice_in_a_batch_is_taken_in_turns(store):
    outcomes = _take(
        store,
        _enrolment("ida@example.org"),
        _enrolment("IDA@example.org"),
        Suppression(address="ida@example.org", reason="bounced", at=NOW),
        _enrolment("ida@example.org", "weekly"),
        Suppression(address="Ida@example.org", reason="bounced", at=NOW),
    )
    assert outcomes == ["new", "known", "listed", "suppressed", "standing"]


def test_all_columns_are_those_that_one_by_one_would_make(store):
    evidence = Evidence(form="page", confirmed=NOW, ip="192.0.2.1")
    consent = Consent(at=NOW, via="form", note="our form", evidence=evidence)
    chosen = Preferences(topics=("Harbour",), schedules=(), paused_until=NOW.date())
    _take(
        store,
        Enrolment(
            address="one@example.org", audience="readers", consent=consent, name='O\'Neil \\ "Roe"', preferences=chosen
        ),
        _enrolment("other@example.org", "weekly", at=LATER, name="漢"),
    )
    with store.write() as tx:
        tx.subscribers.subscribe("two@example.org", "readers", consent, name='O\'Neil \\ "Roe"')
        (two,) = tx.subscribers.find("two@example.org")
        tx.subscribers.prefer(two.id, "readers", chosen)
        (one,), (two,) = tx.subscribers.find("one@example.org"), tx.subscribers.find("two@example.org")
        (other,) = tx.subscribers.find("other@example.org")
    for name in ("audience", "state", "name", "consent", "preferences", "unsubscribed"):
        assert getattr(one, name) == getattr(two, name), name
    assert (other.name, other.consent.at, other.consent.evidence) == ("漢", LATER, None)


def test_many_thousands_are_taken_at_once(store):
    entries = [_enrolment(f"reader{number}@example.org", name=f"Reader {number}") for number in range(12_000)]
    assert set(_take(store, *entries)) == {"new"}
    assert set(_take(store, *entries)) == {"known"}
    with store.read() as tx:
        assert tx.subscribers.count("readers") == 12_000


def test_who_left_comes_back_only_by_a_later_consent(store):
    (ida,) = subscribe(store, "ida@example.org")
    with store.write() as tx:
        tx.subscribers.unsubscribe(ida, "readers", via="page", now=LATER)
    after = LATER + timedelta(minutes=1)
    assert _take(store, _enrolment("ida@example.org", at=LATER)) == ["left"]
    assert _take(store, _enrolment("ida@example.org", at=after, takes_back=False)) == ["left"]
    assert _take(store, _enrolment("ida@example.org", at=after)) == ["returned"]
    with store.read() as tx:
        assert tx.subscribers.get(ida, "readers").unsubscribed is None
        assert [(audience, ended) for audience, _, ended in tx.subscribers.past_consents(ida)] == [("readers", LATER)]


def test_who_is_recorded_as_unsubscribed(store):
    subscribe(store, "ida@example.org")
    gone = {"state": "unsubscribed", "via": "import"}
    assert _take(
        store,
        _enrolment("new@example.org", unsubscribed=LATER, **gone),
        _enrolment("ida@example.org", unsubscribed=NOW - timedelta(1), **gone),
    ) == ["ended", "kept"]
    assert _take(store, _enrolment("ida@example.org", unsubscribed=LATER, **gone)) == ["ended"]
    assert _take(store, _enrolment("ida@example.org", unsubscribed=LATER, **gone)) == ["known"]
    with store.read() as tx:
        found = [(each.address, each.state, each.unsubscribed) for each in tx.subscribers.every()]
    assert sorted(found) == [(f"{name}@example.org", "unsubscribed", LATER) for name in ("ida", "new")]


def test_a_suppression_of_one_audience_leaves_the_others(store):
    listed = Suppression(address="ida@example.org", reason="unsubscribed", at=NOW, audience="weekly")
    assert _take(store, listed, _enrolment("ida@example.org"), _enrolment("ida@example.org", "weekly")) == [
        "listed",
        "new",
        "suppressed",
    ]


def test_an_erased_address_is_known_by_its_hash_alone(store):
    with store.read() as tx:
        hashed = tx.hashed("ida@example.org")
    erased = Suppression(address="", hashed=hashed, reason="erased", at=NOW)
    assert _take(store, erased, erased, _enrolment("ida@example.org")) == ["listed", "standing", "suppressed"]
    with store.read() as tx:
        assert [each.hashed for each in tx.suppressions.every()] == [hashed]


def test_an_id_that_is_taken_is_made_again(store, monkeypatch):
    (ida,) = subscribe(store, "ida@example.org")
    numbers = iter([ida, 7, 8, 9])
    monkeypatch.setattr("bot.store.enrolments._random_id", lambda: next(numbers))
    assert _take(store, _enrolment("ann@example.org"), _enrolment("tom@example.org")) == ["new", "new"]
    with store.read() as tx:
        assert {tx.subscribers.id_of(f"{name}@example.org") for name in ("ann", "tom")} == {7, 8}
        assert tx.subscribers.get(ida, "readers").address == "ida@example.org"


def _at_once(store_url, *orders):
    """Takes each of these in by a thread of its own, 500 in a transaction; returns what went wrong."""
    faults = []

    def run(order):
        try:
            with closing(Store.open(store_url)) as other:
                for start in range(0, len(order), 500):
                    _take(other, *order[start : start + 500])
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=run, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return faults


def test_two_imports_of_known_readers_at_once_never_wait_for_each_other(store, store_url):
    addresses = [f"reader{number}@example.org" for number in range(500)]
    subscribe(store, *addresses, audience="weekly")
    entries = [
        entry
        for each in addresses
        for entry in (_enrolment(each), Suppression(address=f"other-{each}", reason="bounced", at=NOW))
    ]
    for audience in ("readers", "monthly", "yearly"):
        mine = [replace(each, audience=audience) for each in entries]
        shuffled = [Random(audience).sample(mine, len(mine)) for _ in range(2)]
        assert not _at_once(store_url, mine, mine[::-1], *shuffled)


def test_two_imports_of_the_same_readers_at_once_make_each_once(store, store_url):
    entries = [_enrolment(f"reader{number}@example.org") for number in range(3000)]
    assert not _at_once(store_url, entries, entries[::-1])
    with store.read() as tx:
        counts = tx.counts()
    assert (counts["subscribers"], counts["subscriptions"]) == (3000, 3000)
