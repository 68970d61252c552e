"""Schedules, sources and the brand are made on the desk, checked as a whole, and on the record."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from bot.errors import ChangedMeanwhile, NotFound, SettingsError
from bot.model import EditionState
from bot.schedules.declaring import declare, turn, withdraw
from bot.schedules.installation import Installation
from bot.schedules.tick import tick
from bot.testing import KEYS, NOW

EVENING = {"name": "Evening five", "times": ["18:00"], "audience": "readers", "channels": ["mail"]}
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def running(newsroom):
    return newsroom()


def make(installation, key="evening", table=EVENING, **given):
    return declare(installation, "schedules", key, table, **{"who": "Inés", "now": NOW, **given})


def acts(store, thing):
    with store.read() as tx:
        return tx.acts.newest(thing=thing)


def test_a_schedule_is_there_at_once_and_on_the_record(running, store):
    made = make(running, table={**EVENING, "template": None})
    assert made.content == EVENING
    assert running.settings.schedules["evening"].crons == ("0 18 * * *",)
    (act,) = acts(store, "schedule:evening")
    assert (act.who, act.what, act.before) == ("Inés", "make", "")
    assert act.after == (
        '[schedules.evening]\nname = "Evening five"\ntimes = ["18:00"]\naudience = "readers"\nchannels = ["mail"]\n'
    )


def test_a_change_is_on_the_record_with_before_and_after(running, store):
    make(running)
    make(running, table={**EVENING, "selection": {"maximum": 5}, "name": "Evening"}, who="Tom", now=LATER, version=1)
    act = acts(store, "schedule:evening")[0]
    assert (act.who, act.what, act.note) == ("Tom", "change", "name: Evening five → Evening, selection.maximum: – → 5")
    assert 'name = "Evening five"' in act.before
    assert act.after.endswith("[schedules.evening.selection]\nmaximum = 5\n")


def test_what_changes_nothing_is_no_act(running, store):
    make(running)
    assert make(running, now=LATER, version=1).version == 1
    assert len(acts(store, "schedule:evening")) == 1


def test_who_changes_an_older_version_is_told_who_was_first(running):
    make(running)
    make(running, table={**EVENING, "name": "Evening"}, who="Tom", version=1)
    with pytest.raises(ChangedMeanwhile, match="Tom changed it meanwhile"):
        make(running, table={**EVENING, "name": "Lost"}, version=1)
    with pytest.raises(ChangedMeanwhile, match="Tom changed it meanwhile"):
        withdraw(running, "schedules", "evening", who="Inés", now=NOW, version=1)
    assert running.settings.schedules["evening"].name == "Evening"


@pytest.mark.parametrize(
    ("key", "change", "field", "said"),
    [
        ("evening", {"times": None}, "schedules.evening", "exactly one of cron"),
        ("evening", {"channels": ["fax"]}, "schedules.evening.channels", "there is no channel"),
        ("evening", {"selection": {"minimum": 0}}, "schedules.evening.selection.minimum", "greater than or equal to 1"),
        ("evening", {"subject": "{{ nonsense }}"}, "schedules.evening.subject", "nonsense"),
        ("evening", {"subject": "{% if %}"}, "schedules.evening.subject", "the schedule's subject"),
        ("evening", {"preheader": "{{ lead.nonsense }}"}, "schedules.evening.preheader", "nonsense"),
        ("evening", {"preheader": "x" * 501}, "schedules.evening.preheader", "at most 500 characters"),
        ("Evening five", {}, "schedules.Evening five", "small letters"),
        ("", {}, "schedules", "named by its kind and its key"),
        ("morning", {}, "schedules.morning", "it is changed there"),
    ],
)
def test_what_is_wrong_is_refused_and_its_field_named(running, store, key, change, field, said):
    with pytest.raises(SettingsError) as refused:
        make(running, key, {**EVENING, **change})
    assert refused.value.key == field
    assert said in refused.value.said
    with store.read() as tx:
        assert tx.declarations.all() == []
        assert tx.acts.newest() == []


def test_a_source_is_checked_by_its_kind_and_collected_from(running):
    declare(running, "sources", "wire", {"type": "feed", "url": "https://wire.example/feed"}, who="Inés", now=NOW)
    assert list(running.sources) == ["wire"]
    for table, field in (({"type": "fax"}, "type"), ({"type": "feed", "url": "wire"}, "url"), ({}, "type")):
        with pytest.raises(SettingsError) as refused:
            declare(running, "sources", "other", table, who="Inés", now=NOW)
        assert refused.value.key == f"sources.other.{field}"


def test_nobody_at_the_desk_reads_this_machines_files(running):
    with pytest.raises(SettingsError, match="who sits at the desk must not choose its files"):
        declare(running, "sources", "etc", {"type": "folder", "path": "/etc"}, who="Inés", now=NOW)


def test_a_source_that_a_schedule_takes_by_name_is_not_removed(running):
    declare(running, "sources", "wire", {"type": "feed", "url": "https://wire.example/feed"}, who="Inés", now=NOW)
    make(running, table={**EVENING, "selection": {"sources": ["wire"]}})
    with pytest.raises(SettingsError, match="evening takes it by name"):
        withdraw(running, "sources", "wire", who="Inés", now=NOW)
    withdraw(running, "schedules", "evening", who="Inés", now=NOW)
    withdraw(running, "sources", "wire", who="Inés", now=NOW)
    assert list(running.sources) == []


def test_the_brand_changes_the_newsroom(running, store):
    before = running.newsroom
    declare(running, "brand", "", {"accent": "#112233"}, who="Inés", now=NOW)
    assert (before.accent, running.newsroom.accent) == ("#0B5D4B", "#112233")
    assert acts(store, "brand")[0].after == '[brand]\naccent = "#112233"\n'
    withdraw(running, "brand", "", who="Inés", now=NOW)
    assert running.newsroom.accent == "#0B5D4B"


def test_an_edition_of_a_schedule_that_was_removed_keeps_its_name(running, store, publish):
    publish("The ferry returns")
    make(running, table={**EVENING, "times": ["07:00"]}, now=NOW - timedelta(minutes=10))
    tick(running, NOW - timedelta(minutes=10))
    tick(running, NOW)
    withdraw(running, "schedules", "evening", who="Inés", now=NOW)
    with store.read() as tx:
        edition = tx.editions.of_slot("evening", "2026-11-24T07:00")
    assert (edition.name, edition.state) == ("Evening five", EditionState.SENDING)
    assert "evening" not in running.settings.schedules
    tick(running, LATER)
    assert acts(store, "schedule:evening")[0].what == "remove"


def test_a_schedule_made_again_makes_up_for_nothing(running, store, publish):
    publish("The ferry returns")
    hourly = {**EVENING, "times": ["07:00"]}
    make(running, table=hourly, now=NOW - timedelta(hours=2))
    tick(running, NOW - timedelta(hours=2))
    withdraw(running, "schedules", "evening", who="Inés", now=NOW - timedelta(hours=1))
    make(running, table=hourly, now=NOW + timedelta(minutes=5))
    tick(running, NOW + timedelta(minutes=5))
    with store.read() as tx:
        assert tx.editions.of_slot("evening", "2026-11-24T07:00") is None


def test_while_it_is_off_a_schedule_makes_no_edition(running, store, publish):
    publish("The ferry returns")
    make(running, table={**EVENING, "times": ["07:00", "08:00"]}, now=NOW - timedelta(minutes=10))
    tick(running, NOW - timedelta(minutes=10))
    turn(running, "evening", on=False, who="Inés", now=NOW)
    tick(running, NOW)
    turn(running, "evening", on=True, who="Inés", now=NOW)
    tick(running, LATER)
    with store.read() as tx:
        assert tx.editions.of_slot("evening", "2026-11-24T07:00") is None
        assert tx.editions.of_slot("evening", "2026-11-24T08:00") is not None
    assert running.settings.declared["schedules.evening"].content == {**EVENING, "times": ["07:00", "08:00"]}


@pytest.mark.parametrize("schedule", ["morning", "nonsense"])
def test_a_schedule_of_a_file_is_not_turned_off_here(running, schedule):
    with pytest.raises(NotFound):
        turn(running, schedule, on=False, who="Inés", now=NOW)
    with pytest.raises(NotFound):
        withdraw(running, "schedules", schedule, who="Inés", now=NOW)


class TestAnotherMachine:
    @pytest.fixture
    def elsewhere(self, running, store, clock):
        return Installation(running.files, store, KEYS, clock)

    def test_follows_at_its_next_look(self, running, elsewhere):
        make(running)
        assert "evening" not in elsewhere.settings.schedules
        assert elsewhere.refresh()
        assert "evening" in elsewhere.settings.schedules
        assert not elsewhere.refresh()

    def test_keeps_what_it_works_with_to_the_end(self, running, elsewhere):
        working = elsewhere.current()
        make(running)
        elsewhere.refresh()
        assert not working.refresh()
        assert "evening" not in working.settings.schedules

    def test_names_what_its_own_file_does_not_let_hold(self, running, elsewhere):
        make(running, "late")
        make(running)
        narrower = running.files.tables.model_copy(
            update={"schedules": {**running.files.schedules, "evening": running.settings.schedules["evening"]}}
        )
        elsewhere = Installation(
            type(running.files)(running.files.folder, narrower), elsewhere.store, KEYS, elsewhere.clock
        )
        elsewhere.refresh()
        assert [each.declaration.at for each in elsewhere.settings.faults] == ["schedules.evening"]
        assert "late" in elsewhere.settings.schedules

    def test_many_threads_see_one_whole_or_the_other(self, running, elsewhere):
        declare(running, "sources", "wire", {"type": "feed", "url": "https://wire.example/feed"}, who="Inés", now=NOW)
        torn, done = [], threading.Event()

        def look():
            while not done.is_set():
                elsewhere.refresh()
                seen = elsewhere.current()
                if ("wire" in seen.sources) != ("wire" in seen.settings.sources):
                    torn.append(seen)

        threads = [threading.Thread(target=look) for _ in range(4)]
        for each in threads:
            each.start()
        for number in range(6):
            withdraw(running, "sources", "wire", who="Inés", now=NOW)
            table = {"type": "feed", "url": f"https://wire.example/{number}"}
            declare(running, "sources", "wire", table, who="Inés", now=NOW)
        done.set()
        for each in threads:
            each.join()
        assert torn == []
        elsewhere.refresh()
        assert elsewhere.settings.sources["wire"]["url"] == "https://wire.example/5"
