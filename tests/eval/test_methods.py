"""What is compared keeps to its budget, and the leads are what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.summaries.units import spaced
from tests.eval.dataset import BUNDLED, read
from tests.eval.methods import Budget, broadsheet, fitted, lead, lead_in_budget, list_sentences, methods

EXAMPLES = [example for path in sorted(BUNDLED.glob("*.jsonl")) for example in read(path)]


@pytest.mark.parametrize("budget", [Budget(3), Budget(3, 420), Budget(2, 240), Budget(1, 40)], ids=str)
def test_broadsheet_keeps_to_the_budget_with_the_articles_own_words(budget: Budget) -> None:
    for example in EXAMPLES:
        found = broadsheet(example, budget)
        text = spaced(found)
        assert found
        assert len(found) <= budget.sentences
        assert budget.characters is None or len(text) <= budget.characters
        assert all(sentence.removesuffix("…") in " ".join(example.paragraphs) for sentence in found)


def test_the_lead_is_the_first_sentences_as_they_came() -> None:
    for example in EXAMPLES:
        assert list(lead(example, Budget(3))) == list_sentences(example)[:3]


def test_the_lead_in_budget_is_a_part_of_it_that_fits() -> None:
    for example in EXAMPLES:
        whole, found = lead(example, Budget(3, 200)), lead_in_budget(example, Budget(3, 200))
        assert len(spaced(found)) <= 200
        assert list(found) == list(whole[: len(found)]) or found[0].endswith("…")


def test_what_does_not_fit_is_left_out_and_a_single_one_is_cut() -> None:
    assert fitted(["one two.", "three four."], Budget(2, 10)) == ["one two."]
    assert fitted(["one two three."], Budget(2, 9)) == ["one two…"]
    assert fitted([], Budget(2, 9)) == []


def test_sumy_is_compared_where_it_is_installed() -> None:
    names = set(methods())
    assert {"lead", "lead in budget", "broadsheet"} <= names
    try:
        import sumy  # noqa: F401
    except ImportError:
        assert not any(name.startswith("sumy") for name in names)
        return
    for name, method in methods().items():
        assert len(method(EXAMPLES[0], Budget(2, 300))) in (1, 2), name


def test_a_budget_reads_as_one(tmp_path: Path) -> None:
    assert str(Budget(3)) == "3 sentences"
    assert str(Budget(2, 240)) == "2 sentences in 240 characters"
