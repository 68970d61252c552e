from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.settings.toml import toml

# TOML holds no halves of characters, and integers of 64 bits.
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_plain = (
    _texts
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.lists(_texts, max_size=5)
)
_tables = st.dictionaries(_texts, st.recursive(_plain, lambda inner: st.dictionaries(_texts, inner, max_size=4)))


@given(_tables)
def test_any_table_is_read_as_it_was_written(table):
    assert tomllib.loads(toml(table, ("schedules", "morning"))) == {"schedules": {"morning": table}}


@given(_tables)
def test_so_is_one_at_the_top(table):
    assert tomllib.loads(toml(table)) == table


def test_lists_of_tables_stand_in_one_line():
    assert tomllib.loads(toml({"each": [{"a": 1}, {"b c": "d"}]})) == {"each": [{"a": 1}, {"b c": "d"}]}


def test_an_empty_table_keeps_its_head():
    assert toml({}, ("sources", "wire")) == "[sources.wire]\n"


def test_long_lists_are_written_in_lines():
    text = toml({"sources": [f"source-number-{each}" for each in range(20)]})
    assert text.startswith('sources = [\n  "source-number-0",\n')


def test_what_toml_cannot_hold_is_refused():
    with pytest.raises(TypeError, match="NoneType"):
        toml({"nothing": None})
