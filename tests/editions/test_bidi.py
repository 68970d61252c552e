from __future__ import annotations

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont, features

from bot.editions.bidi import levels, visual
from bot.editions.typeface import _installed
from tests.conftest import skip_or_fail


def order(text: str, *, rtl: bool) -> str:
    """``text`` as its letters stand from left to right."""
    runs = visual(regex.findall(r"\X", text), lambda _: 0, rtl=rtl)
    return "".join(piece[::-1] if turned else piece for piece, _, turned in runs)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("abc אבג def", "abc גבא def"),
        ("אבג abc דהו", "והד abc גבא"),
        ("אבג 8:5 דהו", "והד 8:5 גבא"),
        ("אבג 14.1% דהו", "והד 14.1% גבא"),
        ("אבג abc.", ".abc גבא"),
        ("abc אבג 123 דהו", "abc והד 123 גבא"),
        ("ابج ١٢٣ دهو", "وهد ١٢٣ جبا"),
    ],
)
def test_words_of_both_directions_stand_in_the_order_that_they_are_read(text: str, seen: str) -> None:
    rtl = text[0] not in "abc"
    assert order(text, rtl=rtl) == seen


def test_runs_are_cut_where_the_font_changes() -> None:
    runs = visual(list("abγδef"), lambda piece: piece > "z", rtl=False)
    assert runs == [("ab", False, False), ("γδ", True, False), ("ef", False, False)]


def test_an_empty_line_has_no_runs() -> None:
    assert visual([], lambda _: 0, rtl=True) == []


@given(st.text(st.sampled_from("abאבجدé12٣٤.,:%+-$ «!–"), max_size=24), st.booleans())
@settings(max_examples=300)
def test_the_order_is_fribidis(text: str, rtl: bool) -> None:
    """The order of one font's glyphs as Raqm puts them, with FriBiDi, is the oracle."""
    name = _installed().get("DejaVuSans.ttf")
    if name is None or not features.check("raqm"):
        skip_or_fail("no DejaVu, or no Raqm, on this machine")
    font = ImageFont.truetype(name, 20, layout_engine=ImageFont.Layout.RAQM)
    ours = visual(list(text), lambda _: 0, rtl=rtl)
    assert all(level in (0, 1, 2) for level in levels(text, rtl=rtl))
    # Without joining, so that a piece of a word is as wide alone as within it.
    said = {"language": "en", "features": ["-kern", "-liga", "-calt", "-init", "-medi", "-fina", "-isol", "-rlig"]}
    whole = font.getmask(text, direction="rtl" if rtl else "ltr", **said)
    plain = "".join(piece[::-1] if turned else piece for piece, _, turned in ours)
    mirrored = str.maketrans("«", "»")
    shown = "".join((piece[::-1].translate(mirrored) if turned else piece) for piece, _, turned in ours)
    assert len(plain) == len(text)
    # Each letter by itself, from left to right: forced to the left, as Arabic alone would be turned again.
    forced = font.getmask("\u202d" + shown + "\u202c", direction="ltr", **said)
    assert whole.size == forced.size
    assert bytes(whole) == bytes(forced)
