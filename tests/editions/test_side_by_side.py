"""Two revisions word by word: what was taken out before what came in its place, and the rest folded."""

from __future__ import annotations

from bot.editions.side_by_side import WORDS, Folded, Paragraph, Run, compared, folded, gone, marked, side_by_side
from bot.testing import article


def revision(*texts, title="The ferry", standfirst=""):
    return article(title=title, standfirst=standfirst, body="".join(f"<p>{text}</p>" for text in texts))


def texts(paragraphs):
    return [each.count if isinstance(each, Folded) else "".join(run.text for run in each.runs) for each in paragraphs]


def test_words_that_changed_are_told_apart_from_those_that_stand():
    assert compared("which gives them 6.2 per cent", "which gives them 4.2 per cent") == (
        Run("same", "which gives them "),
        Run("was", "6.2"),
        Run("now", "4.2"),
        Run("same", " per cent"),
    )


def test_neighbouring_words_that_changed_are_one_change():
    assert compared("said Dan Whitlock today", "said Dana Smith today")[1:3] == (
        Run("was", "Dan Whitlock"),
        Run("now", "Dana Smith"),
    )


def test_scripts_without_spaces_are_compared_by_characters():
    assert Run("was", "雨") in compared("東京は雨です", "東京は晴れです")


def test_paragraphs_without_a_change_are_folded_and_counted():
    before = revision("It sails.", "Nobody came.", "Two of 14 boats.")
    after = revision("It sails.", "Nobody came.", "Two of 15 boats.")
    assert texts(folded(side_by_side(before, after))) == [3, "Two of 1415 boats."]


def test_what_is_new_and_what_is_gone_is_shown_whole():
    before, after = (
        revision("It sails on Friday.", "Old words went."),
        revision("It sails on Friday.", "Fresh text came."),
    )
    changed = [each for each in side_by_side(before, after) if each.changed]
    assert changed == [Paragraph((Run("now", "Fresh text came."),)), Paragraph((Run("was", "Old words went."),))]


def test_a_changed_title_is_compared_too():
    (title,) = side_by_side(revision(title="430 homes"), revision(title="340 homes"))
    assert (title.heading, title.runs[:2]) == (True, (Run("was", "430"), Run("now", "340")))


def test_equal_revisions_have_no_change():
    assert not any(each.changed for each in side_by_side(revision("A b c."), revision("A b c.")))


def test_words_that_are_gone_are_found_where_they_were_told():
    words = gone(side_by_side(revision("It gives 6.2 per cent."), revision("It gives 4.2 per cent.")))
    assert words == frozenset({"6.2"})
    assert marked("Deal: 6.2, per cent", words) == (
        Run("same", "Deal: "),
        Run("was", "6.2,"),
        Run("same", " per cent"),
    )


def test_an_endless_paragraph_is_shown_whole_before_and_after():
    long = " ".join(f"word{number}" for number in range(2 * WORDS))
    assert compared(long, f"{long} more") == (Run("was", long), Run("now", f"{long} more"))
