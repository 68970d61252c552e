from __future__ import annotations

import json
import ssl
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.errors import FetchError
from bot.http import Http
from bot.settings.tables import HttpTable
from bot.sources.base import Collected
from bot.sources.collect import collect
from bot.sources.feed import articles, parse
from bot.testing import NOW, article

HTTP = Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@dataclass
class Scripted:
    """A source that brings what it is told to, or raises."""

    brings: Collected | Exception = field(default_factory=Collected)

    async def collect(self, http, visit):
        if isinstance(self.brings, Exception):
            raise self.brings
        return self.brings


def _articles(*guids, source="site"):
    return tuple(article(source=source, guid=guid, url=f"https://record.example/{guid}") for guid in guids)


@pytest.fixture
def visit(store, clock):
    async def call(**sources):
        return {each.source: each for each in await collect(sources, store, HTTP, clock)}

    return call


def _withdrawn(store):
    with store.read() as tx:
        return {each.guid for each in tx.articles.newest() if each.withdrawn}


async def test_one_failing_source_is_reported_and_stops_no_other(visit, store):
    good = Scripted(Collected(articles=_articles("a")))
    for fault in (FetchError("503", status=503), ZeroDivisionError()):
        reports = await visit(bad=Scripted(fault), good=good)
        assert reports["bad"].error
        assert not reports["good"].error
    with store.read() as tx:
        assert tx.sources.get("bad").failures == 2
        assert tx.sources.get("good").last_success == NOW


async def test_an_article_that_no_store_takes_costs_no_other_source_its_visit(visit, store):
    broken = Scripted(Collected(articles=(article(source="bad", guid="x", title="\ud800"),)))
    reports = await visit(bad=broken, good=Scripted(Collected(articles=_articles("a", source="good"))))
    assert reports["bad"].error
    assert reports["good"].new == 1
    with store.read() as tx:
        assert tx.sources.get("bad").failures == 1


@pytest.mark.parametrize(
    "image", ["https://record.example/a.jpg?v=\x00x", "https://record.example/\x00.jpg", "https://\x00/a.jpg"]
)
async def test_a_nul_in_an_item_of_a_feed_costs_no_item(visit, store, image):
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "The Record\x00",
        "items": [
            {
                "id": "ferry\x00",
                "url": "https://record.example/ferry?a=\x00",
                "title": "The ferry\x00 returns",
                "content_html": "<p>It sails\x00 again.</p><img src='https://record.example/b.jpg?\x00'>",
                "tags": ["Har\x00bour"],
                "authors": [{"name": "Ines\x00 Okafor"}],
                "image": image,
            },
            {"id": "2", "url": "https://record.example/2", "title": "The library opens", "content_text": "It opens."},
        ],
    }
    found = parse(json.dumps(feed).encode(), url="https://record.example/feed.json")
    brought = Collected(articles=articles(found, source="site", now=NOW, first_seen={}).articles)
    assert (await visit(site=Scripted(brought)))["site"].error == ""
    with store.read() as tx:
        kept = {each.title: each for each in tx.articles.newest()}
    assert len(kept) == 2
    assert r"\x00" not in repr(kept)


async def test_a_server_that_asks_us_to_wait_is_left_alone_until_then(visit, clock):
    source = Scripted(FetchError("429", status=429, retry_after=600))
    await visit(site=source)
    source.brings = Collected(articles=_articles("a"))
    assert (await visit(site=source))["site"].waiting
    clock.advance(seconds=601)
    assert (await visit(site=source))["site"].new == 1


async def test_what_a_source_says_is_gone_is_withdrawn_at_once(visit, store):
    source = Scripted(Collected(articles=_articles("a", "b")))
    await visit(site=source)
    source.brings = Collected(articles=_articles("b"), gone=("a",))
    assert (await visit(site=source))["site"].withdrawn == 1
    assert _withdrawn(store) == {"a"}


async def test_what_is_only_missing_is_withdrawn_when_a_second_visit_misses_it_too(visit, store):
    source = Scripted(Collected(articles=_articles("a", "b")))
    await visit(site=source)
    source.brings = Collected(articles=_articles("b"), gone=("a",), doubtful=True)
    await visit(site=source)
    assert _withdrawn(store) == set()
    await visit(site=source)
    assert _withdrawn(store) == {"a"}


async def test_a_stale_copy_takes_nothing_back(visit, store):
    source = Scripted(Collected(articles=_articles("a", "b")))
    await visit(site=source)
    for brings in (Collected(gone=("a",), doubtful=True), Collected(articles=_articles("a", "b"), doubtful=True)):
        source.brings = brings
        await visit(site=source)
    source.brings = Collected(gone=("a",), doubtful=True)
    await visit(site=source)
    assert _withdrawn(store) == set()


async def test_an_unchanged_answer_confirms_what_was_missing(visit, store):
    source = Scripted(Collected(articles=_articles("a", "b")))
    await visit(site=source)
    source.brings = Collected(gone=("a",), doubtful=True)
    await visit(site=source)
    source.brings = Collected(unchanged=True)
    await visit(site=source)
    assert _withdrawn(store) == {"a"}


async def test_most_of_a_newsroom_does_not_vanish_at_one_visit(visit, store):
    names = [f"a{number}" for number in range(10)]
    source = Scripted(Collected(articles=_articles(*names)))
    await visit(site=source)
    source.brings = Collected(gone=tuple(names[:8]))
    report = (await visit(site=source))["site"]
    assert report.withdrawn == 0
    assert "8 of 10" in report.warnings[0]
    assert (await visit(site=source))["site"].withdrawn == 8


async def test_an_article_dated_far_ahead_counts_from_when_it_was_seen_and_stays_one_revision(visit, store, clock):
    (slip,) = _articles("a")
    source = Scripted(Collected(articles=(replace(slip, published=NOW + timedelta(days=400)),)))
    reports = [await visit(site=source)]
    clock.advance(hours=3)
    source.brings = Collected(articles=(replace(slip, published=NOW + timedelta(days=400)),))
    reports.append(await visit(site=source))
    assert [(each["site"].new, each["site"].changed) for each in reports] == [(1, 0), (0, 0)]
    assert all("dated more than a day ahead" in each["site"].warnings[0] for each in reports)
    with store.read() as tx:
        assert [each.published for each in tx.articles.newest()] == [NOW]
    source.brings = Collected(articles=(replace(slip, published=NOW - timedelta(days=1)),))
    await visit(site=source)
    with store.read() as tx:
        assert [each.published for each in tx.articles.newest()] == [NOW - timedelta(days=1)]


async def test_an_article_of_the_next_hours_keeps_its_time(visit, store):
    (soon,) = _articles("a")
    source = Scripted(Collected(articles=(replace(soon, published=NOW + timedelta(hours=5)),)))
    assert not (await visit(site=source))["site"].warnings
    with store.read() as tx:
        assert [each.published for each in tx.articles.newest()] == [NOW + timedelta(hours=5)]
