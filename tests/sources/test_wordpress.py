from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.errors import FetchError, SettingsError, SourceError
from bot.http import Http
from bot.model import Article, Image
from bot.settings import checked
from bot.sources.base import Collected, Known, Retrieval, Visit
from bot.sources.wordpress import MAX_PAGES, WordPress, WordPressOptions
from bot.sources.wordpress_parse import api_root, endpoint, parse_posts

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
UP = "https://harbour.example/up/"
POST: dict[str, Any] = {
    "id": 31,
    "date_gmt": "2026-11-23T08:30:00",
    "modified_gmt": "2026-11-23T10:00:00",
    "guid": {"rendered": "https://harbour.example/?p=31"},
    "status": "publish",
    "link": "https://harbour.example/2026/11/crossing/",
    "title": {"rendered": "Parents &#038; carers ask: &#8220;Who minds it?&#8221; in < 18 months"},
    "content": {
        "rendered": '<p>Parents counted 1,204 near misses.</p><p><img src="/up/b.jpg" alt="B"></p>',
        "protected": False,
    },
    "excerpt": {"rendered": "<p>Parents counted 1,204 near [&hellip;]</p>\n", "protected": False},
    "sticky": True,
    "meta": {"subtitle": "Two bollards are the answer."},
    "_embedded": {
        "author": [{"id": 3, "name": "Ada Lind"}],
        "wp:featuredmedia": [
            {
                "source_url": "https://harbour.example/up/crossing.jpg",
                "alt_text": "Children wait",
                "caption": {"rendered": "<p>At eight. Photo: Tove Sand</p>"},
                "mime_type": "image/jpeg",
                "media_details": {
                    "width": 4000,
                    "height": 2000,
                    "sizes": {
                        "thumbnail": {"source_url": UP + "crossing-150x150.jpg", "width": 150, "height": 150},
                        "1536x1536": {"source_url": UP + "crossing-1536x768.jpg", "width": 1536, "height": 768},
                        "large": {"source_url": UP + "crossing-1024x512.jpg", "width": 1024, "height": 512},
                    },
                },
            }
        ],
        "wp:term": [
            [
                {"taxonomy": "category", "name": "Local", "slug": "local"},
                {"taxonomy": "category", "name": "x", "slug": "uncategorized"},
            ],
            [{"taxonomy": "post_tag", "name": "R&amp;D", "slug": "r-d"}],
        ],
    },
}  # fmt: skip


def post(number: int, **changed: Any) -> dict[str, Any]:
    plain = {
        "id": number,
        "guid": {"rendered": f"https://harbour.example/?p={number}"},
        "link": f"https://harbour.example/{number}/",
        "title": {"rendered": f"Title {number}"},
        "content": {"rendered": f"<p>Text {number}.</p>", "protected": False},
        "status": "publish",
        "date_gmt": "2026-11-23T08:30:00",
        "modified_gmt": "2026-11-23T08:30:00",
    }
    return plain | changed


def parsed(*posts: Any) -> tuple[Article, ...]:
    return parse_posts(list(posts), source="s", now=NOW, language="en").articles


def test_a_post_is_read_whole() -> None:
    assert parsed(POST) == (
        Article(
            source="s",
            guid="https://harbour.example/?p=31",
            url="https://harbour.example/2026/11/crossing/",
            title="Parents & carers ask: “Who minds it?” in < 18 months",
            published=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
            updated=datetime(2026, 11, 23, 10, 0, tzinfo=UTC),
            standfirst="Two bollards are the answer.",
            authors=("Ada Lind",),
            sections=("Local",),
            tags=("R&D",),
            language="en",
            image=Image(
                url="https://harbour.example/up/crossing-1536x768.jpg",
                alt="Children wait",
                caption="At eight.",
                credit="Tove Sand",
                width=1536,
                height=768,
            ),
            images=(Image(url="https://harbour.example/up/b.jpg", alt="B"),),
            body="<p>Parents counted 1,204 near misses.</p>"
            '<figure><img src="https://harbour.example/up/b.jpg" alt="B"></figure>',
            pinned=True,
        ),
    )  # fmt: skip


