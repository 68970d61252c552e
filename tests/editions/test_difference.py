from __future__ import annotations

from bot.editions.difference import Difference, difference
from bot.testing import article


def of(before, after):
    return difference(*(article(title="T", standfirst="S", body=body, language="en") for body in (before, after)))


def test_a_sentence_that_changed_stands_beside_what_it_was():
    assert of("<p>It costs $14. It sails.</p>", "<p>It costs $1.40. It sails.</p>") == (
        Difference("It costs $14.", "It costs $1.40."),
    )


def test_what_was_added_or_taken_out_has_an_empty_side():
    assert of("<p>It sails.</p>", "<p>It sails.</p><p>On Friday.</p>") == (Difference("", "On Friday."),)
    assert of("<p>It sails.</p><p>On Friday.</p>", "<p>It sails.</p>") == (Difference("On Friday.", ""),)


def test_title_and_standfirst_come_first():
    before, after = article(title="The ferry returns", standfirst="At last."), article(title="No ferry", standfirst="")
    assert difference(before, after)[:2] == (Difference("The ferry returns", "No ferry"), Difference("At last.", ""))


def test_the_same_words_with_other_spaces_are_no_difference():
    before, after = (
        article(title="The  ferry", standfirst="S", body=""),
        article(title="The ferry", standfirst=" S", body=""),
    )
    assert difference(before, after) == ()


def test_of_an_endless_article_the_beginning_is_compared():
    before = "".join(f"<p>Sentence number {number} of many.</p>" for number in range(20_000))
    after = before.replace("number 3 ", "number three ").replace("number 19000 ", "number nineteen thousand ")
    assert of(before, after) == (Difference("Sentence number 3 of many.", "Sentence number three of many."),)
