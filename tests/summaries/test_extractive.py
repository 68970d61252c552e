from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.articles.text import paragraphs
from bot.model import Article, Image, Summary
from bot.summaries.extractive import summarise
from tests.growth import grows_evenly

VOTE = "The council of Port Alder voted on Monday night to keep the Quay Street bridge open."
TRADE = "Shopkeepers had warned that a closure would cost the quarter its Christmas trade."
PIER = "Engineers will repair the eastern pier in January."


def article(*texts: str, **fields: object) -> Article:
    known: dict[str, object] = {
        "source": "record",
        "guid": "g1",
        "url": "https://record.example/bridge",
        "title": "Bridge stays open",
        "published": datetime(2026, 11, 23, tzinfo=UTC),
        "body": "".join(f"<p>{text}</p>" for text in texts),
    }
    return Article(**(known | fields))  # type: ignore[arg-type]


def test_the_newsrooms_standfirst_is_taken_whole() -> None:
    standfirst = "Repairs wait for January. The mayor, Ida Roe, calls it a relief. The county adds the cranes."
    found = summarise(article(VOTE, standfirst=standfirst), sentences=1, characters=60)
    assert found == Summary(
        standfirst,
        ("Repairs wait for January.", "The mayor, Ida Roe, calls it a relief.", "The county adds the cranes."),
        "standfirst",
    )


def test_a_standfirst_that_is_a_whole_article_gives_its_first_sentences() -> None:
    found = summarise(article(standfirst=f"{VOTE} {TRADE} {PIER}"), sentences=2, characters=100)
    assert (found.text, found.origin) == (VOTE, "standfirst")


def test_a_text_that_fits_is_taken_whole() -> None:
    found = summarise(article(VOTE, f"{TRADE} {PIER}"))
    assert found == Summary(f"{VOTE} {TRADE}", (VOTE, TRADE), "extract")


@pytest.mark.parametrize("end", ["[…]", "[...]", "…", "… Continue reading"])
def test_an_excerpt_the_site_cut_by_itself_is_no_standfirst(end: str) -> None:
    found = summarise(article(VOTE, TRADE, standfirst=f"The council of Port Alder voted on Monday {end}"))
    assert (found.text, found.origin) == (f"{VOTE} {TRADE}", "extract")


def test_a_standfirst_that_repeats_the_title_is_no_standfirst() -> None:
    assert summarise(article(VOTE, standfirst="Bridge stays  open")).text == VOTE


@pytest.mark.parametrize(
    "furniture",
    [
        "Update, 9 p.m.: The meeting has ended.",
        "UPDATED 10:30 a.m.: With the county's answer.",
        "Correction: An earlier version gave the wrong pier.",
        "[Editor’s note: This is our third report.]",
        "This story has been updated to add the mayor's name.",
        "Anmerkung der Redaktion: Wir haben die Zahl berichtigt.",
        "Mise à jour à 18 h : le conseil a voté.",
        "By Ida Roe",
        "The bridge at night",
        "The bridge, seen from the harbour on Sunday.",
        "Photo: Tom Reyes",
        "Photo by Tom Reyes for the Record.",
    ],
)
def test_notes_bylines_and_captions_at_the_top_are_skipped(furniture: str) -> None:
    image = Image(url="https://record.example/b.jpg", caption="The bridge, seen from the harbour on Sunday.")
    assert summarise(article(furniture, VOTE, image=image)).text == VOTE


@pytest.mark.parametrize(
    "opening",
    [
        "Update on the bridge: it stays open, the council of Port Alder said.",
        "Corrections officers of Port Alder went on strike on Monday.",
        "Photographers from twelve countries came to Port Alder on Monday.",
    ],
)
def test_a_story_that_begins_like_a_note_is_told(opening: str) -> None:
    assert summarise(article(opening, VOTE), sentences=1).text == opening


@pytest.mark.parametrize(
    "dateline",
    [
        "PORT CALDER (Wire) – ",
        "PORT CALDER (Our correspondent) - ",
        "PORT CALDER, Mass. (AP) — ",
        "BERLIN, Nov 23 (Reuters) - ",
        "Berlin (dpa) - ",
        "(AFP) -- ",
        "PORT CALDER — ",
        "ST. JOHN'S – ",
        "(CNN)",
        "Port Calder (CNN)",
        "(The Alder Reporter)",
        "By . Ida Roe . PUBLISHED: . 14:11 EST, 25 October 2013 . | . UPDATED: . 15:36 EST, 25 October 2013 . ",
    ],
)
def test_a_dateline_is_taken_off_the_front(dateline: str) -> None:
    assert summarise(article(f"{dateline}{VOTE}")).text == VOTE


def test_a_dateline_without_capitals_is_taken_off_the_front() -> None:
    assert summarise(article("port calder ( cnn ) the council met . it voted .")).text == "the council met . it voted ."


def test_a_japanese_dateline_is_taken_off_the_front() -> None:
    assert (
        summarise(article("【港町共同】市議会は橋の通行を認めた。", language="ja")).text == "市議会は橋の通行を認めた。"
    )


@pytest.mark.parametrize(
    "opening",
    [
        "NASA — the space agency — will fly over Port Alder on Monday.",
        "Port Alder – The old town is the oldest part of it.",
        "The mayor (Harbour List) – Ida Roe – said no.",
        "U.S. — The two letters stand on the crane.",
        "The mayor (Harbour List) Said no word.",
        "By Monday the ferry had sailed.",
    ],
)
def test_what_is_not_clearly_a_dateline_stays(opening: str) -> None:
    assert summarise(article(opening), sentences=1).text == opening


