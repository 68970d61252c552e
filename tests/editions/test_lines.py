from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.editions.lines import broken, clauses


def cut(text: str, width: float, most: int = 9, language: str = "en") -> list[str] | None:
    """With letters one pixel wide."""
    return broken(text, len, width, most, language)


def test_a_headline_is_cut_at_spaces_into_the_fewest_lines() -> None:
    assert cut("Why the night ferry sails", 30) == ["Why the night ferry sails"]
    assert cut("Why the night ferry sails", 15) == ["Why the night", "ferry sails"]


def test_no_word_stands_alone_under_full_lines() -> None:
    assert cut("Island sails half empty", 17) == ["Island sails", "half empty"]


def test_too_many_lines_are_none() -> None:
    assert cut("one two three four", 5, most=3) is None


def test_a_word_is_never_cut() -> None:
    assert cut("Rindfleischetikettierung", 10) is None


def test_words_held_together_by_a_no_break_space_are_not_parted() -> None:
    assert cut("It costs 14\u00a0million a year", 12) == ["It costs", "14\u00a0million", "a year"]


def test_japanese_is_cut_between_phrases() -> None:
    lines = cut("舟暮らしの住民、立ち退き案を36対5で否決", 9, language="ja")
    assert lines == ["舟暮らしの住民、", "立ち退き案を", "36対5で否決"]


def test_no_line_of_japanese_begins_with_a_mark_or_a_small_letter() -> None:
    for width in range(4, 14):
        for line in cut("「ちょっと待って、ジョンさん」と市長が言った。", width, most=20, language="ja") or []:
            assert line[0] not in "、。」ょっャュョッ"


def test_chinese_and_thai_are_cut_though_they_have_no_spaces() -> None:
    assert len(cut("市议会以八比五的票数决定保留三个图书馆", 8, language="zh") or []) > 1
    assert len(cut("สภาเมืองลงมติให้ห้องสมุดสาขาเปิด", 12, language="th") or []) > 1


@given(st.text(max_size=60), st.integers(1, 40), st.sampled_from(["en", "ja", "zh", "th", "ar"]))
def test_lines_hold_the_whole_text_and_fit(text: str, width: int, language: str) -> None:
    lines = cut(text, width, most=100, language=language)
    if lines is not None:
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert all(len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("text", "shorter"),
    [
        (
            "The council votes, the mayor protests: no money",
            ["The council votes, the mayor protests", "The council votes"],
        ),
        ("The ferry is back – and costs 14,000 a day", ["The ferry is back"]),
        ("市议会决定保留图书馆，市长反对", ["市议会决定保留图书馆"]),
        ("So, what now", []),
        ("A headline without any clause", []),
    ],
)
def test_a_headline_may_end_at_a_clause(text: str, shorter: list[str]) -> None:
    assert list(clauses(text)) == shorter
