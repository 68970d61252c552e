from __future__ import annotations

import hashlib
import hmac

import pytest

from bot.sources.base import Hub
from bot.sources.feed import parse
from bot.sources.feed_parse import ParsedFeed
from bot.sources.websub import hub_of, is_signed

URL = "https://record.example/feed?from=here"
HUB = "https://hub.example/"
RSS = b"""<?xml version="1.0"?>
<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Record</title>
<link>https://record.example</link><description>News</description>
<atom:link rel="self" href="https://record.example/feed"/><atom:link rel="hub" href="https://hub.example/"/>
<atom:link rel="hub" href="https://second.example/"/>
<item><title>One</title><guid>1</guid><link>https://record.example/1</link></item>
</channel></rss>"""
ATOM = b"""<feed xmlns="http://www.w3.org/2005/Atom"><title>Record</title><id>urn:1</id>
<link rel="hub" href="//hub.example/"/><link rel="self" href="/feed"/>
<entry><id>urn:2</id><title>One</title><link rel="hub" href="https://no.example/"/></entry></feed>"""
JSON = b"""{"version": "https://jsonfeed.org/version/1.1", "title": "Record", "feed_url": "https://record.example/feed",
"hubs": [{"type": "rssCloud", "url": "https://no.example"}, {"type": "WebSub", "url": "https://hub.example/"}],
"items": []}"""


@pytest.mark.parametrize("feed", [RSS, ATOM, JSON], ids=["rss", "atom", "json"])
def test_a_feed_names_its_hub_and_its_own_address(feed):
    assert hub_of("", URL, parse(feed, url=URL)) == Hub(HUB, "https://record.example/feed")


def test_a_feed_without_a_hub_has_none():
    assert hub_of("", URL, ParsedFeed(items=(), own_url="https://record.example/feed")) == Hub()


def test_the_header_comes_before_the_feed():
    told = '<https://first.example/>; rel="hub", </other>; rel=self, <https://x.example>; rel="next"'
    assert hub_of(told, URL, parse(RSS, url=URL)) == Hub("https://first.example/", "https://record.example/other")
    assert hub_of("<https://first.example/>; rel=hub", URL, ParsedFeed(items=())) == Hub("https://first.example/", URL)


@pytest.mark.parametrize("link", ["<javascript:alert(1)>; rel=hub", "<>; rel=hub", "rel=hub", "<" * 50_000])
def test_what_is_no_web_address_is_no_hub(link):
    assert hub_of(link, URL, ParsedFeed(items=())) == Hub()


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_by_any_known_method_is_believed_and_only_of_this_body(method):
    signed = f"{method}={hmac.new(b'secret', b'body', getattr(hashlib, method)).hexdigest()}"
    assert is_signed(signed, "secret", b"body")
    assert not is_signed(signed, "secret", b"another body")
    assert not is_signed(signed, "another secret", b"body")


@pytest.mark.parametrize("header", ["", "sha256=", "md5=acbd18db4cc2f85cedef654fccc4a4d8", "sha256", "sha256=é", "=x"])
def test_anything_else_is_no_signature(header):
    assert not is_signed(header, "secret", b"body")
