from __future__ import annotations

import gzip
import runpy
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import FetchError, SettingsError, SourceError
from bot.http import Http
from bot.model import Article
from bot.settings import checked
from bot.sources.base import Collected, Known, Retrieval, Visit
from bot.sources.feed import Feed, FeedOptions, articles, parse

FEEDS = Path(__file__).parent / "feeds"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
Site = Any
"""The fixture ``site``: a server on loopback."""


def reply(body: bytes = b"", *, status: int = 200, headers: dict[str, str] | None = None) -> tuple[Any, ...]:
    return status, headers or {}, body


def read(data: bytes, url: str = "https://feeds.example/feed") -> list[Article]:
    return list(articles(parse(data, url=url), source="s", now=NOW, first_seen={}).articles)


@pytest.mark.parametrize("name", ["courier.rss", "market.atom", "old.rdf", "notes.json"])
def test_a_feed_is_read_as_its_golden_pair_says(name: str) -> None:
    expected = runpy.run_path(str(FEEDS / f"{name}.py"))["expected"]
    found = read((FEEDS / name).read_bytes())
    assert len(found) == len(expected)
    for article, said in zip(found, expected, strict=True):
        blank = asdict(Article(source="s", guid="", url="", title="", published=NOW))
        got = asdict(article) | {
            "published": article.published.isoformat(),
            "updated": article.updated.isoformat() if article.updated else None,
        }
        assert got == blank | said


def rss(*items: str, head: str = "", language: str = "en") -> bytes:
    return (
        f'<?xml version="1.0"?>{head}<rss version="2.0"><channel><title>T</title><link>https://news.example/</link>'
        f"<language>{language}</language>{''.join(items)}</channel></rss>"
    ).encode()


def item(
    number: int, *, day: int | None = None, guid: str = "", link: str = "", title: str = "", more: str = ""
) -> str:
    date = f"<pubDate>{day or number:02} Nov 2026 08:00:00 GMT</pubDate>" if day != 0 else ""
    return (
        f"<item><title>{title or f'Title {number}'}</title><link>{link or f'https://news.example/{number}'}</link>"
        f"<guid isPermaLink='false'>{guid or f'g{number}'}</guid>{date}"
        f"<description>Text {number}.</description>{more}</item>"
    )


def known(number: int, day: int, guid: str = "") -> Known:
    return Known(
        guid=guid or f"g{number}",
        url=f"https://news.example/{number}",
        published=datetime(2026, 11, day, 8, tzinfo=UTC),
    )


async def collect(http: Http, site: Site, feed: Any, **visit: Any) -> Collected:
    site.pages["/feed"] = reply(feed) if isinstance(feed, bytes) else feed
    source = Feed("town", FeedOptions(url=f"{site.url}/feed", full_text=False))
    return await source.collect(http, Visit(**{"now": NOW, **visit}))


async def test_articles_come_with_what_the_next_visit_needs(http: Http, site: Site) -> None:
    headers = {"ETag": 'W/"a1"', "Last-Modified": "Mon, 23 Nov 2026 07:00:00 GMT"}
    collected = await collect(http, site, reply(rss(item(1)), headers=headers))
    assert [article.guid for article in collected.articles] == ["g1"]
    assert collected.retrieval.etag == 'W/"a1"'
    assert collected.retrieval.last_modified == "Mon, 23 Nov 2026 07:00:00 GMT"
    assert collected.warnings == ()


async def test_validators_are_sent_verbatim_and_304_changes_nothing(http: Http, site: Site) -> None:
    before = Retrieval(etag='W/"a1"', last_modified="Mon, 23 Nov 2026 07:00:00 GMT", cursor="{}")
    collected = await collect(http, site, reply(status=304), retrieval=before, known=[known(1, 20)])
    assert collected == Collected(unchanged=True, retrieval=before)
    headers = site.asked[0][2]
    assert headers["if-none-match"] == 'W/"a1"'
    assert headers["if-modified-since"] == "Mon, 23 Nov 2026 07:00:00 GMT"


async def test_no_validator_is_made_up(http: Http, site: Site) -> None:
    await collect(http, site, rss(item(1)))
    assert not {"if-none-match", "if-modified-since"} & site.asked[0][2].keys()


