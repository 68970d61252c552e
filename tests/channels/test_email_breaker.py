from __future__ import annotations

from datetime import timedelta

import pytest

from bot.channels.email.breaker import LONGEST_REST, PROBE_LIFE, TRIPS, Breaker
from bot.testing import NOW

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def _breaker(jitter: float = 0.0) -> Breaker:
    return Breaker(jitter=lambda: jitter)


def test_a_server_that_works_takes_all() -> None:
    breaker = _breaker()
    assert all(breaker.allows(NOW) for _ in range(100))
    assert (breaker.opens_at, breaker.half_open, breaker.allowed_connections(8)) == (None, False, 8)


def test_a_server_that_failed_is_left_alone_and_then_asked_with_one_message() -> None:
    breaker = _breaker()
    breaker.failed(NOW, MINUTE)
    assert breaker.opens_at == NOW + MINUTE
    assert not breaker.allows(NOW + MINUTE - SECOND)
    assert [breaker.allows(NOW + MINUTE) for _ in range(5)] == [True, False, False, False, False]
    assert breaker.allowed_connections(8) == 1


def test_when_the_probe_is_answered_all_may_go_and_each_time_twice_as_many_connections_come_back() -> None:
    breaker = _breaker()
    breaker.failed(NOW, MINUTE)
    assert breaker.allows(NOW + MINUTE)
    breaker.succeeded(NOW + MINUTE)
    assert not breaker.half_open
    assert all(breaker.allows(NOW + MINUTE) for _ in range(5))
    allowed = []
    for _ in range(5):
        allowed.append(breaker.allowed_connections(10))
        for _ in range(allowed[-1]):
            breaker.succeeded(NOW + MINUTE)
    assert allowed == [1, 2, 4, 8, 10]
    assert breaker.allowed_connections(100) > 10


def test_a_server_that_answers_others_is_not_left_alone_for_a_line_that_broke() -> None:
    breaker = _breaker()
    breaker.succeeded(NOW)
    for _ in range(50):
        for _ in range(TRIPS - 1):
            breaker.failed(NOW, MINUTE)
        breaker.succeeded(NOW)
    assert breaker.opens_at is None
    assert breaker.allowed_connections(8) == 8
    for _ in range(TRIPS):
        breaker.failed(NOW, MINUTE)
    assert breaker.opens_at == NOW + MINUTE


def test_a_server_that_says_how_long_is_left_alone_at_once() -> None:
    breaker = _breaker()
    breaker.succeeded(NOW)
    breaker.failed(NOW, MINUTE, told=True)
    assert breaker.opens_at == NOW + MINUTE


def test_rests_grow_to_an_hour_while_probes_fail() -> None:
    breaker, now, rests = _breaker(), NOW, []
    for _ in range(12):
        breaker.failed(now, timedelta(0))
        assert breaker.opens_at
        rests.append((breaker.opens_at - now).total_seconds())
        now = breaker.opens_at
        assert breaker.allows(now)
    assert rests == [5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600]


def test_after_it_worked_again_rests_are_short_again() -> None:
    breaker, now = _breaker(), NOW
    for _ in range(5):
        breaker.failed(now, timedelta(0))
        assert breaker.opens_at
        now = breaker.opens_at
    breaker.succeeded(now)
    for _ in range(TRIPS):
        breaker.failed(now, timedelta(0))
    assert breaker.opens_at == now + 5 * SECOND


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_server_is_left_alone_at_least_as_long_as_it_asked(jitter: float) -> None:
    breaker = _breaker(jitter)
    breaker.failed(NOW, 10 * MINUTE)
    assert breaker.opens_at
    assert 10 * MINUTE <= breaker.opens_at - NOW <= 12 * MINUTE


def test_a_server_that_asks_for_a_day_is_asked_after_an_hour() -> None:
    breaker = _breaker(1.0)
    breaker.failed(NOW, timedelta(days=1))
    assert breaker.opens_at == NOW + LONGEST_REST


def test_what_was_on_its_way_when_it_failed_makes_no_rest_longer() -> None:
    breaker = _breaker()
    for _ in range(20):
        breaker.failed(NOW, MINUTE)
        breaker.throttled(NOW, MINUTE, 20)
    assert breaker.opens_at == NOW + MINUTE
    breaker.failed(NOW + SECOND, 5 * MINUTE)
    assert breaker.opens_at == NOW + SECOND + 5 * MINUTE


def test_a_late_answer_does_not_wake_a_server_that_rests() -> None:
    breaker = _breaker()
    breaker.failed(NOW, MINUTE)
    breaker.succeeded(NOW + SECOND)
    assert not breaker.allows(NOW + 2 * SECOND)
    assert breaker.opens_at == NOW + MINUTE


def test_a_probe_that_was_lost_is_followed_by_another() -> None:
    breaker = _breaker()
    breaker.failed(NOW, MINUTE)
    assert breaker.allows(NOW + MINUTE)
    assert not breaker.allows(NOW + MINUTE + PROBE_LIFE - SECOND)
    assert breaker.allows(NOW + MINUTE + PROBE_LIFE)


def test_a_throttle_takes_half_of_the_connections_and_a_breath() -> None:
    breaker = _breaker()
    for _ in range(8):
        # All eight connections hear of it.
        breaker.throttled(NOW, MINUTE, 8)
    assert breaker.allowed_connections(8) == 4
    assert not breaker.half_open
    assert breaker.opens_at == NOW + 2 * SECOND
    assert not breaker.allows(NOW + SECOND)
    assert all(breaker.allows(NOW + 2 * SECOND) for _ in range(5))


def test_a_throttled_server_gets_its_connections_back_one_a_second_at_most() -> None:
    breaker = _breaker()
    breaker.throttled(NOW, MINUTE, 8)
    now = NOW + 2 * SECOND
    for _ in range(1000):
        breaker.succeeded(now)
    assert breaker.allowed_connections(8) == 5
    for second in range(1, 10):
        for _ in range(10):
            breaker.succeeded(now + second * SECOND)
    assert breaker.allowed_connections(8) == 8


def test_a_server_that_is_throttled_again_and_again_takes_nothing_in_the_end() -> None:
    breaker, now, allowed = _breaker(), NOW, []
    for _ in range(7):
        breaker.throttled(now, MINUTE, 8)
        allowed.append(breaker.allowed_connections(8))
        assert breaker.opens_at
        now = breaker.opens_at
        breaker.allows(now)
    assert allowed[:3] == [4, 2, 1]
    assert breaker.half_open


def test_a_message_taken_in_between_keeps_breaths_short() -> None:
    breaker, now = _breaker(), NOW
    for _ in range(10):
        breaker.throttled(now, MINUTE, 8)
        assert breaker.opens_at == now + 2 * SECOND
        now = breaker.opens_at
        assert breaker.allows(now)
        breaker.succeeded(now)
    assert breaker.allowed_connections(8) <= 2


def test_a_throttled_probe_is_a_failure() -> None:
    breaker = _breaker()
    breaker.failed(NOW, MINUTE)
    assert breaker.allows(NOW + MINUTE)
    breaker.throttled(NOW + MINUTE, MINUTE, 1)
    assert breaker.half_open
    assert breaker.opens_at == NOW + 2 * MINUTE
