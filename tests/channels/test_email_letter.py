from __future__ import annotations

import quopri

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.email.letter import Letter, quoted_printable
from bot.model import Email, MergeField

EDITION = "k7f3q9xdabcd"
VALUES = {
    MergeField.UNSUBSCRIBE_URL: "https://news.record.example/u/v1.a.u.b.c?x=1&y=2",
    MergeField.PREFERENCES_URL: "https://news.record.example/p/v1.a.p.b.c",
    MergeField.ADDRESS: 'o"brien&<b>@readers.test',
    MergeField.SUBSCRIBED: "3 March 2026",
}
LITERAL = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400)


def letter(html: str = "", text: str = "") -> Letter:
    return Letter.cut(Email(subject="", preheader="", html=html, text=text), EDITION)


def decoded(encoded: bytes) -> str:
    return quopri.decodestring(encoded).decode()


def assert_sound(encoded: bytes) -> None:
    assert encoded.isascii()
    lines = encoded.split(b"\r\n")
    assert max(len(line) for line in lines) <= 76
    assert not any(b"\r" in line or b"\n" in line or line.endswith((b" ", b"\t")) for line in lines)


@given(st.lists(LITERAL | st.sampled_from(list(MergeField)), max_size=8))
def test_any_text_with_any_holes_reads_back_with_the_values_in_their_places(parts: list[str | MergeField]) -> None:
    source = "".join(part.hole(EDITION) if isinstance(part, MergeField) else part for part in parts)
    expected = "".join(VALUES[part] if isinstance(part, MergeField) else part for part in parts)
    encoded = letter(text=source).text_for(VALUES)
    assert_sound(encoded)
    expected = expected.replace("\r\n", "\n").replace("\r", "\n")
    assert decoded(encoded).replace("\r\n", "\n") == expected + "\n"


@given(st.integers(60, 80), st.sampled_from(["x", "é", "=", " ", "\t", ".", "🏳"]))
def test_a_hole_right_after_a_full_line_makes_no_line_too_long(length: int, last: str) -> None:
    encoded = letter(text="a" * length + last + MergeField.ADDRESS.hole(EDITION)).text_for(VALUES)
    assert_sound(encoded)
    assert decoded(encoded) == "a" * length + last + VALUES[MergeField.ADDRESS] + "\r\n"


def test_values_are_escaped_in_html_and_raw_in_text() -> None:
    hole = MergeField.ADDRESS.hole(EDITION)
    made = letter(html=f'<a title="{hole}">{hole}</a>', text=hole)
    escaped = "o&quot;brien&amp;&lt;b&gt;@readers.test"
    assert decoded(made.html_for(VALUES)) == f'<a title="{escaped}">{escaped}</a>\r\n'
    assert decoded(made.text_for(VALUES)) == 'o"brien&<b>@readers.test\r\n'


def test_a_hole_of_another_edition_stays_text() -> None:
    forged = MergeField.UNSUBSCRIBE_URL.hole("another12345")
    assert decoded(letter(text=forged).text_for(VALUES)) == forged + "\r\n"


def test_a_value_that_looks_like_a_hole_is_not_filled_again() -> None:
    hole = MergeField.SUBSCRIBED.hole(EDITION)
    values = {**VALUES, MergeField.ADDRESS: hole}
    assert decoded(letter(text=MergeField.ADDRESS.hole(EDITION)).text_for(values)) == hole + "\r\n"


def test_a_lone_surrogate_costs_its_character_only() -> None:
    assert decoded(quoted_printable("a\ud800b")) == "a?b"
