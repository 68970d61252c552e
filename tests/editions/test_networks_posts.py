"""Each network's post as its own template, limits and rules make it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.editions.counting import fits, length
from bot.editions.cuts import whole
from bot.editions.posts import Composer, Place, Seen, compose_correction
from bot.errors import RenderError
from bot.model import (
    Correction,
    Counting,
    EditionStory,
    HostedImage,
    Image,
    Limits,
    Markup,
    Newsroom,
    Post,
    PostRules,
    Summary,
)
from bot.settings import shipped
from bot.testing import NOW, article
from tests.growth import grows_evenly

NETWORKS = {
    "bluesky": Limits(characters=300, size=3000, card=True, images=4, thread=True, alt=2000),
    "mastodon": Limits(
        characters=500, counting=Counting.MASTODON, url=23, images=4, alt=1500, thread=True, warning=True
    ),
    "x": Limits(characters=280, counting=Counting.WEIGHTED, url=23, images=4, alt=1000, thread=True),
    "linkedin": Limits(
        characters=3000, counting=Counting.UTF16, card=True, images=9, markup=Markup.LITTLE, marked_up=True
    ),
    "facebook": Limits(characters=63_206, counting=Counting.UTF16, images=10),
    "threads": Limits(characters=500, counting=Counting.THREADS, links=5, images=1, thread=True),
    "telegram": Limits(characters=4096, counting=Counting.UTF16, markup=Markup.HTML, images=1),
    "slack": Limits(characters=3000, counting=Counting.UTF16, markup=Markup.MRKDWN, marked_up=True, card=True),
    "discord": Limits(characters=2000, counting=Counting.UTF16, markup=Markup.MARKDOWN, marked_up=True, card=True),
    "teams": Limits(size=21_000, card=True),
    "matrix": Limits(size=16_000),
    "ntfy": Limits(size=4096),
    "webhook": Limits(size=8000, card=True, thread=True),
    "apprise": Limits(characters=250, counting=Counting.UTF16),
    "default": Limits(characters=500),
}
NEWSROOM = Newsroom(
    name="The Port Alder Record", url="https://record.com", language="en", public_url="https://news.record.com"
)
URL = "https://record.com/2026/11/ferry"
SUMMARY = "Boats run again from Monday. The quay was mended in October."
TAGS = ("City Council", "ferry", "2026", "Port Alder")
COMPOSER = Composer(edition_name="Morning briefing", newsroom=NEWSROOM, folders=(shipped("templates"),))


def story(summary: str = SUMMARY, post: str = "", **fields: Any) -> EditionStory:
    told = article(**{"url": URL, "title": "The ferry returns", "standfirst": "", "tags": TAGS, **fields})
    return EditionStory(position=1, article=told, summary=Summary(summary), post=post)


def made(network: str, rules: PostRules = PostRules(hashtags=3), seen: Seen | None = None, **fields: Any) -> Post:  # noqa: B008
    campaign = {"channel": network, "network": network, "schedule": "morning", "date": "2026-11-29"}
    return COMPOSER.post(
        story(**fields), template=network, limits=NETWORKS[network], rules=rules, campaign=campaign, seen=seen
    )


def test_every_template_of_a_network_has_its_limits_here() -> None:
    there = {file.name.removesuffix(".txt.j2") for file in (shipped("templates") / "posts").iterdir()}
    assert {name for name in there if not name.endswith(("-thread", "-correction"))} == NETWORKS.keys()


@pytest.mark.parametrize(
    ("network", "text"),
    [
        ("bluesky", f"The ferry returns\n\n{SUMMARY}\n\n{URL}\n\n#CityCouncil #Ferry #PortAlder"),
        ("mastodon", f"The ferry returns\n\n{SUMMARY}\n\n{URL}\n\n#CityCouncil #Ferry #PortAlder"),
        ("x", f"The ferry returns\n\n#CityCouncil #Ferry\n\n{URL}"),
        ("linkedin", f"The ferry returns\n\n{SUMMARY}\n\n#CityCouncil #Ferry #PortAlder"),
        ("facebook", f"The ferry returns\n\n{SUMMARY}"),
        ("threads", f"The ferry returns\n\n{SUMMARY}\n\n#CityCouncil\n\n{URL}"),
        ("telegram", f"The ferry returns\n\n{SUMMARY}\n\n#CityCouncil #Ferry #PortAlder\n\n{URL}"),
        ("slack", f"The ferry returns\n\n{SUMMARY}\n\n{URL}"),
        ("discord", f"The ferry returns\n\n{SUMMARY}\n\n{URL}"),
        ("teams", f"The ferry returns\n\n{SUMMARY}\n\n{URL}"),
        ("matrix", f"The ferry returns\n\n{SUMMARY}\n\n{URL}"),
        ("ntfy", f"The ferry returns\n\n{SUMMARY}\n\n{URL}"),
        ("webhook", f"The ferry returns\n\n{SUMMARY}\n\n{URL}"),
        ("apprise", f"The ferry returns\n\n{SUMMARY}\n\n{URL}"),
    ],
)
def test_a_short_story_reads_as_its_network_does(network: str, text: str) -> None:
    post = made(network)
    assert post.text == text
    assert post.url == URL
    assert post.data["shortened"] == []


def test_linkedin_gets_more_in_a_paragraph_of_its_own_and_its_link_where_no_card_leads_there() -> None:
    post = made("linkedin", standfirst="After a winter of storms.")
    assert post.text.startswith(f"The ferry returns\n\nAfter a winter of storms.\n\n{SUMMARY}\n\n#CityCouncil")
    pictured = made("linkedin", PostRules(picture="image"), image=Image(url="https://record.com/a.jpg", alt="A ferry"))
    assert pictured.card is None
    assert pictured.text.endswith(URL)
    assert URL in made("facebook", PostRules(picture="image"), image=Image(url="https://r.com/a.jpg", alt="A")).text


def test_a_machines_text_stands_where_a_template_asks_for_it() -> None:
    assert made("x", post="Boats are back.").text.startswith("The ferry returns\n\nBoats are back.\n\n#City")
    assert "Boats are back." in made("bluesky", post="Boats are back.").text


def test_the_hashtags_of_a_post_are_those_that_stand_in_it() -> None:
    assert made("x").hashtags == ("#CityCouncil", "#Ferry")
    assert made("slack").hashtags == ()
    assert made("slack").data["hashtags"] == ["#CityCouncil", "#Ferry", "#PortAlder"]
    long = made("bluesky", summary="Boats " * 80)
    assert long.hashtags == ()


def test_the_campaign_stands_in_text_and_card_alike_and_not_in_the_storys_own_address() -> None:
    rules = PostRules(utm={"utm_source": "{network}", "utm_campaign": "{schedule}-{date}"})
    post = made("bluesky", rules, url=f"{URL}?utm_source=rss&id=3#top")
    link = f"{URL}?id=3&utm_source=bluesky&utm_campaign=morning-2026-11-29#top"
    assert post.card
    assert (post.url, post.card.url) == (link, link)
    assert post.text.count(link) == 1
    assert post.data["story"]["url"] == f"{URL}?utm_source=rss&id=3#top"


@pytest.mark.parametrize(("tag", "bcp47"), [("pt_BR", "pt-BR"), ("zh-Hant-TW", "zh-Hant-TW"), ("", "en"), ("?", "en")])
def test_the_language_is_written_as_bcp_47(tag: str, bcp47: str) -> None:
    assert made("bluesky", language=tag).language == bcp47


PICTURE = Image(url="https://record.com/ferry.jpg", alt="A white ferry", credit="Ann Lee")
DRAWN = HostedImage(name="0123456789abcdef.png", width=1200, height=630)


def test_a_picture_stands_in_the_card_where_we_make_one_and_nowhere_else_by_default() -> None:
    card = made("bluesky", image=PICTURE).card
    assert card
    assert (card.image_url, card.image_alt) == (PICTURE.url, "A white ferry")
    assert made("mastodon", image=PICTURE).card is None
    assert made("mastodon", image=PICTURE).pictures == ()


def test_a_picture_of_the_posts_own_takes_the_cards_place_where_the_network_takes_one() -> None:
    post = made("mastodon", PostRules(picture="image"), image=PICTURE)
    (picture,) = post.pictures
    assert (picture.url, picture.alt, picture.credit, post.card) == (PICTURE.url, "A white ferry", "Ann Lee", None)
    slack = made("slack", PostRules(picture="image"), image=PICTURE)
    assert slack.pictures == ()
    assert slack.card and slack.card.image_url == PICTURE.url
    without = made("bluesky", PostRules(picture="image"))
    assert without.card and not without.pictures


def test_without_pictures_the_card_has_none() -> None:
    post = made("bluesky", PostRules(picture="none"), image=PICTURE)
    assert post.card
    assert (post.card.url, post.card.image_url, post.pictures) == (URL, "", ())


@pytest.mark.parametrize(
    ("image", "alt"),
    [
        (PICTURE, "A white ferry"),
        (replace(PICTURE, alt="", caption="The ferry in May"), "The ferry in May"),
        (replace(PICTURE, alt=""), "The ferry returns"),
    ],
)
def test_alt_text_is_the_articles_else_the_caption_else_the_headline(image: Image, alt: str) -> None:
    (picture,) = made("mastodon", PostRules(picture="image"), image=image).pictures
    assert picture.alt == alt


def test_alt_text_is_cut_at_a_word_to_what_the_network_takes() -> None:
    (picture,) = made("x", PostRules(picture="image"), image=replace(PICTURE, alt="white ferry " * 200)).pictures
    assert picture.alt.endswith(("white…", "ferry…"))
    assert 980 < len(picture.alt) <= 1000


def test_a_share_card_stands_in_where_there_is_no_picture_and_says_the_headline() -> None:
    for network, rules in (("bluesky", PostRules()), ("mastodon", PostRules(picture="image"))):
        post = made(network, rules, seen=Seen(drawn=DRAWN))
        url, alt = (
            (post.card.image_url, post.card.image_alt) if post.card else (post.pictures[0].url, post.pictures[0].alt)
        )
        assert (url, alt) == (f"https://news.record.com/i/{DRAWN.name}", "The ferry returns, The Port Alder Record")
    assert made("bluesky", image=PICTURE, seen=Seen(drawn=DRAWN)).card.image_url == PICTURE.url  # type: ignore[union-attr]
    always = made("bluesky", image=PICTURE, seen=Seen(drawn=DRAWN, always=True)).card
    assert always and always.image_url.endswith(DRAWN.name)


WARNED = PostRules(warnings={"war": "War, violence", "harbour": "Water"})


def test_a_warning_comes_from_a_tag_or_section_in_the_editors_order_where_the_network_knows_warnings() -> None:
    post = made("mastodon", WARNED, tags=("ferry", "War"))
    assert (post.warning, post.sensitive) == ("War, violence", True)
    assert made("mastodon", WARNED).warning == "Water"
    assert made("mastodon", WARNED, sections=("Sport",)).warning == ""
    bluesky = made("bluesky", WARNED, tags=("War",))
    assert (bluesky.warning, bluesky.sensitive) == ("", False)


def test_the_words_of_a_warning_count_with_the_text() -> None:
    post = made("mastodon", PostRules(warnings={"harbour": "Water " * 20}), summary="Boats run again. " * 40)
    assert fits(post.text, NETWORKS["mastodon"], warning=post.warning)
    assert 480 <= length(post.text, NETWORKS["mastodon"], warning=post.warning) <= 500


def test_the_parts_of_a_thread_say_their_place_within_the_limit() -> None:
    rules = PostRules(numbered=True)
    for part in (1, 2, 5):
        post = COMPOSER.post(
            story("Boats run again " * 40),
            template="bluesky",
            limits=NETWORKS["bluesky"],
            rules=rules,
            place=Place(part=part, parts=5, follows="11"),
        )
        first = post.text.split("\n")[0]
        assert first == (f"Morning briefing {part}/5" if part == 1 else f"The ferry returns {part}/5")
        assert 285 <= length(post.text, NETWORKS["bluesky"]) <= 300
        assert (post.part, post.parts, post.follows) == (part, 5, "11")


def test_a_correction_is_counted_as_its_network_counts_and_has_no_hashtags() -> None:
    limits = NETWORKS["x"]
    correction = Correction(
        id=1, edition="e", schedule="morning", article=11, title="The ferry returns",
        url="https://record.com/" + "a" * 200, said="渡" * 40, right="船" * 50, told=NOW, at=NOW, who="ann",
    )  # fmt: skip
    post = compose_correction(
        correction=correction, language="ja", timezone="UTC", template="x", folders=(shipped("templates"),),
        limits=limits, answers="123",
    )  # fmt: skip
    assert fits(post.text, limits)
    assert "船" * 50 in post.text
    assert (post.hashtags, post.answers, post.language) == ((), "123", "ja")


def test_a_correction_is_folded_behind_the_warning_of_its_post_which_counts() -> None:
    limits = NETWORKS["mastodon"]
    correction = Correction(
        id=1, edition="e", schedule="morning", article=11, title="", url="", said="s" * 100, right="r" * 300,
        told=NOW, at=NOW, who="ann",
    )  # fmt: skip
    post = compose_correction(
        correction=correction, language="en", timezone="UTC", template="mastodon", folders=(shipped("templates"),),
        limits=limits, answers="123", warning="Violence",
    )  # fmt: skip
    assert (post.warning, post.sensitive) == ("Violence", True)
    assert "s" * 100 in post.text and fits(post.text, limits, warning="Violence")
    post = compose_correction(
        correction=correction, language="en", timezone="UTC", template="mastodon", folders=(shipped("templates"),),
        limits=limits, answers="123", warning="Violence " * 8,
    )  # fmt: skip
    assert "s" * 100 not in post.text and "r" * 300 in post.text


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('{% set goes_first = "hashtags" %}{{ title }}', "goes_first is a list of names"),
        ('{% set goes_first = ["hashtag"] %}{{ title }}', "goes_first knows no hashtag; there are: title, standfirst"),
    ],
)
def test_an_order_that_names_nothing_is_told_with_its_template(tmp_path: Path, template: str, said: str) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "own.txt.j2").write_text(template, "utf-8")
    composer = Composer(edition_name="x", newsroom=NEWSROOM, folders=(tmp_path, shipped("templates")))
    with pytest.raises(RenderError, match=rf"templates/posts/own\.txt\.j2:1: {said}"):
        composer.post(story(), template="own", limits=Limits())


def test_filters_and_loops_keep_what_they_print_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts" / "own.txt.j2").write_text(
        '{% set goes_first = ["hashtags"] %}{{ title | upper }} {{ url }}\n'
        "{% for tag in hashtags %}{{ tag }}, {% endfor %}{{ summary | replace('Boats', 'Ships') }}",
        "utf-8",
    )
    composer = Composer(edition_name="x", newsroom=NEWSROOM, folders=(tmp_path, shipped("templates")))
    post = composer.post(story(), template="own", limits=Limits(characters=132), rules=PostRules(hashtags=3))
    assert post.text.startswith(f"THE FERRY RETURNS {URL}\n#CityCouncil")
    assert post.text.endswith("Ships run again from Monday. The quay was mended in October.")
    assert post.hashtags == ("#CityCouncil",)
    assert post.data["shortened"] == ["hashtags"]


HOSTILE = [
    "e\u0301",
    "👩\u200d👩\u200d👧",
    "🇩",
    "🇪",
    "क्षि",
    "中",
    "\n",
    "\u202e",
    "\ufdd0",
    "\ufdd2",
    "\ud800",
    "\u0301",
    "\x00",
]
QUOTES = ["“", "”", "«", "»", "„", "「", "」"]
TEXT = st.text(max_size=400) | st.lists(
    st.sampled_from([*"abc 1,.$€-#@/:*_[](){}|<>\\", " the ferry ", ". Then ", "https://a.com/x ", *HOSTILE, *QUOTES]),
    max_size=200,
).map("".join)


@settings(max_examples=50)
@given(title=TEXT, summary=TEXT, standfirst=TEXT, tags=st.lists(st.text(max_size=12), max_size=4), number=st.booleans())
def test_any_article_is_a_post_that_each_network_takes(
    title: str, summary: str, standfirst: str, tags: list[str], number: bool
) -> None:
    told = story(summary, title=title, standfirst=standfirst, tags=tuple(tags))
    composer = Composer(edition_name="Morning", newsroom=NEWSROOM, folders=(shipped("templates"),))
    for network, limits in NETWORKS.items():
        place = Place(part=2, parts=5) if number and limits.thread else None
        post = composer.post(
            told,
            template=network,
            limits=limits,
            rules=PostRules(hashtags=3, numbered=True, utm={"utm_source": "{network}"}),
            campaign={"network": network},
            place=place,
        )
        assert fits(post.text, limits), network
        assert post.text.count(post.url) == (0 if network in ("linkedin", "facebook") else 1)
        assert post.text == unicodedata.normalize("NFC", post.text) == post.text.strip()
        assert not regex.search(r"[\p{Cc}--\n\ufdd0-\ufdef\u202a-\u202e]", post.text, flags=regex.V1)
        post.text.encode()
        words = regex.findall(r"\S+", post.text.replace(post.url, " "))
        assert all(any(word.strip(",…") == each or each in word for word in words) for each in post.hashtags)
        sources = [composer._of(told).words[each] for each in ("title", "summary", "standfirst")]
        if all(map(whole, sources)) and whole(" ".join(sources)):
            assert all(map(whole, post.text.split("\n")))


@pytest.mark.parametrize(
    "text", ["“" + "a b " * 50_000, "渡し船" * 20_000, "a." * 50_000, "“a” " * 50_000, "1 " * 50_000]
)
def test_an_endless_story_is_composed_in_no_time(text: str) -> None:
    def composed(text: str) -> None:
        told = story(text, title=text, standfirst=text[::-1])
        for network, limits in NETWORKS.items():
            post = COMPOSER.post(told, template=network, limits=limits)
            assert fits(post.text, limits)

    assert grows_evenly(composed, text)
