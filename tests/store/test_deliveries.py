from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import DeliveryState, EditionState, Outcome, Suppression
from bot.store import deliveries
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


def _claim(store, owner="a", now=NOW):
    """The next chunk, and what of it is due."""
    with store.write() as tx:
        chunk = tx.chunks.claim("mail", owner=owner, now=now, until=now + timedelta(minutes=10))
        return chunk, tx.deliveries.due(chunk, now) if chunk else []


def _attempt(store, chunk, *ids, **which):
    with store.write() as tx:
        return tx.deliveries.attempt(chunk, ids, NOW, **which)


def _finish(store, due, state, **fields):
    with store.write() as tx:
        return tx.deliveries.finish([_outcome(due, state, **fields)])


def _outcome(due, state, **fields):
    return Outcome(delivery=due.id, attempt=due.attempt, state=state, began=NOW, ended=NOW, **fields)


def _release(store, chunk, now=NOW):
    with store.write() as tx:
        return tx.chunks.release(chunk, now)


def _states(store, made):
    with store.read() as tx:
        balance = tx.deliveries.balance(made.id)
        assert balance == tx.deliveries.balance(made.id, counted=True)
    assert balance.balanced
    return balance.states


def _get(store, due):
    with store.read() as tx:
        return tx.deliveries.get(due.id)


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
    (_, mine), (none, nothing) = _claim(store, owner="a"), _claim(store, owner="b")
    assert len(mine) == 4
    assert (none, nothing) == (None, [])
    assert _states(store, sending) == {"leased": 4}


def test_nothing_of_a_paused_edition_is_claimed_nor_attempted(store, sending):
    chunk, (one, *_) = _claim(store)
    with store.write() as tx:
        tx.editions.move(sending.id, to=EditionState.PAUSED, since=[EditionState.SENDING], now=NOW)
    assert _attempt(store, chunk, one.id) == set()
    assert _release(store, chunk) == {"pending": 4}
    assert _claim(store) == (None, [])


def test_a_deferred_delivery_is_due_when_its_time_has_come(store, sending):
    chunk, due = _claim(store)
    _attempt(store, chunk, *(each.id for each in due))
    for each in due[1:]:
        _finish(store, each, DeliveryState.ACCEPTED)
    _finish(store, due[0], DeliveryState.DEFERRED, not_before=UNTIL)
    _release(store, chunk)
    assert _claim(store, owner="b") == (None, [])
    _, again = _claim(store, now=UNTIL)
    assert [(each.id, each.attempt, each.tries) for each in again] == [(due[0].id, 2, 1)]


def test_who_left_between_snapshot_and_claim_is_cancelled(store, sending):
    with store.write() as tx:
        reader = tx.subscribers.find("reader1@example.org")[0]
        tx.subscribers.unsubscribe(reader.id, "readers", via="test", now=NOW)
        tx.suppressions.add(Suppression(address="reader2@example.org", reason="bounce", at=NOW))
        tx.subscribers.forget("reader3@example.org", NOW)
    chunk, due = _claim(store)
    assert [each.recipient.address for each in due] == ["reader0@example.org"]
    assert _states(store, sending) == {"leased": 1, "cancelled": 3}
    assert _release(store, chunk) == {"pending": 1, "cancelled": 3}


def test_gmail_and_yahoo_an_unsubscription_takes_back_what_is_leased_already(store, sending):
    chunk, (one, *_) = _claim(store)
    with store.write() as tx:
        assert tx.deliveries.cancel_subscriber(one.recipient.subscriber, "readers", "unsubscribed", NOW) == 1
    assert _attempt(store, chunk, one.id) == set()
    assert _states(store, sending) == {"cancelled": 1, "leased": 3}


def test_an_unsubscription_reaches_the_named_audience_or_all_and_nothing_that_has_gone_out(store, sending):
    other = _begin(store)
    chunk, (one, *_) = _claim(store)
    _attempt(store, chunk, one.id)
    _finish(store, one, DeliveryState.ACCEPTED)
    with store.write() as tx:
        assert tx.deliveries.cancel_subscriber(one.recipient.subscriber, "others", "unsubscribed", NOW) == 0
        assert tx.deliveries.cancel_subscriber(one.recipient.subscriber, "", "unsubscribed", NOW) == 1
    assert _states(store, sending) == {"accepted": 1, "leased": 3}
    assert _states(store, other) == {"cancelled": 1, "pending": 3}


def test_an_attempt_without_the_lease_touches_nothing_and_an_older_outcome_changes_nothing(store, sending):
    chunk, (one, *_) = _claim(store)
    with store.write() as tx:
        tx.chunks.recover(dead=["a"], now=NOW)
    again, (same, *_) = _claim(store, owner="b")
    assert (again.id, same.id) == (chunk.id, one.id)
    assert _attempt(store, chunk, one.id) == set()
    assert _get(store, one).attempts == 0
    assert _attempt(store, again, same.id) == {one.id}
    _finish(store, same, DeliveryState.DEFERRED)
    assert _attempt(store, again, same.id) == {one.id}
    # The first attempt is over: what is said of it now is not about the second.
    late = _outcome(one, DeliveryState.FAILED)
    with store.write() as tx:
        assert tx.deliveries.finish([late]) == [late]
    assert _get(store, one).state is DeliveryState.ATTEMPTING


