from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from bot.editions.environment import Structure, clean
from bot.editions.splice import Values
from bot.errors import RenderError


def spliced(before: str, value: str, after: str) -> str:
    values = Values("ed1")
    return values.splice(before + values.show(value) + after, name="t.j2")


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_any_text_is_read_back_as_it_was(value: str) -> None:
    element = lxml_html.fragment_fromstring(spliced('<p title="', value, '">') + spliced("", value, "</p>"))
    assert (element.get("title"), element.text_content()) == (clean(value), clean(value))
    assert len(element) == 0


@settings(max_examples=50, deadline=None)
@given(st.text(min_size=1))
def test_an_address_never_has_another_scheme(value: str) -> None:
    href = lxml_html.fragment_fromstring(spliced('<a href="', value, '">x</a>')).get("href")
    assert href is None or href.lower().startswith(("http://", "https://", "mailto:"))


def test_a_value_inside_an_address_is_percent_encoded() -> None:
    assert spliced('<a href="mailto:', "a b?c@d.example", '">x</a>') == '<a href="mailto:a%20b%3Fc@d.example">x</a>'


def test_values_are_spliced_once_so_a_forged_placeholder_stays_text() -> None:
    values = Values("ed1")
    source = f"<p>{values.show('__F1_ed1__')}</p><p>{values.show('secret')}</p>"
    assert values.splice(source, name="t.j2") == "<p>__F1_ed1__</p><p>secret</p>"


def test_structure_and_numbers_stand_as_they_are_and_none_is_nothing() -> None:
    values = Values("ed1")
    assert (values.show(Structure("<b>")), values.show(7), values.show(None)) == ("<b>", "7", "")


@pytest.mark.parametrize("source", ["<style>{}</style>", "<p srcset='{}'>", "<p {}>", "<!-- {} -->", "<p title={}>"])
def test_a_value_in_a_place_without_escaping_is_refused(source: str) -> None:
    before, after = source.split("{}")
    with pytest.raises(RenderError, match=r"t\.j2: a value stands"):
        spliced(before, "x", after)


def test_inside_outlooks_conditional_comment_a_value_is_escaped_like_elsewhere() -> None:
    source = spliced('<!--[if mso]><td title="', '--> "<b>', '"><![endif]-->')
    assert source == '<!--[if mso]><td title="--&gt; &quot;&lt;b&gt;"><![endif]-->'


def test_a_placeholder_bent_by_a_filter_is_noticed() -> None:
    values = Values("ed1")
    with pytest.raises(RenderError, match="filter"):
        values.splice(values.show("x").upper(), name="t.j2")
