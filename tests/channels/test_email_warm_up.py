from __future__ import annotations

from datetime import date, timedelta

import pytest
from pydantic import ValidationError

from bot.channels.email.warm_up import WarmUp, allowance

START = date(2027, 1, 11)


def _day(number: int) -> date:
    return START + timedelta(days=number - 1)


@pytest.mark.parametrize(
    ("day", "messages"),
    [(0, 0), (1, 200), (2, 260), (3, 338), (7, 965), (14, 6_057), (24, 83_507), (25, None), (5_000, None)],
)
def test_the_usual_ramp(day: int, messages: int | None) -> None:
    assert allowance(WarmUp(start=START), _day(day)) == messages


def test_each_day_allows_more_than_the_day_before_and_less_than_the_end() -> None:
    warm_up = WarmUp(start=START, first=1, growth=2, until=1024)
    ramp = [allowance(warm_up, _day(number)) for number in range(1, 13)]
    assert ramp == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, None, None]


def test_a_ramp_of_centuries_is_no_overflow() -> None:
    assert allowance(WarmUp(start=date(1, 1, 1), growth=3), date(9999, 12, 31)) is None


@pytest.mark.parametrize(
    "keys",
    [{"growth": 1}, {"growth": 10}, {"first": 0}, {"first": 500, "until": 500}, {"start": "soon"}, {"days": 3}],
)
def test_what_is_no_ramp_is_refused(keys: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        WarmUp.model_validate({"start": START, **keys})
