"""A post's text is taken apart without a word lost."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.parts import Parts, headline_of, host_of, parts_of
from bot.model import Card, Post
from tests.channels.posts import POST, TITLE, URL


def test_the_headline_the_words_and_the_link_stand_apart() -> None:
    assert parts_of(POST) == Parts(TITLE, "The ferry sails again. 🛥️ 渡し船")


def test_a_headline_that_was_cut_is_still_one() -> None:
    post = Post(text="The ferry…\n\nWords", card=Card(url="", title="The ferry that nobody saw is back"))
    assert headline_of(post) == "The ferry…"


def test_without_a_card_the_storys_title_is_the_headline() -> None:
    post = Post(text="Ferry\n\nWords", data={"story": {"title": "Ferry"}})
    assert parts_of(post) == Parts("Ferry", "Words")


def test_a_first_line_that_is_no_headline_stays_with_the_words() -> None:
    assert parts_of(replace(POST, text="Listen!\n\nWords")) == Parts("", "Listen!\n\nWords")


def test_a_link_within_a_line_stays_there() -> None:
    assert parts_of(Post(text=f"Read {URL} now", url=URL)).body == f"Read {URL} now"


@given(st.lists(st.text(alphabet="ab c\n*", max_size=20), max_size=6))
def test_no_word_is_lost_but_the_links_line(pieces: list[str]) -> None:
    text = "\n".join([TITLE, *pieces, URL])
    parts = parts_of(replace(POST, text=text))
    assert f"{parts.headline} {parts.body}".split() == text.replace(URL, "").split()


def test_a_site_is_named_as_readers_know_it() -> None:
    assert host_of("https://www.record.example:8443/a") == "record.example"
