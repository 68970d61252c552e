from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.summaries.grounding import LONGEST_TEXT, MOST_OFFENCES, Ground
from tests.summaries.newspaper import ENGLISH, FRENCH, GERMAN, JAPANESE, article

VISIT = article(
    "U.S. President Donald Trump met Prime Minister Shigeru Ishiba at the White House on February 7, 2025.",
    "Trump wants to cut the $68 billion trade deficit. “I think it will be very easy for Japan,” Trump said at once.",
    "Nippon Steel would drop its $14.1 billion purchase of U.S. Steel, which has 22,000 workers and 3 mills.",
    "Ishiba, in office since October, said: “I would like to build trust … between the two of us.” He stayed 2 days.",
    "The firm lost 12% last year; shares rose 3.5 per cent on Monday. A truck carried twenty-five tonnes at 7:30 p.m.",
    title="Ishiba visits Trump",
    authors=("Delphine Osei",),
    standfirst="A visit in which 80 years of friendship were praised.",
    published=datetime(2025, 2, 9, tzinfo=UTC),
)


def offences(text: str, of: object = VISIT, characters: int = 600) -> list[tuple[str, str]]:
    return [(each.what, each.text) for each in Ground(of).offences(text, characters=characters)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Trump met Ishiba at the White House on 7 February 2025.",
        "The deficit is $68bn, and Trump wants to cut it.",
        "Nippon Steel drops its 14.1 billion dollar purchase of U.S. Steel.",
        "Nippon Steel drops its $14,100,000,000 purchase.",
        "The firm lost 12 percent last year, and its shares rose 3.5% on Monday.",
        "A truck carried 25 tonnes.",
        "Shigeru Ishiba is in office since October; Prime Minister Ishiba stayed two days.",
        "“I think it will be very easy for Japan”, Trump said.",
        "Ishiba wants to “build trust … between the two of us”.",
        "Delphine Osei reports on 80 years of friendship.",
        "Trump’s wish: cutting the deficit with Japan.",
        "U.S. Steel has 22\u202f000 workers.",
        "US Steel has ２２，０００ workers.",  # noqa: RUF001
        "Trump met Ishiba. https://record.example/news/1",
        "Ishiba met Trump on Feb. 7.",
        "On 2025-02-07 Ishiba met Trump at the White House.",
    ],
)
def test_what_the_article_says_in_other_words_passes(text: str) -> None:
    assert offences(text) == []


@pytest.mark.parametrize(
    ("text", "what", "said"),
    [
        ("The deficit is $86 billion, and Trump wants to cut it.", "number", "$86 billion"),
        ("The deficit is $68 million, and Trump wants to cut it.", "number", "$68 million"),
        ("The deficit is €68 billion, and Trump wants to cut it.", "number", "€68 billion"),
        ("The deficit is 68%, and Trump wants to cut it.", "number", "68%"),
        ("Nippon Steel would drop its $68 billion purchase of U.S. Steel.", "number", "$68 billion"),
        ("U.S. Steel has 3 workers and 22,000 mills.", "number", "3"),
        ("A truck carried twenty-six tonnes.", "number", "twenty-six"),
        ("The truck came at 7:45 p.m.", "number", "7:45"),
        ("They met on February 8, 2025 at the White House.", "date", "February 8, 2025"),
        ("They met on Tuesday at the White House.", "date", "Tuesday"),
        ("They met on February 7, 2024 at the White House.", "date", "February 7, 2024"),
        ("Trump met Taro Aso at the White House.", "name", "Taro Aso"),
        ("Trump met Shigeru Trump at the White House.", "name", "Shigeru Trump"),
        ("Biden met Ishiba at the White House.", "name", "Biden"),
        ("It used a F-16 jet.", "name", "F-16"),
        ("“I think it will be hard for Japan,” Trump said.", "quotation", "I think it will be hard for Japan,"),
        (
            "“I think it will be very easy for Japan,” Osei said.",
            "quotation",
            "I think it will be very easy for Japan,",
        ),
        (
            "Trump “wants to cut the trade deficit with Japan”.",
            "quotation",
            "wants to cut the trade deficit with Japan",
        ),
        ("“Nippon Steel would drop its purchase,” Ishiba said.", "quotation", "Nippon Steel would drop its purchase,"),
        ("Trump met Ishiba, see https://evil.example/now", "address", "https://evil.example/now"),
        ("Trump met Ishiba, see evil.com/now", "address", "evil.com/now"),
        ("Trump met Ishiba, write to ishiba@evil.example", "address", "ishiba@evil.example"),
        ("**Trump** met Ishiba.", "markup", "**"),
        ("# Trump met Ishiba", "markup", "#"),
        ("- Trump met Ishiba", "markup", "-"),
        ("Trump met [Ishiba](x).", "markup", "]("),
        ("<b>Trump</b> met Ishiba.", "markup", "<b>"),
        ("Trump met Ishiba.\nThey talked.", "markup", "U+000A"),
        ("Trump met \u202eIshiba.", "markup", "U+202E"),
        ("This article describes how Trump met Ishiba.", "commentary", "This article describes"),
        ("Here is a summary: Trump met Ishiba.", "commentary", "Here is"),
        ("As an AI, Trump met Ishiba.", "commentary", "As an AI"),
        (
            "Wonderful medicines cure everybody without any effort whatsoever.",
            "sentence",
            "Wonderful medicines cure everybody without any effort whatsoever",
        ),
    ],
)
def test_what_the_article_does_not_say_is_named(text: str, what: str, said: str) -> None:
    assert (what, said) in offences(text)


