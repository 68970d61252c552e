from __future__ import annotations

from bot.editions.hashtags import found, hashtags, standing, tags_of
from bot.model import PostRules


def made(*tags: str, most: int = 9, **names: str) -> tuple[str, ...]:
    return hashtags(tags_of(tags), PostRules(hashtags=most, hashtag_names=names))


def test_a_tag_is_joined_its_words_with_capitals() -> None:
    assert made("City Council", "ferry", "#Häfen!", "渡し船", "AI & jobs") == (
        "#CityCouncil",
        "#Ferry",
        "#Häfen",
        "#渡し船",
        "#AIJobs",
    )


def test_a_number_or_nothing_makes_none() -> None:
    assert made("2026", "24/7", "", "—", "\u0301") == ()


def test_none_stands_twice_whatever_its_case() -> None:
    assert made("Ferry", "FERRY", "ferry ", "Ports", most=2) == ("#Ferry", "#Ports")


def test_an_editors_name_wins_and_none_is_none() -> None:
    assert made("City Council", "Internal", "Ferry", **{"city council": "PortAlderCouncil", "internal": ""}) == (
        "#PortAlderCouncil",
        "#Ferry",
    )


def test_there_are_at_most_so_many_and_those_left_out_by_the_map_do_not_count() -> None:
    assert made("a", "b", "c", most=2) == ("#A", "#B")
    assert made("a", "b", "c", most=2, a="") == ("#B", "#C")
    assert made("a", most=0) == ()


def test_a_tag_too_long_for_any_network_makes_none() -> None:
    assert made("a" * 65) == ()


def test_those_stand_in_a_text_that_stand_there_whole_and_outside_of_the_link() -> None:
    text = "#Ferry, #Portside https://a.com/#Hafen a#Dock"
    assert standing(("#Ferry", "#Port", "#Hafen", "#Dock"), text, "https://a.com/#Hafen") == ("#Ferry",)
    assert list(found("No. #1 and #a1 &#x; ##b")) == ["#a1"]
