from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.editions.changes import differences, refresh
from bot.model import Article, EditionStory, Image, Summary
from bot.testing import article


def told(text: str, **fields: Any) -> Article:
    return article(**{"id": 7, "guid": "g7", "title": "The day", "standfirst": text, "body": "<p>x</p>", **fields})


def what(before: str, after: str, **fields: Any) -> list[str]:
    return differences(told(before, **fields), told(after, **fields))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("In all 5 people died and 30 were hurt.", "In all 30 people died and 5 were hurt."),
        ("In all 5 people died and 30 were hurt.", "In all 5 were hurt and 30 people died."),
        ("It costs $14 million a year.", "It costs $1.4 million a year."),
        ("It costs $14 million a year.", "It costs $14 billion a year."),
        ("It costs $14 a year.", "It costs €14 a year."),
        ("It fell to -5 degrees.", "It fell to 5 degrees."),
        ("It rose by 5%.", "It rose by 5."),
        ("It rose by .5 points.", "It rose by 5 points."),
        ("At least 5 boats sank.", "At most 5 boats sank."),
        ("They lost five boats.", "They lost six boats."),
        ("Thousands of boats sank, it said.", "Millions of boats sank, it said."),
        ("The team won 3-2 at home.", "The team won 2-3 at home."),
        ("Dabei starben fünfundzwanzig Menschen.", "Dabei starben dreiundzwanzig Menschen."),
        ("Le port a perdu trois bateaux.", "Le port a perdu quatre bateaux."),
    ],
)
def test_another_number_or_another_thing_counted_is_seen(before: str, after: str) -> None:
    assert what(before, after) == ["numbers"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Smith was arrested on Monday.", "Smythe was arrested on Monday."),
        ("They say that Smith sued Jones.", "They say that Jones sued Smith."),
        ("Police held a man named Brown in a brown coat.", "Police held a man named Black in a brown coat."),
        ("Baker fled. Police seek Baker, a baker.", "Smith fled. Police seek Baker, a baker."),
        ("Le discours de l'Écluse a plu.", "Le discours de l'Étoile a plu."),
        ("Der Streit um Köln geht weiter.", "Der Streit um Bonn geht weiter."),
        ("Суд арестовал Иванова вечером.", "Суд арестовал Петрова вечером."),
        ("Ο δήμαρχος Παππάς έφυγε.", "Ο δήμαρχος Λάππας έφυγε."),
        ("They bought an iPhone.", "They bought an eBook."),
    ],
)
def test_another_name_is_seen(before: str, after: str) -> None:
    assert what(before, after) == ["names"]


MARKS = ["“”", "„“", "„”", "«»", "»«", "‹›", "「」", "『』", "‘’", "''", '""', "””"]


@pytest.mark.parametrize("marks", MARKS)
def test_another_word_in_a_quotation_is_seen_in_any_marks(marks: str) -> None:
    before = f"he said {marks[0]}we can't have won{marks[1]} and left."
    assert what(before, before.replace("won", "lost")) == ["quotations"]
    assert what(before, before.replace("he said", "he told us")) == []
    assert what(before, before.replace("and left", "then he went")) == []


@pytest.mark.parametrize("marks", MARKS)
def test_a_quotation_that_becomes_the_reporters_words_is_seen(marks: str) -> None:
    before = f"he said {marks[0]}we have won{marks[1]} and left."
    assert what(before, "he said we have won and left.") == ["quotations"]


def test_other_marks_around_the_same_words_are_no_change() -> None:
    assert what("he said “we have won” and left.", "he said ‘we have won’ and left.") == []


def test_apostrophes_are_no_quotation_marks() -> None:
    assert what("the workers' pay at sea isn't much.", "the workers' wage at sea isn't much.") == []
    assert what("the boats’ owners say they don’t pay.", "the boats’ hands say they don’t pay.") == []


