from __future__ import annotations

from datetime import timedelta

from bot.model import EditionState
from bot.schedules.slot import make
from bot.schedules.tick import is_due, tick
from bot.store.flags import PAUSED
from bot.testing import NOW, subscribe

DAY = timedelta(days=1)


def _slots(store):
    with store.read() as tx:
        return {each.slot_key: (str(each.state), each.reason) for each in tx.editions.newest()}


def test_a_tick_makes_what_is_due_and_the_next_one_nothing_more(newsroom, publish, store):
    publish("The ferry returns")
    subscribe(store, "reader@example.org")
    installation = newsroom()
    assert tick(installation, NOW - timedelta(minutes=2)).made == []
    assert not is_due(installation, NOW - timedelta(minutes=1))
    assert is_due(installation, NOW)
    done = tick(installation, NOW)
    assert [each.slot_key for each in done.made] == ["2026-11-24T07:00"]
    assert list(done.moved.values()) == [EditionState.SENDING]
    again = tick(installation, NOW + timedelta(seconds=2))
    assert (again.made, again.moved) == ([], {})


def test_a_schedule_counts_from_its_first_tick(newsroom, publish, store):
    publish("The ferry returns")
    tick(newsroom(), NOW + timedelta(hours=1))
    assert _slots(store) == {}


def test_a_prepared_edition_is_drafted_before_its_slot(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom('prepare_before = "30m"\n')
    tick(installation, NOW - timedelta(minutes=40))
    assert _slots(store) == {}
    tick(installation, NOW - timedelta(minutes=30))
    assert _slots(store) == {"2026-11-24T07:00": ("drafted", "")}
    assert list(tick(installation, NOW).moved.values()) == [EditionState.SENDING]


def test_missed_slots_are_on_record_and_only_the_latest_is_made_up(newsroom, publish, store):
    installation = newsroom()
    tick(installation, NOW - 3 * DAY - timedelta(hours=1))
    publish("The ferry returns")
    tick(installation, NOW + timedelta(hours=1))
    slots = _slots(store)
    assert len(slots) == 4
    assert slots["2026-11-24T07:00"][0] == "sending"
    assert {state for key, (state, _) in slots.items() if key != "2026-11-24T07:00"} == {"skipped"}
    assert all(reason for key, (_, reason) in slots.items() if key != "2026-11-24T07:00")


def test_a_slot_missed_by_more_than_max_lateness_is_not_made_up(newsroom, publish, store):
    installation = newsroom()
    tick(installation, NOW - timedelta(hours=1))
    publish("The ferry returns")
    tick(installation, NOW + timedelta(hours=4))
    assert _slots(store)["2026-11-24T07:00"][0] == "skipped"


def test_a_changed_timetable_counts_from_now_on(newsroom, publish, store):
    tick(newsroom(), NOW - timedelta(hours=1))
    publish("The ferry returns")
    changed = newsroom(cron="30 6 * * *")
    tick(changed, NOW + timedelta(hours=1))
    assert _slots(store) == {}


def test_switching_a_schedule_on_makes_up_for_nothing(newsroom, publish, store):
    off = newsroom("enabled = false\n")
    tick(off, NOW - 2 * DAY)
    tick(off, NOW - timedelta(hours=1))
    publish("The ferry returns")
    tick(off, NOW + timedelta(minutes=5))
    tick(newsroom(), NOW + timedelta(minutes=6))
    assert _slots(store) == {}


def test_nothing_begins_while_everything_is_paused(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom()
    tick(installation, NOW - timedelta(minutes=1))
    with store.write() as tx:
        tx.flags.set(PAUSED, "all", NOW)
    tick(installation, NOW)
    assert _slots(store)["2026-11-24T07:00"][0] == "drafted"
    with store.write() as tx:
        tx.flags.set(PAUSED, "", NOW)
    tick(installation, NOW + timedelta(minutes=1))
    assert _slots(store)["2026-11-24T07:00"][0] == "sending"


def test_a_fault_of_the_program_in_one_schedule_stops_no_other(newsroom, publish, store, monkeypatch):
    publish("The ferry returns")
    second = """
[schedules.evening]
name = "Evening"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
"""
    installation = newsroom(second)
    tick(installation, NOW - timedelta(minutes=1))
    monkeypatch.setattr(
        "bot.schedules.tick.make", lambda *args, **kind: 1 / 0 if args[1] == "morning" else make(*args, **kind)
    )
    done = tick(installation, NOW)
    assert [each.schedule for each in done.made] == ["evening"]
    assert "ZeroDivisionError" in done.failed[0]


def test_slow_sources_do_not_make_a_slot_late(newsroom, publish, store):
    publish("The ferry returns")
    installation = newsroom('catch_up = "skip"\n')
    tick(installation, NOW - timedelta(minutes=1))
    tick(installation, NOW + timedelta(seconds=2), drafting=NOW + timedelta(seconds=90))
    assert _slots(store)["2026-11-24T07:00"][0] == "sending"


def test_a_schedule_that_fails_stops_no_other_and_is_tried_again(newsroom, publish, store):
    publish("The ferry returns")
    second = """
[schedules.evening]
name = "Evening"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
"""
    broken = newsroom('subject = "{{ nonsense }}"\n' + second)
    tick(broken, NOW - timedelta(minutes=1))
    done = tick(broken, NOW)
    assert [each.schedule for each in done.made] == ["evening"]
    assert len(done.failed) == 1
    mended = newsroom(second)
    assert [each.schedule for each in tick(mended, NOW + timedelta(minutes=1)).made] == ["morning"]
