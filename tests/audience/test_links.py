from __future__ import annotations

import pytest

from bot.audience.links import (
    PREFERENCES,
    UNSUBSCRIBE,
    ReaderLink,
    ReaderLinks,
    edition_url,
    preferences_url,
    read_link,
    unsubscribe_url,
)
from bot.errors import TokenError
from bot.model import Newsroom
from bot.testing import KEYS, settings
from bot.tokens import KeyRing

LINK = ReaderLink(subscriber=2**53 - 1, audience="readers", edition="k7f3q9xd")


@pytest.fixture
def newsroom(tmp_path) -> Newsroom:
    return settings(tmp_path).newsroom


@pytest.mark.parametrize(("url_of", "purpose"), [(unsubscribe_url, UNSUBSCRIBE), (preferences_url, PREFERENCES)])
def test_a_link_says_whom_it_speaks_of(newsroom, url_of, purpose):
    url = url_of(newsroom, KEYS, LINK)
    head, _, token = url.rpartition("/")
    assert head == f"https://news.record.example/{purpose}"
    assert read_link(KEYS, purpose, token) == LINK


def test_a_link_is_good_for_its_own_page_only(newsroom):
    token = preferences_url(newsroom, KEYS, LINK).rpartition("/")[2]
    with pytest.raises(TokenError):
        read_link(KEYS, UNSUBSCRIBE, token)


def test_a_link_of_other_keys_or_other_content_is_refused(newsroom):
    token = unsubscribe_url(newsroom, KEYS, LINK).rpartition("/")[2]
    with pytest.raises(TokenError):
        read_link(KeyRing({"k1": b"x" * 32}), UNSUBSCRIBE, token)
    with pytest.raises(TokenError):
        read_link(KEYS, UNSUBSCRIBE, KEYS.sign(UNSUBSCRIBE, "not a number", "readers", ""))
    with pytest.raises(TokenError):
        read_link(KEYS, UNSUBSCRIBE, "")


def test_an_edition_is_shown_without_saying_who_reads_it(newsroom):
    assert edition_url(newsroom, "k7f3q9xd") == "https://news.record.example/e/k7f3q9xd"


def test_the_links_of_many_readers_are_those_of_each(newsroom):
    many = ReaderLinks(newsroom, KEYS, LINK.audience, LINK.edition)
    assert many.unsubscribe(LINK.subscriber) == unsubscribe_url(newsroom, KEYS, LINK)
    assert many.preferences(LINK.subscriber) == preferences_url(newsroom, KEYS, LINK)
