"""Events are written with what they tell of: both, or neither; and nothing of what nobody wants."""

from __future__ import annotations

import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.audience import enrolment
from bot.audience.data import personal_data
from bot.audience.enrolment import subscribers_import
from bot.audience.importing import run_import
from bot.clock import SetClock
from bot.delivery.outgoing.endpoints import TYPES
from bot.delivery.sending import begin_sending, close_if_done
from bot.editions import lifecycle
from bot.model import CallState, Consent, EditionState, Endpoint, EndpointOff, EventType, Suppression
from bot.testing import NOW, edition, subscribe

IDA = "ida@example.org"
LATER = NOW + timedelta(minutes=1)


def listen(store, *types, name="The CMS"):
    made = Endpoint(
        id=0,
        name=name,
        url="https://cms.example/hooks",
        secret="sealed",
        types=frozenset(types or TYPES),
        by="Mara",
        created=NOW,
    )
    with store.write() as tx:
        return tx.endpoints.add(made)


def told(store, endpoint):
    """The events of an endpoint, the oldest first."""
    with store.read() as tx:
        return list(reversed(tx.endpoints.calls(endpoint, 200)))


def types(store, endpoint):
    return [each.type for each in told(store, endpoint)]


def add(store, **fields):
    made = edition(**fields)
    with store.write() as tx:
        assert tx.editions.add(made, expires=made.slot + timedelta(hours=3), report={})
    return made


def test_an_edition_is_told_of_in_each_of_its_states(store):
    endpoint = listen(store)
    subscribe(store, IDA)
    made = add(store, state=EditionState.AWAITING, approval=True)
    lifecycle.return_(store, made.id, who="Mara", now=NOW, note="the figure is wrong")
    lifecycle.ask(store, made.id, who="Tom", now=NOW)
    lifecycle.hold(store, made.id, who="Mara", now=NOW)
    lifecycle.release(store, made.id, who="Mara", now=NOW)
    lifecycle.approve(store, made.id, who="Mara", now=NOW)
    with store.read() as tx:
        approved = tx.editions.get(made.id)
    assert begin_sending(store, approved, audience="readers", now=LATER)
    lifecycle.pause(store, made.id, who="Mara", now=LATER)
    lifecycle.resume(store, made.id, who="Mara", now=LATER)
    lifecycle.cancel(store, made.id, who="Mara", now=LATER)
    late = add(store, slot_key="late", id="late")
    lifecycle.expire(store, late.id, now=LATER, reason="too late")
    add(store, slot_key="none", id="none", state=EditionState.SKIPPED, reason="nothing new", stories=(), renditions=())
    assert [each.removeprefix("edition.") for each in types(store, endpoint) if each.startswith("edition.")] == [
        *("awaiting", "returned", "awaiting", "held", "awaiting", "approved", "sending", "paused", "sending"),
        *("cancelled", "drafted", "expired", "skipped"),
    ]


def test_an_edition_that_was_sent_says_what_became_of_its_deliveries(store):
    endpoint = listen(store, EventType.EDITION_SENDING, EventType.EDITION_SENT)
    subscribe(store, IDA, "tom@example.org")
    made = add(store)
    assert begin_sending(store, made, audience="readers", now=LATER)
    (sending,) = told(store, endpoint)
    assert (sending.at, sending.data["deliveries"], sending.data["state"]) == (LATER, 2, "sending")
    with store.write() as tx:
        tx.deliveries.cancel_edition(made.id, LATER)
    assert close_if_done(store, made.id, LATER) is EditionState.SENT
    sent = told(store, endpoint)[-1].data
    assert (sent["id"], sent["title"], sent["stories"]) == (made.id, made.stories[0].article.title, 1)
    assert (sent["slot"], sent["sent"]) == (made.slot.isoformat(), LATER.isoformat())
    assert (sent["deliveries"], sent["counts"]) == (2, {"cancelled": 2})


def test_an_edition_for_nobody_is_told_to_be_cancelled_and_never_to_be_sent(store):
    endpoint = listen(store)
    made = add(store)
    assert not begin_sending(store, made, audience="readers", now=LATER)
    assert types(store, endpoint) == ["edition.drafted", "edition.cancelled"]


def test_a_change_that_is_undone_is_told_to_nobody(store):
    endpoint = listen(store)
    made = edition()
    with pytest.raises(RuntimeError), store.write() as tx:
        tx.editions.add(made, expires=NOW, report={})
        tx.subscribers.subscribe(IDA, "readers", Consent(at=NOW, via="test"))
        raise RuntimeError
    with store.trial() as tx:
        tx.editions.add(made, expires=NOW, report={})
    assert told(store, endpoint) == []
    with store.read() as tx:
        assert tx.counts()["outbox"] == 0


def test_a_change_that_was_not_made_is_not_told(store):
    made = add(store)
    endpoint = listen(store)
    with store.write() as tx:
        assert not tx.editions.move(made.id, to=EditionState.SENT, since=[EditionState.SENDING], now=NOW)
        assert not tx.editions.add(made, expires=NOW, report={})
    assert told(store, endpoint) == []


