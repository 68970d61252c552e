from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from bot.editions import lifecycle
from bot.errors import NotFound, NothingToDo, StateError
from bot.model import EditionState
from bot.schedules.editing import lines
from bot.schedules.free import next_free
from bot.schedules.moving import MOVE, PUT_BACK, move, put_back, skip_slot, stand
from bot.schedules.run import latest_slot
from bot.schedules.slot import make
from bot.schedules.tick import tick
from bot.testing import NOW, subscribe

# NOW is 07:00, the schedule's hour.
KEY = "2026-11-24T07:00"
NEXT = "2026-11-25T07:00"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEFORE = NOW - HOUR
INES = {"who": "Inés", "now": BEFORE}


def _made(store):
    with store.read() as tx:
        return {each.slot_key: (str(each.state), each.slot) for each in tx.editions.newest()}


def _acts(store, what):
    with store.read() as tx:
        return [(act.who, act.before, act.after) for act in tx.acts.newest() if act.what == what]


def test_a_moved_slot_goes_out_at_its_new_time_and_not_at_the_old_one(newsroom, publish, store):
    installation = newsroom()
    tick(installation, BEFORE)
    publish("The ferry returns")
    stands = move(installation, "morning", KEY, NOW + 2 * HOUR, **INES)
    assert (stands.slot.due, stands.edition) == (NOW + 2 * HOUR, None)
    assert tick(installation, NOW).made == []
    assert tick(installation, NOW + HOUR).made == []
    tick(installation, NOW + 2 * HOUR)
    tick(installation, NOW + 2 * HOUR + timedelta(seconds=2))
    assert _made(store) == {KEY: ("sending", NOW + 2 * HOUR)}
    assert _acts(store, MOVE) == [("Inés", "2026-11-24T07:00Z", "2026-11-24T09:00Z")]


def test_a_slot_moved_to_a_time_that_was_reckoned_already_goes_out_all_the_same(newsroom, publish, store):
    installation = newsroom('prepare_before = "30m"\n')
    publish("The ferry returns", hours=2)
    tick(installation, BEFORE)
    tick(installation, NOW - timedelta(minutes=30))
    assert _made(store)[KEY][0] == "drafted"
    publish("The library opens", hours=0.6)
    soon = NOW - timedelta(minutes=10)
    move(installation, "morning", NEXT, soon, who="Inés", now=NOW - timedelta(minutes=29))
    tick(installation, NOW - timedelta(minutes=28))
    assert _made(store)[NEXT] == ("drafted", soon)
    tick(installation, NOW + DAY)
    assert sorted(_made(store)) == [KEY, NEXT]


def test_an_edition_that_is_drafted_moves_with_its_slot_and_says_its_new_day(newsroom, publish, store):
    installation = newsroom('prepare_before = "30m"\n')
    tick(installation, BEFORE)
    publish("The ferry returns")
    tick(installation, NOW - timedelta(minutes=30))
    moved = move(installation, "morning", KEY, NOW + 5 * HOUR + DAY, who="Inés", now=NOW - timedelta(minutes=20))
    with store.read() as tx:
        edition = tx.editions.get(moved.edition.id)
        assert tx.editions.expires(edition.id) == NOW + 5 * HOUR + DAY + timedelta(hours=3)
    assert edition.slot == NOW + 5 * HOUR + DAY
    assert "25 November" in edition.renditions[0].email.text
    assert tick(installation, NOW).moved == {}
    assert tick(installation, NOW + 5 * HOUR + DAY).moved == {edition.id: EditionState.SENDING}


def test_who_approved_a_later_time_is_asked_again_when_it_is_to_go_out_earlier(newsroom, publish, store):
    installation = newsroom('approval = true\nprepare_before = "60m"\n')
    tick(installation, BEFORE - HOUR)
    publish("The ferry returns", hours=2)
    tick(installation, BEFORE)
    made = _edition(store)
    lifecycle.approve(store, made.id, who="Tom", now=BEFORE)
    move(installation, "morning", KEY, NOW + HOUR, **INES)
    assert _edition(store).state is EditionState.APPROVED
    move(installation, "morning", KEY, NOW + timedelta(minutes=30), **INES)
    assert _edition(store).state is EditionState.AWAITING
    assert "earlier" in _edition(store).reason
    with store.read() as tx:
        versions = [(each.number, each.who, each.approver) for each in tx.versions.of(made.id)]
    assert versions == [(3, "Inés", ""), (2, "Inés", "Tom"), (1, "broadsheet", "Tom")]


def test_an_edit_of_an_edition_that_was_moved_meanwhile_stands_on_its_new_day(newsroom, publish, store):
    installation = newsroom('prepare_before = "60m"\n')
    tick(installation, BEFORE - HOUR)
    publish("The ferry returns", hours=2)
    tick(installation, BEFORE)
    made = _edition(store)
    move(installation, "morning", KEY, NOW + DAY - HOUR, **INES)
    edited = lines(installation, made.id, subject="Ferries again", version=1, who="Tom", now=BEFORE)
    assert edited.renditions[0].email.subject == "Ferries again"
    assert "25 November" in edited.renditions[0].email.text
    moved = move(installation, "morning", KEY, NOW + 2 * DAY - HOUR, **INES).edition
    assert moved.renditions[0].email.subject == "Ferries again"
    assert "26 November" in moved.renditions[0].email.text


def _edition(store):
    with store.read() as tx:
        return tx.editions.newest()[0]


