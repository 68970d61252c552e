from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bot.model import Article, Image, Story
from bot.settings import SelectionTable
from bot.stories.ranking import choose, picked, rank, score_parts

RULES = SelectionTable()
NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
PICTURE = Image(url="https://record.example/bridge.jpg")


def article(guid: str, hours_ago: float, section: str = "", **fields: object) -> Article:
    known: dict[str, object] = {
        "source": "record",
        "guid": guid,
        "url": f"https://record.example/{guid}",
        "title": guid,
        "published": NOW - timedelta(hours=hours_ago),
        "sections": (section,) if section else (),
    }
    return Article(**(known | fields))  # type: ignore[arg-type]


def order(*articles: Article) -> list[str]:
    return [each.story.lead.guid for each in rank([Story(each) for each in articles], NOW, RULES)]


def chosen(maximum: int, *articles: Article, **rules: object) -> list[str]:
    table = SelectionTable(maximum=maximum, **rules)
    found = choose(rank([Story(each) for each in articles], NOW, table), table)
    return [each.story.lead.guid for each in found.stories]


def test_newness_halves_in_eighteen_hours() -> None:
    assert score_parts(Story(article("a", 18)), NOW, RULES)["recency"] == pytest.approx(0.5)
    assert score_parts(Story(article("a", -3)), NOW, RULES)["recency"] == 1


def test_the_score_is_the_sum_of_its_parts() -> None:
    story = Story(article("a", 0, image=PICTURE, standfirst="Why.", pinned=True), (article("b", 0, source="wire"),))
    (ranked,) = rank([story], NOW, RULES)
    assert ranked.parts == pytest.approx(
        {"recency": 1, "sources": 0.3, "pinned": 2, "image": 0.1, "standfirst": 0.1, "weights": 0}
    )
    assert ranked.score == pytest.approx(3.5)


def test_newer_comes_first_and_a_picture_tips_the_scale() -> None:
    assert order(article("old", 9), article("new", 1), article("pictured", 2, image=PICTURE)) == [
        "pictured",
        "new",
        "old",
    ]


def test_a_pinned_story_comes_first_however_old() -> None:
    assert order(article("new", 0, image=PICTURE, standfirst="Why."), article("pinned", 70, pinned=True))[0] == "pinned"


def test_copies_within_one_source_are_not_told_by_more() -> None:
    story = Story(article("a", 1), (article("b", 1),))
    assert score_parts(story, NOW, RULES)["sources"] == 0


def test_equal_scores_go_by_identity() -> None:
    assert order(article("b", 1), article("a", 1), article("c", 1, source="a")) == ["c", "a", "b"]


def test_one_section_takes_no_more_than_half() -> None:
    sport = [article(f"sport{number}", number, "Sport") for number in range(1, 7)]
    others = [article("hall", 20, "City hall"), article("life", 21, "Life")]
    assert chosen(4, *sport, *others) == ["sport1", "sport2", "hall", "life"]


def test_one_section_fills_the_edition_when_nothing_else_is_there() -> None:
    sport = [article(f"sport{number}", number, "Sport") for number in range(1, 7)]
    assert chosen(4, *sport) == ["sport1", "sport2", "sport3", "sport4"]
    assert chosen(4, *sport, article("hall", 20, "City hall")) == ["sport1", "sport2", "sport3", "hall"]


def test_stories_without_a_section_and_pinned_ones_are_not_counted() -> None:
    plain = [article(f"plain{number}", number) for number in range(1, 5)]
    assert chosen(4, *plain, article("hall", 20, "City hall")) == ["plain1", "plain2", "plain3", "plain4"]
    pinned = [article(f"pin{number}", number, "Sport", pinned=True) for number in range(1, 4)]
    assert chosen(4, *pinned, article("hall", 20, "City hall"), article("sport", 1, "Sport"))[:3] == [
        "pin1",
        "pin2",
        "pin3",
    ]


