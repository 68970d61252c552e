from __future__ import annotations

import json
from typing import Any

import pytest

from bot.errors import BlockedAddress, FetchError, SourceError
from bot.http import Http
from bot.settings.tables import HttpTable
from bot.sources.discovery import Found, discover, feed_links

RSS = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>The Harbour &amp; Town</title>'
    b"<language>sv</language></channel></rss>"
)


def page(*head: str) -> tuple[int, dict[str, str], bytes]:
    return 200, {}, f'<!doctype html><html lang="en-GB"><head>{"".join(head)}</head></html>'.encode()


def wordpress(site: Any, root: str = "/wp-json/") -> None:
    about = {"name": "The Harbour &amp; Town", "home": f"{site.url}/"}
    site.pages[root] = (200, {}, json.dumps(about).encode())
    site.pages[root + "wp/v2/posts"] = (200, {}, b"[]")


async def test_a_wordpress_api_is_found_first(http: Http, site: Any) -> None:
    wordpress(site)
    site.pages["/"] = page('<link rel="alternate" type="application/rss+xml" href="/feed/">')
    site.pages["/feed/"] = (200, {}, RSS)
    assert await discover(http, site.url) == Found(
        type="wordpress", url=site.url, title="The Harbour & Town", language="en-GB"
    )


async def test_an_api_that_is_closed_leads_to_the_feed(http: Http, site: Any) -> None:
    wordpress(site)
    site.pages["/wp-json/wp/v2/posts"] = (401, {}, b"{}")
    site.pages["/"] = page('<link rel="alternate" type="application/rss+xml" href="/feed/">')
    site.pages["/feed/"] = (200, {}, RSS)
    assert await discover(http, f"{site.url}/") == Found(
        type="feed", url=f"{site.url}/feed/", title="The Harbour & Town", language="sv"
    )


async def test_a_named_feed_that_is_missing_is_passed_over(http: Http, site: Any) -> None:
    site.pages["/"] = page(
        '<link rel="alternate" type="application/atom+xml" href="/missing">',
        '<link rel="alternate" type="application/rss+xml" href="/news.rss">',
    )
    site.pages["/news.rss"] = (200, {}, RSS)
    assert (await discover(http, site.url)).url == f"{site.url}/news.rss"


@pytest.mark.parametrize("path", ["/feed/", "/rss", "/atom.xml", "/feed.json", "/index.xml"])
async def test_common_places_are_tried(http: Http, site: Any, path: str) -> None:
    site.pages["/"] = page()
    feed = b'{"version":"https://jsonfeed.org/version/1","title":"The Harbour & Town","language":"sv","items":[]}'
    site.pages[path] = (200, {}, feed if path.endswith("json") else RSS)
    assert await discover(http, site.url) == Found(
        type="feed", url=f"{site.url}{path}", title="The Harbour & Town", language="sv"
    )


async def test_a_feeds_own_address_is_taken(http: Http, site: Any) -> None:
    site.pages["/any"] = (200, {}, RSS)
    assert (await discover(http, f"{site.url}/any")).type == "feed"


async def test_a_site_without_either_says_what_to_do(http: Http, site: Any) -> None:
    site.pages["/"] = page()
    with pytest.raises(SourceError, match="look for an RSS link"):
        await discover(http, site.url)


async def test_a_site_that_does_not_answer_is_an_error(http: Http, site: Any) -> None:
    with pytest.raises(FetchError, match="404"):
        await discover(http, f"{site.url}/nowhere")


async def test_an_internal_address_is_not_asked(site: Any) -> None:
    async with Http(HttpTable()) as guarded:
        with pytest.raises(BlockedAddress):
            await discover(guarded, site.url)


def test_feeds_of_comments_come_last_and_hostile_links_never() -> None:
    links = feed_links(
        b'<link rel="alternate" type="application/rss+xml" title="Comments Feed" href="/comments/feed/">'
        b'<link type="application/rss+xml" rel="alternate" href="/feed/?a=1&amp;b=2">'
        b"<link rel='alternate' type='application/atom+xml' href='/atom'>"
        b'<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">'
        b'<link rel="alternate" hreflang="de" href="/de/">',
        "https://news.example/",
    )
    assert links == [
        "https://news.example/atom",
        "https://news.example/feed/?a=1&b=2",
        "https://news.example/comments/feed/",
    ]