def test_a_quotation_over_several_paragraphs_is_seen_in_each() -> None:
    before = told("", body="<p>“we have won.</p><p>“we go on,” he said.</p>")
    after = replace(before, body="<p>“we have lost.</p><p>“we go on,” he said.</p>")
    assert differences(before, after) == ["quotations"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("The mayor did not resign.", "The mayor did resign."),
        ("The mayor resigns, they say.", "The mayor never resigns, they say."),
        ("The mayor didn't resign.", "The mayor did resign."),
        ("The mayor can’t resign.", "The mayor can resign."),
        ("We won't pay.", "We will pay."),
        ("There was no fraud.", "There was fraud."),
        ("sie hat nicht gelogen.", "sie hat gelogen."),
        ("es gibt keinen grund dafür.", "es gibt einen grund dafür."),
        ("il n'a pas menti.", "il a menti."),
        ("ella no ha mentido.", "ella ha mentido."),
        ("the harbour did not pay but the city did.", "the harbour did pay but the city did not."),
    ],
)
def test_a_negation_that_comes_or_goes_is_seen(before: str, after: str) -> None:
    assert "negation" in what(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("市長は辞任した。", "市長は逃亡した。"),
        ("警方逮捕了王伟。", "警方逮捕了李伟。"),
        ("قال محمود إنه فاز", "قال أحمد إنه فاز"),
        ("השר התפטר אתמול", "השר נעצר אתמול"),
        ("राम ने इस्तीफा दिया।", "श्याम ने इस्तीफा दिया।"),
        ("시장이 사임했다.", "시장이 체포됐다."),
        ("მერი გადადგა გუშინ.", "მერი დააკავეს გუშინ."),
    ],
)
def test_in_a_script_without_capitals_any_other_wording_is_seen(before: str, after: str) -> None:
    assert what(before, after) == ["wording"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("It will cost much money.", "It will cost a lot of money."),
        ("It will cost much, money.", "It  will cost MUCH money!"),
        ("Yesterday the ferry came back, a day late; yesterday!", "The ferry came back yesterday, late by a day!"),
        ("He didn't pay.", "He did not pay."),
        ("Losses rose by 5%.", "Losses rose by 5 %."),
        ("The ferry sank off Port Alder.", "The ferry went down off Port Alder."),
        ("The fer\u00adry costs 1’000 francs.", "The ferry costs 1'000 francs."),
        ("The cafe\u0301 shut.", "The caf\u00e9 shut."),
        ("市長は、辞任した。", "市長は辞任した"),
        ("東京で、5人が死亡した。", "東京で5人が死亡した。"),
    ],
)
def test_wording_and_typography_are_not_asked_about_again(before: str, after: str) -> None:
    assert what(before, after) == []


def test_a_byline_is_seen() -> None:
    before = told("x", authors=("Ines Okafor", "Tomas Revel"))
    assert differences(before, replace(before, authors=("Ines Okafor", "Somebody Else"))) == ["byline"]
    assert differences(before, replace(before, authors=())) == ["byline"]
    assert differences(before, replace(before, authors=("INES  OKAFOR", "Tomas Revel"))) == []


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("The mayor has resigned", ["title"]),
        ("The mayor resigns?", ["title"]),
        ("The mayor “resigns”", ["title"]),
        ("The Mayor  resigns.", []),
    ],
)
def test_a_title_is_seen_when_it_says_something_else(title: str, found: list[str]) -> None:
    before = told("x", title="The mayor resigns")
    assert differences(before, replace(before, title=title)) == found


def test_a_standfirst_that_comes_or_goes_is_seen() -> None:
    before = told("what it is about.")
    assert differences(before, replace(before, standfirst=" ")) == ["standfirst"]


@pytest.mark.parametrize(
    "body",
    [
        "<p>x</p><blockquote><p>“we have {}”</p></blockquote>",
        "<p>x</p><ul><li>he said “we have {}”</li></ul>",
        "<p>x</p><table><tbody><tr><td>“we have {}”</td></tr></tbody></table>",
        "<p>x<br>he said “we have {}”</p>",
    ],
)
def test_a_body_is_read_also_where_it_is_no_prose(body: str) -> None:
    before = told("", body=body.format("won"))
    assert differences(before, replace(before, body=body.format("lost"))) == ["quotations"]


def test_a_caption_is_read_too() -> None:
    before = told("x", image=Image(url="https://record.example/a.jpg", caption="The mayor with Ann Smith"))
    after = replace(before, image=Image(url="https://record.example/a.jpg", caption="The mayor with Ann Jones"))
    assert differences(before, after) == ["names"]


