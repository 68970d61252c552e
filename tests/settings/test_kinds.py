from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings import Rate, duration_text, is_address, parse_duration, parse_rates, parse_sender
from bot.settings.kinds import parse_keeping


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("3h", 10800), ("2d", 172800), ("1w", 604800), (5, 5)]
)
def test_durations_are_read(text, seconds):
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "3", "h", "-3h", "3 hours", "3h30m", None, True, [], "١h" * 3])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="a number with a unit"):
        parse_duration(text)


@given(st.integers(1, 10_000_000))
def test_a_duration_is_written_as_it_is_read(seconds):
    assert parse_duration(duration_text(timedelta(seconds=seconds))) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "address",
    ["a@b.example", "first.last+tag@sub.example.org", "o'brien@example.org", "用户@例え.jp", "a@xn--bcher-kva.example"],
)
def test_addresses_that_can_be_mailed(address):
    assert is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "a@", "@b.example", "a@b", "a b@c.example", "a@b.example\r\nBcc: x@y.example",
        "a@b.example, c@d.example", "<a@b.example>", "a@@b.example", "a@-b.example", "a@b..example",
        "x" * 65 + "@b.example", "a@" + "b" * 260 + ".example", "a\x00@b.example", ".a@b.example", "é@@b.example",
    ],
)  # fmt: skip
def test_what_cannot_stand_on_an_envelope_is_refused(address):
    assert not is_address(address)


def test_a_sender_has_a_name_and_an_address():
    assert parse_sender("The Record <briefing@record.example>") == ("The Record", "briefing@record.example")
    with pytest.raises(ValueError, match="a sender is an address"):
        parse_sender("The Record")


@pytest.mark.parametrize(
    ("value", "rates"),
    [
        ("10/s", [(10, 1)]),
        ("600/m", [(600, 60)]),
        (" 20000 / h ", [(20000, 3600)]),
        ("50000/d", [(50000, 86400)]),
        ("500/15m", [(500, 900)]),
        (["14/s", "50000/d"], [(14, 1), (50000, 86400)]),
        ([], []),
    ],
)
def test_rates_are_read(value, rates):
    assert parse_rates(value) == tuple(Rate(number, timedelta(seconds=seconds)) for number, seconds in rates)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("10", "a number and a time"),
        (10, "a number and a time"),
        ("ten/s", "a number and a time"),
        ("10/y", "a number and a time"),
        ("1.5/s", "a number and a time"),
        ("١٠/s", "a number and a time"),
        (None, "a number and a time"),
        ([["10/s"]], "a number and a time"),
        ("0/s", "at least one"),
        ("10/0s", "at least one"),
        ("10/400d", "at most 31d"),
        (["10/m", "5/60s"], "two rates for one time, 10/m and 5/m"),
    ],
)
def test_what_is_no_rate_is_refused_with_the_reason(value, why):
    with pytest.raises(ValueError, match=why):
        parse_rates(value)


@given(st.integers(1, 10**9), st.integers(1, 2_000_000))
def test_a_rate_is_written_as_it_is_read(number, seconds):
    rate = Rate(number, timedelta(seconds=seconds))
    assert parse_rates(str(rate)) == (rate,)


@pytest.mark.parametrize(
    ("value", "kept"), [("1d", timedelta(days=1)), ("104w", timedelta(weeks=104)), ("forever", None)]
)
def test_how_long_something_is_kept_is_read(value, kept):
    assert parse_keeping(value) == kept


@pytest.mark.parametrize(
    ("value", "why"),
    [("0d", "at least 1d"), (0, "at least 1d"), ("23h", "at least 1d"), ("never", 'or "forever"'), ("-1d", "forever")],
)
def test_a_time_that_could_mean_nothing_or_for_ever_is_refused(value, why):
    with pytest.raises(ValueError, match=why):
        parse_keeping(value)
