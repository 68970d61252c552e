"""Two versions of an edition, word by word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.editions.comparison import Change, compared, words_between
from bot.model import Told, ToldPost, ToldStory

FERRY = ToldStory(
    article=1, revision=1, title="The ferry returns", summary="It sails again.", alt="A boat", picture=True
)
LIBRARY = ToldStory(article=2, revision=1, title="The library opens", summary="On Monday.")
BEFORE = Told(
    subject="Ferry", preheader="And more", stories=(FERRY, LIBRARY), posts=(ToldPost("square", "", "Ferry!"),)
)


def _marked(before, after):
    signs = {Change.SAME: "{}", Change.ADDED: "+[{}]", Change.REMOVED: "-[{}]"}
    return "".join(signs[run.change].format(run.text) for run in words_between(before, after))


@pytest.mark.parametrize(
    ("before", "after", "marked"),
    [
        ("It costs £2.4 million.", "It costs the council £2.4 million.", "It costs +[the council ]£2.4 million."),
        (
            "Emergency vehicles keep one lane.",
            "Ambulances keep one lane.",
            "-[Emergency vehicles ]+[Ambulances ]keep one lane.",
        ),
        ("one two", "one two three", "one two+[three]"),
        ("Costs £4.2 million.", "Costs £2.4 million.", "Costs -[£4.2 ]+[£2.4 ]million."),
        ("one two three", "one two", "one two-[ three]"),
        ("See https://a.example/1", "See https://a.example/2", "See -[https://a.example/1]+[https://a.example/2]"),
        ("", "new", "+[new]"),
        ("old", "", "-[old]"),
        ("港の夜", "港の朝", "港の-[夜]+[朝]"),
    ],
)
def test_words_are_compared_and_not_letters(before, after, marked):
    assert _marked(before, after) == marked.replace("two+[three]", "two +[three]")


@given(st.text(max_size=80), st.text(max_size=80))
def test_all_runs_without_what_was_removed_are_the_newer_text(before, after):
    runs = words_between(before, after)
    kept = "".join(run.text for run in runs if run.change is not Change.REMOVED)
    assert kept == after
    gone = "".join(run.text for run in runs if run.change is not Change.ADDED)
    assert "".join(gone.split()) == "".join(before.split())


def _places(after):
    return [(each.place, each.article, each.channel) for each in compared(BEFORE, after)]


def test_the_same_differs_in_nothing():
    assert compared(BEFORE, BEFORE) == ()


@pytest.mark.parametrize(
    ("after", "places"),
    [
        (replace(BEFORE, subject="Ferry back"), [("subject", 0, "")]),
        (replace(BEFORE, preheader=""), [("preheader", 0, "")]),
        (replace(BEFORE, stories=(LIBRARY, FERRY)), [("order", 0, "")]),
        (replace(BEFORE, stories=(FERRY,)), [("dropped", 2, "")]),
        (replace(BEFORE, stories=(FERRY, LIBRARY, replace(LIBRARY, article=3))), [("added", 3, "")]),
        (
            replace(BEFORE, stories=(replace(FERRY, title="Back", summary="Now."), LIBRARY)),
            [("title", 1, ""), ("summary", 1, "")],
        ),
        (replace(BEFORE, stories=(replace(FERRY, alt="The ferry"), LIBRARY)), [("alt", 1, "")]),
        (replace(BEFORE, stories=(replace(FERRY, alt="", picture=False), LIBRARY)), [("picture", 1, "")]),
        (replace(BEFORE, stories=(replace(FERRY, pinned="Tom"), LIBRARY)), [("pinned", 1, "")]),
        (replace(BEFORE, stories=(replace(FERRY, revision=2), LIBRARY)), [("article", 1, "")]),
        (replace(BEFORE, posts=(ToldPost("square", "", "Back!"),)), [("post", 0, "square")]),
        (replace(BEFORE, posts=()), [("post", 0, "square")]),
    ],
)
def test_what_differs_is_named_by_its_place(after, places):
    assert _places(after) == places


def test_a_moved_story_is_taken_out_there_and_put_in_here():
    [order] = compared(BEFORE, replace(BEFORE, stories=(LIBRARY, FERRY)))
    assert {run.change for run in order.runs} == {Change.SAME, Change.ADDED, Change.REMOVED}
