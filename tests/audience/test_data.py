from __future__ import annotations

import json
from datetime import timedelta

import pytest
from sqlalchemy import insert

from bot.audience.data import forget_reader, personal_data, personal_data_of
from bot.audience.enrolment import forget
from bot.audience.suppression import suppress
from bot.delivery.sending import begin_sending
from bot.model import Consent, Evidence, Preferences, Suppression
from bot.store.tables import events, signups
from bot.testing import NOW, edition, subscribe

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def reader(store):
    """Somebody of whom everything is held that can be: the id of ida@example.org."""
    (ida,) = subscribe(store, "ida@example.org")
    with store.write() as tx:
        tx.subscribers.unsubscribe(ida, "readers", via="page", now=NOW)
        evidence = Evidence(form="page", wording="2", ip="192.0.2.1", requested=NOW, confirmed=LATER)
        tx.subscribers.subscribe("ida@example.org", "readers", Consent(at=LATER, via="form", evidence=evidence))
        tx.subscribers.prefer(ida, "readers", Preferences(topics=("Harbour",), hour=6, timezone="Europe/Berlin"))
        hashed = tx.hashed("ida@example.org")
        tx.connection.execute(
            insert(signups).values(
                id="x" * 26,
                address="ida@example.org",
                address_hash=hashed,
                choices={"weekly": None},
                evidence={"form": "page"},
                requested=NOW,
            )
        )
        for key, of in (("a", {"subscriber": ida}), ("b", {"address_hash": hashed})):
            tx.connection.execute(
                insert(events).values(key=key, at=NOW, verdict="soft", evidence="<ida@example.org> is full", **of)
            )
        made = edition()
        tx.editions.add(made, expires=LATER, report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    listed = Suppression(address="ida@example.org", reason="complaint", at=NOW, audience="weekly", source="webhook")
    suppress(store, listed, who="mara")
    return ida


def test_all_that_is_held_on_a_reader_is_handed_over_gdpr_15_and_20(store, reader):
    with store.read() as tx:
        held = personal_data(tx, reader)
        assert personal_data_of(tx, "IDA@example.org") == held
    assert json.loads(json.dumps(held)) == held
    assert (held["address"], held["known_since"]) == ("ida@example.org", NOW.isoformat())
    (subscription,) = held["subscriptions"]
    assert subscription["consent_at"] == LATER.isoformat()
    assert subscription["evidence"]["ip"] == "192.0.2.1"
    assert subscription["preferences"] == {"topics": ["Harbour"], "hour": 6, "timezone": "Europe/Berlin"}
    assert [each["at"] for each in held["past_consents"]] == [NOW.isoformat()]
    assert [(each["address"], each["choices"]) for each in held["requests"]] == [("ida@example.org", {"weekly": None})]
    assert [(each["audience"], each["reason"], each["source"]) for each in held["suppressions"]] == [
        ("weekly", "complaint", "webhook")
    ]
    (delivery,) = held["deliveries"]
    assert (delivery["name"], delivery["state"], delivery["channel"]) == (edition().name, "pending", "mail")
    assert [each["verdict"] for each in held["events"]] == ["soft", "soft"]


def test_nothing_is_held_on_whom_nobody_knows(store, reader):
    with store.read() as tx:
        assert personal_data(tx, reader + 1) is None
        assert personal_data_of(tx, "nobody@example.org") is None
    assert not forget_reader(store, reader + 1, who="reader", now=LATER)


def test_erasure_leaves_a_keyed_hash_and_nothing_else_gdpr_17(store, reader):
    assert forget_reader(store, reader, who="reader", now=LATER)
    assert not forget_reader(store, reader, who="reader", now=LATER)
    with store.read() as tx:
        assert personal_data(tx, reader) is None
        counts = tx.counts()
        rows = [
            str(row)
            for table in ("subscriptions", "past_consents", "signups", "events", "suppressions", "deliveries", "acts")
            for row in tx.connection.exec_driver_sql(f"SELECT * FROM {table}")
        ]
        assert tx.suppressions.of("ida@example.org", "any").reason == "erased"
        events_left = tx.connection.execute(events.select()).all()
    assert {name: counts[name] for name in ("subscribers", "subscriptions", "past_consents", "signups")} == {
        "subscribers": 0,
        "subscriptions": 0,
        "past_consents": 0,
        "signups": 0,
    }
    # What came back is counted on, without whom it was of.
    assert [(row.verdict, row.subscriber, row.address_hash, row.evidence) for row in events_left] == [
        ("soft", None, "", "")
    ] * 2
    assert "ida@" not in " ".join(rows).casefold()
    assert "192.0.2.1" not in " ".join(rows)


def test_who_asked_to_subscribe_and_never_confirmed_can_be_shown_and_erased(store):
    with store.write() as tx:
        tx.connection.execute(
            insert(signups).values(
                id="y" * 26,
                address="new@example.org",
                address_hash=tx.hashed("new@example.org"),
                choices={"readers": None},
                evidence={},
                requested=NOW,
            )
        )
    with store.read() as tx:
        held = personal_data_of(tx, "new@example.org")
    assert (held["address"], len(held["requests"]), held["subscriptions"]) == ("new@example.org", 1, [])
    assert forget(store, "new@example.org", who="mara", now=NOW)
    with store.read() as tx:
        assert tx.counts()["signups"] == 0