def test_nothing_is_written_while_nobody_wants_it(store):
    off = listen(store)
    with store.write() as tx:
        tx.endpoints.disable(off, EndpointOff.BY_HAND, NOW)
    listen(store, EventType.SUBSCRIBER_ERASED)
    add(store)
    subscribe(store, IDA)
    with store.read() as tx:
        assert tx.counts()["outbox"] == 0


def test_one_event_is_told_to_all_who_want_it_by_one_id(store):
    one, other, third = listen(store), listen(store), listen(store, EventType.EDITION_SENT)
    add(store)
    assert told(store, one)[0].message == told(store, other)[0].message
    assert told(store, third) == []


def test_a_readers_coming_and_going_is_told(store):
    endpoint = listen(store)
    with store.write() as tx:
        tx.subscribers.subscribe(IDA, "readers", Consent(at=NOW, via="sign-up"))
        tx.subscribers.subscribe(IDA, "readers", Consent(at=NOW, via="sign-up"))
        reader = tx.subscribers.id_of(IDA)
        tx.subscribers.unsubscribe(reader, "", via="one click", now=LATER)
        tx.subscribers.unsubscribe(reader, "", via="one click", now=LATER)
        tx.subscribers.resubscribe(reader, "readers", now=LATER)
        tx.suppressions.add(Suppression(address=IDA, reason="complained", at=LATER))
        tx.suppressions.add(Suppression(address="nobody@example.org", reason="bounced", at=LATER, audience="readers"))
    came, left, back, listed, other = told(store, endpoint)
    assert came.data == {"id": reader, "address": IDA, "audience": "readers", "via": "sign-up"}
    assert (left.type, left.at, left.data["via"]) == ("subscriber.unsubscribed", LATER, "one click")
    assert back.type == "subscriber.subscribed"
    assert listed.data == {"id": reader, "address": IDA, "audience": None, "reason": "complained"}
    assert (other.data["id"], other.data["audience"]) == (None, "readers")


def test_an_erased_reader_is_told_by_the_id_and_their_address_leaves_what_still_waits(store):
    endpoint = listen(store)
    (reader,) = subscribe(store, IDA)
    assert enrolment.forget(store, IDA, who="Mara", now=LATER)
    came, erased = told(store, endpoint)
    assert (came.data["id"], came.data["address"], came.state) == (reader, None, CallState.WAITING)
    assert (erased.type, erased.data) == ("subscriber.erased", {"id": reader})
    with store.read() as tx:
        rows = tx.connection.exec_driver_sql("SELECT * FROM outbox").all()
        assert "ida@" not in str(rows)
        assert tx.hashed(IDA) not in str(rows)


def test_a_reader_may_ask_which_programs_were_told_of_them(store):
    endpoint = listen(store, name="The paywall")
    (reader,) = subscribe(store, IDA)
    with store.read() as tx:
        held = personal_data(tx, reader)
    assert held["told"] == [
        {"type": "subscriber.subscribed", "at": NOW.isoformat(), "program": "The paywall", "state": "waiting"}
    ]
    assert len(told(store, endpoint)) == 1


def test_a_file_of_readers_is_one_event(store, tmp_path):
    endpoint = listen(store)
    file = tmp_path / "readers.csv"
    file.write_text("email\n" + "".join(f"reader{number}@example.org\n" for number in range(30)) + "none\n", "utf-8")
    job = subscribers_import(file, "readers", ["readers"], by="Mara", zone=ZoneInfo("UTC"), consent="paper forms")
    run_import(store, job, clock=SetClock(LATER), advance=lambda _rows, _lines: None)
    (event,) = told(store, endpoint)
    assert (event.type, event.at, event.data["file"], event.data["audience"]) == (
        "audience.imported",
        LATER,
        "readers.csv",
        "readers",
    )
    assert (event.data["counts"]["accepted"], event.data["counts"]["refused"]) == (30, 1)


def test_who_removes_an_endpoint_while_an_edition_changes_does_not_undo_the_change(store):
    made, endpoint = add(store), listen(store)
    removing = store.begin()
    removing.tx.endpoints.remove(endpoint)
    moved = []

    def hold():
        with store.write() as tx:
            moved.append(tx.editions.move(made.id, to=EditionState.HELD, since=[made.state], now=NOW))

    other = threading.Thread(target=hold)
    other.start()
    other.join(0.3)
    removing.commit()
    other.join(10)
    with store.read() as tx:
        assert (moved, tx.editions.state(made.id), tx.counts()["outbox"]) == ([True], EditionState.HELD, 0)


def test_what_is_old_goes_but_for_what_is_still_to_be_told(store):
    on, off = listen(store, EventType.EDITION_DRAFTED), listen(store, EventType.EDITION_HELD)
    made = add(store)
    lifecycle.hold(store, made.id, who="Mara", now=NOW)
    with store.write() as tx:
        tx.endpoints.disable(off, EndpointOff.FAILING, NOW)
        assert tx.outbox.prune(NOW) == 0
        assert tx.outbox.prune(LATER) == 1
    assert (types(store, on), types(store, off)) == (["edition.drafted"], [])
    with store.write() as tx:
        (call,) = tx.endpoints.calls(on, 1)
        assert tx.endpoints.settle(call, state=CallState.DELIVERED, due=None, code=200, said="", now=NOW)
        assert tx.outbox.prune(LATER) == 1
        assert (tx.counts()["outbox"], tx.counts()["endpoint_calls"]) == (0, 0)
