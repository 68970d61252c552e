from __future__ import annotations

from bot.editions.source_text import Run, source_text
from bot.testing import article

TUNNEL = article(
    standfirst="The harbour tunnel will close.",
    body=(
        "<h2>What happens</h2><p>Engineers will replace two fans. The work costs £2.4 million, of which half is paid. "
        "One lane stays open.</p><p>One lane stays open.</p>"
    ),
)


def runs(paragraphs):
    return [run for each in paragraphs for run in each.runs]


def test_the_text_is_shown_whole_from_its_standfirst_on():
    shown = source_text(TUNNEL, {})
    assert [each.kind for each in shown] == ["standfirst", "heading", "", ""]
    assert ["".join(run.text for run in each.runs) for each in shown] == [
        "The harbour tunnel will close.",
        "What happens",
        "Engineers will replace two fans. The work costs £2.4 million, of which half is paid. One lane stays open.",
        "One lane stays open.",
    ]


def test_sentences_carry_the_numbers_of_what_rests_on_them():
    shown = runs(source_text(TUNNEL, {"The harbour tunnel will close.": (1,), "One lane stays open.": (2, 3)}))
    assert Run("The harbour tunnel will close.", (1,)) in shown
    assert shown.count(Run("One lane stays open.", (2, 3))) == 1
    assert Run("One lane stays open.") in shown


def test_what_the_article_says_otherwise_is_near_and_no_ground():
    sentence = "The work costs £2.4 million, of which half is paid."
    assert Run(sentence, (), near=True) in runs(source_text(TUNNEL, {}, frozenset({sentence})))
    assert Run(sentence, (1,)) in runs(source_text(TUNNEL, {sentence: (1,)}, frozenset({sentence})))


def test_a_sentence_of_another_revision_marks_nothing():
    assert all(not run.numbers for run in runs(source_text(TUNNEL, {"The tunnel closes for good.": (1,)})))


def test_an_article_without_a_text_has_no_paragraph():
    assert source_text(article(standfirst="", body=""), {}) == ()