def test_a_quotation_is_not_cut_in_two() -> None:
    quoted = "“We are glad. The winter is saved,” said Ida Roe."
    assert summarise(article(f"{VOTE} {quoted} {PIER}"), sentences=2).text == f"{VOTE} {PIER}"
    assert summarise(article(f"{VOTE} {quoted}"), sentences=3).text == f"{VOTE} {quoted}"


def test_an_opening_quotation_that_ends_in_the_next_paragraph_is_passed_over() -> None:
    found = summarise(article("“We are glad. It was hard.", "And it took long,” said Ida Roe.", VOTE, PIER))
    assert found.text == f"{VOTE} {PIER}"


def test_an_inch_is_no_quotation_mark() -> None:
    assert summarise(article('A 12" pipe burst on Quay Street. It was old.')).text == (
        'A 12" pipe burst on Quay Street. It was old.'
    )


def test_a_sentence_that_does_not_fit_is_left_out_whole() -> None:
    assert summarise(article(VOTE, TRADE), characters=len(VOTE) + 20).text == VOTE


LONG = (
    "The council of Port Alder voted on Monday night to keep the Quay Street bridge open through the winter, after "
    "shopkeepers had warned that a closure would cost them dearly, and “a year of work” would be lost."
)


def test_a_first_sentence_that_is_too_long_is_cut_at_a_clause() -> None:
    found = summarise(article(LONG), characters=190)
    assert found.text == LONG[: LONG.index(", and “a")] + "…"
    assert found.sentences == (LONG,)


def test_a_cut_leaves_no_quotation_open() -> None:
    text = (
        "The engineer of the county told the council that “no bridge of this age can wait for another winter” at all."
    )
    assert summarise(article(text), characters=80).text == "The engineer of the county told the council that…"


def test_words_are_not_cut_nor_letters_from_their_marks() -> None:
    assert summarise(article("Harbourmasters everywhere rejoice loudly today."), characters=30).text == (
        "Harbourmasters everywhere…"
    )
    family = "👩‍👩‍👧‍👦"
    assert summarise(article(family * 20), characters=25).text == family * 3 + "…"


def test_japanese_sentences_are_joined_without_a_space() -> None:
    body = "市議会は橋の通行を認めた。商店主は喜んだ。工事は一月に始まる。"
    assert summarise(article(body, language="ja")).text == "市議会は橋の通行を認めた。商店主は喜んだ。"


def test_an_article_without_text_has_an_empty_summary() -> None:
    assert summarise(article()) == Summary("", (), "extract")


def test_text_without_punctuation_is_still_told() -> None:
    assert summarise(article("Ferry late")).text == "Ferry late"


def test_a_quotation_that_never_ends_takes_no_quadratic_time() -> None:
    endless = "“" + "We stay. " * 40_000
    assert summarise(article(endless)).text == "We stay."
    assert grows_evenly(lambda text: summarise(article(text)), endless)


def test_the_sentences_that_tell_the_most_are_chosen_in_the_articles_order() -> None:
    aside = "It rained a little on the way to the town hall, where a choir sang beside the stove."
    cost = "Keeping the Quay Street bridge of Port Alder open costs the council 40,000 crowns a winter."
    found = summarise(article(VOTE, aside, cost, PIER), characters=200)
    assert found == Summary(f"{VOTE} {cost}", (VOTE, cost), "extract")


def test_a_text_that_is_one_quotation_gives_what_comes_first() -> None:
    assert summarise(article("“We are glad.”", "“It was hard.”")).text == "“We are glad.”"


def test_a_long_quotation_at_the_top_is_passed_over_and_not_cut() -> None:
    quoted = "“We are glad. We are very glad indeed. The winter is saved for all of us,” said Ida Roe on Monday."
    assert summarise(article(quoted, TRADE), characters=90).text == TRADE


def test_a_text_of_questions_gives_the_first() -> None:
    assert summarise(article("Who pays?", "Who asks?")).text == "Who pays?"


texts = st.lists(
    st.sampled_from(
        [
            VOTE,
            TRADE,
            PIER,
            LONG,
            "“We are glad.",
            "It is saved,” she said.",
            "「雨だ。」と言った。",
            "Go!",
            "By Ida Roe",
        ]
    ),
    min_size=1,
    max_size=5,
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(
    body=st.lists(texts, max_size=5),
    standfirst=st.just("") | texts,
    sentences=st.integers(1, 4),
    characters=st.integers(1, 300),
)
def test_every_word_is_the_articles_own(body: list[str], standfirst: str, sentences: int, characters: int) -> None:
    told = article(*body, standfirst=standfirst)
    found = summarise(told, sentences=sentences, characters=characters)
    own = "\n".join((standfirst, *paragraphs(told.body)))
    assert all(sentence in own for sentence in found.sentences)
    if found.text.endswith("…") and found.text not in own:
        assert found.text[:-1] in own and found.text[:-1]
    else:
        assert "".join(found.text.split()) == "".join("".join(found.sentences).split())
    assert len(found.text) <= (2 * characters if found.text == standfirst else max(characters, 2))


def test_an_item_whose_title_is_its_first_sentence_is_not_told_twice():
    title = "Dunmore Road is open again in both directions"
    body = f"<p>{title}. Nobody was hurt. The pears were given away.</p>"
    summary = summarise(article(title=title, standfirst="", body=body))
    assert summary.text == "Nobody was hurt. The pears were given away."


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("Mayor resigns", "Mayor resigns after 12 days of protests, aides said."),
        (
            "Police did not shoot first",
            "Police did not shoot first is what the union claims; the video says otherwise.",
        ),
        ("The visit of Mr. Okafor to the U.S", "The visit of Mr. Okafor to the U.S. was called off."),
    ],
)
def test_a_title_that_only_begins_the_first_sentence_is_not_cut_from_it(title, body):
    assert summarise(article(title=title, standfirst="", body=f"<p>{body}</p>")).text == body
