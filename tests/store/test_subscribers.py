from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Consent, DeliveryState, Outcome
from bot.testing import NOW, edition, subscribe

LATER = NOW + timedelta(hours=1)


def _subscribe(store, address, *, at=NOW, audience="readers", **how):
    with store.write() as tx:
        return tx.subscribers.subscribe(address, audience, Consent(at=at, via="test"), **how)


def _refused(store, *, edition_id, said):
    """Names a delivery to each reader, and lets the server refuse the first one."""
    with store.write() as tx:
        tx.editions.add(edition(id=edition_id), expires=LATER, report={})
        tx.deliveries.add_audience(edition_id, "mail", "readers", NOW)
        tx.connection.exec_driver_sql("UPDATE editions SET state = 'sending'")
        chunk = tx.chunks.claim("mail", owner="o", now=NOW, until=LATER)
        first = tx.deliveries.due(chunk, NOW)[0]
        tx.deliveries.attempt(chunk, [first.id], NOW)
        outcome = Outcome(
            delivery=first.id,
            attempt=first.attempt,
            state=DeliveryState.FAILED,
            began=NOW,
            ended=NOW,
            reason=said,
            text=said,
            code=550,
        )
        assert tx.deliveries.finish([outcome]) == []
        tx.chunks.release(chunk, NOW)
    return first.id


def test_one_address_in_any_spelling_is_one_subscriber(store):
    assert _subscribe(store, "Ida@example.org") == "new"
    assert _subscribe(store, "ida@EXAMPLE.org") == "known"
    assert _subscribe(store, "ida@example.org", audience="weekly") == "new"
    with store.read() as tx:
        found = tx.subscribers.find("IDA@example.org")
        assert {each.audience for each in found} == {"readers", "weekly"}
        assert {each.id for each in found} == {tx.subscribers.id_of("ida@example.org")}
        assert tx.subscribers.id_of("tom@example.org") is None
        assert tx.subscribers.count("readers") == 1


@pytest.mark.parametrize(
    ("at", "takes_back", "outcome"),
    [(LATER + timedelta(seconds=1), True, "returned"), (LATER, True, "left"), (NOW + timedelta(days=9), False, "left")],
)
def test_who_left_is_taken_back_by_a_later_consent_only(store, at, takes_back, outcome):
    (reader,) = subscribe(store, "ida@example.org")
    with store.write() as tx:
        assert tx.subscribers.unsubscribe(reader, "readers", via="page", now=LATER) == ["readers"]
        assert tx.subscribers.unsubscribe(reader, "readers", via="page", now=LATER) == []
    assert _subscribe(store, "ida@example.org", at=at, takes_back=takes_back) == outcome
    with store.read() as tx:
        state = tx.subscribers.get(reader, "readers").state
    assert state == ("subscribed" if outcome == "returned" else "unsubscribed")


def test_a_forgotten_address_leaves_the_ledger_its_rows_without_the_address(store):
    subscribe(store, "ida@example.org")
    delivery = _refused(store, edition_id="edition00001", said="550 <ida@example.org> unknown")
    with store.write() as tx:
        assert tx.subscribers.forget("IDA@example.org", NOW)
        assert not tx.subscribers.forget("ida@example.org", NOW)
    with store.read() as tx:
        kept = tx.deliveries.get(delivery)
        (attempt,) = tx.deliveries.attempts(delivery)
        assert tx.subscribers.find("ida@example.org") == []
    assert (kept.state, kept.code, kept.subscriber, kept.destination) == (
        DeliveryState.FAILED,
        550,
        None,
        "erased",
    )
    assert "ida" not in f"{kept} {attempt}"


def test_two_erased_readers_of_one_edition_stay_two_rows(store):
    subscribe(store, "ida@example.org", "tom@example.org")
    _refused(store, edition_id="edition00001", said="")
    with store.write() as tx:
        assert tx.subscribers.forget("ida@example.org", NOW)
        assert tx.subscribers.forget("tom@example.org", NOW)
    with store.read() as tx:
        kept = tx.deliveries.page()
        # Their destination is the same word for both: it tells nobody who was who.
        assert [(each.destination, each.subscriber) for each in kept] == [("erased", None)] * 2
        assert len({each.id for each in kept}) == 2
        assert tx.deliveries.balance("edition00001", counted=True).states == {"failed": 1, "pending": 1}


def test_what_waits_for_an_erased_reader_is_not_sent(store):
    subscribe(store, "ida@example.org", "tom@example.org")
    _refused(store, edition_id="edition00001", said="")
    with store.write() as tx:
        for address in ("ida@example.org", "tom@example.org"):
            tx.subscribers.forget(address, NOW)
        chunk = tx.chunks.claim("mail", owner="o", now=NOW, until=LATER)
        assert tx.deliveries.due(chunk, NOW) == []
        assert tx.chunks.release(chunk, NOW) == {"failed": 1, "cancelled": 1}
