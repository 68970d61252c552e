"""Rate limits in the store. The oracle knows nothing of parts: it replays all grants and looks at every window."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store import Store
from bot.store.allowances import Wanted
from bot.testing import NOW

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def most_in_a_window(used: Iterable[tuple[datetime, int]], period: timedelta) -> int:
    """The most that was used in any window as long as ``period``, the worst of which begins with a use."""
    used = sorted(used)
    moments = [at for at, _ in used]
    return max(
        (
            sum(number for _, number in used[start : bisect_left(moments, at + period)])
            for start, at in enumerate(moments)
        ),
        default=0,
    )


def reserve(store, wanted, now, limits, key="mail/main"):
    with store.write() as tx:
        return tx.allowances.reserve(key, limits, wanted, now)


def test_no_more_is_granted_than_the_limit(store):
    first = reserve(store, 7, NOW, {MINUTE: 10})
    second = reserve(store, 7, NOW, {MINUTE: 10})
    assert (first.granted, first.next_at, second.granted) == (7, None, 3)


def test_all_limits_hold_at_once(store):
    limits = {SECOND: 5, MINUTE: 8}
    assert reserve(store, 9, NOW, limits).granted == 5
    assert reserve(store, 9, NOW + 2 * SECOND, limits).granted == 3
    refused = reserve(store, 9, NOW + 4 * SECOND, limits)
    assert refused.granted == 0
    assert NOW + MINUTE < refused.next_at <= NOW + MINUTE + MINUTE / 20


def test_keys_do_not_know_one_another(store):
    assert reserve(store, 5, NOW, {HOUR: 5}, "mail/main").granted == 5
    assert reserve(store, 5, NOW, {HOUR: 5}, "mail/second").granted == 5


def test_what_was_granted_is_remembered_by_a_store_that_is_opened_again(store_url):
    limits = {DAY: 100}
    before = Store.open(store_url)
    assert reserve(before, 80, NOW, limits).granted == 80
    before.close()
    after = Store.open(store_url)
    assert reserve(after, 80, NOW + 20 * HOUR, limits).granted == 20
    after.close()


def test_a_transaction_that_fails_has_granted_nothing(store):
    with pytest.raises(RuntimeError), store.write() as tx:
        assert tx.allowances.reserve("mail/main", {DAY: 5}, 5, NOW).granted == 5
        raise RuntimeError
    assert reserve(store, 5, NOW, {DAY: 5}).granted == 5


def test_what_is_given_back_can_be_had_again_and_not_twice(store):
    grant = reserve(store, 10, NOW, {HOUR: 10, DAY: 100})
    for _ in range(2):
        with store.write() as tx:
            tx.allowances.give_back([(grant, 6)])
    assert reserve(store, 10, NOW, {HOUR: 10, DAY: 100}).granted == 6


def test_what_is_given_back_late_goes_into_the_part_it_came_from(store):
    early = reserve(store, 6, NOW, {HOUR: 10})
    reserve(store, 4, NOW + 30 * MINUTE, {HOUR: 10})
    with store.write() as tx:
        tx.allowances.give_back([(early, 6)])
    # Were the six taken off the later four, those would be forgotten.
    assert reserve(store, 10, NOW + 80 * MINUTE, {HOUR: 10}).granted == 6


def test_a_limit_that_was_raised_or_lowered_counts_what_is_used_already(store):
    reserve(store, 50, NOW, {DAY: 50})
    assert reserve(store, 100, NOW + HOUR, {DAY: 80}).granted == 30
    assert reserve(store, 100, NOW + 2 * HOUR, {DAY: 60}).granted == 0


def test_a_limit_of_nothing_grants_nothing_and_says_when_to_ask_again(store):
    refused = reserve(store, 1, NOW, {DAY: 0})
    assert refused.granted == 0
    assert NOW < refused.next_at <= NOW + DAY


def test_several_keys_are_asked_in_one_transaction(store):
    with store.write() as tx:
        grants = tx.allowances.reserve_all(
            [Wanted(f"mail/domain:{number % 1200}.example", {HOUR: 3}, 2) for number in range(2400)], NOW
        )
    assert [each.granted for each in grants] == [2] * 1200 + [1] * 1200


def test_a_clock_that_was_a_year_ahead_blocks_for_one_period_at_most(store):
    reserve(store, 10, NOW + 365 * DAY, {HOUR: 10})
    assert reserve(store, 1, NOW, {HOUR: 10}).granted == 0
    assert reserve(store, 10, NOW + HOUR + HOUR / 20, {HOUR: 10}).granted == 10


@pytest.mark.parametrize("limits", [{}, {timedelta(milliseconds=1500): 1}, {timedelta(0): 1}])
def test_what_is_no_limit_is_refused(store, limits):
    with pytest.raises(ValueError, match="mail/main|whole seconds"):
        reserve(store, 1, NOW, limits)


def test_old_rows_go_and_what_still_counts_stays(store):
    for hours in range(100):
        reserve(store, 1, NOW + hours * HOUR, {SECOND: 5, HOUR: 5})
    reserve(store, 5, NOW, {DAY: 5}, "mail/second")
    with store.read() as tx:
        assert tx.counts()["allowances"] < 100
    later = NOW + 100 * HOUR
    reserve(store, 5, later, {DAY: 5}, "mail/main")
    with store.write() as tx:
        assert tx.allowances.prune(later) > 0
    with store.read() as tx:
        assert tx.counts()["allowances"] <= 6
    assert reserve(store, 1, later, {DAY: 5}, "mail/main").granted == 0
    with store.write() as tx:
        tx.allowances.prune(later + 10 * DAY)
    with store.read() as tx:
        assert tx.counts()["allowances"] == 0


@pytest.mark.parametrize("period", [SECOND, 7 * SECOND, 10 * SECOND, MINUTE, DAY])
def test_what_was_used_at_the_end_of_its_part_counts_for_a_whole_period(period):
    store = Store.open("sqlite://")
    with store.write() as tx:
        grant = tx.allowances.reserve("mail/main", {period: 5}, 5, NOW)
        last_use = grant.until - timedelta(microseconds=1)
        asked = [NOW + share * period / 100 for share in range(1, 200)]
        granted = [at for at in asked if tx.allowances.reserve("mail/main", {period: 5}, 1, at).granted]
    store.close()
    assert granted[0] >= last_use + period
    assert granted[0] <= NOW + period * 111 / 100


steps = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 3_000_000), st.integers(0, 90_000_000), st.integers(-400_000, 0)),
        st.integers(1, 40),
        st.floats(0, 1),
        st.floats(0, 1, exclude_max=True),
    ),
    min_size=1,
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(
    steps=steps,
    limits=st.dictionaries(
        st.sampled_from([SECOND, 7 * SECOND, 10 * SECOND, MINUTE]), st.integers(1, 60), min_size=1, max_size=3
    ),
)
def test_no_window_holds_more_than_the_limit(steps, limits):
    """Grants at any time, clocks a little apart, each used anywhere in its part, the rest given back."""
    store = Store.open("sqlite://")
    now, used = NOW, []
    with store.write() as tx:
        for micros, wanted, share, when in steps:
            now += timedelta(microseconds=micros)
            grant = tx.allowances.reserve("mail/main", limits, wanted, now)
            number = round(grant.granted * share)
            tx.allowances.give_back([(grant, grant.granted - number)])
            used.append((grant.since + (grant.until - grant.since) * when, number))
    store.close()
    for period, limit in limits.items():
        assert most_in_a_window(used, period) <= limit


@settings(max_examples=60, deadline=None)
@given(
    limits=st.dictionaries(st.sampled_from([SECOND, 3 * SECOND, MINUTE, HOUR]), st.integers(1, 50), min_size=1),
    wanted=st.integers(1, 20),
)
def test_who_was_refused_and_comes_again_at_next_at_is_granted_something(limits, wanted):
    store = Store.open("sqlite://")
    now, refused = NOW, 0
    with store.write() as tx:
        for _ in range(120):
            grant = tx.allowances.reserve("mail/main", limits, wanted, now)
            if grant.granted:
                now, refused = grant.next_at or now, 0
            else:
                now, refused = grant.next_at, refused + 1
            assert refused <= 1
    store.close()


@pytest.mark.parametrize(("limit", "period"), [(1, SECOND), (10, SECOND), (600, MINUTE), (20_000, HOUR)])
def test_who_asks_all_the_time_gets_nine_tenths_of_the_limit_and_more(limit, period):
    store = Store.open("sqlite://")
    now, used = NOW, 0
    with store.write() as tx:
        while now < NOW + 30 * period:
            grant = tx.allowances.reserve("mail/main", {period: limit}, limit, now)
            used += grant.granted
            now = grant.next_at or grant.until
    store.close()
    assert used >= limit * 30 * 9 // 10


def test_threads_that_ask_at_once_get_no_more_than_there_is(store):
    grants, failures = [], []

    def ask(number: int) -> None:
        try:
            for round_ in range(8):
                now = NOW + round_ * SECOND
                with store.write() as tx:
                    # Two keys in opposite order: neither may wait for the other for ever.
                    wanted = [Wanted("a", {MINUTE: 60}, 3), Wanted("b", {MINUTE: 60, DAY: 45}, 3)]
                    made = tx.allowances.reserve_all(wanted if number % 2 else wanted[::-1], now)
                    unused = [(each, int(each.granted > 1)) for each in made]
                    tx.allowances.give_back(unused)
                grants.extend((each.key, each.granted - back) for each, back in unused)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert {key: sum(number for k, number in grants if k == key) for key in "ab"} == {"a": 60, "b": 45}
