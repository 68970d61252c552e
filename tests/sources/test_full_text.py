"""Where a feed has no more than an excerpt, the article's page has its text."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from bot.articles.text import paragraphs
from bot.sources.base import Known, Retrieval, Visit
from bot.sources.feed import Feed, FeedOptions

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
WORDS = {1: "The ferry to Aldmouth", 2: "A bakery on Tanner's Row", 3: "The night bus of line 12"}


def item(number, *, excerpt="", content="", title="", guid=""):
    full = f"<content:encoded><![CDATA[{content}]]></content:encoded>" if content else ""
    return (
        f"<item><title>{title or WORDS.get(number, f'Report {number}')}</title><link>SITE/{number}</link>"
        f"<guid isPermaLink='false'>{guid or number}</guid>"
        f"<pubDate>{(NOW - timedelta(hours=number)):%a, %d %b %Y %H:%M:%S} GMT</pubDate>"
        f"<description>{excerpt or f'What happened to report {number}.'}</description>{full}</item>"
    )


def feed(*items):
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Town</title><link>SITE/</link><language>en</language>{''.join(items)}</channel></rss>"
    )


def page(title, *texts):
    told = "".join(f"<p>{each}</p>" for each in texts)
    return f"""<!doctype html><html lang="en"><head><title>{title} | Town</title>
