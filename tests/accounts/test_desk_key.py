from __future__ import annotations

from datetime import timedelta

import pytest

from bot.accounts import desk_key
from bot.testing import KEYS, NOW
from bot.tokens import KeyRing

OTHERS = KeyRing({"x": b"x" * 32})
MINUTE = timedelta(minutes=1)


def test_an_address_opens_the_desk_for_a_day():
    key = desk_key.key(KEYS, NOW)
    assert desk_key.opens(KEYS, key, NOW + desk_key.GOOD_FOR - MINUTE)
    assert not desk_key.opens(KEYS, key, NOW + desk_key.GOOD_FOR)


def test_a_browser_stays_let_in_for_a_month():
    token = desk_key.token(KEYS, NOW)
    assert desk_key.known(KEYS, token, NOW + desk_key.KEPT_FOR - MINUTE)
    assert not desk_key.known(KEYS, token, NOW + desk_key.KEPT_FOR)


def test_what_stood_in_an_address_is_no_browsers_and_the_other_way_round():
    assert not desk_key.known(KEYS, desk_key.key(KEYS, NOW), NOW)
    assert not desk_key.opens(KEYS, desk_key.token(KEYS, NOW), NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "x",
        "é" * 40,
        "x" * 10_000,
        desk_key.key(KEYS, NOW)[:-1],
        desk_key.key(OTHERS, NOW),
        KEYS.sign("desk"),
        KEYS.sign("desk", "1"),
        KEYS.sign("desk", 1, 2),
        KEYS.sign("unsubscribe", int(NOW.timestamp())),
    ],
)
def test_what_is_no_key_opens_nothing(wrong):
    assert not desk_key.opens(KEYS, wrong, NOW)


def test_new_keys_of_the_newsroom_end_all_others_names_of_two_newsrooms_differ():
    assert not desk_key.known(OTHERS, desk_key.token(KEYS, NOW), NOW)
    assert desk_key.cookie(OTHERS) != desk_key.cookie(KEYS)


@pytest.mark.parametrize(
    ("listens", "opens"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/setup?key="),
        ("http://0.0.0.0:8080/", "http://127.0.0.1:8080/setup?key="),
        ("http://[::]:8080", "http://[::1]:8080/setup?key="),
    ],
)
def test_an_address_is_of_this_machine(listens, opens):
    assert desk_key.address(KEYS, listens, NOW, "setup").startswith(opens)
