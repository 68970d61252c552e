from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.summaries.sentences import split_sentences
from tests.growth import grows_evenly


@pytest.mark.parametrize(
    ("tag", "sentences"),
    [
        ("en", ["U.S. President Ann Doe met Mr. Ito at 9 p.m. Tuesday in the U.S.", "The House had voted."]),
        ("en", ["Sen. Ed Moe, D-Mass., said no.", "He is the only one."]),
        ("en", ["The plant costs $14.1 billion, says North Steel Corp.", "The town adds 0.5 percent."]),
        ("en", ["It stands on Main St.", "The road to St. Louis is shut.", "No. 3 won."]),
        ("en", ["It opened on Jan. 6 at 7 a.m.", "By noon 40 people had come.", "40 more came later."]),
        ("en", ["J. K. Moe wrote it with George W. Roe.", "She has a Ph.D. from the M.I.T. in Boston."]),
        ("en", ["“We like it.", "It is ours,” Doe said.", "“Why?” Ann Doe asked.", "“Yes!”", "Nobody spoke."]),
        ("en", ["Was it late?", "It was...", "Very late!", "The rest came in e.g. Lagos vs. Accra."]),
        ("en", ["(The vote was close.)", "Rep. Kate Roe (D-Mass.) Thursday called it a shame."]),
        ("de", ["Am 3. Oktober kam Dr. Meier z. B. nach St. Gallen.", "Es waren 3.", "Der Rat tagte bis 22 Uhr."]),
        ("de-AT", ["„Wir bleiben“, sagte er.", "„Immer.“", "Das kostet 1,4 Mio. Euro bzw. mehr."]),
        ("fr", ["M. Dupont est arrivé.", "« Nous restons. »", "Il part à 9 h."]),
        ("es", ["El Sr. García viajó a EE. UU. en enero.", "¿Por qué?", "¡Nadie lo sabe!", "La S.A. ganó."]),
        ("ar", ["صوّت المجلس مساء الاثنين.", "هل يبقى الجسر مفتوحا؟", "نعم."]),
        ("hi", ["परिषद ने मतदान किया।", "पुल खुला रहेगा।"]),
    ],
)
def test_news_prose_is_split_where_a_reader_would(tag: str, sentences: list[str]) -> None:
    assert split_sentences(" ".join(sentences), tag) == tuple(sentences)


@pytest.mark.parametrize(
    ("tag", "sentences"),
    [
        (
            "ja",
            [
                "港の橋は通行できる。",
                "「雨だ。」と彼は言った。",
                "「本当か？」",
                "市長は黙った。",
                "終わり！？",
                "はい。",
            ],
        ),
        ("zh", ["大桥今冬开放。", "“我们留下。”市长说。", "为什么？", "没人知道！"]),
    ],
)
def test_wide_marks_end_a_sentence_without_a_space(tag: str, sentences: list[str]) -> None:
    assert split_sentences("".join(sentences), tag) == tuple(sentences)


def test_a_language_without_a_list_is_read_with_english_abbreviations() -> None:
    assert split_sentences("Mr. Ito came. He sat.", "") == ("Mr. Ito came.", "He sat.")
    assert split_sentences("Det är sent. Klockan slår.", "sv") == ("Det är sent.", "Klockan slår.")


def test_a_blank_line_ends_a_sentence_without_a_mark() -> None:
    assert split_sentences("A headline\n\nThe text begins.") == ("A headline", "The text begins.")


def test_nothing_has_no_sentences() -> None:
    assert split_sentences(" \n ") == ()


@pytest.mark.parametrize(
    ("hostile", "end"),
    [("." * 200_000, "x"), ("a" * 200_000, ". B"), ('."' * 100_000, ""), ("\n " * 100_000, ""), (". " * 99_999, "")],
)
def test_hostile_text_takes_no_quadratic_time(hostile: str, end: str) -> None:
    assert grows_evenly(lambda part: split_sentences(part + end), hostile)


pieces = st.sampled_from(
    [
        "The U.S.",
        "Dr. Roe",
        "said",
        "“Go!”",
        "no.",
        "3.",
        "Der",
        "«",
        "»",
        "。",
        "「雨",
        "」",
        "؟",
        "…",
        "...",
        "J.",
        "\n\n",
        "x",
    ]
)


@given(parts=st.lists(pieces, max_size=30), tag=st.sampled_from(["en", "de", "fr", "es", "ja", ""]))
def test_sentences_are_the_text_itself_with_nothing_lost_or_added(parts: list[str], tag: str) -> None:
    text = " ".join(parts)
    sentences = split_sentences(text, tag)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    place = 0
    for sentence in sentences:
        assert sentence == sentence.strip() != ""
        place = text.index(sentence, place) + len(sentence)


def test_a_text_without_capitals_is_split_at_its_points() -> None:
    text = "the ferry stopped . mr. roe of the u.s. waits , he said . why ? nobody knows ."
    assert split_sentences(text, "en") == (
        "the ferry stopped .",
        "mr. roe of the u.s. waits , he said .",
        "why ?",
        "nobody knows .",
    )


def test_a_small_letter_after_a_point_begins_no_sentence_where_there_are_capitals() -> None:
    assert split_sentences("The firm yahoo. com is old. It stays.", "en") == (
        "The firm yahoo. com is old.",
        "It stays.",
    )
