from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from random import Random

import pytest

from bot.model import Article, Story
from bot.stories.copies import stories_of
from bot.stories.events import events_of, likeness, weighed
from bot.stories.vocabulary import Vocabulary, opening, terms
from tests.stories.tellings import b_cubed, by_event, tellings

KNOWN = tellings()
EVENTS = by_event(KNOWN)
NOTHING = Vocabulary()


def joined(*articles: Article, archive: Vocabulary = NOTHING) -> tuple[Story, ...]:
    return events_of(stories_of(articles), archive)


def test_the_bundled_set_is_large_enough_to_say_something() -> None:
    assert len(KNOWN) >= 90
    assert len(EVENTS) >= 30
    assert len({telling.article.language for telling in KNOWN}) >= 6


def test_the_tellings_of_an_event_are_found_among_all_others() -> None:
    stories = joined(*[telling.article for telling in KNOWN])
    precision, recall, f1 = b_cubed(stories, {telling.article.guid: telling.event for telling in KNOWN})
    assert f1 >= 0.93, (precision, recall, f1)
    assert min(precision, recall) >= 0.9


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja", "zh", "ar", "ru"])
def test_each_language_is_read_also_when_the_newsroom_has_nothing_else(language: str) -> None:
    mine = [telling for telling in KNOWN if telling.article.language == language]
    stories = joined(*[telling.article for telling in mine])
    assert b_cubed(stories, {telling.article.guid: telling.event for telling in mine})[2] >= 0.85


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("bridge-vote", "library-vote"),
        ("alder-dunham", "alder-westbury"),
        ("weather-wednesday", "weather-thursday"),
        ("fire-sawmill", "fire-hotel"),
        ("ferry-strike", "bus-strike"),
        ("trial-baker", "trial-nurse"),
        ("quake", "quake-islands"),
        ("factory-closes", "factory-opens"),
        ("tunnel-de", "schwimmbad-de"),
    ],
)
def test_two_events_of_one_kind_are_two_stories(one: str, other: str) -> None:
    stories = joined(*EVENTS[one], *EVENTS[other])
    mine = {article.guid for article in EVENTS[one]}
    assert all(len({article.guid in mine for article in story.articles}) == 1 for story in stories)


def test_no_two_articles_of_different_events_join_when_they_are_alone() -> None:
    firsts = [(event, articles[0]) for event, articles in EVENTS.items()]
    pairs = [(a, b) for a, b in combinations(firsts, 2) if a[1].language == b[1].language]
    assert len(pairs) > 300
    assert [(a[0], b[0]) for a, b in pairs if len(joined(a[1], b[1])) == 1] == []


def test_the_order_of_the_articles_changes_nothing() -> None:
    articles = [telling.article for telling in KNOWN]
    expected = joined(*articles)
    for seed in range(3):
        shuffled = articles.copy()
        Random(seed).shuffle(shuffled)
        assert joined(*shuffled) == expected
    assert sorted(each.guid for story in expected for each in story.articles) == sorted(each.guid for each in articles)


def test_what_came_three_days_later_is_another_story() -> None:
    first, second, _ = EVENTS["fire-sawmill"]
    assert len(joined(first, second)) == 1
    assert len(joined(first, replace(second, published=first.published + timedelta(hours=73)))) == 2


def test_an_article_on_the_newsrooms_site_leads_the_others() -> None:
    first, second, third = EVENTS["ferry-strike"]
    assert joined(first, second, third)[0].lead == first
    (story,) = events_of(stories_of([first, second, third], "gull.example"), NOTHING, "gull.example")
    assert story.lead == second
    assert set(story.others) == {first, third}


def test_copies_are_one_telling_among_the_others() -> None:
    text = " ".join(f"The {number}th page of the report names a debt of {number * 7} crowns." for number in range(30))
    first, second, third = EVENTS["mayor-resigns"][:3]
    long = replace(first, body=f"{first.body}<p>{text}</p>")
    copy = replace(long, source="coast", guid="copy", title="Mayor Helen Strand gone")
    (story,) = joined(long, copy, second, third)
    assert len(story.articles) == 4


def test_what_the_archive_says_all_the_time_joins_nothing() -> None:
    first = replace(EVENTS["bridge-vote"][0], body="<p>The harbour committee of Port Alder met in the Corn Hall.</p>")
    second = replace(first, guid="2", source="gull", title="Harbour committee of Port Alder meets on moorings")
    first = replace(first, title="Harbour committee of Port Alder meets on cranes")
    assert len(joined(first, second)) == 1
    usual = [set(opening(terms("Harbour committee of Port Alder meets"), "", first.body))] * 200
    assert len(joined(first, second, archive=Vocabulary.of(usual))) == 2


def test_articles_without_words_are_stories_of_their_own() -> None:
    empty = [replace(KNOWN[0].article, guid=f"e{number}", title="", body="") for number in range(3)]
    assert len(joined(*empty)) == 3
    assert joined() == ()


def test_texts_made_by_one_pattern_are_not_one_event() -> None:
    pattern = "<p>{} is what this article is about, and nothing else, as every article of this column.</p>"
    made = [
        replace(KNOWN[0].article, guid=title, title=title, body=pattern.format(title))
        for title in ("The mayor resigns", "The ferry returns", "A museum opens")
    ]
    assert len(joined(*made)) == 3


def test_an_opening_is_as_like_itself_as_can_be() -> None:
    one, other = weighed([EVENTS["quake"][0], EVENTS["lottery"][0]], NOTHING)
    assert likeness(one, one) == pytest.approx(1)
    assert likeness(one, other) < 0.1


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("The councillors voted, and THE council will vote", ["counci", "voted", "counci", "vote"]),
        ("港大橋、Quay橋", ["港大", "大橋", "quay", "橋"]),
        ("これはペンです", ["はペ", "ペン", "ンで"]),
        ("", []),
    ],
)
def test_a_text_has_stems_and_pairs_of_characters_as_terms(title: str, expected: list[str]) -> None:
    assert terms(title) == expected


def test_an_opening_ends_after_fifty_terms_and_leaves_captions_out() -> None:
    body = "<figure><img src='x'><figcaption>Caption words</figcaption></figure><p>Body &amp; soul</p>"
    assert opening(["title"], "", body) == ["title", "body", "soul", "title"]
    assert len(opening(["title"], "", f"<p>{'word ' * 400}</p>")) == 51
