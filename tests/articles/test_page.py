from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.articles.body import clean_body
from bot.articles.page import is_page, read_page
from bot.articles.text import paragraphs
from bot.model import Image

PROSE = [
    "The harbour authority of Port Calder has paid 4.2 million crowns for a crane that came on Tuesday in 312 boxes.",
    "“Most of it is bolts,” said the foreman, Idris Okafor. “We have sorted them by how worried they make us.”",
    "The authority will decide in December whether to keep the crane or to sell it, box by box, to whoever asks first.",
]
DATA = {
    "@graph": [
        {"@type": "WebSite", "name": "The Strait"},
        {
            "@type": ["NewsArticle"],
            "headline": "Ignored, since og:title says it",
            "datePublished": "2026-11-18T09:30:00+01:00",
            "author": [{"@type": "Person", "name": "Ada Lind"}, {"@type": "Person", "name": "Tomás Ó Briain"}],
            "articleSection": ["Business"],
            "keywords": ["harbour", "cranes"],
            "image": [{"url": "https://strait.example/other.jpg"}],
        },
    ]
}
PAGE = f"""<!doctype html><html lang="en-GB"><head><title>Crane | The Strait</title>
<link rel="canonical" href="/2026/11/crane/?utm_source=x">
<meta property="og:title" content="Harbour buys a crane &amp; no manual">
<meta property="og:description" content="It came in 312 boxes.">
<meta property="og:image" content="/up/crane.jpg"><meta property="og:image:alt" content="The new crane">
<meta property="article:modified_time" content="2026-11-18T12:00:00+01:00">
<script type="application/ld+json">{json.dumps(DATA)}</script></head>
<body><header><nav><a href="/">Home</a> <a href="/news">News</a></nav></header>
<main><article><h1>Harbour buys a crane &amp; no manual</h1><p class="byline">By Ada Lind</p>
<div class="share-buttons"><a href="https://x.com/share">Share</a></div>
<p>{PROSE[0]}</p><p>{PROSE[1]}</p><h2>What is in the boxes</h2>
<figure><img src="/up/bolt.jpg" alt="A docker holds up a bolt"></figure>
<blockquote class="twitter-tweet"><p>We sell fine cranes and we stand by them, whatever you may hear from others.</p>
&mdash; Vik Heavy Lifting (@vikheavy) <a href="https://twitter.com/vikheavy/status/9">November 17, 2026</a></blockquote>
<p>{PROSE[2]}</p></article>
<section class="comments"><h3>Leave a comment</h3><form><textarea></textarea></form></section></main>
<aside><h3>Related posts</h3><a href="/ferry">Ferry returns</a></aside>
<footer>© The Strait. All rights reserved. Subscribe to our newsletter.</footer></body></html>"""


def test_a_page_gives_its_article_and_its_data() -> None:
    page = read_page(PAGE, "https://strait.example/x")
    assert page.url == "https://strait.example/2026/11/crane/?utm_source=x"
    assert page.title == "Harbour buys a crane & no manual"
    assert page.description == "It came in 312 boxes."
    assert page.published == datetime(2026, 11, 18, 8, 30, tzinfo=UTC)
    assert page.updated == datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
    assert page.authors == ("Ada Lind", "Tomás Ó Briain")
    assert page.sections == ("Business",)
    assert page.tags == ("harbour", "cranes")
    assert page.language == "en-GB"
    assert page.image == Image(url="https://strait.example/up/crane.jpg", alt="The new crane")


def test_a_pages_furniture_is_no_part_of_its_article() -> None:
    page = read_page(PAGE, "https://strait.example/x")
    body = clean_body(page.content, page.url, title=page.title)
    assert [text for text in paragraphs(body.html) if "By Ada" not in text] == PROSE
    assert "<h2>What is in the boxes</h2>" in body.html
    assert [image.alt for image in body.images] == ["A docker holds up a bolt"]
    assert '<cite><a href="https://twitter.com/vikheavy/status/9">Vik Heavy Lifting (@vikheavy)</a></cite>' in body.html
    for furniture in ("Leave a comment", "Related", "Ferry", "newsletter", "Home", "Share"):
        assert furniture not in body.html


def test_a_page_without_data_gives_what_it_shows() -> None:
    text = "".join(f"<p>{text}</p>" for text in PROSE)
    page = read_page(f"<html><head><title>Crane</title></head><body><article>{text}</article></body></html>")
    assert page.title == "Crane"
    assert paragraphs(clean_body(page.content).html) == tuple(PROSE)
    assert page.image is None


def test_hostile_pages_raise_nothing() -> None:
    broken = '<script type="application/ld+json">{"@type": "Article", "image": [[]], "author": {"name": 3}}</script>'
    for markup in (
        "",
        "<html>",
        "<!doctype html>" + "<div>" * 50_000,
        f"<html>{broken}",
        "<html><meta property=og:url>",
    ):
        assert read_page(markup, "https://strait.example/").content is not None


def test_a_page_is_told_from_a_fragment() -> None:
    assert is_page("<!DOCTYPE html><p>a</p>")
    assert is_page("<html><body>")
    assert not is_page("<h1>Title</h1><p>Text about &lt;html&gt;</p>")


def _with_data(data: Any) -> str:
    return f'<html><body><script type="application/ld+json">{json.dumps(data)}</script></body></html>'


def test_an_article_among_much_that_is_none_is_found() -> None:
    nested = {"@graph": [[0] * 300_000, "x", None, [{"@type": "NewsArticle", "headline": "The ferry returns"}]]}
    assert read_page(_with_data(nested)).title == "The ferry returns"


def test_what_stands_on_top_of_the_data_goes_before_what_it_holds() -> None:
    inner = {"@type": "Article", "headline": "A list of ferries"}
    outer = {"@graph": [[inner], {"@type": "Article", "headline": "The ferry returns"}]}
    assert read_page(_with_data(outer)).title == "The ferry returns"


def test_data_without_end_is_read_to_a_bound() -> None:
    article = {"@type": "Article", "headline": "The ferry returns"}
    assert read_page(_with_data([{} for _ in range(9_000)] + [article])).title == "The ferry returns"
    assert read_page(_with_data([{} for _ in range(11_000)] + [article])).title == ""


@pytest.mark.parametrize("data", [0, None, "Article", [], {}])
def test_data_that_holds_nothing_says_nothing(data: Any) -> None:
    assert read_page(_with_data(data)).title == ""
