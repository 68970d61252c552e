from __future__ import annotations

from datetime import timedelta

from bot.model import EditionState, MovedSlot
from bot.testing import NOW, edition

HOUR = timedelta(hours=1)


def moved(key="2026-11-24T07:00", **fields):
    given = {"schedule": "morning", "slot_key": key, "was": NOW, "due": NOW + HOUR, "who": "Inés", "at": NOW - HOUR}
    return MovedSlot(**{**given, **fields})


def add(store, *, slot, key="2026-11-24T07:00", planned=NOW):
    made = edition(slot=slot, slot_key=key, stories=(), renditions=(), state=EditionState.SKIPPED)
    with store.write() as tx:
        return tx.editions.add(made, expires=slot + HOUR, report={}, planned=planned)


def test_a_slot_stands_where_it_was_moved_last(store):
    with store.write() as tx:
        tx.moved_slots.put(moved())
        tx.moved_slots.put(moved(due=NOW + 2 * HOUR, who="Tom"))
        tx.moved_slots.put(moved("2026-11-25T07:00", schedule="evening"))
    with store.read() as tx:
        assert tx.moved_slots.get("morning", "2026-11-24T07:00") == moved(due=NOW + 2 * HOUR, who="Tom")
        assert [each.who for each in tx.moved_slots.of("morning")] == ["Tom"]
        assert sorted(tx.moved_slots.all()) == ["evening", "morning"]
        assert tx.moved_slots.get("morning", "2026-11-25T07:00") is None


def test_who_did_not_see_that_a_slot_was_moved_does_not_get_it(store):
    with store.write() as tx:
        tx.moved_slots.put(moved())
    assert not add(store, slot=NOW)
    assert not add(store, slot=NOW + 2 * HOUR)
    assert add(store, slot=NOW + HOUR)
    with store.read() as tx:
        assert tx.moved_slots.claimed("morning") == {"2026-11-24T07:00"}


def test_a_move_of_another_timetable_keeps_nobody_from_the_slot(store):
    with store.write() as tx:
        tx.moved_slots.put(moved(was=NOW - 5 * HOUR))
    assert add(store, slot=NOW)


def test_moves_are_kept_until_both_times_are_past(store):
    with store.write() as tx:
        tx.moved_slots.put(moved("a", was=NOW - 9 * HOUR, due=NOW - 8 * HOUR))
        tx.moved_slots.put(moved("b", was=NOW - 9 * HOUR, due=NOW))
        assert tx.moved_slots.forget(NOW - HOUR) == 1
        assert [each.slot_key for each in tx.moved_slots.of("morning")] == ["b"]


def test_only_a_skipped_edition_can_be_dropped(store):
    skipped = edition(slot_key="2026-11-24T07:00", stories=(), renditions=(), state=EditionState.SKIPPED)
    sent = edition(slot_key="2026-11-25T07:00", stories=(), renditions=(), state=EditionState.DRAFTED)
    with store.write() as tx:
        for each in (skipped, sent):
            tx.editions.add(each, expires=NOW + HOUR, report={})
        assert tx.editions.drop_skipped(skipped.id)
        assert not tx.editions.drop_skipped(sent.id)
        assert tx.editions.of_slot("morning", "2026-11-24T07:00") is None
        assert [each.id for each in tx.editions.between(NOW, NOW + HOUR)] == [sent.id]
        assert tx.editions.names([sent.id, "none"]) == {sent.id: "Morning briefing"}