async def test_a_feed_that_moved_for_good_says_where_to(http: Http, site: Site) -> None:
    site.pages["/new"] = reply(rss(item(1)))
    collected = await collect(http, site, reply(status=301, headers={"Location": "/new"}))
    assert collected.retrieval.moved_to == f"{site.url}/new"


async def test_a_feed_that_is_gone_or_busy_says_so(http: Http, site: Site) -> None:
    with pytest.raises(FetchError) as gone:
        await collect(http, site, reply(status=410))
    assert gone.value.gone
    with pytest.raises(FetchError) as busy:
        await collect(http, site, reply(status=429, headers={"Retry-After": "90"}))
    assert busy.value.retry_after == 90


async def test_a_packed_feed_is_read(http: Http, site: Site) -> None:
    packed = reply(gzip.compress(rss(item(1))), headers={"Content-Encoding": "gzip"})
    assert len((await collect(http, site, packed)).articles) == 1


async def test_an_article_missing_among_newer_ones_is_withdrawn(http: Http, site: Site) -> None:
    feed = rss(item(23), item(21), item(20))
    collected = await collect(http, site, feed, known=[known(23, 23), known(22, 22), known(19, 19)])
    assert collected.gone == ("g22",)


async def test_an_article_below_the_feeds_end_is_not_withdrawn(http: Http, site: Site) -> None:
    assert (await collect(http, site, rss(item(23), item(22)), known=[known(21, 21)])).gone == ()


async def test_a_pinned_old_item_does_not_stretch_the_feeds_reach(http: Http, site: Site) -> None:
    feed = rss(item(1, day=1), item(23), item(22))
    assert (await collect(http, site, feed, known=[known(21, 21)])).gone == ()


async def test_a_feed_sorted_by_update_reaches_back_to_its_last_update(http: Http, site: Site) -> None:
    updated = "<updated xmlns='http://www.w3.org/2005/Atom'>2026-11-22T08:00:00Z</updated>"
    feed = rss(item(23), item(10, more=updated))
    assert (await collect(http, site, feed, known=[known(21, 21)])).gone == ()


async def test_an_empty_feed_withdraws_nothing(http: Http, site: Site) -> None:
    assert (await collect(http, site, rss(), known=[known(23, 23)])).gone == ()


async def test_a_broken_or_undated_feed_withdraws_nothing(http: Http, site: Site) -> None:
    broken = rss(item(23), item(21)).replace(b"</channel>", b"<b>&</channel>")
    for feed in (broken, rss(item(23), item(21, day=0))):
        assert (await collect(http, site, feed, known=[known(22, 22)])).gone == ()


async def test_an_article_whose_guid_changed_is_not_withdrawn(http: Http, site: Site) -> None:
    feed = rss(item(23, guid="https-guid", link="https://news.example/23/?utm_source=x"), item(20))
    assert (await collect(http, site, feed, known=[known(23, 23, guid="http-guid")])).gone == ()


async def test_one_bad_item_is_a_warning_and_stops_no_other(http: Http, site: Site) -> None:
    feed = rss(
        item(23),
        item(22, link="javascript:alert(1)"),
        item(21, guid="g23"),
        "<item><description>orphan</description></item>",
        item(20),
    )
    collected = await collect(http, site, feed, known=[known(22, 22)])
    assert [article.guid for article in collected.articles] == ["g23", "g20"]
    assert collected.articles[0].title == "Title 23"
    assert len(collected.warnings) == 3
    assert "javascript:alert(1)" in collected.warnings[0]
    assert "same GUID g23" in collected.warnings[1]
    assert "neither a GUID nor a link" in collected.warnings[2]
    assert collected.gone == ()


async def test_a_feed_that_is_not_well_formed_is_read_with_a_warning(http: Http, site: Site) -> None:
    feed = rss(item(23, title="A & B"), item(22)).replace(b"</rss>", b"")
    collected = await collect(http, site, feed)
    assert [article.title for article in collected.articles] == ["A & B", "Title 22"]
    assert "not well formed" in collected.warnings[0]


async def test_an_item_without_guid_is_known_by_its_link(http: Http, site: Site) -> None:
    feed = rss("<item><title>T</title><link>https://news.example/a?utm_source=x</link></item>")
    assert (await collect(http, site, feed)).articles[0].guid == "https://news.example/a"