def test_an_attempt_that_names_its_number_is_that_one_or_none(store, sending):
    chunk, (one, two, *_) = _claim(store)
    assert _attempt(store, chunk, one.id, two.id, number=2) == set()
    assert _attempt(store, chunk, one.id, number=1) == {one.id}
    _finish(store, one, DeliveryState.DEFERRED)
    assert _attempt(store, chunk, one.id, two.id, number=1) == {two.id}
    assert _attempt(store, chunk, one.id, number=2) == {one.id}


def test_after_a_crash_the_leased_are_pending_and_the_attempted_unknown(store, sending):
    chunk, (leased, attempted, done, _) = _claim(store)
    _attempt(store, chunk, attempted.id, done.id)
    _finish(store, done, DeliveryState.ACCEPTED)
    with store.write() as tx:
        assert tx.chunks.recover(dead=["a"], now=NOW) == (2, 1)
        assert tx.chunks.recover(dead=["a"], now=NOW) == (0, 0)
    assert _states(store, sending) == {"pending": 2, "unknown": 1, "accepted": 1}
    with store.read() as tx:
        assert [each["outcome"] for each in tx.deliveries.attempts(attempted.id)] == ["unknown"]
        assert tx.deliveries.attempts(leased.id) == []


@pytest.mark.parametrize(
    ("state", "tries", "counts"),
    [(DeliveryState.ACCEPTED, 1, True), (DeliveryState.DEFERRED, 1, True), (DeliveryState.DEFERRED, 0, False)],
)
def test_a_late_answer_settles_what_was_taken_for_unknown_as_the_same_try(store, sending, state, tries, counts):
    chunk, (one, *_) = _claim(store)
    _attempt(store, chunk, one.id)
    with store.write() as tx:
        tx.chunks.recover(dead=["a"], now=UNTIL)
    # Its clock may be behind that of whoever took it for lost.
    assert _finish(store, one, state, text="250 queued", provider_id="Q1", counts=counts) == []
    assert _release(store, chunk) is None
    found = _get(store, one)
    assert (found.state, found.attempts, found.tries, found.text, found.provider_id) == (
        state,
        1,
        tries,
        "250 queued",
        "Q1",
    )
    with store.read() as tx:
        assert [each["outcome"] for each in tx.deliveries.attempts(one.id)] == ["unknown", str(state)]
        assert [each.id for each in tx.deliveries.of_provider_id("Q1")] == [one.id]
    assert _states(store, sending) == {"pending": 3, str(state): 1}


def test_a_late_unknown_tells_nothing_new(store, sending):
    chunk, (one, *_) = _claim(store)
    _attempt(store, chunk, one.id)
    with store.write() as tx:
        tx.chunks.recover(dead=["a"], now=NOW)
    outcome = _outcome(one, DeliveryState.UNKNOWN)
    assert _finish(store, one, DeliveryState.UNKNOWN) == [outcome]
    found = _get(store, one)
    assert (found.state, found.tries) == (DeliveryState.UNKNOWN, 1)


def test_every_attempt_is_kept(store, sending):
    chunk, (one, *_) = _claim(store)
    _attempt(store, chunk, one.id)
    _finish(store, one, DeliveryState.DEFERRED, code=452, enhanced="4.2.2", text="full", server="mx:25")
    _release(store, chunk)
    chunk, (again, *_) = _claim(store)
    _attempt(store, chunk, again.id)
    _finish(store, again, DeliveryState.ACCEPTED, code=250, provider_id="ABC", server="mx:25")
    with store.read() as tx:
        kept = tx.deliveries.attempts(one.id)
    row = _get(store, one)
    assert [(each["outcome"], each["code"]) for each in kept] == [("deferred", 452), ("accepted", 250)]
    assert (row.state, row.attempts, row.tries, row.provider_id) == (DeliveryState.ACCEPTED, 2, 2, "ABC")


def test_what_a_server_says_is_kept_whatever_it_is(store, sending):
    """A NUL, half of a surrogate pair: one server's answer must not keep those of others from being written."""
    chunk, due = _claim(store)
    _attempt(store, chunk, *(each.id for each in due))
    odd = "550 no\0such \udce4user"
    said = {"reason": odd, "text": odd, "server": odd, "enhanced": "5.1.\0", "provider_id": odd}
    outcomes = [_outcome(due[0], DeliveryState.FAILED, **said), *(_outcome(x, DeliveryState.ACCEPTED) for x in due[1:])]
    with store.write() as tx:
        assert tx.deliveries.finish(outcomes) == []
    assert _states(store, sending) == {"failed": 1, "accepted": 3}
    assert _get(store, due[0]).text == "550 no\ufffdsuch ?user"


