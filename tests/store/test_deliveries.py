from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import LeaseLost
from bot.model import DeliveryState, EditionState, Suppression
from bot.store.deliveries import Outcome
from bot.testing import NOW, edition, subscribe

UNTIL = NOW + timedelta(minutes=10)


@pytest.fixture
def sending(store):
    """An edition being sent to four subscribers."""
    subscribe(store, *(f"reader{number}@example.org" for number in range(4)))
    return _begin(store)


def _begin(store, **fields):
    made = edition(state=EditionState.SENDING, **fields)
    with store.write() as tx:
        tx.editions.add(made, expires=UNTIL, report={})
        tx.editions.set_snapshot(made.id, tx.deliveries.add_audience(made.id, "mail", "readers", NOW))
    return made


def _claim(store, limit=10, owner="a", now=NOW, until=UNTIL):
    with store.write() as tx:
        return tx.deliveries.claim("mail", owner=owner, limit=limit, now=now, until=until)


def _attempt(store, delivery, until=UNTIL):
    with store.write() as tx:
        tx.deliveries.attempt(delivery, token="t" * 26, now=NOW, until=until)


def _finish(store, delivery, state, **fields):
    with store.write() as tx:
        tx.deliveries.finish(delivery, Outcome(state=state, began=NOW, ended=NOW, **fields))


def _states(store, made):
    with store.read() as tx:
        balance = tx.deliveries.balance(made.id)
    assert balance.balanced
    return balance.states


def test_the_snapshot_names_each_subscriber_once_and_the_suppressed_with_their_reason(store):
    subscribe(store, "a@example.org", "b@example.org", "c@example.org")
    subscribe(store, "d@example.org", audience="others")
    with store.write() as tx:
        tx.suppressions.add(Suppression(address="B@Example.org", reason="complaint", at=NOW))
    made = _begin(store)
    assert _states(store, made) == {"pending": 2, "suppressed": 1}
    with store.read() as tx:
        (blocked,) = tx.deliveries.page(states=[DeliveryState.SUPPRESSED])
    assert (blocked.destination, blocked.reason) == ("b@example.org", "complaint")


def test_what_one_worker_claimed_no_other_gets(store, sending):
    first, second = _claim(store, limit=3, owner="a"), _claim(store, limit=3, owner="b")
    assert (len(first), len(second)) == (3, 1)
    assert not {each.id for each in first} & {each.id for each in second}


def test_nothing_of_a_paused_edition_is_claimed(store, sending):
    with store.write() as tx:
        tx.editions.move(sending.id, to=EditionState.PAUSED, since=[EditionState.SENDING], now=NOW)
    assert _claim(store) == []


def test_a_deferred_delivery_is_claimed_when_its_time_has_come(store, sending):
    one = _claim(store, limit=1)[0]
    _attempt(store, one)
    _finish(store, one, DeliveryState.DEFERRED, not_before=NOW + timedelta(minutes=5))
    assert one.id not in {each.id for each in _claim(store, owner="b")}
    later = NOW + timedelta(minutes=5)
    assert [each.id for each in _claim(store, now=later, until=later + timedelta(minutes=10))] == [one.id]


def test_who_left_between_snapshot_and_claim_is_cancelled(store, sending):
    with store.write() as tx:
        reader = tx.subscribers.find("reader1@example.org")[0]
        tx.subscribers.unsubscribe(reader.id, "readers", via="test", now=NOW)
        tx.suppressions.add(Suppression(address="reader2@example.org", reason="bounce", at=NOW))
        tx.subscribers.forget("reader3@example.org")
    claimed = _claim(store)
    assert [each.destination for each in claimed] == ["reader0@example.org"]
    assert _states(store, sending) == {"leased": 1, "cancelled": 3}


def test_an_unsubscription_takes_back_what_is_leased_already(store, sending):
    one = _claim(store, limit=1)[0]
    with store.write() as tx:
        tx.deliveries.cancel_subscriber(one.subscriber, "readers", "unsubscribed", NOW)
    with pytest.raises(LeaseLost):
        _attempt(store, one)
    assert _states(store, sending) == {"cancelled": 1, "pending": 3}


