from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.editions.plain import width, wrap


def test_words_are_folded_at_72_columns() -> None:
    lines = wrap("word " * 40).split("\n")
    assert max(map(len, lines)) <= 72 and " ".join(lines) == ("word " * 40).strip()


def test_an_address_is_never_broken() -> None:
    address = "https://record.example/" + "a-b/" * 40
    assert address in wrap(f"Read it at {address} today").split("\n")


def test_later_lines_stand_under_the_indent_and_stay_within_the_columns() -> None:
    lines = wrap("2. " + "word " * 40, 3).split("\n")
    assert all(line.startswith("   word") for line in lines[1:])
    assert max(map(len, lines)) <= 72


def test_japanese_is_folded_by_its_double_width_and_no_line_begins_with_a_full_stop() -> None:
    lines = wrap("港湾局は提案を取り下げない。" * 20).split("\n")
    assert max(map(width, lines)) <= 72 and len(lines) > 5
    assert not any(line.startswith("。") for line in lines)


def test_a_no_break_space_holds() -> None:
    assert "$9.2\u00a0million" in wrap("x " * 33 + "$9.2\u00a0million")


@given(st.text(alphabet=st.sampled_from("ab \n。港「」é\u00a0-"), max_size=300))
def test_no_letter_is_lost(text: str) -> None:
    assert "".join(wrap(text).split()) == "".join(text.split())