async def test_an_undated_item_keeps_the_moment_it_was_first_seen(http: Http, site: Site) -> None:
    first = await collect(http, site, rss(item(1, day=0)))
    second = await collect(http, site, rss(item(1, day=0)), now=NOW + timedelta(days=9), retrieval=first.retrieval)
    assert first.articles[0].published == second.articles[0].published == NOW


async def test_a_future_date_is_kept(http: Http, site: Site) -> None:
    assert (await collect(http, site, rss(item(30)))).articles[0].published == datetime(2026, 11, 30, 8, tzinfo=UTC)


async def test_a_post_that_asks_for_a_password_is_not_an_article(http: Http, site: Site) -> None:
    form = "<description><![CDATA[<form class='post-password-form'>Password</form>]]></description>"
    collected = await collect(http, site, rss(item(23, more=form), item(22)))
    assert [article.guid for article in collected.articles] == ["g22"]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<!doctype html><html><body>Hello</body></html>", "is a web page"),
        (b"hello", "is not a feed"),
        (b"<rss><channel><item><title>&#xd800;</b>", "is broken"),
        (b"", "is not a feed"),
        (b"{nonsense", "not"),
        (b'{"version": "2.0", "items": []}', "JSON Feed"),
        (rss(item(1), head='<!DOCTYPE rss [<!ENTITY a "aaaa">]>'), "entities"),
        (rss(item(1), head='<!DOCTYPE rss [<!ENTITY a SYSTEM "file:///x">]>').decode().encode("utf-16"), "entities"),
        (b'<?xml version="1.0" encoding="UTF-7"?>+ADw-rss+AD4-', "UTF-7"),
        (b"<rss><channel>" + b"<item>" * 60_000, "exhaust"),
        (b"<rss><item " + b" ".join(b"a%d='1'" % number for number in range(60_000)) + b"></item></rss>", "exhaust"),
    ],
    ids=["page", "text", "surrogate", "nothing", "broken-json", "json", "entity", "utf-16", "utf-7", "nested", "wide"],
)  # fmt: skip
async def test_what_is_no_feed_or_may_harm_is_refused_in_one_line(
    http: Http, site: Site, data: bytes, said: str
) -> None:
    with pytest.raises(SourceError) as raised:
        await collect(http, site, data)
    assert said in str(raised.value)
    assert "sources.town" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_old_doctype_without_entities_is_no_harm() -> None:
    head = '<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">'
    assert len(read(rss(item(1), head=head))) == 1


def test_hostile_fields_come_out_harmless() -> None:
    hostile = item(
        1,
        title="&lt;img src=x onerror=alert(1)&gt;T\u202eitle",
        more="<author>&lt;script&gt;alert(1)&lt;/script&gt;Ada</author><category>\x85a&lt;b&gt;</category>"
        "<enclosure url='javascript:alert(1)' type='image/png'/>"
        "<description>&lt;p onclick=x&gt;a&lt;/p&gt;&lt;p&gt;&lt;a href='javascript:x'&gt;b&lt;/a&gt;</description>",
    )
    article = read(rss(hostile))[0]
    assert article.title == "Title"
    assert article.authors == ("Ada",)
    assert article.image is None
    assert article.body == "<p>a</p><p><a>b</a></p>"


def test_what_no_store_can_hold_is_taken_out() -> None:
    feed = (
        b'{"version": "https://jsonfeed.org/version/1", "items": [{"id": "a\\ud800\\u0000b", "url": '
        b'"https://n.example/\\udfffx", "title": "T\\ud83d", '
        b'"content_html": "<p>a&#0;&#x1;\\u0001&#55296;[poll a=b]</p>"}]}'
    )
    article = read(feed)[0]
    assert (article.guid, article.url, article.title) == ("ab", "https://n.example/x", "T")
    assert article.body == "<p>a</p>"


def test_its_options_are_checked() -> None:
    assert FeedOptions(url="https://news.example/feed/").url == "https://news.example/feed/"
    with pytest.raises(SettingsError, match="https://"):
        checked(FeedOptions, {"url": "news.example"}, file="broadsheet.toml", at="sources.town")
