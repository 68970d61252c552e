"""The table of states of docs/design.md: who may move an edition from where to where."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.editions import lifecycle
from bot.errors import NotFound, StateError
from bot.model import DeliveryState, EditionState
from bot.store.editions import Editions
from bot.store.flags import PAUSED
from bot.testing import NOW, edition, subscribe

LATER = NOW + timedelta(hours=1)
S = EditionState

VERBS = {
    "approve": lifecycle.approve,
    "ask": lifecycle.ask,
    "return": lambda *args, **given: lifecycle.return_(*args, **{"note": "Mend it.", **given}),
    "take back": lifecycle.take_back,
    "hold": lifecycle.hold,
    "release": lifecycle.release,
    "pause": lifecycle.pause,
    "resume": lifecycle.resume,
    "cancel": lifecycle.cancel,
}

ALLOWED = {
    ("approve", S.AWAITING): S.APPROVED,
    ("ask", S.DRAFTED): S.AWAITING,
    ("return", S.AWAITING): S.DRAFTED,
    ("return", S.APPROVED): S.DRAFTED,
    ("take back", S.APPROVED): S.AWAITING,
    ("hold", S.DRAFTED): S.HELD,
    ("hold", S.AWAITING): S.HELD,
    ("hold", S.APPROVED): S.HELD,
    ("release", S.HELD): S.DRAFTED,
    ("pause", S.SENDING): S.PAUSED,
    ("resume", S.PAUSED): S.SENDING,
    ("cancel", S.DRAFTED): S.CANCELLED,
    ("cancel", S.AWAITING): S.CANCELLED,
    ("cancel", S.APPROVED): S.CANCELLED,
    ("cancel", S.HELD): S.CANCELLED,
    ("cancel", S.SENDING): S.CANCELLED,
    ("cancel", S.PAUSED): S.CANCELLED,
}


def _in(store, state, **fields):
    made = edition(state=state, **fields)
    with store.write() as tx:
        tx.editions.add(made, expires=LATER, report={})
    return made.id


def _state(store, edition_id):
    with store.read() as tx:
        return tx.editions.state(edition_id)


def _acts(store, thing):
    with store.read() as tx:
        return [(each.what, each.who, each.before, each.after, each.note) for each in tx.acts.newest(thing=thing)]


@pytest.mark.parametrize("verb", VERBS)
def test_each_act_moves_what_it_may_and_nothing_else(store, verb):
    for state in EditionState:
        made = _in(store, state)
        to = ALLOWED.get((verb, state))
        if to is None:
            with pytest.raises(StateError, match=f"is {state}: this needs one that is"):
                VERBS[verb](store, made, who="mara", now=NOW)
            assert _state(store, made) is state
            assert _acts(store, f"edition:{made}") == []
        else:
            assert VERBS[verb](store, made, who="mara", now=NOW, note="why").state is to
            assert _acts(store, f"edition:{made}") == [(verb, "mara", state, to, "why")]


@pytest.mark.parametrize("verb", VERBS)
def test_an_edition_that_does_not_exist_is_named(store, verb):
    with pytest.raises(NotFound, match="no edition nosuchid"):
        VERBS[verb](store, "nosuchid", who="mara", now=NOW)


def test_where_approval_is_asked_for_a_held_edition_waits_for_it_again(store):
    made = _in(store, S.HELD, approval=True)
    assert lifecycle.release(store, made, who="mara", now=NOW).state is S.AWAITING
    lifecycle.hold(store, made, who="mara", now=NOW)
    assert lifecycle.approve(store, made, who="mara", now=NOW).state is S.APPROVED


@pytest.mark.parametrize("state", EditionState)
def test_only_what_waits_expires_and_its_stories_are_free_again(store, state):
    made = _in(store, state)
    waits = state in (S.DRAFTED, S.AWAITING, S.APPROVED, S.HELD)
    assert lifecycle.expire(store, made, now=NOW, reason="too late") is waits
    assert _state(store, made) is (S.EXPIRED if waits else state)
    with store.read() as tx:
        _, reserved = tx.editions.held("morning", NOW - timedelta(days=9))
    assert reserved == frozenset()


def _sending(store, *, state=DeliveryState.PENDING):
    """An edition being sent, with one delivery that stands in ``state``."""
    with store.write() as tx:
        made = edition(state=S.SENDING)
        tx.editions.add(made, expires=LATER, report={})
        tx.editions.set_snapshot(made.id, tx.deliveries.add_audience(made.id, "mail", "readers", NOW))
        chunk = tx.chunks.claim("mail", owner="o", now=NOW, until=NOW, edition=made.id)
        (each,) = tx.deliveries.due(chunk, NOW)
        if state is DeliveryState.UNKNOWN:
            tx.deliveries.attempt(chunk, [each.id], NOW)
        tx.chunks.recover(dead=["o"], now=LATER)
    return made.id, each.id


def test_a_cancelled_edition_cancels_what_waits_and_keeps_what_is_unknown(store):
    subscribe(store, "a@example.org")
    waiting, pending = _sending(store)
    asked, unknown = _sending(store, state=DeliveryState.UNKNOWN)
    for each in (waiting, asked):
        lifecycle.cancel(store, each, who="mara", now=NOW)
    with store.read() as tx:
        assert tx.deliveries.get(pending).state is DeliveryState.CANCELLED
        assert tx.deliveries.get(unknown).state is DeliveryState.UNKNOWN


def test_pausing_everything_stops_all_that_is_sent_and_resuming_lets_it_go_on(store):
    one, two, drafted = _in(store, S.SENDING), _in(store, S.SENDING), _in(store, S.DRAFTED)
    assert set(lifecycle.pause_all(store, who="mara", now=NOW, note="fire alarm")) == {one, two}
    with store.read() as tx:
        assert tx.flags.get(PAUSED)
    assert [_state(store, each) for each in (one, two, drafted)] == [S.PAUSED, S.PAUSED, S.DRAFTED]
    assert _acts(store, f"edition:{one}") == [("pause all", "mara", "sending", "paused", "fire alarm")]
    assert [each[0] for each in _acts(store, "installation")] == ["pause all"]
    assert set(lifecycle.resume_all(store, who="jo", now=LATER)) == {one, two}
    with store.read() as tx:
        assert tx.flags.get(PAUSED) == ""
    assert [_state(store, each) for each in (one, two)] == [S.SENDING, S.SENDING]


def test_resuming_everything_leaves_alone_what_somebody_paused_for_a_reason(store):
    before, again, all_the_time = _in(store, S.SENDING), _in(store, S.SENDING), _in(store, S.SENDING)
    lifecycle.pause(store, before, who="mara", now=NOW, note="wrong headline")
    lifecycle.pause_all(store, who="mara", now=NOW)
    lifecycle.resume(store, again, who="mara", now=NOW)
    lifecycle.pause(store, again, who="mara", now=NOW, note="wrong again")
    assert lifecycle.resume_all(store, who="mara", now=LATER) == (all_the_time,)
    assert [_state(store, each) for each in (before, again)] == [S.PAUSED, S.PAUSED]


def test_an_edition_that_ends_while_everything_is_paused_stops_no_other(store, monkeypatch):
    ends, goes_on = _in(store, S.SENDING), _in(store, S.SENDING)
    listed = Editions.newest

    def newest(self, **which):
        found = listed(self, **which)
        self.move(ends, to=S.SENT, since=[S.SENDING], now=NOW)
        return found

    monkeypatch.setattr(Editions, "newest", newest)
    assert lifecycle.pause_all(store, who="mara", now=NOW) == (goes_on,)
    assert _state(store, ends) is S.SENT


def _resolve(store, delivery, *, arrived):
    return lifecycle.resolve(store, [delivery, 999], arrived=arrived, who="mara", now=LATER)


def test_what_arrived_after_all_is_settled_without_sending_again(store):
    subscribe(store, "a@example.org")
    made, delivery = _sending(store, state=DeliveryState.UNKNOWN)
    lifecycle.cancel(store, made, who="mara", now=NOW)
    assert _resolve(store, delivery, arrived=True) == 1
    with store.read() as tx:
        assert tx.deliveries.get(delivery).state is DeliveryState.ACCEPTED
    assert _state(store, made) is S.CANCELLED


def test_what_did_not_arrive_opens_a_sent_edition_again(store):
    subscribe(store, "a@example.org")
    made, delivery = _sending(store, state=DeliveryState.UNKNOWN)
    with store.write() as tx:
        tx.editions.move(made, to=S.SENT, since=[S.SENDING], now=NOW)
    assert _resolve(store, delivery, arrived=False) == 1
    with store.read() as tx:
        assert tx.deliveries.get(delivery).state is DeliveryState.PENDING
    assert _state(store, made) is S.SENDING
    assert _acts(store, "deliveries") == [("resolve as unsent", "mara", "", "", str(delivery))]
    assert _acts(store, f"edition:{made}") == [("resolve as unsent", "mara", "sent", "sending", "")]


def test_nothing_of_a_cancelled_edition_is_sent_again(store):
    subscribe(store, "a@example.org")
    made, delivery = _sending(store, state=DeliveryState.UNKNOWN)
    lifecycle.cancel(store, made, who="mara", now=NOW)
    with pytest.raises(StateError, match=f"edition {made} is cancelled"):
        _resolve(store, delivery, arrived=False)
    with store.read() as tx:
        assert tx.deliveries.get(delivery).state is DeliveryState.UNKNOWN
    assert _acts(store, "deliveries") == []


def test_a_delivery_that_is_not_unknown_opens_nothing(store):
    subscribe(store, "a@example.org")
    made, delivery = _sending(store)
    with store.write() as tx:
        tx.editions.move(made, to=S.SENT, since=[S.SENDING], now=NOW)
    assert _resolve(store, delivery, arrived=False) == 0
    assert _state(store, made) is S.SENT
    assert _acts(store, "deliveries") == []
