"""Rate limits as the sending sessions meet them: in one process, in several, and when one is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from bisect import bisect_left
from collections import Counter
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.email.pacing import GRANTED, Pacing, Wait, limits_of
from bot.clock import SetClock
from bot.settings import parse_rates
from bot.store import Store
from bot.testing import NOW

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def pacing(store, clock, servers=None, providers=None):
    return Pacing(
        store,
        channel="mail",
        servers={name: limits if callable(limits) else per(limits) for name, limits in (servers or {}).items()},
        providers={name: per(limits) for name, limits in (providers or {}).items()},
        clock=clock,
    )


def per(rates):
    return limits_of(parse_rates(rates))


def grants(pace, number, server="main", domain="paper.example"):
    """How many of ``number`` messages may go now."""
    return sum(pace.grant(server, domain) is GRANTED for _ in range(number))


@contextmanager
def writes_counted(store):
    """How many times the store is written to, by those who call ``write`` as everybody does."""
    count, write = Counter(), store.write

    def counted():
        count["writes"] += 1
        return write()

    store.write = counted
    try:
        yield count
    finally:
        del store.write


def test_without_limits_everything_goes_and_the_store_is_not_asked(store, clock):
    pace = pacing(store, clock, {"main": []}, {})
    with writes_counted(store) as count:
        assert grants(pace, 1000) == 1000
        assert grants(pace, 1000, server="another") == 1000
        pace.expect("main", {"paper.example": 5})
        pace.close()
    assert count["writes"] == 0


def test_a_server_sends_to_its_limit_and_then_says_when(store, clock):
    pace = pacing(store, clock, {"main": "600/m"})
    assert grants(pace, 700) == 600
    answer = pace.grant("main", "paper.example")
    assert isinstance(answer, Wait)
    assert answer.provider == ""
    assert clock() < answer.until <= clock() + MINUTE + MINUTE / 20
    clock.moment = answer.until
    assert grants(pace, 700) == 600


def test_servers_have_limits_of_their_own(store, clock):
    pace = pacing(store, clock, {"main": "10/m", "second": "20/m", "open": []})
    assert [grants(pace, 50, server) for server in ("main", "second", "open")] == [10, 20, 50]


def test_a_domain_at_its_cap_is_told_apart_from_a_server_at_its_limit(store, clock):
    pace = pacing(store, clock, {"main": "50/h"}, {"gmail.com": "5/h"})
    assert grants(pace, 20, domain="gmail.com") == 5
    assert pace.grant("main", "googlemail.com").provider == "gmail.com"
    assert grants(pace, 100, domain="paper.example") == 45
    assert pace.grant("main", "paper.example").provider == ""
    # When nothing at all can go by this server, another message is of no use.
    assert pace.grant("main", "gmail.com").provider == ""


def test_a_refused_domain_takes_nothing_of_the_server(store, clock):
    pace = pacing(store, clock, {"main": "50/h"}, {"gmail.com": "5/h"})
    assert grants(pace, 500, domain="gmail.com") == 5
    assert grants(pace, 500, domain="paper.example") == 45


def test_a_cap_on_each_other_domain_is_counted_for_each(store, clock):
    pace = pacing(store, clock, providers={"gmail.com": "7/h", "*": "3/h"})
    assert grants(pace, 20, domain="Paper.example") == 3
    assert grants(pace, 20, domain="other.example") == 3
    assert grants(pace, 10, domain="hotmail.com") + grants(pace, 10, domain="live.com") == 3
    assert grants(pace, 20, domain="gmail.com") == 7


def test_a_cap_holds_over_all_servers(store, clock):
    pace = pacing(store, clock, {"main": "50/h", "second": "50/h"}, {"gmail.com": "5/h"})
    assert grants(pace, 3, "main", "gmail.com") + grants(pace, 9, "second", "gmail.com") == 5


def test_what_was_sent_before_a_crash_is_remembered(store, clock):
    limits = {"main": "1000/d"}
    assert grants(pacing(store, clock, limits), 400) == 400
    clock.advance(hours=3)
    # Never closed: what it held in its hand is lost for the day, and is little.
    assert 560 <= grants(pacing(store, clock, limits), 1000) <= 600


def test_what_is_unused_is_given_back_at_the_end(store, clock):
    first = pacing(store, clock, {"main": "1000/d"}, {"gmail.com": "500/d"})
    assert grants(first, 333, domain="gmail.com") == 333
    first.close()
    second = pacing(store, clock, {"main": "1000/d"}, {"gmail.com": "500/d"})
    assert grants(second, 1000, domain="gmail.com") == 167
    assert grants(second, 1000) == 500


def test_what_is_unused_in_its_part_of_the_period_is_given_back_and_fetched_anew(store, clock):
    pace = pacing(store, clock, {"main": "1000/d"})
    used = 0
    for _ in range(24 * 4):
        used += grants(pace, 9)
        clock.advance(minutes=14)
    assert used == 24 * 4 * 9
    assert grants(pace, 1000) == 1000 - used


def test_a_grant_is_not_used_after_its_part_of_the_period(store, clock):
    clock.moment = NOW + timedelta(milliseconds=99)
    pace = pacing(store, clock, {"main": "40/s"})
    sent = [(clock(), grants(pace, 3))]
    for _ in range(30):
        clock.advance(milliseconds=37)
        sent.append((clock(), grants(pace, 100)))
    assert most_in_a_window(sent, SECOND) <= 40


def test_who_was_refused_finds_soon_what_another_one_gave_back(store, clock):
    one, other = (pacing(store, clock, {"main": "100/d"}) for _ in range(2))
    one.expect("main", {"paper.example": 100})
    used = grants(other, 100)
    assert used < 100
    one.close()
    clock.advance(seconds=15)
    assert used + grants(other, 100) == 100


def test_who_was_refused_a_part_and_gave_the_rest_back_may_have_it_again(store, clock):
    one, other = (pacing(store, clock, {"main": "1000/h"}, {"gmail.com": "200/m"}) for _ in range(2))
    assert grants(one, 198, domain="gmail.com") == 198
    one.close()
    other.expect("main", {"gmail.com": 4})
    clock.advance(seconds=6)
    assert grants(other, 20, domain="paper.example") == 20
    assert grants(other, 20, domain="gmail.com") == 2


def test_limits_may_differ_from_day_to_day(store, clock):
    started = clock()

    def warm_up(now: datetime):
        return {DAY: 100 * 2 ** ((now - started) // DAY)} if now < started + 3 * DAY else {}

    pace = pacing(store, clock, {"main": warm_up})
    sent = []
    for _ in range(6):
        sent.append(grants(pace, 5000))
        clock.advance(days=1)
    # A day has more than the rest of its allowance: what was sent the day before counts for its 24 hours and a part.
    assert sent == [100, 100, 300, 5000, 5000, 5000]


def test_limits_that_end_and_begin_again_count_what_they_granted_once(store, clock):
    on = {DAY: 100}
    current = dict(on)
    pace = pacing(store, clock, {"main": lambda now: current})
    assert grants(pace, 40) == 40
    current.clear()
    clock.advance(hours=2)
    assert grants(pace, 1000) == 1000
    current.update(on)
    clock.advance(hours=2)
    pace.expect("main", {"paper.example": 2})
    assert grants(pace, 1) == 1
    current.clear()
    pace.expect("main", {"paper.example": 1000})
    assert grants(pace, 1000) == 1000
    current.update(on)
    clock.advance(hours=2)
    assert grants(pace, 1000) == 59


def test_the_store_is_asked_seldom(store, clock):
    pace = pacing(store, clock, {"main": "1000000/d"})
    with writes_counted(store) as count:
        assert grants(pace, 20_000) == 20_000
    assert count["writes"] <= 50
    pace = pacing(store, clock, {"main": "10/s"})
    with writes_counted(store) as count:
        assert grants(pace, 5000) == 10
    assert count["writes"] <= 8


def test_a_batch_of_small_domains_is_one_write(store, clock):
    pace = pacing(store, clock, {"main": "100000/h"}, {"*": "100/h"})
    domains = [f"paper-{number % 300}.example" for number in range(400)]
    with writes_counted(store) as count:
        pace.expect("main", Counter(domains))
        assert all(pace.grant("main", domain) is GRANTED for domain in domains)
    assert count["writes"] == 1
    pace.close()
    fresh = pacing(store, clock, {"main": "100000/h"}, {"*": "100/h"})
    assert grants(fresh, 200, domain="paper-0.example") == 98


def test_a_clock_that_was_set_back_neither_blocks_nor_opens(store, clock):
    pace = pacing(store, clock, {"main": "100/h"})
    assert grants(pace, 200) == 100
    clock.advance(minutes=-30)
    assert grants(pace, 200) == 0
    clock.advance(hours=2)
    assert grants(pace, 200) == 100


@pytest.mark.parametrize("milliseconds", [30, 90, 150, 400])
def test_a_store_on_a_slow_disk_slows_a_limit_down_and_neither_stops_nor_breaks_it(store, clock, milliseconds):
    write = store.write

    @contextmanager
    def slow():
        with write() as tx:
            yield tx
        clock.advance(milliseconds=milliseconds)

    store.write = slow
    pace, sent = pacing(store, clock, {"main": "20/s"}), []
    while clock() < NOW + 20 * SECOND:
        answer = pace.grant("main", "paper.example")
        if answer is GRANTED:
            sent.append((clock(), 1))
        else:
            clock.moment = max(clock.moment, answer.until)
    del store.write
    assert len(sent) >= 20
    assert most_in_a_window(sent, SECOND) <= 20


def most_in_a_window(used, period):
    used = sorted(used)
    moments = [at for at, _ in used]
    return max(
        sum(number for _, number in used[start : bisect_left(moments, at + period)]) for start, at in enumerate(moments)
    )


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 4_000_000), st.integers(0, 80), st.sampled_from("sscx")),
        min_size=1,
        max_size=60,
    ),
    rates=st.sampled_from([["40/s"], ["30/s", "100/m"], ["7/2s", "20/7s"], ["60/m"]]),
    cap=st.sampled_from(["5/s", "40/m", "10/3s"]),
)
def test_no_window_holds_more_than_the_limit_whatever_happens_to_three_processes(steps, rates, cap):
    store, clock, sent, capped = Store.open("sqlite://"), SetClock(NOW), [], []

    def start():
        return pacing(store, clock, {"main": rates}, {"*": cap})

    running = [start() for _ in range(3)]
    for which, micros, number, what in steps:
        clock.advance(microseconds=micros)
        if what == "c":
            running[which].close()
        if what in "cx":
            # Closed, or killed with its hands full.
            running[which] = start()
        half = grants(running[which], number // 2, domain="paper.example")
        rest = grants(running[which], number - number // 2, domain="other.example")
        sent.append((clock(), half + rest))
        capped.append((clock(), half))
    store.close()
    for period, limit in per(rates).items():
        assert most_in_a_window(sent, period) <= limit
    for period, limit in per(cap).items():
        assert most_in_a_window(capped, period) <= limit


SENDER = """
import sys, time
from datetime import timedelta
from bot.channels.email.pacing import GRANTED, Pacing
from bot.clock import system_clock
from bot.store import Store

