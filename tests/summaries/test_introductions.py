"""Who may be called by a surname alone."""

from __future__ import annotations

import pytest

from bot.summaries.introductions import names


def short(*texts: str, title: str = "", tag: str = "en") -> list[set[str]]:
    return [set(each.short) for each in names(texts, title, tag)]


@pytest.mark.parametrize(
    ("tag", "first", "second"),
    [
        ("en", "Ida Roe opened the bridge.", "The bridge is safe, Roe said."),
        ("en", "Ida Roe opened the bridge.", "Ms Roe left early."),
        ("fr", "Ida de Roe a ouvert le pont.", "Pour Mme Roe, le pont est sûr."),
        ("es", "Ida Roe abrió el puente.", "Según Roe, el puente es seguro."),
    ],
)
def test_a_surname_needs_the_sentence_that_gave_the_full_name(tag: str, first: str, second: str) -> None:
    assert short(first, second, tag=tag) == [set(), {"Roe"}]


def test_a_name_in_the_title_is_known() -> None:
    assert short("Ida Roe opened the bridge.", "Roe left early.", title="Mayor Ida Roe opens bridge") == [set(), set()]


def test_a_full_name_introduces_itself_again() -> None:
    assert short("Ida Roe opened the bridge.", "Ida Roe left early.") == [set(), set()]


def test_a_word_that_is_written_small_elsewhere_is_no_surname() -> None:
    assert short("Alder Police closed the bridge.", "Police opened it again.", "The police left.") == [set()] * 3


def test_german_nouns_are_no_names() -> None:
    assert short("Die Alte Brücke ist zu.", "Die Brücke ist alt.", tag="de") == [set(), set()]