<meta property="og:title" content="{title}"><meta name="author" content="Ines Okafor">
</head><body><nav><a href="/">Home</a> <a href="/sport">Sport</a></nav><header><h1>{title}</h1></header>
<main><article>{told}</article>
<aside><h2>Related</h2><p><a href="/9">Nine things to do this weekend</a></p></aside></main>
<footer><p>Sign up for our weekly newsletter</p></footer></body></html>"""


def texts(number):
    name = WORDS.get(number, f"Report {number}")
    return (
        f"{name} has been talked about in the council for two years, and on Monday evening the talk came to an end.",
        "Eleven members voted for the plan, four against it, and two had left the room before anybody counted.",
        "The work begins in March and is to cost 1.4 million crowns, most of which the port pays from its reserve.",
    )


class Town:
    """A feed and its pages on a site; ``visit`` reads it as the next visit would."""

    def __init__(self, site, http):
        self.site, self.http = site, http
        self.now = NOW
        self.retrieval, self.known = Retrieval(), {}

    def publish(self, *items, pages=()):
        body = feed(*items).replace("SITE", self.site.url).encode()
        self.site.pages["/feed"] = (200, {"ETag": '"one"', "Content-Type": "application/rss+xml"}, body)
        for number in pages:
            self.serve(number, page(WORDS.get(number, f"Report {number}"), *texts(number)))

    def serve(self, number, markup, *, status=200, kind="text/html; charset=utf-8"):
        data = markup if isinstance(markup, bytes) else markup.encode()
        self.site.pages[f"/{number}"] = (status, {"Content-Type": kind}, data)

    async def visit(self, **options):
        source = Feed("town", FeedOptions(url=f"{self.site.url}/feed", **options))
        found = await source.collect(self.http, Visit(now=self.now, retrieval=self.retrieval, known=self._known()))
        self.retrieval = found.retrieval
        for each in found.articles:
            self.known[each.guid] = each
        return found

    def _known(self):
        return [Known(guid=each.guid, url=each.url, published=each.published) for each in self.known.values()]

    def asked(self):
        """Which pages were asked for since the last look."""
        found = [path.strip("/") for path, _, _ in self.site.asked if path != "/feed"]
        self.site.asked.clear()
        return found


@pytest.fixture
def town(site, http):
    return Town(site, http)


async def test_the_page_has_the_text_and_the_feed_keeps_its_own_words(town):
    town.publish(item(1, excerpt="Two years of talk are over."), pages=[1])
    (article,) = (await town.visit()).articles
    assert paragraphs(article.body) == texts(1)
    assert (article.title, article.standfirst) == (WORDS[1], "Two years of talk are over.")
    assert article.authors == ("Ines Okafor",)
    assert article.published == NOW - timedelta(hours=1)


async def test_an_excerpt_that_was_cut_from_the_text_is_no_standfirst(town):
    town.publish(item(1, excerpt=f"{texts(1)[0][:60]} […]"), pages=[1])
    (article,) = (await town.visit()).articles
    assert (article.standfirst, paragraphs(article.body)) == ("", texts(1))


async def test_what_the_feed_has_whole_is_not_asked_for(town):
    town.publish(item(1, content="".join(f"<p>{each}</p>" for each in texts(1))), pages=[1])
    (article,) = (await town.visit()).articles
    assert paragraphs(article.body) == texts(1)
    assert town.asked() == []


async def test_a_newsroom_may_do_without(town):
    town.publish(item(1), pages=[1])
    (article,) = (await town.visit(full_text=False)).articles
    assert (article.body, town.asked()) == ("", [])


async def test_a_page_is_asked_for_once_and_again_when_the_feed_says_something_new(town):
    town.publish(item(1), item(2), pages=[1, 2])
    assert len((await town.visit()).articles) == 2
    assert sorted(town.asked()) == ["1", "2"]
    second = await town.visit()
    assert (second.articles, second.gone, town.asked()) == ((), (), [])
    town.publish(item(1, excerpt="The council changed its mind."), item(2))
    third = await town.visit()
    assert ([each.guid for each in third.articles], town.asked()) == (["1"], ["1"])
    assert paragraphs(third.articles[0].body) == texts(1)


async def test_an_article_that_the_store_lost_is_asked_for_again(town):
    town.publish(item(1), pages=[1])
    await town.visit()
    town.known.clear()
    assert len((await town.visit()).articles) == 1


async def test_a_page_that_cannot_be_read_costs_its_text_alone_and_is_tried_three_times(town):
    town.publish(item(1), item(2), pages=[2])
    for _ in range(3):
        found = await town.visit()
        assert town.known["1"].standfirst == "What happened to report 1."
        assert ["the page of an article" in each for each in found.warnings] == [True]
        assert "1" in town.asked()
    assert paragraphs(town.known["2"].body) == texts(2)
    last = await town.visit()
    assert ([each.guid for each in last.articles], last.warnings, town.asked()) == (["1"], (), [])


async def test_pages_that_are_too_many_at_once_come_with_the_next_visits_the_newest_first(town):
    numbers = range(1, 31)
    town.publish(*(item(number) for number in numbers), pages=numbers)
    first = await town.visit()
    assert town.asked() == [str(number) for number in range(1, 21)]
    assert (first.retrieval.etag, len(first.articles)) == ("", 30)
    second = await town.visit()
    assert town.asked() == [str(number) for number in range(21, 31)]
    assert second.retrieval.etag == '"one"'
    assert all(paragraphs(each.body) for each in town.known.values())


@pytest.mark.parametrize(
    ("markup", "kind"),
    [
        (page("Before you go on", "We and our 412 partners store things on your device. " * 9), "text/html"),
        (page("Town", "Welcome to the front page, where other things are told, of other days. " * 9), "text/html"),
        (b"%PDF-1.7 " + bytes(range(256)) * 20, "application/pdf"),
        (b"\x00\xff" * 4000, "text/html"),
        (b"", "text/html"),
        (b"<div>" * 30_000, "text/html"),
    ],
    ids=["consent", "home", "pdf", "noise", "nothing", "nested"],
)
async def test_a_page_that_says_nothing_of_the_article_lends_it_nothing(town, markup, kind):
    town.publish(item(1, title="Harbour dredging resumes after ruling"))
    town.serve(1, markup, kind=kind)
    (article,) = (await town.visit()).articles
    assert (article.title, article.standfirst) == (
        "Harbour dredging resumes after ruling",
        "What happened to report 1.",
    )
    assert article.body == ""


async def test_a_page_that_is_too_large_or_leads_to_an_internal_address_is_left_alone(town):
    town.publish(item(1), item(2))
    town.serve(1, page(WORDS[1], "x" * (5 << 20)))
    town.site.pages["/2"] = (302, {"Location": "http://10.0.0.7/secret"}, b"")
    found = await town.visit()
    assert [each.body for each in found.articles] == ["", ""]
    assert "the pages of 2 articles could not be read" in found.warnings[0]


async def test_a_page_in_another_encoding_is_read_right(town):
    told = ["Während der Ölpreis fällt, wächst in Köln die Sorge um die Fähre über den Rhein. " * 3] * 3
    markup = page("Fähre über den Rhein", *told).replace("<head>", '<head><meta charset="iso-8859-1">')
    town.publish(item(1, title="Fähre über den Rhein"))
    town.serve(1, markup.encode("latin-1"), kind="text/html")
    (article,) = (await town.visit()).articles
    assert "Während der Ölpreis fällt" in article.body


async def test_a_cursor_of_an_older_version_is_understood(town):
    town.retrieval = Retrieval(cursor='{"undated": "2026-11-20T08:00:00+00:00"}')
    undated = item(1, guid="undated").replace("<pubDate>", "<x>").replace("</pubDate>", "</x>")
    town.publish(undated, pages=[1])
    (article,) = (await town.visit()).articles
    assert article.published == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert dataclasses.replace(article, body="").guid == "undated"