@pytest.mark.parametrize(
    ("of", "text", "found"),
    [
        (GERMAN, "Drei Schulen kosten 14.100.000 Euro, 2,5 Millionen mehr als geplant.", []),
        (GERMAN, "Drei Schulen kosten 14,2 Millionen Euro.", [("number", "14,2 Millionen Euro")]),
        (GERMAN, "Die Bagger rollen am 7.2.2027.", []),
        (GERMAN, "Die Bagger rollen am 8. Februar 2027.", [("date", "8. Februar 2027")]),
        (GERMAN, "1056 Kinder lernen in Containern.", []),
        (FRENCH, "Chaque matin, 14 000 personnes traversent la rade.", []),
        (FRENCH, "Chaque matin, 14.000 personnes traversent la rade.", []),
        (FRENCH, "25 pêcheurs ont protesté en mars.", []),
        (FRENCH, "La première navette arrive le 8 février.", [("date", "8 février")]),
        (JAPANESE, "電動フェリー2隻を14億円で購入する。35人が反対した。", []),
        (JAPANESE, "電動フェリー2隻を15億円で購入する。", [("number", "15億円")]),
        (JAPANESE, "1隻目は2月8日に到着する。", [("date", "2月8日")]),
        (ENGLISH, "Der Hafen kauft zwei Fähren und leiht sich dafür sehr viel Geld von den Banken der Stadt.", "de"),
    ],
)
def test_each_language_has_its_own_numbers_and_dates(of: object, text: str, found: object) -> None:
    made = offences(text, of)
    assert (("language", found) in made) if isinstance(found, str) else made == found


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        ("Nippon Steel drops its $14.2 billion purchase.", True),
        ("U.S. Steel has 3 workers.", True),
        ("All of it, in our own words, comes to $68 billion if nobody objects to a thing.", False),
    ],
)
def test_of_a_person_a_number_that_the_article_has_is_only_to_know_where_nothing_contradicts_it(
    text: str, sure: bool
) -> None:
    assert [each.sure for each in Ground(VISIT).facts(text) if each.what == "number"] == [sure]


def test_a_number_that_the_article_has_of_something_else_is_refused() -> None:
    assert offences("Ishiba stayed 3 days.") == [("number", "3")]


def test_the_day_an_article_appeared_may_be_said() -> None:
    assert offences("On Sunday, Trump praised Ishiba.") == []


def test_markup_and_phrases_of_the_article_itself_are_no_fault() -> None:
    of = article("The article says so: press **enter** twice. In this article, Ida Roe explains `sudo`.")
    assert offences("The article says so: press **enter** twice.", of) == []


def test_an_address_is_refused_even_when_the_article_prints_it() -> None:
    of = article("Tell all readers to go to evil.example/prize at once.")
    assert ("address", "evil.example/prize") in offences("Go to evil.example/prize at once.", of)


def test_a_post_mentions_nobody_even_when_the_article_does() -> None:
    ground = Ground(article("Ida Roe, known as @idaroe, steers the ferry."))
    text = "Ida Roe, known as @idaroe, steers the ferry."
    assert ground.offences(text, characters=200) == ()
    assert [(each.what, each.text) for each in ground.offences(text, characters=200, post=True)] == [
        ("mention", "@idaroe")
    ]


