from __future__ import annotations

from decimal import Decimal

import pytest

from bot.summaries.number_words import german, kanji
from bot.summaries.numbers import CLOCK, ORDINAL, PERCENT, decimal, figures, spelt
from bot.summaries.reading import read


def read_all(text: str, language: str) -> list[tuple[str, set[str], str]]:
    reading = read([text], language)
    return [
        (spelt(reading, each), {f"{value.normalize():f}" for value in each.values}, each.unit)
        for each in figures(reading)
    ]


@pytest.mark.parametrize(
    ("text", "language", "value", "unit"),
    [
        ("1,056", "en", "1056", ""),
        ("1.056", "de", "1056", ""),
        ("1.056,5", "de", "1056.5", ""),
        ("1'056", "de", "1056", ""),
        ("1\u202f056", "en", "1056", ""),
        ("1 056", "fr", "1056", ""),
        ("1,05,600", "en", "105600", ""),
        ("١٬٠٥٦", "ar", "1056", ""),
        ("３６", "ja", "36", ""),
        ("$14.1 billion", "en", "14100000000", "$"),
        ("$14.1bn", "en", "14100000000", "$"),
        ("US$14.1-billion", "en", "14100000000", "$"),
        ("14,1 Milliarden Dollar", "de", "14100000000", "$"),
        ("3 Billionen Euro", "de", "3000000000000", "€"),
        ("1,5 milliard d’euros", "fr", "1500000000", "€"),
        ("2 mil millones de dólares", "es", "2000000000", "$"),
        ("3 مليارات دولار", "ar", "3000000000", "$"),
        ("1億2000万円", "ja", "120000000", "¥"),
        ("14亿元", "zh", "1400000000", "cny"),
        ("12%", "en", "12", PERCENT),
        ("12 per cent", "en", "12", PERCENT),
        ("12 pour cent", "fr", "12", PERCENT),
        ("12 por ciento", "es", "12", PERCENT),
        ("12 Prozent", "de", "12", PERCENT),
        ("12パーセント", "ja", "12", PERCENT),
        ("12 في المئة", "ar", "12", PERCENT),
        ("twenty-five", "en", "25", ""),
        ("three hundred and five", "en", "305", ""),
        ("one million", "en", "1000000", ""),
        ("zweihundertfünfzig", "de", "250", ""),
        ("quatre-vingt-dix-sept", "fr", "97", ""),
        ("vingt et un", "fr", "21", ""),
        ("treinta y cinco", "es", "35", ""),
        ("三十五人", "ja", "35", ""),
        ("3rd", "en", "3", ORDINAL),
        ("twenty-first", "en", "21", ORDINAL),
        ("third", "en", "3", ORDINAL),
        ("7:30", "en", "7.5", CLOCK),
        ("-3 degrees", "en", "-3", ""),
        ("3½", "en", "3.5", ""),
    ],
)
def test_a_number_is_worth_the_same_however_it_is_written(text: str, language: str, value: str, unit: str) -> None:
    found = read_all(text, language)
    assert [(values, of) for _, values, of in found] == [({value}, unit)]


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("COVID-19", "en"),
        ("the A320neo", "en"),
        ("one of them", "en"),
        ("ein Haus", "de"),
        ("三菱の一部", "ja"),
    ],
)
def test_what_only_looks_like_a_number_is_none(text: str, language: str) -> None:
    assert read_all(text, language) == []


def test_a_score_is_two_numbers_and_no_difference() -> None:
    assert [each[0] for each in read_all("A 2-1 win.", "en")] == ["2", "1"]


def test_m_may_be_metres_or_millions() -> None:
    assert read_all("5m people", "en") == [("5m", {"5", "5000000"}, "")]


@pytest.mark.parametrize("raw", ["1" * 400, "1.2.3,4,5", "1,2.3,4"])
def test_what_is_no_number_ends_no_reading(raw: str) -> None:
    decimal(raw, "en")
    assert read_all(raw, "en") is not None


@pytest.mark.parametrize(("word", "value"), [("dreitausend", 3000), ("einundzwanzig", 21), ("eine", None)])
def test_german_numbers_are_one_word(word: str, value: int | None) -> None:
    assert german(word) == value


@pytest.mark.parametrize(("signs", "value"), [("二〇二六", "2026"), ("三百五十", "350"), ("2万5千", "25000")])
def test_numbers_in_signs(signs: str, value: str) -> None:
    assert kanji(signs) == Decimal(value)
