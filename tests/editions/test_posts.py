from __future__ import annotations

import unicodedata
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.editions.counting import fits
from bot.editions.counting import graphemes as count
from bot.editions.graphemes import Room, shortened
from bot.editions.posts import compose_post
from bot.errors import RenderError
from bot.model import EditionStory, Image, Limits, Newsroom, Post, PostRules, Summary
from bot.settings import shipped
from bot.testing import article
from tests.growth import grows_evenly

BLUESKY = Limits(characters=300, size=3000, card=True)
NEWSROOM = Newsroom(name="The Port Alder Record", url="https://record.example", language="en")
THREE = PostRules(hashtags=3)
SHIPPED = (shipped("templates"),)
URL = "https://record.example/2026/11/ferry"


def post(
    *,
    summary: str = "Boats run again from Monday.",
    template: str = "bluesky",
    folders: tuple[Path, ...] = SHIPPED,
    limits: Limits = BLUESKY,
    rules: PostRules = THREE,
    **fields: Any,
) -> Post:
    told = article(**{"url": URL, "title": "The ferry returns", "standfirst": "", **fields})
    return compose_post(
        story=EditionStory(position=1, article=told, summary=Summary(summary)),
        edition_name="Morning briefing",
        newsroom=NEWSROOM,
        template=template,
        folders=folders,
        limits=limits,
        rules=rules,
    )


@pytest.fixture
def own(tmp_path: Path) -> Any:
    def written(text: str, name: str = "own") -> tuple[Path, ...]:
        (tmp_path / "posts").mkdir(exist_ok=True)
        (tmp_path / "posts" / f"{name}.txt.j2").write_text(text, "utf-8")
        return (tmp_path, *SHIPPED)

    return written


def test_a_short_story_stands_whole() -> None:
    assert post().text == f"The ferry returns\n\nBoats run again from Monday.\n\n{URL}"


def test_the_card_comes_from_the_article() -> None:
    image = Image(url="https://record.example/ferry.jpg", alt="A white ferry at the quay")
    card = post(image=image).card
    assert card
    assert (card.url, card.title, card.description) == (URL, "The ferry returns", "Boats run again from Monday.")
    assert (card.image_url, card.image_alt) == ("https://record.example/ferry.jpg", "A white ferry at the quay")


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "/story"])
def test_a_story_without_a_web_address_has_neither_link_nor_card(url: str) -> None:
    made = post(url=url)
    assert (made.url, made.card, made.data["story"]["url"]) == ("", None, "")
    assert made.text == "The ferry returns\n\nBoats run again from Monday."


@pytest.mark.parametrize("template", ["bluesky", "webhook", "default"])
def test_words_of_the_title_are_not_printed_again(template: str) -> None:
    made = post(standfirst="The ferry returns.", template=template)
    assert made.text == f"The ferry returns\n\nBoats run again from Monday.\n\n{URL}"
    alone = post(standfirst="The Ferry returns", summary="“The ferry returns.”", template=template)
    assert alone.text == f"The ferry returns\n\n{URL}"
    assert alone.card and alone.card.description == ""


def test_the_language_is_the_articles_or_the_newsrooms() -> None:
    assert post(language="ja").language == "ja"
    assert post(language="").language == "en"


def test_a_long_summary_is_cut_at_a_word_and_headline_and_link_stay_whole() -> None:
    summary = "The harbour authority said on Monday that boats would run again " * 10
    text = post(summary=summary).text
    headline, cut, link = text.split("\n\n")
    assert (headline, link) == ("The ferry returns", URL)
    assert cut.endswith("…")
    assert f"{cut.removesuffix('…')} " in summary
    assert 285 <= count(text) <= 300


def test_of_a_summary_whole_sentences_go_first_and_nothing_says_that_it_was_cut() -> None:
    summary = "Boats run again from Monday. The quay was mended in October. " + "The harbour authority said more. " * 7
    text = post(summary=summary).text
    assert "…" not in text
    assert text.split("\n\n")[1].endswith("said more.")
    assert 260 <= count(text) <= 300
    short = post(summary=summary, limits=Limits(characters=100)).text
    assert short == f"The ferry returns\n\nBoats run again from Monday.\n\n{URL}"


def test_a_long_headline_is_cut_only_when_nothing_else_can_be() -> None:
    text = post(title="The ferry " * 24, summary="Boats run again from Monday. " * 9).text
    assert text.startswith(("The ferry " * 24).strip())
    text = post(title="The ferry returns " * 30).text
    assert text.endswith(f"…\n\n{URL}")
    assert count(text) <= 300


