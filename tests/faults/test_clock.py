"""The clock jumps by hours while mail is on its way, or two machines disagree: nothing is lost, nothing repeated."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.faults.evidence import running_sink
from tests.faults.invariants import Case, broken, one_edition_a_slot
from tests.faults.newsroom import Newsroom, Setting, wait
from tests.faults.program import new_clock
from tests.faults.trial import LATENCY

pytestmark = pytest.mark.slow

READERS = 200
HOURS = 3600.0
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


@pytest.fixture
def sink(tmp_path):
    with running_sink(tmp_path / "sink", options=LATENCY) as running:
        yield running


def served(sink, subject, count):
    wait(lambda: len(sink.evidence.read().of(subject)), lambda seen: seen >= count, f"{count} messages", 60)


def case_of(newsroom, sink, edition, subject):
    return Case(newsroom.rows(edition), newsroom.books(edition), sink.evidence.read().of(subject))


@pytest.mark.parametrize("jumps", [[6], [-6], [6, -6], [-6, 6]], ids=str)
def test_a_clock_that_jumps_in_mid_send_loses_nobody_repeats_nobody_and_leaves_nothing_unknown(sink, tmp_path, jumps):
    newsroom = Newsroom(tmp_path / "newsroom", READERS).make(sink.port)
    edition, subject = newsroom.approved_edition()
    clock = new_clock()
    with newsroom.running("up", clock=clock):
        for number, jump in enumerate(jumps, start=1):
            served(sink, subject, number * READERS // 4)
            clock.value += jump * HOURS
        newsroom.settled(edition)
    assert broken(case_of(newsroom, sink, edition, subject)) == []


def test_who_waits_for_another_try_is_served_once_the_clock_is_right_again(tmp_path):
    with running_sink(tmp_path / "sink", faults="rcpt_450=0.3", options=["--grey", "0.5"]) as sink:
        newsroom = Newsroom(tmp_path / "newsroom", 60).make(sink.port)
        edition, subject = newsroom.approved_edition()
        clock = new_clock()
        with newsroom.running("up", clock=clock):
            wait(lambda: newsroom.count(edition, "deferred"), bool, "a deferred delivery", 60)
            clock.value -= 6 * HOURS
            time.sleep(2)
            clock.value += 6 * HOURS
            newsroom.settled(edition)
        case = case_of(newsroom, sink, edition, subject)
        assert broken(case) == []
        assert case.books.states["accepted"] == 59


@pytest.mark.parametrize("store_url", [POSTGRESQL], indirect=True)
def test_of_two_workers_whose_clocks_are_hours_apart_neither_repeats_what_the_other_sent(store_url, sink, tmp_path):
    newsroom = Newsroom(tmp_path / "newsroom", READERS, database=store_url).make(sink.port)
    fast, slow = new_clock(), new_clock()
    fast.value, slow.value = 6 * HOURS, -6 * HOURS
    with ExitStack() as workers:
        workers.enter_context(newsroom.running("scheduler"))
        workers.enter_context(newsroom.running("worker", clock=fast))
        workers.enter_context(newsroom.running("worker", clock=slow))
        edition, subject = newsroom.approved_edition()
        newsroom.settled(edition)
    assert broken(case_of(newsroom, sink, edition, subject)) == []


def test_a_clock_that_goes_back_over_slots_makes_none_of_them_twice(sink, tmp_path):
    every_minute = """
[schedules.minutely]
name = "Minute by minute"
cron = "* * * * *"
audience = "readers"
channels = ["mail"]
catch_up = "all"
"""
    newsroom = Newsroom(tmp_path / "newsroom", 5, Setting(schedules=every_minute)).make(sink.port)
    subject = newsroom.write_story()
    clock = new_clock()

    def slots():
        return [slot for schedule, slot in newsroom.slots() if schedule == "minutely"]

    with newsroom.running("up", clock=clock):
        served(sink, subject, 4)
        clock.value += HOURS / 2
        wait(slots, lambda made: len(made) >= 30, "the slots of half an hour", 60)
        before = slots()
        clock.value -= HOURS / 2
        time.sleep(5)
        clock.value += HOURS / 2 + 120
        wait(slots, lambda made: len(made) >= len(before) + 2, "two more slots", 60)
    assert one_edition_a_slot(newsroom.slots()) == ""
    assert len(sink.evidence.read().of(subject)) == 4
