from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SettingsError, TokenError
from bot.testing import KEYS
from bot.tokens import KeyRing, delivery_token, delivery_tokens, edition_id, read_delivery_token

ID = edition_id(KEYS, "morning", "2026-11-24T07:00")


def _forms(token: str) -> list[str]:
    version, key_id, purpose, payload, mac = token.split(".")
    other = base64.urlsafe_b64encode(b'[2,"readers",""]').decode().rstrip("=")
    return [
        "",
        ".",
        "v1",
        token[:-1],
        token + "A",
        token.replace("v1.", "v2."),
        ".".join((version, "zz", purpose, payload, mac)),
        ".".join((version, key_id, purpose, other, mac)),
        ".".join((version, key_id, purpose, payload, "A" * len(mac))),
        ".".join((version, key_id, purpose, payload, "")),
        token + "é",
        "x" * 5000,
        token.replace(".", "..", 1),
    ]


def test_a_token_gives_back_what_it_was_signed_for():
    token = KEYS.sign("u", 17, "readers", "")
    assert KEYS.verify("u", token) == [17, "readers", ""]


def test_a_token_has_the_permanent_form():
    assert KEYS.sign("u", 17, "readers", "abc").split(".")[:3] == ["v1", "k1", "u"]


def test_a_token_signed_by_the_first_version_is_read_for_ever():
    # Written down on 2026-11-24. If this fails, links in mails already sent are dead.
    token = "v1.k1.u.WzE3LCJyZWFkZXJzIiwiIl0.bDMfhQlDKDdVybi9DDOAfw"
    assert KEYS.verify("u", token) == [17, "readers", ""]


def test_every_forged_form_is_refused_alike():
    token = KEYS.sign("u", 1, "readers", "")
    for forged in _forms(token):
        with pytest.raises(TokenError) as refused:
            KEYS.verify("u", forged)
        assert str(refused.value) == TokenError.__doc__.strip().splitlines()[0]


def test_a_token_for_one_purpose_never_passes_for_another():
    with pytest.raises(TokenError):
        KEYS.verify("p", KEYS.sign("u", 1, "readers", ""))
    with pytest.raises(TokenError):
        KEYS.verify("p", KEYS.sign("u", 1, "readers", "").replace(".u.", ".p."))


def test_a_token_of_an_older_key_is_read_after_rotation():
    old = KeyRing({"a": b"a" * 32})
    rotated = KeyRing({"b": b"b" * 32, "a": b"a" * 32})
    assert rotated.verify("u", old.sign("u", 5)) == [5]
    assert rotated.sign("u", 5).startswith("v1.b.")


def test_ids_outlive_a_rotation_of_keys():
    old = KeyRing({"a": b"a" * 32})
    rotated = KeyRing({"b": b"b" * 32, "a": b"a" * 32})
    assert edition_id(old, "morning", "2026-11-24T07:00") == edition_id(rotated, "morning", "2026-11-24T07:00")
    assert delivery_token(old, ID, "mail", "", 7) == delivery_token(rotated, ID, "mail", "", 7)
    assert delivery_token(old, ID, "hook", "", 0) == delivery_token(rotated, ID, "hook", "", 0)


def test_delivery_tokens_are_safe_where_case_is_lost_and_differ_by_each_part():
    other = edition_id(KEYS, "evening", "2026-11-24T07:00")
    parts = [
        (ID, "mail", "", 1),
        (ID, "mail", "", 2),
        (ID, "post", "", 1),
        (ID, "mail", "7", 1),
        (other, "mail", "", 1),
    ]
    parts += [(ID, "hook", "", 0), (ID, "hook", "7", 0), (other, "hook", "", 0)]
    tokens = {delivery_token(KEYS, *each) for each in parts}
    assert len(tokens) == len(parts)
    assert all(token == token.lower() and len(token) == 26 and token.isalnum() for token in tokens)


@given(st.integers(min_value=1, max_value=2**53 - 1), st.text())
def test_the_token_of_a_mail_tells_whose_it_was_to_who_holds_the_key(subscriber, channel):
    token = delivery_token(KEYS, ID, channel, "", subscriber)
    assert read_delivery_token(KEYS, token) == [(ID, subscriber)]
    stranger = KeyRing({"x": b"x" * 32})
    assert (ID, subscriber) not in read_delivery_token(stranger, token)
    rotated = KeyRing({"x": b"x" * 32, **KEYS.keys})
    assert (ID, subscriber) in read_delivery_token(rotated, token)


@pytest.mark.parametrize("token", ["", "x", "1" * 26, "é" * 26, "a" * 25, "a" * 300])
def test_what_is_no_token_speaks_of_nobody(token):
    assert read_delivery_token(KEYS, token) == []


def test_many_readers_tokens_are_those_of_each():
    readers = [1, 2, 2**53 - 1]
    assert list(delivery_tokens(KEYS, ID, "mail", "", readers)) == [
        delivery_token(KEYS, ID, "mail", "", each) for each in readers
    ]


def test_a_ring_never_shows_its_keys():
    text = KeyRing.generate()
    ring = KeyRing.parse(text)
    secret = text.partition(":")[2]
    assert secret not in repr(ring)
    with pytest.raises(SettingsError) as refused:
        KeyRing.parse(f"{text},bad:{secret[:10]}")
    assert secret not in str(refused.value)


@pytest.mark.parametrize("text", ["", "k1", "k1:", "k1:short", "K1:" + "A" * 43, ":" + "A" * 43, "k1:" + "é" * 43])
def test_a_ring_that_is_not_one_is_refused(text):
    with pytest.raises(SettingsError):
        KeyRing.parse(text)


@given(st.integers(min_value=0, max_value=2**53), st.text(), st.text())
def test_a_signer_of_many_makes_the_tokens_that_sign_makes(number, audience, edition):
    assert KEYS.signer("u", audience, edition)(number) == KEYS.sign("u", number, audience, edition)
