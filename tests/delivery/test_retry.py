from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.retry import decide
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import DeliveryState
from bot.testing import NOW

MINUTE = timedelta(minutes=1)
DAY = timedelta(hours=24)


def _decide(error, *, tries=0, age=timedelta(0), jitter=0.5, elsewhere=False):
    return decide(
        error,
        tries=tries,
        first_try=NOW - age,
        now=NOW,
        first_wait=MINUTE,
        life=DAY,
        jitter=jitter,
        elsewhere=elsewhere,
    )


TEMPORARY = DeliveryError("452 4.2.2 mailbox full", permanent=False, code=452)


@pytest.mark.parametrize(("tries", "minutes"), [(0, 1), (1, 3), (2, 9), (3, 27), (4, 60), (5, 60), (50, 60)])
def test_a_temporary_refusal_waits_longer_each_time_and_never_more_than_an_hour(tries, minutes):
    decision = _decide(TEMPORARY, tries=tries)
    assert decision.state is DeliveryState.DEFERRED
    assert decision.not_before == NOW + minutes * MINUTE


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_waits_are_spread_by_a_fifth_so_that_retries_do_not_come_together(jitter):
    wait = _decide(TEMPORARY, jitter=jitter).not_before - NOW
    assert 0.8 * MINUTE <= wait <= 1.2 * MINUTE


@pytest.mark.parametrize(
    ("error", "state", "pauses", "counts"),
    [
        (DeliveryError("550 5.1.1 no such user", permanent=True, code=550), DeliveryState.FAILED, False, True),
        (OutcomeUnknown("the line broke after the last byte"), DeliveryState.UNKNOWN, False, True),
        (ChannelRefused("535 5.7.8 bad password", code=535), DeliveryState.DEFERRED, True, False),
        (ServerBusy("421 4.7.0 try later", code=421), DeliveryState.DEFERRED, False, False),
        (TEMPORARY, DeliveryState.DEFERRED, False, True),
    ],
)
def test_whose_fault_it_is_decides_what_happens(error, state, pauses, counts):
    decision = _decide(error)
    assert (decision.state, bool(decision.pause), decision.counts) == (state, pauses, counts)


def test_a_refusal_for_good_is_told_from_a_delivery_whose_time_was_over():
    assert _decide(DeliveryError("550 5.1.1 no such user", permanent=True)).refused
    given_up = _decide(TEMPORARY, age=DAY)
    assert (given_up.state, given_up.refused) == (DeliveryState.FAILED, False)


def test_a_busy_server_rests_for_as_long_as_it_asked():
    decision = _decide(ServerBusy("429", code=429, retry_after=600))
    assert decision.cool == 10 * MINUTE
    assert decision.not_before == NOW + 10 * MINUTE


def test_a_busy_server_rests_no_longer_for_a_reader_who_was_put_off_before():
    assert _decide(ServerBusy("421"), tries=5).cool == MINUTE


def test_what_another_server_may_take_does_not_wait_for_the_busy_one():
    decision = _decide(ServerBusy("421", retry_after=600), elsewhere=True)
    assert (decision.state, decision.not_before) == (DeliveryState.DEFERRED, NOW)
    assert decision.cool == 10 * MINUTE


def test_a_reader_who_was_put_off_waits_whatever_other_servers_there_are():
    assert _decide(TEMPORARY, elsewhere=True).not_before == NOW + MINUTE


def test_a_server_that_wants_less_is_slowed_and_one_that_says_until_when_is_left_alone():
    assert _decide(ServerBusy("450 slow down", throttle=True)).throttle
    assert not _decide(ServerBusy("450 slow down", throttle=True, retry_after=60)).throttle
    assert not _decide(ServerBusy("cannot connect")).throttle
    assert not _decide(TEMPORARY).throttle


@pytest.mark.parametrize("jitter", [0.0, 0.5, 1.0])
def test_a_greylist_is_never_asked_earlier_than_it_said(jitter):
    grey = DeliveryError("451 4.7.1 greylisted for 5 minutes", permanent=False, retry_after=300)
    assert 5 * MINUTE <= _decide(grey, jitter=jitter).not_before - NOW <= 6 * MINUTE


def test_the_last_try_comes_when_the_life_ends_not_after_it():
    decision = _decide(TEMPORARY, tries=4, age=DAY - 10 * MINUTE)
    assert decision.not_before == NOW + 10 * MINUTE


def test_a_delivery_older_than_its_life_is_given_up():
    assert _decide(TEMPORARY, age=DAY).state is DeliveryState.FAILED
    busy = _decide(ServerBusy("421"), age=DAY)
    assert (busy.state, busy.counts, busy.cool) == (DeliveryState.FAILED, False, MINUTE)


def test_our_own_fault_never_fails_a_recipient_however_old():
    assert _decide(ChannelRefused("535"), age=10 * DAY).state is DeliveryState.DEFERRED
    assert _decide(OutcomeUnknown("?"), age=10 * DAY).state is DeliveryState.UNKNOWN


def test_a_server_that_asks_for_a_year_gets_the_deliverys_life_and_is_asked_after_an_hour():
    decision = _decide(ServerBusy("429", code=429, retry_after=365 * 86_400))
    assert decision.not_before == NOW + DAY
    assert decision.cool == timedelta(hours=1)


def test_a_wait_below_nothing_is_the_usual_one():
    assert _decide(ServerBusy("429", retry_after=-5)).cool == MINUTE
