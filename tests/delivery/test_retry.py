from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.retry import decide
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import DeliveryState
from bot.testing import NOW

MINUTE = timedelta(minutes=1)
DAY = timedelta(hours=24)


def _decide(error, *, tries=0, age=timedelta(0), jitter=0.5):
    return decide(error, tries=tries, first_try=NOW - age, now=NOW, first_wait=MINUTE, life=DAY, jitter=jitter)


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


def test_a_busy_server_cools_the_whole_channel_for_as_long_as_it_asked():
    decision = _decide(ServerBusy("429", code=429, retry_after=600))
    assert decision.cool == timedelta(minutes=10)
    assert decision.not_before == NOW + timedelta(minutes=10)


def test_a_delivery_older_than_its_life_is_given_up():
    assert _decide(TEMPORARY, age=DAY).state is DeliveryState.FAILED
    assert _decide(ServerBusy("421"), age=DAY).state is DeliveryState.FAILED


def test_our_own_fault_never_fails_a_recipient_however_old():
    assert _decide(ChannelRefused("535"), age=10 * DAY).state is DeliveryState.DEFERRED
    assert _decide(OutcomeUnknown("?"), age=10 * DAY).state is DeliveryState.UNKNOWN


def test_a_server_that_asks_for_a_year_gets_the_deliverys_life_and_the_channel_an_hour():
    decision = _decide(ServerBusy("429", code=429, retry_after=365 * 86_400))
    assert decision.not_before == NOW + DAY
    assert decision.cool == timedelta(hours=1)
