from __future__ import annotations

import pytest

from bot.accounts.flaws import Flaw, Unfit
from bot.accounts.names import fit_name, name_key
from bot.model import operator


@pytest.mark.parametrize("name", ["Mara Lindqvist", "Inés Roca", "山田 花子", "هدى العلي", "J.-P. O’Neill 3rd"])
def test_peoples_names_are_names(name):
    assert fit_name(f"  {name} ") == name


def test_spaces_within_are_one():
    assert fit_name("Mara\t  Lindqvist\n") == "Mara Lindqvist"


@pytest.mark.parametrize(
    ("name", "flaw"),
    [
        ("", Flaw.NAME_MISSING),
        (" \t", Flaw.NAME_MISSING),
        ("x" * 81, Flaw.NAME_LONG),
        ("Mara\u202eLindqvist", Flaw.NAME_UNFIT),
        ("Mara\u200bLindqvist", Flaw.NAME_UNFIT),
        ("Mara\x00", Flaw.NAME_UNFIT),
        ("12345", Flaw.NAME_UNFIT),
        ("…", Flaw.NAME_UNFIT),
        ("Broadsheet", Flaw.NAME_RESERVED),
        ("ＢＲＯＡＤＳＨＥＥＴ", Flaw.NAME_RESERVED),
        ("command  line", Flaw.NAME_RESERVED),
        (operator().upper(), Flaw.NAME_RESERVED),
    ],
)
def test_nobody_is_taken_for_the_program_or_hides_signs(name, flaw):
    with pytest.raises(Unfit) as refused:
        fit_name(name)
    assert refused.value.flaw is flaw


def test_names_that_look_alike_have_one_key():
    assert name_key("Mara  Lindqvist") == name_key("ＭＡＲＡ lindqvist") == name_key("mara lindqvist")
    assert name_key("Mara Lindqvist") != name_key("Mara Lindqvisd")
