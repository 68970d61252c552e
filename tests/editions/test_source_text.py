from __future__ import annotations

from bot.editions.source_text import Ground, Run, source_text
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


def test_sentences_are_marked_on_which_something_rests():
    first, last = Ground(1, (1,)), Ground(4, (2, 3))
    shown = runs(source_text(TUNNEL, {"The harbour tunnel will close.": first, "One lane stays open.": last}))
    assert Run("The harbour tunnel will close.", first) in shown
    assert shown.count(Run("One lane stays open.", last)) == 1
    assert Run("One lane stays open.") in shown


def test_a_sentence_in_the_middle_is_marked_alone():
    sentence = "The work costs £2.4 million, of which half is paid."
    shown = runs(source_text(TUNNEL, {sentence: Ground(3, near=True)}))
    assert shown[2:5] == [
        Run("Engineers will replace two fans. "),
        Run(sentence, Ground(3, near=True)),
        Run(" One lane stays open."),
    ]


def test_a_sentence_of_another_revision_marks_nothing():
    assert all(run.ground is None for run in runs(source_text(TUNNEL, {"The tunnel closes for good.": Ground(1)})))


def test_an_article_without_a_text_has_no_paragraph():
    assert source_text(article(standfirst="", body=""), {}) == ()
