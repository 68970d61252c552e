"""What is behind an address is read once, and nothing of it is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.errors import BlockedAddress, SourceError
from bot.http import Http
from bot.settings.tables import HttpTable
from bot.sources.discovery import Found
from bot.sources.first_look import SHOWN, first_look, key_for
from bot.testing import NOW


def feed(site, count, text=""):
    items = "".join(
        f"<item><title>Item {number}</title><link>{site.url}/{number}</link><guid>{number}</guid>"
        f"<pubDate>{NOW - timedelta(days=number):%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        f"<description>{text}</description></item>"
        for number in range(count)
    )
    body = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Quay</title>{items}</channel></rss>'
    return 200, {"Content-Type": "application/rss+xml"}, body.encode()


async def test_the_newest_articles_come_first_and_those_of_the_last_week_are_counted(http: Http, site):
    site.pages["/feed"] = feed(site, 12)
    look = await first_look(http, f"{site.url}/feed", NOW)
    assert [each.title for each in look.newest] == [f"Item {number}" for number in range(SHOWN)]
    assert (look.total, look.lately, look.whole) == (12, 8, False)
    assert look.table == {"type": "feed", "url": f"{site.url}/feed"}


async def test_no_page_behind_the_feed_is_fetched_for_a_look(http: Http, site):
    site.pages["/feed"] = feed(site, 3)
    await first_look(http, f"{site.url}/feed", NOW)
    assert {path for path, _, _ in site.asked} == {"/feed"}


async def test_a_feed_with_whole_texts_is_told_from_one_with_excerpts(http: Http, site):
    site.pages["/feed"] = feed(site, 3, "A sentence of an article that is told here in full. " * 60)
    assert (await first_look(http, f"{site.url}/feed", NOW)).whole


async def test_a_feed_without_an_article_is_no_source_yet(http: Http, site):
    site.pages["/feed"] = feed(site, 0)
    with pytest.raises(SourceError, match="no article in it yet"):
        await first_look(http, f"{site.url}/feed", NOW)


async def test_an_address_inside_is_never_looked_at(site):
    site.pages["/feed"] = feed(site, 1)
    async with Http(HttpTable(allow_loopback=False)) as http:
        with pytest.raises(BlockedAddress):
            await first_look(http, f"{site.url}/feed", NOW)
    assert site.asked == []


@pytest.mark.parametrize(
    ("url", "taken", "key"),
    [
        ("https://www.north-quay.example/feed/", {}, "north-quay"),
        ("https://news.quay.co.example", {}, "news-quay-co"),
        ("https://quay.example", {"quay": 1, "quay-2": 1}, "quay-3"),
        ("https://localhost/feed", {}, "localhost"),
        ("https://xn--bcher-kva.example", {}, "xn-bcher-kva"),
        ("https://" + "a" * 60 + ".example", {}, "a" * 40),
        ("http://127.0.0.1:8000/feed", {}, "site"),
        ("", {}, "site"),
    ],
)
def test_a_key_is_made_of_the_hosts_name(url, taken, key):
    assert key_for(Found(type="feed", url=url), taken) == key
