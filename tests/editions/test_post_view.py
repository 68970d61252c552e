from __future__ import annotations

import pytest

from bot.editions.compose import Outlet
from bot.editions.post_view import network_name, page, view
from bot.model import Card, Counting, Limits, Newsroom, Post, PostPicture, Rendition
from bot.settings import shipped

NEWSROOM = Newsroom(name="The Port Alder Record", url="https://record.example")
URL = "https://record.news/2026/11/ferry?utm_source=x&b=<script>"
X = Limits(characters=280, counting=Counting.WEIGHTED, url=23)


def seen(post, kind="bluesky", limits=None, **fields):
    outlet = Outlet(channel="sky", medium="post", limits=limits or Limits(characters=300), template=kind, kind=kind)
    return view(Rendition(channel="sky", post=post), outlet, NEWSROOM, **fields)


def shown(*views):
    return page(views, NEWSROOM, "Morning briefing", [shipped("templates")])


def test_a_text_is_cut_at_its_link_and_hashtags_and_nothing_is_lost():
    text = f"Ferry #Ferryboat returns\n\n{URL}\n\n#Ferry #Hill"
    found = seen(Post(text=text, url=URL, hashtags=("#Ferry", "#Hill")))
    assert "\n".join("".join(span.text for span in line) for line in found.lines) == text
    marked = [(span.kind, span.text) for line in found.lines for span in line if span.kind]
    assert marked == [("link", URL), ("hashtag", "#Ferry"), ("hashtag", "#Hill")]


def test_a_network_that_counts_addresses_alike_shows_the_beginning_of_one():
    found = seen(Post(text=f"Ferry {URL}", url=URL), "x", X)
    assert found.lines[0][-1].text == "record.news/2026/11/ferry?utm_…"


@pytest.mark.parametrize(
    ("limits", "counter"),
    [
        (X, "37 of 280 characters as X counts them"),
        (Limits(characters=500, counting=Counting.MASTODON, url=23), "37 of 500 characters"),
        (Limits(characters=300, size=3000), "63 of 300 characters, 63 of 3,000 bytes"),
        (Limits(size=8000), "63 of 8,000 bytes"),
        (Limits(), "63 characters"),
    ],
)
def test_the_counter_counts_as_the_network_does(limits, counter):
    assert seen(Post(text=f"Ferry {URL}", url=URL), limits=limits).counter == counter


def test_a_post_that_is_too_long_says_so():
    assert not seen(Post(text="x" * 301)).fits
    assert "Too long" in shown(seen(Post(text="x" * 301)))


def test_nothing_foreign_becomes_markup():
    evil = '"><script>alert(1)</script>'
    post = Post(
        text=f"{evil} {URL}",
        url=URL,
        warning=evil,
        language="en",
        card=Card(url=URL, title=evil, description=evil, image_url="javascript:alert(1)", image_alt=evil),
    )
    pictures = (PostPicture(url="javascript:alert(1)", alt=evil),)
    html = shown(
        seen(post, payload={"text": evil}, account=evil), seen(Post(text=evil, pictures=pictures), payload=evil)
    )
    assert "<script" not in html
    assert "javascript:" not in html


def test_the_page_loads_nothing_but_pictures():
    html = shown(seen(Post(text="Ferry")))
    assert "default-src 'none'" in html
    assert '<link rel="stylesheet"' not in html and 'src="http' not in html


def test_alt_text_and_payload_stand_below_the_post():
    pictures = (PostPicture(url="https://record.example/a.jpg", alt="A ferry at night"),)
    html = shown(seen(Post(text="Ferry", pictures=pictures), payload={"text": "Ferry & more"}))
    assert "Alt text: “A ferry at night”" in html
    assert "Ferry &amp; more" in html


@pytest.mark.parametrize(("kind", "name"), [("x", "X"), ("linkedin", "LinkedIn"), ("mastodon", "Mastodon"), ("", "")])
def test_networks_are_named_as_people_know_them(kind, name):
    assert network_name(kind) == name


def test_a_link_that_stands_beside_the_words_is_shown_too():
    attached = Post(text="The ferry returns", url="https://record.news/2026/11/ferry")
    assert "https://record.news/2026/11/ferry" in shown(seen(attached, "facebook"))
