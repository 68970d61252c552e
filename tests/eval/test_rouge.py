"""The measure itself: against values reckoned by hand, and in scripts that ``rouge-score`` would drop."""

from __future__ import annotations

import pytest

from tests.eval.rouge import Rouge, Words, rouge


def test_the_same_text_scores_a_hundred_and_another_nothing() -> None:
    assert rouge(["The ferry stopped."], ["The ferry stopped."], "en") == Rouge(100.0, 100.0, 100.0)
    assert rouge(["The ferry stopped."], ["A choir sang"], "en") == Rouge(0.0, 0.0, 0.0)


def test_the_scores_are_f1() -> None:
    # 3 of 4 words and 1 of 3 pairs, of 3 words and 2 pairs; "the … stopped" and "ferry" in the order of the reference.
    found = rouge(["The old ferry stopped."], ["the ferry stopped"], "en")
    assert found.one == pytest.approx(100 * 2 * 3 / 7)
    assert found.two == pytest.approx(100 * 2 * 1 / 5)
    assert found.long == pytest.approx(100 * 2 * 3 / 7)
    assert found.mean == pytest.approx((found.one + found.two + found.long) / 3)


def test_english_is_stemmed_and_other_languages_are_not() -> None:
    assert rouge(["ferries sailing"], ["ferry sails"], "en").one == 100
    assert rouge(["Fähren"], ["Fähre"], "de").one == 0


@pytest.mark.parametrize(
    ("tag", "summary", "reference"),
    [
        ("zh", "渡轮停航。", "轮渡停航"),
        ("ja", "渡し船は運休する。", "渡し船は運休した"),
        ("ar", "تَوَقَّفت العبارة", "توقفت العبارة"),
        ("de", "Die Fähre fährt nicht.", "die FÄHRE fährt nicht"),
        ("fr", "Le bac s’arrête.", "le bac s'arrête"),
    ],
)
def test_no_script_is_dropped(tag: str, summary: str, reference: str) -> None:
    assert rouge([summary], [reference], tag).one > 70


def test_unspaced_scripts_are_told_by_character_and_others_by_word() -> None:
    assert Words().tokenize("渡轮A12停 Über-Fähre café") == ["渡", "轮", "a12", "停", "über", "fähre", "café"]


def test_with_several_references_the_best_counts() -> None:
    assert rouge(["the ferry"], ["a choir", "the ferry"], "en").one == 100


def test_an_empty_summary_scores_nothing() -> None:
    assert rouge([], ["the ferry"], "en") == Rouge(0.0, 0.0, 0.0)