def test_what_cannot_be_moved_says_why_and_stays(newsroom, publish, store):
    installation = newsroom()
    tick(installation, BEFORE)
    for due, why in [
        (BEFORE - HOUR, "over"),
        (NOW + DAY, "goes out then"),
        (NOW + 400 * DAY, "a year"),
    ]:
        with pytest.raises(StateError, match=why):
            move(installation, "morning", KEY, due, **INES)
    with pytest.raises(NothingToDo):
        move(installation, "morning", KEY, NOW + timedelta(seconds=20), **INES)
    with pytest.raises(NotFound):
        move(installation, "morning", "2026-11-24T07:01", NOW + HOUR, **INES)
    publish("The ferry returns")
    tick(installation, NOW)
    with pytest.raises(StateError, match="began to go out"):
        move(installation, "morning", KEY, NOW + HOUR, who="Inés", now=NOW + timedelta(minutes=1))
    assert _acts(store, MOVE) == []


def test_a_skipped_slot_makes_nothing_and_says_who_wanted_it(newsroom, publish, store):
    installation = newsroom()
    tick(installation, BEFORE)
    publish("The ferry returns")
    skip_slot(installation, "morning", KEY, note="a holiday", **INES)
    assert tick(installation, NOW).made == []
    assert _edition(store).reason == "skipped by Inés: a holiday"
    with pytest.raises(NothingToDo):
        skip_slot(installation, "morning", KEY, **INES)
    with pytest.raises(StateError, match="skipped"):
        move(installation, "morning", KEY, NOW + HOUR, **INES)


def test_a_skipped_slot_that_is_put_back_goes_out(newsroom, publish, store):
    installation = newsroom('prepare_before = "90m"\n')
    tick(installation, BEFORE - DAY)
    publish("The ferry returns", hours=2)
    skip_slot(installation, "morning", KEY, who="Inés", now=BEFORE - 2 * HOUR)
    tick(installation, BEFORE)
    put_back(installation, "morning", KEY, **INES)
    tick(installation, BEFORE + timedelta(minutes=1))
    assert _made(store)[KEY] == ("drafted", NOW)
    assert [who for who, *_ in _acts(store, PUT_BACK)] == ["Inés"]


def test_a_moved_slot_that_is_put_back_goes_out_when_its_timetable_says(newsroom, publish, store):
    installation = newsroom()
    tick(installation, BEFORE)
    publish("The ferry returns")
    move(installation, "morning", KEY, NOW + 2 * HOUR, **INES)
    put_back(installation, "morning", KEY, **INES)
    tick(installation, NOW)
    tick(installation, NOW + 2 * HOUR)
    assert _made(store) == {KEY: ("sending", NOW)}
    with pytest.raises(NothingToDo):
        put_back(installation, "morning", NEXT, **INES)


def test_what_was_not_moved_while_it_was_drafted_is_not_claimed_for_its_old_time(newsroom, publish, store):
    """A machine that looked before the move makes nothing of what it saw; the next look makes the one edition."""
    installation = newsroom()
    tick(installation, BEFORE)
    publish("The ferry returns")
    with store.read() as tx:
        seen = stand(tx, installation, "morning", KEY).slot
    move(installation, "morning", KEY, NOW + HOUR, **INES)
    assert make(installation, "morning", seen, NOW) is None
    assert _made(store) == {}
    tick(installation, NOW + HOUR)
    assert _made(store)[KEY][1] == NOW + HOUR


def test_two_machines_that_make_and_move_at_once_make_one_edition_where_the_slot_stands(newsroom, publish, store):
    installation = newsroom('prepare_before = "30m"\n')
    tick(installation, BEFORE)
    publish("The ferry returns", hours=2)
    now, failures = NOW - timedelta(minutes=30), []
    gate = threading.Barrier(3)

    def at_once(act):
        try:
            gate.wait()
            act()
        except Exception as error:
            failures.append(error)

    acts = [
        lambda: tick(installation, now),
        lambda: tick(installation, now),
        lambda: move(installation, "morning", KEY, NOW + HOUR, who="Inés", now=now),
    ]
    threads = [threading.Thread(target=at_once, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    tick(installation, NOW + timedelta(minutes=30))
    assert _made(store) == {KEY: ("drafted", NOW + HOUR)}


def test_switched_off_a_schedule_lets_its_moved_slots_pass_on_record(newsroom, publish, store):
    tick(newsroom(), BEFORE)
    move(newsroom(), "morning", KEY, NOW + HOUR, **INES)
    publish("The ferry returns")
    off = newsroom("enabled = false\n")
    tick(off, NOW + 2 * HOUR)
    assert _edition(store).reason == "its schedule was switched off"


def test_the_slot_that_is_due_is_the_one_that_stands_there(newsroom):
    installation = newsroom()
    move(installation, "morning", NEXT, NOW + HOUR, **INES)
    assert latest_slot(installation, "morning", NOW + 2 * HOUR).key == NEXT


def test_the_next_free_slot_is_a_half_hour_away_from_everything_else(newsroom, store):
    installation = newsroom()
    with store.read() as tx:
        assert next_free(tx, installation, BEFORE) == NOW - timedelta(minutes=30)
        assert next_free(tx, installation, NOW - timedelta(minutes=29)) == NOW + timedelta(minutes=30)
        own = next_free(tx, installation, NOW - timedelta(minutes=29), schedule="morning", key=KEY)
        assert own == NOW + timedelta(minutes=30)
    subscribe(store, "ida@example.org")
    move(installation, "morning", KEY, NOW + timedelta(minutes=40), **INES)
    with store.read() as tx:
        assert next_free(tx, installation, NOW - timedelta(minutes=29)) == NOW
        # Its own slot is in nobody's way.
        assert next_free(tx, installation, NOW, schedule="morning", key=KEY) == NOW + timedelta(minutes=90)
        assert next_free(tx, installation, NOW) == NOW + timedelta(minutes=90)
        # The night is no time to go out.
        assert next_free(tx, installation, NOW + timedelta(hours=15, minutes=1)) == NOW + DAY - timedelta(hours=1)