def test_a_hand_written_excerpt_is_the_standfirst_and_an_automatic_one_is_not() -> None:
    written = post(1, excerpt={"rendered": "<p>Nobody had ordered the manual.</p>"}, meta=[])
    cut = post(2, excerpt={"rendered": "<p>Text [&hellip;]</p>"}, meta={"subtitle": " "})
    assert [article.standfirst for article in parsed(written, cut)] == ["Nobody had ordered the manual.", ""]


def test_an_untitled_post_gets_its_first_words() -> None:
    untitled = post(
        1, title={"rendered": ""}, content={"rendered": "<p>The gauge shows 4.71 metres. More follows.</p>"}
    )
    assert parsed(untitled)[0].title == "The gauge shows 4.71 metres"


def test_what_is_not_for_everybody_is_no_article() -> None:
    closed = [
        post(1, content={"rendered": "", "protected": True}),
        post(2, status="draft"),
        post(3, status="private"),
        post(4, status="future"),
        post(5, excerpt={"rendered": "", "protected": True}),
    ]
    result = parse_posts(closed, source="s", now=NOW)
    assert result.articles == ()
    assert len(result.closed) == 5
    assert result.ids == {}


def test_one_bad_post_is_a_warning_and_stops_no_other() -> None:
    strange = [
        "post",
        {"id": "x"},
        post(1, link="javascript:alert(1)"),
        post(2, title=None, content=None, link=None),
        post(3, _embedded={"author": [{"code": "rest_user_invalid_id"}], "wp:term": None, "wp:featuredmedia": [3]}),
        post(4, date_gmt="0000-00-00T00:00:00", meta="x", excerpt=[]),
    ]
    result = parse_posts(strange, source="s", now=NOW)
    assert [article.title for article in result.articles] == ["Title 3", "Title 4"]
    assert result.articles[0].authors == ()
    assert result.articles[1].published == NOW
    assert len(result.warnings) == 4


def test_an_answer_that_is_no_list_is_refused() -> None:
    with pytest.raises(SourceError):
        parse_posts({"code": "rest_forbidden"}, source="s", now=NOW)


@pytest.mark.parametrize(
    ("header", "page", "root"),
    [
        ('<https://h.example/wp-json/>; rel="https://api.w.org/"', b"", "https://h.example/wp-json/"),
        ('</a>; rel="x", <https://h.example/?rest_route=/>; rel="https://api.w.org/"', b"", "https://h.example/?rest_route=/"),
        ("", b"<link rel='https://api.w.org/' href='https://h.example/api/' />", "https://h.example/api/"),
        ("", b'<link href="/wp-json/" rel="https://api.w.org/">', "https://h.example/wp-json/"),
        ('<javascript:x>; rel="https://api.w.org/"', b"", ""),
        ("", b"<link rel=stylesheet href=https://api.w.org/>", ""),
    ],
)  # fmt: skip
def test_the_api_is_found_where_the_page_says(header: str, page: bytes, root: str) -> None:
    assert api_root(header, page, "https://h.example/") == root


def test_addresses_are_built_for_both_kinds_of_root() -> None:
    assert (
        endpoint("https://h.example/wp-json/", "wp/v2/posts", page=2) == "https://h.example/wp-json/wp/v2/posts?page=2"
    )
    assert endpoint("https://h.example/?rest_route=/", "wp/v2/posts", page=2) == (
        "https://h.example/?rest_route=/wp/v2/posts&page=2"
    )


