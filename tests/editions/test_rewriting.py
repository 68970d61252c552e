"""A post in an editor's words."""

from __future__ import annotations

import pytest

from bot.editions.rewriting import fault_of, rewritten, tidied
from bot.model import Limits, Post

URL = "https://record.example/ferry"
POST = Post(text=f"The ferry returns {URL}", url=URL, hashtags=("#Old",), data={"shortened": ["title"]})


def test_the_text_is_the_editors_and_its_hashtags_those_that_stand_in_it():
    made = rewritten(POST, f"It sails! #Ferry #Ferry {URL}")
    assert made.text == f"It sails! #Ferry #Ferry {URL}"
    assert made.hashtags == ("#Ferry",)
    assert made.url == URL
    assert made.data["shortened"] == []


@pytest.mark.parametrize(
    ("text", "tidy"),
    [
        ("  a \r\nb\r\r\r\rc  ", "a\nb\n\nc"),
        ("e\u0301", "é"),
        ("a\u202eb\x00c\u2066", "abc"),
        ("👩\u200d🚒", "👩\u200d🚒"),
        ("\n\n", ""),
    ],
)
def test_a_text_is_tidied_without_touching_its_words(text, tidy):
    assert tidied(text) == tidy


@pytest.mark.parametrize(
    ("text", "limits", "fault"),
    [
        ("short", Limits(characters=10), ""),
        ("x" * 12, Limits(characters=10), "12 characters as the network counts them, and it takes 10; shorten it."),
        ("é" * 8, Limits(size=10), "16 bytes, and the network takes 10; shorten it."),
        (f"{URL} and {URL}", Limits(), "The link stands in it more than once; leave one."),
        (
            "https://a.example https://b.example",
            Limits(links=1),
            "It has more links than the network takes; leave some out.",
        ),
    ],
)
def test_what_a_network_would_not_take_is_said(text, limits, fault):
    assert fault_of(rewritten(POST, text), limits) == fault
