"""Charts: where lines, bars and words stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.charts import HALF, NARROW, TOP, WIDE, Point, bar_chart, line_chart, odd, scale


def say(value):
    return f"{value:,.0f}"


def points(*values):
    return [Point(str(at), value, "held" if value is None else "") for at, value in enumerate(values)]


def test_a_line_goes_up_when_the_numbers_do():
    chart = line_chart(points(12_245, 12_300, 12_402), WIDE, say)
    first, _, last = chart.dots
    assert first.x < last.x
    assert first.y > last.y
    assert chart.lowest == 12_200
    assert [word.text for _, word in chart.ticks] == ["12,200", "12,300", "12,400", "12,500"]


def test_numbers_that_stay_as_they_are_stand_amid_the_plot():
    chart = line_chart(points(25, 25), WIDE, say)
    assert [word.text for _, word in chart.ticks] == ["24", "25", "26"]
    assert {dot.y for dot in chart.dots} == {chart.ticks[1][0]}
    assert chart.lowest == 24


def test_the_last_value_is_named():
    (word,) = line_chart(points(*range(10)), WIDE, say).words
    assert (word.text, word.anchor) == ("9", "end")


def test_a_gap_is_a_dashed_line_with_its_word_and_no_value():
    chart = line_chart(points(5, None, 7), WIDE, say)
    assert len(chart.dots) == 2
    assert len(chart.lines) == 1
    (gap,) = chart.gaps
    assert gap.x1 == gap.x2
    assert "held" in [word.text for word in chart.words]


def test_bars_stand_on_nothing_and_the_odd_one_is_marked_and_named():
    chart = bar_chart(points(6, 7, 5, 19, 6, 7), HALF, say)
    assert [bar.odd for bar in chart.bars] == [False, False, False, True, False, False]
    assert [word.text for word in chart.words] == ["19"]
    assert {round(bar.y + bar.height, 1) for bar in chart.bars} == {chart.ticks[0][0]}
    assert chart.lowest == 0


def test_what_made_a_value_odd_stands_below_it():
    marked = points(6, 7, 5, 6, 19, 6, 7, 6, 6)
    marked[4] = Point("9 Oct", 19, "two mails that day")
    assert "9 Oct, two mails that day" in [word.text for word in bar_chart(marked, NARROW, say).labels]


def test_an_empty_chart_is_drawn_too():
    for draw in (line_chart, bar_chart):
        assert draw([], WIDE, say).labels == ()


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ([6, 7, 5, 19, 6], 3),
        ([6, 7, 5, 9, 6], None),
        ([0, 0, 0, 3], None),
        ([0, 0, 0, 6], 3),
        ([5, 19], None),
        ([None, 6, 19, None, 6, 5], 2),
        ([], None),
    ],
)
def test_odd_is_what_stands_far_above_the_others(values, where):
    assert odd(values) == where


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**9)), max_size=400), st.sampled_from([WIDE, HALF, NARROW]))
def test_whatever_the_numbers_all_stands_inside_the_drawing(values, drawing):
    for draw in (line_chart, bar_chart):
        chart = draw(points(*values), drawing, say)
        assert all(0 <= dot.x <= chart.plot and 0 <= dot.y <= chart.height for dot in chart.dots)
        assert all(bar.height >= 0 and bar.y >= TOP - 1 for bar in chart.bars)
        assert all(0 <= word.x <= 100 and 0 <= word.y <= chart.height for word in (*chart.words, *chart.labels))
        assert len(chart.labels) <= max(drawing.labels, 1)
        assert 2 <= len(chart.ticks) <= 5


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.booleans())
def test_an_axis_holds_its_values_in_round_steps(one, other, zero):
    low, high, step = scale(min(one, other), max(one, other), zero=zero)
    assert low <= min(one, other)
    assert high >= max(one, other)
    assert low >= 0
    assert step > 0