class Blog:
    """The REST API of a blog with ``posts``, on the fixture ``site``; it filters and pages as WordPress does."""

    def __init__(self, site: Any, *posts: dict[str, Any]) -> None:
        self.site = site
        self.posts = list(posts)
        root = f'<{site.url}/wp-json/>; rel="https://api.w.org/"'
        site.pages["/"] = (200, {"Link": root}, b'<!doctype html><html lang="en-GB"><body></body></html>')
        site.pages["/wp-json/wp/v2/posts"] = self.answer

    def answer(self, query: dict[str, str], headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        found = [each for each in self.posts if each["status"] == "publish"]
        if "include" in query:
            found = [each for each in found if str(each["id"]) in query["include"].split(",")]
        if "after" in query:
            found = [each for each in found if each["date_gmt"] > query["after"]]
        if "modified_after" in query:
            found = [each for each in found if each["modified_gmt"] > query["modified_after"]]
        size, page = int(query["per_page"]), int(query.get("page", "1"))
        total = max(1, -(-len(found) // size))
        if page > total:
            return 400, {}, b'{"code":"rest_post_invalid_page_number"}'
        part = found[(page - 1) * size : page * size]
        return 200, {"X-WP-TotalPages": str(total)}, json.dumps(part).encode()

    def asked(self, name: str) -> list[dict[str, str]]:
        return [query for path, query, _ in self.site.asked if path.endswith("/posts") and name in query]


async def collect(
    http: Http, blog: Blog, *, before: Collected | None = None, now: datetime = NOW, **options: Any
) -> Any:
    source = WordPress("town", WordPressOptions(url=blog.site.url, **options))
    known = [
        Known(guid=article.guid, url=article.url, published=article.published)
        for article in (before.articles if before else ())
    ]
    visit = Visit(now=now, retrieval=before.retrieval if before else Retrieval(), known=known)
    return await source.collect(http, visit)


async def test_all_pages_of_the_first_days_are_read(http: Http, site: Any) -> None:
    blog = Blog(site, *(post(number) for number in range(1, 8)), post(9, date_gmt="2026-11-01T00:00:00"))
    collected = await collect(http, blog, per_page=3)
    assert sorted(article.title for article in collected.articles) == [f"Title {number}" for number in range(1, 8)]
    assert {article.language for article in collected.articles} == {"en-GB"}
    assert collected.gone == ()
    assert collected.warnings == ()
    assert [query["page"] for query in blog.asked("after")] == ["1", "2", "3"]
    assert "_embedded" in blog.asked("after")[0]["_fields"].split(",")


async def test_the_next_visit_asks_for_what_is_new_or_changed_since_with_overlap(http: Http, site: Any) -> None:
    blog = Blog(site, post(1))
    first = await collect(http, blog)
    scheduled = post(2, date_gmt="2026-11-26T09:00:00", modified_gmt="2026-11-20T09:00:00")
    changed = post(1, modified_gmt="2026-11-26T09:00:00", title={"rendered": "Corrected"})
    blog.posts = [changed, scheduled]
    second = await collect(http, blog, before=first, now=NOW + timedelta(days=2))
    assert {(article.guid[-1], article.title) for article in second.articles} == {("1", "Corrected"), ("2", "Title 2")}
    assert blog.asked("modified_after")[0]["modified_after"] == "2026-11-23T07:00:00"
    assert sum(path == "/" for path, *_ in site.asked) == 1


async def test_a_vanished_post_is_gone_and_one_that_is_only_old_is_not(http: Http, site: Any) -> None:
    old = {"date_gmt": "2026-11-20T09:00:00", "modified_gmt": "2026-11-20T09:00:00"}
    blog = Blog(site, *(post(number, **old) for number in range(1, 5)))
    first = await collect(http, blog)
    protected = {"rendered": "", "protected": True}
    blog.posts = [post(1, **old), post(3, status="draft", **old), post(4, content=protected, **old)]
    second = await collect(http, blog, before=first, now=NOW + timedelta(days=5))
    assert second.articles == ()
    assert [guid[-1] for guid in second.gone] == ["2", "3", "4"]


async def test_a_post_closed_by_a_password_in_sight_is_gone(http: Http, site: Any) -> None:
    blog = Blog(site, post(1), post(2))
    first = await collect(http, blog)
    blog.posts[0] = post(1, content={"rendered": "", "protected": True})
    assert [guid[-1] for guid in (await collect(http, blog, before=first)).gone] == ["1"]


async def test_a_post_whose_guid_names_no_id_is_remembered_by_it(http: Http, site: Any) -> None:
    odd = {"guid": {"rendered": "https://old-host.example/2026/ferry"}}
    blog = Blog(site, post(1, **odd), post(2))
    first = await collect(http, blog)
    blog.posts.pop(0)
    assert (await collect(http, blog, before=first, now=NOW + timedelta(days=5))).gone == (odd["guid"]["rendered"],)


async def test_a_site_that_lists_nothing_at_all_withdraws_nothing(http: Http, site: Any) -> None:
    blog = Blog(site, post(1), post(2))
    first = await collect(http, blog)
    blog.posts = []
    second = await collect(http, blog, before=first)
    assert second.gone == ()
    assert "lists no posts" in second.warnings[0]


async def test_a_last_page_that_went_while_paging_is_the_end(http: Http, site: Any) -> None:
    blog = Blog(site, *(post(number) for number in range(1, 5)))

    def shrinking(query: dict[str, str], headers: dict[str, str]) -> Any:
        status, said, body = blog.answer(query, headers)
        blog.posts = blog.posts[:2]
        return status, said, body

    site.pages["/wp-json/wp/v2/posts"] = shrinking
    assert len((await collect(http, blog, per_page=2)).articles) == 2


async def test_a_flood_of_pages_is_cut_with_a_warning(http: Http, site: Any) -> None:
    blog = Blog(site, *(post(number) for number in range(1, MAX_PAGES + 2)))
    collected = await collect(http, blog, per_page=1)
    assert len(collected.articles) == MAX_PAGES
    assert "were not read" in collected.warnings[0]


async def test_the_api_is_guessed_when_the_page_does_not_name_it(http: Http, site: Any) -> None:
    blog = Blog(site, post(1))
    site.pages["/"] = lambda query, headers: (
        blog.answer(query, headers) if query.get("rest_route") == "/wp/v2/posts" else (200, {}, b"<html></html>")
    )
    assert len((await collect(http, blog)).articles) == 1
    del site.pages["/wp-json/wp/v2/posts"]
    assert len((await collect(http, blog)).articles) == 1


async def test_a_site_without_api_says_what_to_try(http: Http, site: Any) -> None:
    site.pages["/"] = (200, {}, b"<html></html>")
    with pytest.raises(SourceError, match='try type = "feed"'):
        await WordPress("town", WordPressOptions(url=site.url)).collect(http, Visit(now=NOW))


async def test_an_api_that_moved_is_found_again(http: Http, site: Any) -> None:
    blog = Blog(site, post(1))
    first = await collect(http, blog)
    site.pages["/api/wp/v2/posts"] = site.pages.pop("/wp-json/wp/v2/posts")
    site.pages["/"] = (200, {"Link": f'<{site.url}/api/>; rel="https://api.w.org/"'}, b"")
    second = await collect(http, blog, before=first)
    assert len(second.articles) == 1
    assert blog.asked("modified_after") != []


async def test_a_root_given_as_url_is_used_as_it_is(http: Http, site: Any) -> None:
    Blog(site, post(1))
    source = WordPress("town", WordPressOptions(url=f"{site.url}/wp-json/wp/v2", language="sv"))
    collected = await source.collect(http, Visit(now=NOW))
    assert [article.language for article in collected.articles] == ["sv"]
    assert {path for path, *_ in site.asked} == {"/wp-json/wp/v2/posts"}


async def test_a_failing_site_is_an_error_and_not_an_empty_one(http: Http, site: Any) -> None:
    blog = Blog(site, post(1))
    first = await collect(http, blog)
    site.pages["/wp-json/wp/v2/posts"] = (503, {"Retry-After": "60"}, b"")
    with pytest.raises(FetchError) as raised:
        await collect(http, blog, before=first)
    assert raised.value.retry_after == 60
    site.pages["/wp-json/wp/v2/posts"] = (200, {}, b'{"code": "x"}')
    with pytest.raises(SourceError, match="list of posts"):
        await collect(http, blog, before=first)


async def test_a_cursor_that_cannot_be_read_is_a_first_visit(http: Http, site: Any) -> None:
    Blog(site, post(1))
    for cursor in ("nonsense", "[]", '{"root": 3, "since": 4}', '{"unknown": 1}'):
        source = WordPress("town", WordPressOptions(url=site.url))
        visit = Visit(now=NOW, retrieval=Retrieval(cursor=cursor))
        assert len((await source.collect(http, visit)).articles) == 1


def test_its_options_are_checked() -> None:
    with pytest.raises(SettingsError, match=r"per_page"):
        checked(WordPressOptions, {"url": "https://h.example", "per_page": 500}, file="f", at="sources.town")