@pytest.mark.parametrize("characters", range(20, 80))
def test_a_number_is_never_cut_off_from_what_it_counts(characters: int) -> None:
    text = "Losses came to $68 billion, of which €14.1 million and 1,204 boats are Port Alder's own."
    kept = shortened(text, Room(characters, None))
    assert fits(kept, Limits(characters=characters))
    if kept != text:
        assert not regex.search(r"\d\W*…$", kept)
        assert text.startswith(kept.removesuffix("…"))
        assert text[len(kept) - 1] in " ,."


def test_a_foreign_address_in_the_summary_is_whole_or_gone() -> None:
    foreign = "https://harbour.example/timetable/2026/winter?line=3"
    for characters in range(60, 200):
        text = post(
            summary=f"The full timetable is at {foreign} from Monday.", limits=Limits(characters=characters)
        ).text
        assert foreign in text or "harbour.example" not in text


def test_a_text_without_spaces_is_cut_between_phrases() -> None:
    sentence = "港湾局は月曜日に渡し船の運航を再開すると発表した"
    text = post(title="渡し船が戻る", summary=sentence * 20, language="ja").text
    assert 285 <= count(text) <= 300
    cut = text.split("\n\n")[1]
    assert cut.endswith("…")
    assert (sentence * 20)[len(cut) - 1 :].startswith(("港", "月", "渡", "運", "再", "発"))


def test_an_endless_word_is_cut_without_reading_all_of_it_again_and_again() -> None:
    endless = "ภาษาไทย" * 10_000
    assert shortened(endless, Room(300, None)).endswith("…")
    assert grows_evenly(lambda text: shortened(text, Room(300, None)), endless)


def test_the_link_stands_once_though_the_summary_names_it_too() -> None:
    text = post(summary=f"Read {URL} or {URL}?from=summary now.").text
    assert text.count(URL) == 1
    assert text == f"The ferry returns\n\nRead {URL} or now."


def test_a_link_that_does_not_fit_at_all_is_left_to_the_card() -> None:
    long = "https://record.example/" + "a" * 400
    made = post(url=long)
    assert "http" not in made.text
    assert made.text.startswith("The ferry returns")
    assert made.card
    assert made.card.url == made.url == long


def test_a_link_beyond_ascii_is_percent_encoded_and_whole() -> None:
    made = post(url="https://record.example/2026/fa\u0308hre")
    assert made.url == "https://record.example/2026/fa%CC%88hre"
    assert made.text.endswith(made.url)


def test_control_characters_and_marks_that_turn_the_text_do_not_get_in() -> None:
    text = post(title="The \u202eferry\u2066\x00 re\rturns\x1b[0m", summary="a\nb").text
    assert text == f"The ferry re turns[0m\n\na b\n\n{URL}"


def test_a_title_that_is_a_template_is_printed_not_run() -> None:
    assert post(title="{{ 7 * 7 }}{% raw %}").text.startswith("{{ 7 * 7 }}{% raw %}\n")


def test_hashtags_come_from_tags() -> None:
    made = post(tags=("City Council", "ferry", "2026", "#Häfen!", "ferry"))
    assert made.data["hashtags"] == ["#CityCouncil", "#Ferry", "#Häfen"]


def test_a_newsroom_template_wins_over_the_shipped_one(own: Any) -> None:
    folders = own(
        "{{ section | upper }}: {{ title }} ({{ newsroom }}, {{ edition }}) {{ hashtags | join(' ') }}", "bluesky"
    )
    text = post(folders=folders, tags=("Ferry",)).text
    assert text == "HARBOUR: The ferry returns (The Port Alder Record, Morning briefing) #Ferry"


def test_a_network_without_a_template_of_its_own_gets_the_default() -> None:
    assert post(template="carrier-pigeon").text == post(template="default").text


def test_what_a_macro_prints_may_be_cut_too(own: Any) -> None:
    folders = own("{% macro say(x) %}“{{ x }}”{% endmacro %}{{ title }}: {{ say(summary) }} {{ url }}")
    text = post(template="own", folders=folders, summary="boats run again " * 40).text
    assert count(text) <= 300
    assert text.startswith("The ferry returns: “boats run again")
    assert text.endswith(f"…” {URL}")


