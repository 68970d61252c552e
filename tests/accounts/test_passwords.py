from __future__ import annotations

import unicodedata

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from bot.accounts.flaws import Flaw, Unfit
from bot.accounts.passwords import fit_password, hash_password, is_password, outdated

GOOD = "harbour ferry tunnel"


def test_a_password_is_known_again_and_another_one_is_not():
    hashed = hash_password(GOOD)
    assert is_password(GOOD, hashed)
    assert not is_password(GOOD + " ", hashed)
    assert not is_password("", hashed)


def test_equal_passwords_have_different_hashes_and_none_tells_the_password():
    first, second = hash_password(GOOD), hash_password(GOOD)
    assert first != second
    assert GOOD not in first
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_accent_is_the_same_however_a_keyboard_writes_it():
    written = "café réservé à midi"
    hashed = hash_password(unicodedata.normalize("NFD", written))
    assert is_password(unicodedata.normalize("NFC", written), hashed)


def test_nobodys_password_is_none():
    assert not is_password(GOOD, "")
    assert not is_password(GOOD, "none")


def test_a_hash_of_smaller_parameters_is_good_and_outdated():
    made = Argon2id(salt=b"0123456789abcdef", length=32, iterations=1, lanes=1, memory_cost=64)
    old = made.derive_phc_encoded(GOOD.encode())
    assert is_password(GOOD, old)
    assert outdated(old)
    assert not outdated(hash_password(GOOD))


@pytest.mark.parametrize(
    ("password", "flaw"),
    [
        ("elevenchars", Flaw.PASSWORD_SHORT),
        ("x" * 201, Flaw.PASSWORD_LONG),
        ("aaaaaaaaaaaaaaaa", Flaw.PASSWORD_GUESSED),
        ("abababababababab", Flaw.PASSWORD_GUESSED),
        ("mara@record.example", Flaw.PASSWORD_GUESSED),
        ("Mara Lindqvist 2026", Flaw.PASSWORD_GUESSED),
        ("MARALINDQVIST!!!", Flaw.PASSWORD_GUESSED),
        ("passwordpassword", Flaw.PASSWORD_GUESSED),
        ("P@ssw0rd123456", Flaw.PASSWORD_GUESSED),
        ("qwertyuiop2026!", Flaw.PASSWORD_GUESSED),
        ("ferry ferry ferry", Flaw.PASSWORD_GUESSED),
        ("The Port Alder Record 1", Flaw.PASSWORD_GUESSED),
    ],
)
def test_what_would_be_guessed_is_no_password(password, flaw):
    with pytest.raises(Unfit) as refused:
        fit_password(password, "Mara Lindqvist", "mara@record.example", "The Port Alder Record")
    assert refused.value.flaw is flaw


@pytest.mark.parametrize(
    "password", [GOOD, "twelve chars", "x9$kQ2!vPp#4", "港のフェリーが金曜に戻ってきます", "p" * 190 + "assword12"]
)
def test_length_is_what_counts(password):
    assert fit_password(password, "Mara Lindqvist", "mara@record.example") == password
