from __future__ import annotations

import quopri

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.email.letter import BOUNDARY, Letter, encoded, quoted_printable
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
    return Letter.cut(Email(subject="", preheader="", html=html, text=text), EDITION, [])


def filled(made: Letter, values: dict[MergeField, str] = VALUES) -> tuple[bytes, bytes]:
    """The two parts' bodies, text and HTML, each with the line end that belongs to the border behind it."""
    _, text, html, _ = made.whole.filled(encoded(values)).split(f"--{BOUNDARY}".encode())
    return text.partition(b"\r\n\r\n")[2], html.partition(b"\r\n\r\n")[2]


def decoded(found: bytes) -> str:
    return quopri.decodestring(found).decode()


def assert_sound(found: bytes) -> None:
    assert found.isascii()
    lines = found.split(b"\r\n")
    assert max(len(line) for line in lines) <= 76
    assert not any(b"\r" in line or b"\n" in line or line.endswith((b" ", b"\t")) for line in lines)
    # Nothing has to be stuffed when it is sent.
    assert not any(line.startswith(b".") for line in lines)


@given(st.lists(LITERAL | st.sampled_from(list(MergeField)), max_size=8))
def test_any_text_with_any_holes_reads_back_with_the_values_in_their_places(parts: list[str | MergeField]) -> None:
    source = "".join(part.hole(EDITION) if isinstance(part, MergeField) else part for part in parts)
    expected = "".join(VALUES[part] if isinstance(part, MergeField) else part for part in parts)
    found, _ = filled(letter(text=source))
    assert_sound(found)
    expected = expected.replace("\r\n", "\n").replace("\r", "\n")
    assert decoded(found).replace("\r\n", "\n") == expected + "\n"


@given(st.integers(60, 80), st.sampled_from(["x", "é", "=", " ", "\t", ".", "🏳"]))
def test_a_hole_right_after_a_full_line_makes_no_line_too_long(length: int, last: str) -> None:
    found, _ = filled(letter(text="a" * length + last + MergeField.ADDRESS.hole(EDITION)))
    assert_sound(found)
    assert decoded(found) == "a" * length + last + VALUES[MergeField.ADDRESS] + "\r\n"


def test_values_are_escaped_in_html_and_raw_in_text() -> None:
    hole = MergeField.ADDRESS.hole(EDITION)
    made = letter(html=f'<a title="{hole}">{hole}</a>', text=hole)
    escaped = "o&quot;brien&amp;&lt;b&gt;@readers.test"
    text, html = filled(made)
    assert decoded(html) == f'<a title="{escaped}">{escaped}</a>\r\n'
    assert decoded(text) == 'o"brien&<b>@readers.test\r\n'


def test_a_hole_of_another_edition_stays_text() -> None:
    forged = MergeField.UNSUBSCRIBE_URL.hole("another12345")
    assert decoded(filled(letter(text=forged))[0]) == forged + "\r\n"


def test_a_value_that_looks_like_a_hole_is_not_filled_again() -> None:
    hole = MergeField.SUBSCRIBED.hole(EDITION)
    values = {**VALUES, MergeField.ADDRESS: hole}
    assert decoded(filled(letter(text=MergeField.ADDRESS.hole(EDITION)), values)[0]) == hole + "\r\n"


def test_a_lone_surrogate_costs_its_character_only() -> None:
    assert decoded(quoted_printable("a\ud800b")) == "a?b"


@given(st.text(alphabet=".a= \n\r\té", max_size=300))
def test_rfc5321_4_5_2_no_line_begins_with_a_dot_or_is_too_long(text: str) -> None:
    found = quoted_printable(text)
    assert_sound(found)
    assert decoded(found).replace("\r\n", "\n") == text.replace("\r\n", "\n").replace("\r", "\n")