def test_a_template_that_says_more_than_the_network_takes_is_a_fault_of_the_template(own: Any) -> None:
    with pytest.raises(RenderError, match=r"posts/own\.txt\.j2:1: .*longer than the network takes"):
        post(template="own", folders=own("x" * 301 + "{{ title }}"))


@pytest.mark.parametrize(
    ("template", "place"),
    [("{{ title }}\n{{ titel }}\n", "own.txt.j2:2: 'titel' is undefined"), ("\n\n{% if %}", "own.txt.j2:3: ")],
)
def test_a_fault_in_a_template_names_file_and_line(own: Any, template: str, place: str) -> None:
    with pytest.raises(RenderError) as raised:
        post(template="own", folders=own(template))
    assert place in str(raised.value)


def test_a_template_cannot_reach_into_the_program(own: Any) -> None:
    with pytest.raises(RenderError):
        post(template="own", folders=own("{{ title.__class__.__mro__ }}"))


CLUSTERS = ["e\u0301", "\u0301", "👩\u200d👩\u200d👧", "🇩", "🇪", "क्षि", "中", "\n", "\u202e", "\ufdd0", "\ufdd1", URL]
TEXT = st.text(max_size=700) | st.lists(st.sampled_from([*"abc 1,.$€-#@/:", *CLUSTERS]), max_size=400).map("".join)


@given(title=TEXT, summary=TEXT, standfirst=TEXT, characters=st.integers(60, 320), size=st.integers(120, 3000))
def test_any_story_stays_within_the_limits_with_its_link_whole(
    title: str, summary: str, standfirst: str, characters: int, size: int
) -> None:
    limits = Limits(characters=characters, size=size)
    made = post(title=title, summary=summary, standfirst=standfirst, limits=limits)
    assert fits(made.text, limits)
    assert made.text.count(URL) == 1
    assert made.text == unicodedata.normalize("NFC", made.text) == made.text.strip()
    assert not regex.search(r"[\p{Cc}--\n\ufdd0-\ufdef\u202a-\u202e]", made.text, flags=regex.V1)
    made.text.encode()


@given(text=TEXT, characters=st.integers(1, 60), size=st.integers(3, 200))
def test_any_text_is_cut_between_clusters_within_its_room(text: str, characters: int, size: int) -> None:
    text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
    kept = shortened(text, Room(characters, size))
    assert fits(kept, Limits(characters=characters, size=size))
    if kept and kept != text:
        whole = regex.findall(r"\X", text)
        assert regex.findall(r"\X", kept.removesuffix("…")) == whole[: count(kept.removesuffix("…"))]


@pytest.mark.parametrize("title", ["", "\u0301", "\u200b"])
def test_what_has_no_title_is_told_by_its_words_on_x(title: str) -> None:
    made = post(template="x", title=title, limits=Limits(characters=280), rules=PostRules())
    assert made.text == f"Boats run again from Monday.\n\n{URL}"


def test_the_articles_own_address_in_its_words_is_the_link_with_its_parameters() -> None:
    rules = PostRules(utm=MappingProxyType({"utm_source": "bluesky"}))
    made = post(title="The ferry returns", summary=f"Times: {URL} and {URL}/more.", rules=rules)
    tagged = f"{URL}?utm_source=bluesky"
    assert made.url == tagged
    assert made.text == f"The ferry returns\n\nTimes: {tagged} and {URL}/more."
    assert post(summary=f"Read more: {URL}.", rules=rules).text == f"The ferry returns\n\nRead more:\n\n{tagged}"


def test_the_host_of_a_link_is_the_one_that_dns_knows() -> None:
    assert post(url="https://straße.example:8080/ä").url == "https://xn--strae-oqa.example:8080/%C3%A4"


def test_a_storys_words_call_nobody_where_an_at_sign_would() -> None:
    title = "Hoax about @mayor@town.example and ＠harbour, write to ed@record.com"
    link = "https://medium.com/@record/ferry"
    calling = post(title=title, url=link, template="mastodon", limits=Limits(characters=500, mentions=True))
    assert not regex.search(r"(?<![\w.@/])[@＠]\w", calling.text.replace(link, ""))
    assert calling.text.replace("\u200b", "").startswith(title.replace("＠", "@"))
    assert "ed@record.com" in calling.text and calling.text.count(link) == 1
    quiet = post(title=title, url=link, template="mastodon", limits=Limits(characters=500))
    assert quiet.text.startswith(title)