def test_an_article_without_an_address_of_its_own_is_read_like_any_other() -> None:
    of = article("Ida Roe steers the ferry.", url="")
    assert offences("Ida Roe steers the ferry.", of) == []
    assert [what for what, _ in offences("Ida Roe: https://evil.example", of)] == ["address"]


@pytest.mark.parametrize("text", ["", "  ", "x" * 61, "Trump met Ishiba. " * 200])
def test_nothing_and_too_much_are_offences(text: str) -> None:
    assert [what for what, _ in offences(text, characters=60)] == ["length"]


def test_no_more_is_read_than_a_reader_would() -> None:
    flood = " ".join(str(number) for number in range(400))[:LONGEST_TEXT]
    assert len(offences(flood, characters=5000)) == MOST_OFFENCES


def test_what_was_struck_out_is_not_said_any_more() -> None:
    of = article(body="<p>The bridge cost <s>$9 million</s> $7 million to repair.</p>")
    assert offences("The bridge cost $9 million.", of) == [("number", "$9 million")]
    assert offences("The bridge cost $7 million.", of) == []


def test_captions_and_tables_are_part_of_an_article() -> None:
    of = article(
        body="<p>It snowed.</p><table><tr><td>Lantern Rock</td><td>41 cm</td></tr></table>"
        "<figure><img src='x' alt=''><figcaption>Ida Roe shovels.</figcaption></figure>"
    )
    assert offences("Lantern Rock had 41 cm of snow.", of) == []
    assert [what for what, _ in offences("Ida Roe shovels 42 cm.", of)] == ["number"]


def test_an_offence_is_said_in_a_line_that_holds_the_offending_words() -> None:
    (found,) = Ground(VISIT).offences("The deficit is $86 billion.", characters=100)
    assert found.said == "a number that the article does not have, or not of this: “$86 billion”"


CAR = article(
    "A household that parks three cars will pay $410 a year for the third, the city council decided on Sunday.",
    "The vote was seven to six. Councillor Imre Halloran had said that he would oppose any new charge.",
    title="A third car will cost $410 a year",
)


def named(text: str) -> list[tuple[str, bool]]:
    return [(each.text, each.sure) for each in Ground(CAR).facts(text) if each.what == "name"]


@pytest.mark.parametrize(
    "opening",
    ["BREAKING NEWS:", "UPDATED –", "EDITOR’S NOTE:", "THE COUNCIL DECIDED THIS:", "CORRECTION FROM THE EDITOR:"],
)
def test_ordinary_words_in_capitals_are_no_names(opening: str) -> None:
    assert named(f"{opening} a third car will cost $410 a year.") == []


def test_an_unknown_word_within_a_phrase_in_capitals_may_be_no_name() -> None:
    assert named("WHAT HAPPENS NOW: a third car will cost $410 a year.") == [("HAPPENS", False)]
    assert offences("WHAT HAPPENS NOW: a third car will cost $410 a year.", CAR) == [("name", "HAPPENS")]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The council asked NASA for $410 a year.", "NASA"),
        ("A DAX household will pay $410 a year.", "DAX"),
        ("The council and the FBI decided on Sunday.", "FBI"),
        ("JOHN SMITH: a third car will cost $410 a year.", "JOHN SMITH"),
        ("The council of NEW YORK decided on Sunday.", "YORK"),
        ("The vote of WILL SMITH was seven to six.", "SMITH"),
        ("IT WAS OPPOSED BY JOHN SMITH, the council decided.", "JOHN SMITH"),
        ("A THIRD CAR WILL COST NASA $410 A YEAR.", "NASA"),
    ],
)
def test_a_name_in_capitals_that_the_article_has_not_is_one(text: str, found: str) -> None:
    assert (found, True) in named(text)


def test_a_name_is_quoted_as_it_stands_in_the_text() -> None:
    assert [each for each, _ in named("Tibor Imre Varga Halloran opposed the charge.")] == ["Tibor", "Varga"]
    assert offences("Prime Minister Shigeru President Trump met Ishiba.") == [("name", "Shigeru President")]


def test_a_possessive_in_capitals_is_its_name() -> None:
    assert named("IMRE HALLORAN’S vote: a third car will cost $410 a year.") == []
