"""What becomes of a call, by what it was answered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.outgoing.patience import LONGEST_REST, OFF_AFTER, WAITS, Reply, judge
from bot.model import CallState, EndpointOff
from bot.testing import NOW

HOUR = timedelta(hours=1)


def of(reply, *, tries=0, failing=None):
    return judge(reply, tries=tries, failing=failing, now=NOW)


def test_the_schedule_is_that_of_the_standard():
    assert [wait.total_seconds() for wait in WAITS] == [
        5,
        300,
        *(hours * 3600 for hours in (0.5, 2, 5, 10, 14, 20, 24)),
    ]


@pytest.mark.parametrize("code", [200, 201, 204, 299])
def test_2xx_alone_is_success(code):
    assert of(Reply(code)).state is CallState.DELIVERED


@pytest.mark.parametrize("code", [0, 199, 301, 308, 400, 401, 404, 408, 413, 429, 500, 503])
def test_all_else_is_told_again(code):
    verdict = of(Reply(code))
    assert (verdict.state, verdict.due, verdict.off) == (CallState.WAITING, NOW + WAITS[0], None)


def test_after_the_last_try_it_is_given_up():
    assert of(Reply(500), tries=len(WAITS) - 1).due == NOW + WAITS[-1]
    verdict = of(Reply(500), tries=len(WAITS))
    assert (verdict.state, verdict.due) == (CallState.FAILED, None)


def test_gone_turns_the_endpoint_off_at_once():
    verdict = of(Reply(410))
    assert (verdict.state, verdict.due, verdict.off) == (CallState.FAILED, None, EndpointOff.GONE)


@pytest.mark.parametrize("code", [0, 408, 429, 500, 502, 503, 504])
def test_a_server_in_trouble_rests_until_the_next_try_for_minutes_at_most(code):
    assert of(Reply(code)).rests == NOW + WAITS[0]
    assert of(Reply(code), tries=1).rests == NOW + WAITS[1]
    assert of(Reply(code), tries=5).rests == NOW + LONGEST_REST


@pytest.mark.parametrize("code", [302, 400, 404, 413, 422])
def test_one_event_that_is_refused_holds_up_no_other(code):
    assert of(Reply(code)).rests is None


def test_who_asks_to_wait_is_waited_for_a_day_at_most():
    assert (of(Reply(429, retry_after=3600)).due, of(Reply(429, retry_after=3600)).rests) == (NOW + HOUR, NOW + HOUR)
    assert of(Reply(503, retry_after=1), tries=2).due == NOW + WAITS[2]
    assert of(Reply(429, retry_after=1e9)).due == NOW + 24 * HOUR


def test_five_days_without_success_turn_it_off_and_not_a_moment_less():
    assert of(Reply(500), failing=NOW - OFF_AFTER).off is EndpointOff.FAILING
    assert of(Reply(500), failing=NOW - OFF_AFTER + timedelta(seconds=1)).off is None
    assert of(Reply(204), failing=NOW - OFF_AFTER).off is None