ANY = st.text(max_size=80) | st.lists(st.sampled_from([*"aB 5,.-\"'“”„«»‘’「」$", "not ", "n't", "東", "é"])).map(
    "".join
)


@given(title=ANY, standfirst=ANY, body=ANY, authors=st.lists(ANY, max_size=2).map(tuple))
def test_an_article_does_not_differ_from_itself(
    title: str, standfirst: str, body: str, authors: tuple[str, ...]
) -> None:
    same = told(standfirst, title=title, body=body, authors=authors)
    assert differences(same, same) == []


WORDS = st.lists(
    st.sampled_from(["boats", "of", "the", "quay", "sank,", "hurt", "and", "people.", "(about"]), max_size=5
)
NUMBERS = st.integers(0, 10**7).map(lambda number: f"{number:,}") | st.sampled_from(
    ["five", "1.5", "$3", "7%", "½", "-2"]
)


@given(words=st.tuples(WORDS, WORDS, WORDS), one=NUMBERS, other=NUMBERS)
def test_any_two_numbers_that_change_places_are_seen(
    words: tuple[list[str], list[str], list[str]], one: str, other: str
) -> None:
    assume(one != other)
    start, middle, end = words
    before = " ".join([*start, one, *middle, other, *end])
    after = " ".join([*start, other, *middle, one, *end])
    assert "numbers" in what(before, after)


NAMES = st.from_regex(r"[B-HJ-ZÀ-Ö][a-zà-ö]{2,8}(?:-[A-Z][a-z]{1,4})?", fullmatch=True)
SMALL = {"boats", "the", "quay", "sank", "people", "about"}


@given(words=st.tuples(WORDS, WORDS), one=NAMES, other=NAMES)
def test_any_name_that_is_replaced_is_seen(words: tuple[list[str], list[str]], one: str, other: str) -> None:
    assume(one.casefold() != other.casefold() and not {one.casefold(), other.casefold()} & SMALL)
    start, end = words
    found = what(" ".join([*start, one, *end]), " ".join([*start, other, *end]))
    assert {"names", "numbers"} & set(found)


def _frozen(lead: Article) -> EditionStory:
    return EditionStory(position=1, article=lead, summary=Summary(lead.standfirst), article_ids=(lead.id,))


def test_a_refresh_takes_over_what_changed_and_says_so() -> None:
    before, other = told("Smith was arrested."), told("", id=8)
    after = replace(before, standfirst="Smythe was arrested.", revision=2)
    outcome = refresh([_frozen(before), _frozen(other)], {7: after, 8: other})
    assert outcome.material
    assert outcome.changes == ("updated: “The day” (names changed)",)
    assert [story.summary.text for story in outcome.stories] == ["Smythe was arrested.", ""]
    assert [story.position for story in outcome.stories] == [1, 2]


def test_a_refresh_of_mere_wording_is_not_material() -> None:
    before = told("It will cost much money.")
    outcome = refresh([_frozen(before)], {7: replace(before, standfirst="It will cost a lot of money.", revision=2)})
    assert (outcome.material, outcome.changes) == (False, ("updated: “The day” (wording changed)",))


@pytest.mark.parametrize("gone", [None, told("x", withdrawn=True)])
def test_a_withdrawn_story_is_dropped_and_the_rest_counted_anew(gone: Article | None) -> None:
    kept = told("", id=8)
    outcome = refresh([_frozen(told("x")), _frozen(kept)], {7: gone, 8: kept})
    assert outcome.material
    assert outcome.changes == ("dropped: “The day” was withdrawn",)
    assert [(story.position, story.article.id) for story in outcome.stories] == [(1, 8)]


def test_a_withdrawn_telling_takes_no_other_with_it() -> None:
    lead, gone, stays = told("x"), told("x", id=8, url="", withdrawn=True), told("x", id=9, url="")
    story = replace(_frozen(lead), also=(("South", ""),), article_ids=(7, 8, 9))
    (fresh,) = refresh([story], {7: lead, 8: gone, 9: stays}).stories
    assert (fresh.also, fresh.article_ids) == ((("South", ""),), (7, 9))
