from __future__ import annotations

import random

import pytest

from bot.delivery.alarm import LEAST, WINDOW, Streak, alarming
from bot.settings.tables import DeliveryTable

SHARE = DeliveryTable().refused_share


@pytest.mark.parametrize(
    ("refused", "outcomes", "alarm"),
    [
        (19, 19, False),
        (20, 20, True),
        (20, 66, True),
        (20, 67, False),
        (30, 100, False),
        (31, 100, True),
        (100, 100, True),
        (0, 0, False),
    ],
)
def test_twenty_and_more_than_thirty_per_cent_are_alarming(refused: int, outcomes: int, alarm: bool) -> None:
    assert alarming(refused, outcomes, share=30) is alarm


def _send(streak: Streak, refusals: list[bool]) -> tuple[int, str]:
    """How many went out before the alarm, and what it said."""
    for number, refused in enumerate(refusals):
        if refused:
            reason = streak.refused(number, "550 5.1.1")
            if reason:
                return number + 1, reason
        else:
            streak.accepted(number)
    return len(refusals), ""


def test_a_server_that_refuses_everybody_costs_twenty_readers() -> None:
    sent, reason = _send(Streak(SHARE), [True] * 20_000)
    assert sent == LEAST
    assert "20 of the last 20 readers were refused for good (20 × 550 5.1.1)" in reason


def test_a_server_that_begins_to_refuse_everybody_in_the_middle_costs_thirty_one() -> None:
    sent, reason = _send(Streak(SHARE), [False] * 5_000 + [True] * 15_000)
    assert sent == 5_031
    assert "31 of the last 100" in reason


def test_a_list_with_one_dead_address_in_ten_goes_out_whole() -> None:
    dice = random.Random(7)
    refusals = [dice.random() < 0.1 for _ in range(20_000)]
    assert _send(Streak(SHARE), refusals) == (20_000, "")


def test_a_list_that_is_half_dead_pauses() -> None:
    sent, reason = _send(Streak(SHARE), [number % 2 == 0 for number in range(1_000)])
    assert reason
    assert sent < WINDOW


def test_a_few_dead_addresses_in_a_small_audience_are_no_alarm() -> None:
    assert _send(Streak(SHARE), [True] * (LEAST - 1)) == (LEAST - 1, "")


def test_an_editor_may_switch_it_off() -> None:
    assert _send(Streak(100), [True] * 1_000) == (1_000, "")


def test_the_refused_are_named_so_that_they_can_be_looked_at() -> None:
    streak = Streak(SHARE)
    streak.accepted(1)
    streak.refused(2, "550 5.7.1")
    streak.refused(3, "")
    assert streak.suspects == (2, 3)


def test_the_code_that_most_got_is_told() -> None:
    streak = Streak(SHARE)
    reasons = [streak.refused(number, "550 5.1.1" if number < 5 else "550 5.4.1") for number in range(LEAST)]
    assert "(15 × 550 5.4.1)" in reasons[-1]