@pytest.mark.parametrize(
    ("story", "reason"),
    [
        (Story(article("a", 3.5, "City hall", image=PICTURE)), "Newest in City hall, with picture; 3 h old."),
        (Story(article("a", 0.2)), "New article; 12 min old."),
        (Story(article("a", 50, "Life", pinned=True)), "Pinned by the newsroom; 2 days old."),
        (
            Story(article("a", 1, "Life"), (article("b", 1, source="wire"),)),
            "Newest in Life, told by 2 sources; 1 h old.",
        ),
    ],
)
def test_a_pick_says_why_in_an_editors_words(story: Story, reason: str) -> None:
    (ranked,) = rank([story], NOW, RULES)
    assert picked(ranked, NOW).reason == reason


def test_only_the_newest_of_a_section_is_called_that() -> None:
    ranked = rank([Story(article("older", 4, "Life")), Story(article("newer", 2, "life"))], NOW, RULES)
    assert [picked(each, NOW).reason for each in ranked] == ["Newest in life; 2 h old.", "New in Life; 4 h old."]


def test_the_half_life_is_the_editors() -> None:
    weekly = SelectionTable(half_life="3d")
    assert score_parts(Story(article("a", 72)), NOW, weekly)["recency"] == pytest.approx(0.5)


def test_sections_sources_and_tags_weigh_what_the_editor_says() -> None:
    rules = SelectionTable(weights={"section: city hall": 0.5, "tag:Election": 0.25, "source:wire": -1})
    story = Story(article("a", 1, "City Hall", tags=("election", "harbour")))
    assert score_parts(story, NOW, rules)["weights"] == pytest.approx(0.75)
    assert score_parts(Story(article("b", 1, source="wire")), NOW, rules)["weights"] == pytest.approx(-1)
    assert [each.story.lead.guid for each in rank([Story(article("new", 0)), story], NOW, rules)] == ["a", "new"]


def test_a_cap_on_sections_holds_even_when_nothing_else_is_there() -> None:
    sport = [article(f"sport{number}", number, "Sport") for number in range(1, 7)]
    hall = article("hall", 20, "City hall")
    assert chosen(4, *sport, hall, section_maximum=2) == ["sport1", "sport2", "hall"]
    pinned = article("pinned", 30, "Sport", pinned=True)
    assert chosen(4, *sport, hall, pinned, section_maximum=1) == ["pinned", "sport1", "hall"]


def test_a_capped_section_is_told_apart_from_a_full_edition() -> None:
    rules = SelectionTable(maximum=3, section_maximum=1)
    sport = [Story(article(f"sport{number}", number, "Sport")) for number in range(1, 3)]
    others = [Story(article(f"hall{number}", 10 + number, f"Hall {number}")) for number in range(3)]
    found = choose(rank([*sport, *others], NOW, rules), rules)
    assert [each.story.lead.guid for each in found.stories] == ["sport1", "hall0", "hall1"]
    assert [each.story.lead.guid for each in found.crowded_out] == ["sport2"]


def test_what_is_like_a_story_that_was_chosen_stands_back_and_says_so() -> None:
    stories = [Story(article("a", 1)), Story(article("like a", 1.5)), Story(article("c", 2))]
    rules = SelectionTable(maximum=2)

    def like(one: Story, other: Story) -> float:
        return 0.12 if {one.lead.guid, other.lead.guid} == {"a", "like a"} else 0.0

    found = choose(rank(stories, NOW, rules), rules, like).stories
    assert [each.story.lead.guid for each in found] == ["a", "c"]
    (*_, last) = choose(rank(stories, NOW, rules), SelectionTable(maximum=3), like).stories
    assert (last.story.lead.guid, last.parts["diversity"]) == ("like a", pytest.approx(-0.12))
    assert last.score == pytest.approx(sum(last.parts.values()))


def test_an_event_that_was_told_counts_less_and_its_reason_names_what_was_sent() -> None:
    story = Story(article("a", 1))
    (ranked,) = rank([story], NOW, RULES, told={("record", "a", 0)})
    assert ranked.parts["told"] == -0.3
    assert picked(ranked, NOW, "Bridge stays open").reason == (
        "New article; 1 h old. It follows “Bridge stays open”, which an earlier edition told."
    )
