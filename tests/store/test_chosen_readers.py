"""The snapshot of readers who chose something."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import event, text

from bot.model import DeliveryState, EditionState, Placement, Preferences, Suppression
from bot.store import Store
from bot.testing import NOW, edition, subscribe

LATER = NOW + timedelta(hours=5)
SPORT, HARBOUR = Preferences(topics=("Sport",)), Preferences(topics=("Harbour",))
EVENING, AWAY = Preferences(hour=20), Preferences(paused_until=date(2026, 12, 1))


def place(preferences):
    if preferences.paused_until:
        return Placement(state=DeliveryState.EXCLUDED, reason="paused until 2026-12-01")
    variant = f"variant-{preferences.topics[0].lower()}" if preferences.topics else ""
    return Placement(variant=variant, not_before=LATER if preferences.hour else None)


def _reader(store, number, preferences=None):
    (subscriber,) = subscribe(store, f"reader{number}@example.org")
    if preferences:
        with store.write() as tx:
            assert tx.subscribers.prefer(subscriber, "readers", preferences)
    return subscriber


def _begin(store):
    made = edition(state=EditionState.SENDING)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
        size = tx.deliveries.add_audience(made.id, "mail", "readers", NOW, place)
        tx.editions.set_snapshot(made.id, size)
    return made


def _claim(store, now=NOW):
    with store.write() as tx:
        chunk = tx.chunks.claim("mail", owner="a", now=now, until=now + timedelta(minutes=10))
        return chunk, [each.recipient.subscriber for each in tx.deliveries.due(chunk, now)] if chunk else []


def _all_claimed(store, now=NOW):
    """Variant → its readers."""
    found = {}
    while (claimed := _claim(store, now))[0]:
        found.setdefault(claimed[0].variant, []).extend(claimed[1])
    return {variant: sorted(ids) for variant, ids in found.items()}


def _balance(store, made):
    with store.read() as tx:
        balance = tx.deliveries.balance(made.id)
        assert balance == tx.deliveries.balance(made.id, counted=True)
    assert balance.balanced
    return balance.states


def test_each_reader_gets_the_variant_they_chose_and_all_of_a_chunk_get_the_same(store, monkeypatch):
    monkeypatch.setattr("bot.store.chunks.SIZE", 2)
    chosen = [None, SPORT, HARBOUR] * 5
    readers = [(_reader(store, number, wanted), wanted) for number, wanted in enumerate(chosen)]
    made = _begin(store)
    assert _balance(store, made) == {"pending": 15}
    assert _all_claimed(store) == {
        variant: sorted(id_ for id_, wanted in readers if wanted is one)
        for variant, one in (("", None), ("variant-sport", SPORT), ("variant-harbour", HARBOUR))
    }


def test_who_gets_nothing_is_in_the_books_with_the_reason_and_makes_no_work(store):
    reader = _reader(store, 1, AWAY)
    made = _begin(store)
    assert _balance(store, made) == {"excluded": 1}
    assert _claim(store) == (None, [])
    with store.read() as tx:
        assert tx.deliveries.open_channels(made.id) == []
        (row,) = tx.deliveries.of_edition(made.id, reader)
    assert (row.state, row.reason) == (DeliveryState.EXCLUDED, "paused until 2026-12-01")


def test_who_has_an_hour_of_their_own_waits_for_it_in_chunks_of_that_hour(store):
    early, late = _reader(store, 1), _reader(store, 2, EVENING)
    made = _begin(store)
    assert _all_claimed(store) == {"": [early]}
    with store.read() as tx:
        assert tx.deliveries.next_due(made.id, now=NOW) == LATER
    assert _claim(store, LATER - timedelta(seconds=1)) == (None, [])
    assert _all_claimed(store, LATER) == {"": [late]}
    assert _balance(store, made) == {"leased": 2}


def test_a_suppressed_address_gets_nothing_whatever_its_reader_chose(store):
    for number, wanted in enumerate([None, SPORT, EVENING, AWAY]):
        _reader(store, number, wanted)
        with store.write() as tx:
            tx.suppressions.add(Suppression(address=f"reader{number}@example.org", reason="bounce", at=NOW))
    made = _begin(store)
    assert _balance(store, made) == {"suppressed": 4}
    assert _claim(store, LATER) == (None, [])


def test_the_copy_that_is_sorted_is_gone_when_the_snapshot_is_taken(store):
    _reader(store, 1, SPORT)
    first, second = _begin(store), _begin(store)
    assert _balance(store, first) == _balance(store, second) == {"pending": 1}
    with store.write() as tx, pytest.raises(Exception, match="chosen_readers"):
        tx.connection.execute(text("SELECT * FROM chosen_readers"))


def test_a_snapshot_that_is_undone_leaves_nothing_behind(store):
    _reader(store, 1, SPORT)
    made = edition()
    with store.trial() as tx:
        tx.editions.add(made, expires=NOW, report={})
        assert tx.deliveries.add_audience(made.id, "mail", "readers", NOW, place) == 1
    assert _balance(store, _begin(store)) == {"pending": 1}


def test_a_snapshot_without_rules_for_choices_names_everybody_for_the_general_edition(store):
    readers = sorted([_reader(store, 1, SPORT), _reader(store, 2, AWAY), _reader(store, 3)])
    made = edition(state=EditionState.SENDING)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW, report={})
        tx.editions.set_snapshot(made.id, tx.deliveries.add_audience(made.id, "mail", "readers", NOW))
    assert _all_claimed(store) == {"": readers}


def test_who_leaves_pauses_or_is_suppressed_while_they_wait_gets_nothing(store):
    readers = [_reader(store, number, EVENING) for number in range(4)]
    made = _begin(store)
    with store.write() as tx:
        tx.subscribers.unsubscribe(readers[0], "readers", via="test", now=NOW)
        tx.suppressions.add(Suppression(address="reader1@example.org", reason="complaint", at=NOW))
        tx.subscribers.prefer(readers[2], "readers", AWAY)
        chunk = tx.chunks.claim("mail", owner="a", now=LATER, until=LATER + timedelta(minutes=10))
        due = tx.deliveries.due(chunk, LATER, lambda chosen: "paused" if chosen.paused_until else "")
    assert [each.recipient.subscriber for each in due] == [readers[3]]
    assert _balance(store, made) == {"cancelled": 3, "leased": 1}
    with store.read() as tx:
        (row,) = tx.deliveries.of_edition(made.id, readers[2])
    assert row.reason == "paused, chosen after the snapshot"


def test_choices_are_counted_by_how_many_made_them(store):
    for number, wanted in enumerate([SPORT, SPORT, HARBOUR, None]):
        _reader(store, number, wanted)
    with store.read() as tx:
        assert dict(tx.subscribers.choices("readers")) == {SPORT: 2, HARBOUR: 1}
        assert dict(tx.subscribers.choices("others")) == {}


def test_variants_are_kept_beside_an_edition_and_nobody_who_asks_for_it_gets_them(store):
    made = edition()
    mail = made.renditions[0]
    variant = type(mail)(channel="mail", subject="variant-a", email=mail.email)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW, report={})
        tx.editions.add_variants(made.id, [variant])
        tx.editions.add_variants(made.id, [variant])
    with store.read() as tx:
        assert tx.editions.get(made.id).renditions == made.renditions
        assert tx.editions.variants(made.id, "mail") == {"variant-a"}
        assert tx.editions.rendition(made.id, "mail", "variant-a") == variant
    with store.write() as tx:
        tx.editions.replace_stories(made)
    with store.read() as tx:
        assert tx.editions.variants(made.id, "mail") == frozenset()


def test_the_few_who_chose_are_found_without_a_look_at_those_who_did_not(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/broadsheet.db")
    _reader(store, 1)
    _reader(store, 2, SPORT)
    seen = []

    @event.listens_for(store._engine, "before_cursor_execute")
    def keep(_connection, _cursor, statement, parameters, _context, _many):
        if "subscriptions.preferences IS NOT NULL" in statement:
            seen.append((statement, parameters))

    _begin(store)
    with store.read() as tx:
        assert list(tx.subscribers.choices("readers")) == [(SPORT, 1)]
        plans = [
            [row[3] for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)]
            for statement, parameters in list(seen)
        ]
    assert len(plans) == 3
    for steps in plans:
        assert any("USING INDEX ix_subscriptions_chosen" in step for step in steps), steps
    store.close()