last = None
def clock():
    global last
    last = system_clock()
    return last

limits = {timedelta(seconds=1): 40, timedelta(seconds=10): 150}
pace = Pacing(Store.open(sys.argv[1]), channel="mail", servers={"main": limits}, providers={}, clock=clock)
until = system_clock() + timedelta(seconds=float(sys.argv[2]))
while system_clock() < until:
    answer = pace.grant("main", "paper.example")
    if answer is GRANTED:
        print(last.isoformat(), flush=True)
    else:
        time.sleep(0.01)
pace.close()
"""


@pytest.mark.slow
def test_processes_hold_a_limit_together_also_when_one_is_killed_and_another_takes_its_place(store_url, tmp_path):
    Store.open(store_url).close()

    def start(name: str, seconds: float) -> subprocess.Popen:
        with open(tmp_path / name, "w") as out:
            return subprocess.Popen([sys.executable, "-c", SENDER, store_url, str(seconds)], stdout=out)

    first = [start("a", 3), start("b", 60)]
    while not (tmp_path / "b").read_text().count("\n") > 2:
        assert first[1].poll() is None
    os.kill(first[1].pid, signal.SIGKILL)
    second = start("c", 3)
    assert [first[0].wait(60), first[1].wait(60), second.wait(60)] == [0, -signal.SIGKILL, 0]
    lines = [line for name in "abc" for line in (tmp_path / name).read_text().splitlines(keepends=True)]
    used = [(datetime.fromisoformat(line.strip()), 1) for line in lines if line.endswith("\n")]
    assert len(used) > 40
    assert most_in_a_window(used, SECOND) <= 40
    assert most_in_a_window(used, 10 * SECOND) <= 150