def test_a_result_without_the_lease_is_refused(store, sending):
    one = _claim(store, limit=1)[0]
    with store.write() as tx:
        tx.deliveries.recover(dead=["a"], now=NOW)
    again = _claim(store, limit=1, owner="b")[0]
    assert again.id == one.id
    with pytest.raises(LeaseLost):
        _attempt(store, one)
    _attempt(store, again)
    with pytest.raises(LeaseLost):
        _finish(store, one, DeliveryState.ACCEPTED)
    _finish(store, again, DeliveryState.ACCEPTED)


def test_after_a_crash_the_leased_are_pending_and_the_attempted_unknown(store, sending):
    leased, attempted, done, _ = _claim(store)
    _attempt(store, attempted)
    _attempt(store, done)
    _finish(store, done, DeliveryState.ACCEPTED)
    with store.write() as tx:
        assert tx.deliveries.recover(dead=["a"], now=NOW) == (2, 1)
        assert tx.deliveries.recover(dead=["a"], now=NOW) == (0, 0)
    assert _states(store, sending) == {"pending": 2, "unknown": 1, "accepted": 1}
    with store.read() as tx:
        assert [each["outcome"] for each in tx.deliveries.attempts(attempted.id)] == ["unknown"]
        assert tx.deliveries.attempts(leased.id) == []


def test_a_living_worker_keeps_its_leases_until_they_run_out(store, sending):
    _claim(store, limit=1)
    with store.write() as tx:
        assert tx.deliveries.recover(dead=["b"], now=NOW) == (0, 0)
        assert tx.deliveries.recover(dead=[], now=UNTIL + timedelta(seconds=1)) == (1, 0)


def test_every_attempt_is_kept(store, sending):
    one = _claim(store, limit=1)[0]
    _attempt(store, one)
    _finish(store, one, DeliveryState.DEFERRED, code=452, enhanced="4.2.2", text="full", server="mx:25")
    again = next(each for each in _claim(store) if each.id == one.id)
    _attempt(store, again)
    _finish(store, again, DeliveryState.ACCEPTED, code=250, provider_id="ABC", server="mx:25")
    with store.read() as tx:
        kept = tx.deliveries.attempts(one.id)
        row = tx.deliveries.get(one.id)
    assert [(each["outcome"], each["code"]) for each in kept] == [("deferred", 452), ("accepted", 250)]
    assert (row.state, row.tries, row.provider_id, row.token) == (DeliveryState.ACCEPTED, 2, "ABC", "t" * 26)


def test_unknown_is_settled_only_by_a_decision(store, sending):
    one, two = _claim(store, limit=2)
    for each in (one, two):
        _attempt(store, each)
        _finish(store, each, DeliveryState.UNKNOWN)
    assert {each.id for each in _claim(store)}.isdisjoint({one.id, two.id})
    with store.write() as tx:
        assert tx.deliveries.resolve([one.id], to=DeliveryState.ACCEPTED, reason="seen", now=NOW) == 1
        assert tx.deliveries.resolve([one.id], to=DeliveryState.PENDING, reason="seen", now=NOW) == 0
        assert tx.deliveries.resend_unknown(NOW, since=NOW - timedelta(days=1)) == 1
    assert [each.id for each in _claim(store)] == [two.id]


def test_cancelling_an_edition_leaves_what_was_accepted(store, sending):
    one = _claim(store, limit=1)[0]
    _attempt(store, one)
    _finish(store, one, DeliveryState.ACCEPTED)
    with store.write() as tx:
        assert tx.deliveries.cancel_edition(sending.id, NOW) == 3
    assert _states(store, sending) == {"accepted": 1, "cancelled": 3}


def test_books_that_do_not_balance_say_so(store, sending):
    with store.write() as tx:
        tx.editions.set_snapshot(sending.id, 5)
        assert not tx.deliveries.balance(sending.id).balanced
