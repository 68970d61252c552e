"""On which sentences of its article a text rests."""

from __future__ import annotations

import pytest

from bot.summaries.source import MOST, rests_on, source_of
from bot.testing import article

BODY = (
    "<p>The harbour tunnel will close every night from 22:00 to 05:00 for eleven nights, starting on Monday, the "
    "council said late on Wednesday.</p><p>Engineers will replace two ventilation fans. The work costs £2.4 million, "
    "of which the government pays £1.1 million.</p><p>One lane stays open to ambulances throughout.</p>"
)


def _article(**fields):
    return article(**{"title": "Tunnel shuts", "body": BODY, "standfirst": "", **fields})


def test_the_text_is_its_paragraphs_of_numbered_sentences():
    told = source_of(_article())
    assert [[each.number for each in part] for part in told] == [[1], [2, 3], [4]]
    assert told[1][1].text == "The work costs £2.4 million, of which the government pays £1.1 million."


def test_a_standfirst_comes_first():
    assert source_of(_article(standfirst="Eleven nights. No cars."))[0][1].text == "No cars."


def test_each_sentence_rests_on_the_one_that_says_it_whatever_the_order():
    text = "Ambulances keep one lane open. The harbour tunnel shuts for eleven nights. The work costs £2.4 million."
    assert [each.on for each in rests_on(text, _article())] == [(4,), (1,), (3,)]


def test_a_sentence_that_says_what_two_say_rests_on_both():
    text = "Engineers replace ventilation fans and the government pays £1.1 million of it."
    assert [each.on for each in rests_on(text, _article())] == [(2, 3)]


def test_a_sentence_of_other_words_rests_on_none():
    assert [each.on for each in rests_on("Cherry trees blossom early this spring.", _article())] == [()]


def test_the_places_of_its_sentences_are_those_of_the_text():
    text = "  One lane stays open.\n\nThe work costs £2.4 million. "
    assert [text[each.start : each.end] for each in rests_on(text, _article())] == [
        "One lane stays open.",
        "The work costs £2.4 million.",
    ]


@pytest.mark.parametrize("text", ["", " ", "…", "!!!", "\u202e", "a" * 5000])
def test_odd_texts_rest_on_nothing(text):
    assert all(each.on == () for each in rests_on(text, _article()))


def test_of_a_book_only_so_many_sentences_are_read():
    book = _article(body="".join(f"<p>Sentence number {number} is here.</p>" for number in range(MOST + 100)))
    assert sum(len(part) for part in source_of(book)) == MOST


def test_a_script_without_spaces_is_read_too():
    japanese = article(
        language="ja", title="港", standfirst="", body="<p>港のトンネルは月曜から閉鎖される。費用は二億円だ。</p>"
    )
    assert [each.on for each in rests_on("トンネルは月曜から閉鎖。", japanese)] == [(1,)]