def test_unknown_is_settled_only_by_a_decision(store, sending):
    chunk, (one, two, *_) = _claim(store)
    _attempt(store, chunk, one.id, two.id)
    for each in (one, two):
        _finish(store, each, DeliveryState.UNKNOWN)
    _release(store, chunk)
    chunk, waiting = _claim(store)
    assert {each.id for each in waiting}.isdisjoint({one.id, two.id})
    _attempt(store, chunk, *(each.id for each in waiting))
    for each in waiting:
        _finish(store, each, DeliveryState.ACCEPTED)
    _release(store, chunk)
    assert _claim(store) == (None, [])
    with store.write() as tx:
        assert tx.deliveries.resolve([one.id], to=DeliveryState.ACCEPTED, reason="seen", now=NOW) == 1
        assert tx.deliveries.resolve([one.id], to=DeliveryState.PENDING, reason="seen", now=NOW) == 0
        assert tx.deliveries.resend_unknown(NOW, since=NOW) == 0
        assert tx.deliveries.resend_unknown(NOW, since=NOW - timedelta(days=1)) == 1
    assert [each.id for each in _claim(store)[1]] == [two.id]


def test_cancelling_an_edition_leaves_what_was_accepted(store, sending):
    chunk, (one, *_) = _claim(store)
    _attempt(store, chunk, one.id)
    _finish(store, one, DeliveryState.ACCEPTED)
    with store.write() as tx:
        assert tx.deliveries.cancel_edition(sending.id, NOW) == 3
    assert _states(store, sending) == {"accepted": 1, "cancelled": 3}


def test_what_is_deferred_after_its_edition_was_cancelled_is_cancelled(store, sending):
    chunk, (one, *_) = _claim(store)
    _attempt(store, chunk, one.id)
    with store.write() as tx:
        tx.editions.move(sending.id, to=EditionState.CANCELLED, since=[EditionState.SENDING], now=NOW)
        tx.deliveries.cancel_edition(sending.id, NOW)
    _finish(store, one, DeliveryState.DEFERRED, not_before=UNTIL)
    assert _states(store, sending) == {"cancelled": 4}


def test_what_was_postponed_is_not_due_before(store, sending):
    chunk, (one, *_) = _claim(store)
    with store.write() as tx:
        tx.deliveries.postpone(chunk, {one.id: UNTIL})
    assert _release(store, chunk) == {"pending": 4}
    chunk, due = _claim(store)
    assert one.id not in {each.id for each in due}
    assert _attempt(store, chunk, *(each.id for each in due)) == {each.id for each in due}
    for each in due:
        _finish(store, each, DeliveryState.ACCEPTED)
    _release(store, chunk)
    with store.read() as tx:
        assert tx.deliveries.next_due(now=NOW) == UNTIL
    # The lease is gone: its holder postpones nothing any more.
    with store.write() as tx:
        tx.deliveries.postpone(chunk, {one.id: UNTIL + timedelta(days=1)})
    assert _get(store, one).not_before == UNTIL


def test_many_are_postponed_at_once_each_to_its_moment(store, sending):
    chunk, (one, two, three, _) = _claim(store)
    moments = {one.id: UNTIL, two.id: UNTIL, three.id: UNTIL + timedelta(days=1)}
    with store.write() as tx:
        tx.deliveries.postpone(chunk, moments)
    _release(store, chunk)
    assert {each.id: _get(store, each).not_before for each in (one, two, three)} == moments
    assert len(_claim(store)[1]) == 1


def test_a_large_chunk_is_worked_on_by_parts(store, sending, monkeypatch):
    monkeypatch.setattr(deliveries, "AT_ONCE", 3)
    chunk, first = _claim(store)
    assert len(first) == 3
    _attempt(store, chunk, *(each.id for each in first))
    for each in first:
        _finish(store, each, DeliveryState.ACCEPTED)
    assert _release(store, chunk) == {"accepted": 3, "pending": 1}
    assert len(_claim(store)[1]) == 1


def test_pages_go_on_where_the_one_before_ended(store, sending):
    other = _begin(store)
    with store.read() as tx:
        every = tx.deliveries.page()
        assert [each.id for each in every] == sorted(each.id for each in every)
        assert len(every) == 8
        first = tx.deliveries.page(limit=3)
        second = tx.deliveries.page(limit=3, after=first[-1].id)
        assert [*first, *second] == every[:6]
        assert {each.edition for each in tx.deliveries.page(edition=other.id)} == {other.id}
        assert tx.deliveries.page(states=[DeliveryState.UNKNOWN, DeliveryState.LEASED]) == []
    _claim(store)
    with store.read() as tx:
        assert len(tx.deliveries.page(states=[DeliveryState.LEASED])) == 4
        assert len(tx.deliveries.page(states=[DeliveryState.PENDING], limit=2)) == 2


def test_books_that_do_not_balance_say_so(store, sending):
    with store.write() as tx:
        tx.editions.set_snapshot(sending.id, 5)
        assert not tx.deliveries.balance(sending.id).balanced
