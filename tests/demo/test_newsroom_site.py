from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import pytest
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.demo.articles import town_articles
from bot.demo.newsroom import Site

STARTED = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
PUBLIC = 26
POSTS = "/wp-json/wp/v2/posts"
SCHEDULED, DRAFT, LEAD, CORRECTED = 127, 128, 101, 117


@pytest.fixture
def clock() -> SetClock:
    return SetClock(STARTED)


@pytest.fixture
def site(clock: SetClock) -> TestClient:
    return TestClient(Site(STARTED, clock).app(), base_url="http://127.0.0.1:8180")


def ids(answer: Any) -> list[int]:
    return [post["id"] for post in answer.json()]


def test_pages_hold_every_post_once(site: TestClient) -> None:
    first = site.get(POSTS, params={"per_page": 10})
    assert first.headers["x-wp-total"] == str(PUBLIC)
    assert first.headers["x-wp-totalpages"] == "3"
    assert 'page=2>; rel="next"' in first.headers["link"]
    pages = [ids(site.get(POSTS, params={"per_page": 10, "page": page})) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [10, 10, 6]
    assert len({number for page in pages for number in page}) == PUBLIC


def test_a_page_beyond_the_end_is_refused_as_wordpress_does(site: TestClient) -> None:
    answer = site.get(POSTS, params={"per_page": 100, "page": 2})
    assert answer.status_code == 400
    assert answer.json()["code"] == "rest_post_invalid_page_number"


def test_no_match_is_an_empty_first_page(site: TestClient) -> None:
    answer = site.get(POSTS, params={"modified_after": "2030-01-01T00:00:00Z"})
    assert answer.status_code == 200
    assert answer.json() == []
    assert answer.headers["x-wp-total"] == answer.headers["x-wp-totalpages"] == "0"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("per_page", "101"),
        ("per_page", "0"),
        ("page", "x"),
        ("orderby", "luck"),
        ("order", "up"),
        ("modified_after", "yesterday"),
        ("include", "1,x"),
        ("status", "draft"),
    ],
)
def test_a_wrong_parameter_is_named(site: TestClient, name: str, value: str) -> None:
    answer = site.get(POSTS, params={name: value})
    assert answer.status_code == 400
    assert answer.json()["code"] == "rest_invalid_param"
    assert name in answer.json()["data"]["params"]


def test_modified_after_brings_what_changed_since(site: TestClient) -> None:
    since = (STARTED - timedelta(hours=21)).isoformat()
    changed = ids(site.get(POSTS, params={"modified_after": since, "per_page": 100}))
    assert CORRECTED in changed
    assert CORRECTED not in ids(site.get(POSTS, params={"after": since, "per_page": 100}))
    assert len(changed) == 14


def test_modified_after_without_offset_is_the_sites_own_time(site: TestClient) -> None:
    aware = site.get(POSTS, params={"modified_after": "2026-11-24T12:00:00+00:00"})
    local = site.get(POSTS, params={"modified_after": "2026-11-24T04:00:00"})
    assert ids(aware) == ids(local) != []


def test_modified_after_leaves_out_the_very_moment(site: TestClient) -> None:
    newest = site.get(POSTS, params={"orderby": "modified", "per_page": 1}).json()[0]
    assert ids(site.get(POSTS, params={"modified_after": newest["modified_gmt"] + "Z"})) == []


def test_include_brings_only_what_is_asked_and_public(site: TestClient) -> None:
    assert sorted(ids(site.get(POSTS, params={"include": f"104,{LEAD},{DRAFT},{SCHEDULED},9"}))) == [LEAD, 104]
    assert ids(site.get(f"{POSTS}?include[]=105&include[]=104&orderby=include")) == [105, 104]


def test_order_is_by_date_down_unless_asked_otherwise(site: TestClient) -> None:
    dates = [post["date_gmt"] for post in site.get(POSTS, params={"per_page": 100}).json()]
    assert dates == sorted(dates, reverse=True)
    assert ids(site.get(POSTS, params={"orderby": "id", "order": "asc", "per_page": 3})) == [101, 102, 103]


def test_a_scheduled_post_appears_at_its_time_and_a_draft_never(site: TestClient, clock: SetClock) -> None:
    def everywhere() -> str:
        return site.get("/").text + site.get("/feed/").text + site.get(POSTS, params={"per_page": 100}).text

    assert "shipyard-school" not in everywhere()
    assert site.get(f"{POSTS}/{SCHEDULED}").status_code == 401
    clock.advance(days=2)
    assert "shipyard-school" in everywhere()
    clock.advance(days=30)
    assert "harbour-expenses" not in everywhere()
    assert site.get(f"{POSTS}/{DRAFT}").status_code == 401
    hidden = {article.id: article.path for article in town_articles(STARTED)}
    assert site.get(hidden[DRAFT]).status_code == 404
    assert site.get("/", params={"p": DRAFT}).status_code == 404


def test_an_embedded_post_brings_author_terms_and_picture(site: TestClient) -> None:
    post = site.get(f"{POSTS}/{LEAD}", params={"_embed": "1"}).json()
    assert post["guid"]["rendered"] == "https://portalderrecord.example/?p=101"
    assert post["link"].startswith("http://127.0.0.1:8180/2026/11/")
    assert post["sticky"] is True
    assert post["date"] == "2026-11-24T04:50:00"
    assert post["date_gmt"] == "2026-11-24T12:50:00"
    assert post["excerpt"]["rendered"].startswith("<p>Six berths get shore power for $31.4 million.")
    embedded = post["_embedded"]
    assert [author["name"] for author in embedded["author"]] == ["Delphine Osei"]
    categories, tags = embedded["wp:term"]
    assert [term["name"] for term in categories] == ["Harbour"]
    assert "shore power" in [term["name"] for term in tags]
    assert [term["id"] for term in categories] == post["categories"]
    (picture,) = embedded["wp:featuredmedia"]
    assert picture["id"] == post["featured_media"]
    assert picture["alt_text"].startswith("Three container cranes")
    assert "Photo: Samuel Adeyemi" in picture["caption"]["rendered"]
    assert (picture["media_details"]["width"], picture["media_details"]["height"]) == (1200, 720)
    image = site.get(picture["source_url"])
    assert image.headers["content-type"] == "image/jpeg"
    assert len(image.content) == picture["media_details"]["filesize"]


def test_without_embed_nothing_is_embedded(site: TestClient) -> None:
    assert "_embedded" not in site.get(f"{POSTS}/{LEAD}").json()


def test_text_carries_the_entities_wordpress_makes(site: TestClient) -> None:
    answer = site.get(f"{POSTS}/109")
    assert answer.text.isascii()
    assert '<h2 class=\\"wp-block-heading\\">' in site.get(f"{POSTS}/106").text
    assert "&#8220;" in answer.json()["content"]["rendered"]
    assert "[&hellip;]" in site.get(f"{POSTS}/120").json()["excerpt"]["rendered"]


def test_fields_are_cut_to_those_asked_for(site: TestClient) -> None:
    post = site.get(POSTS, params={"_fields": "id,title.rendered,nonsense", "per_page": 1}).json()[0]
    assert set(post) == {"id", "title"}


def test_a_post_that_never_was_is_not_found(site: TestClient) -> None:
    assert site.get(f"{POSTS}/9999").json()["code"] == "rest_post_invalid_id"


def test_the_home_page_names_the_feed_and_the_api(site: TestClient) -> None:
    home = site.get("/")
    assert home.headers["link"] == '<http://127.0.0.1:8180/wp-json/>; rel="https://api.w.org/"'
    assert 'type="application/rss+xml"' in home.text
    assert site.get("/wp-json/").json()["name"] == "The Port Alder Record"


def test_every_link_of_the_api_opens_a_readable_page(site: TestClient) -> None:
    for post in site.get(POSTS, params={"per_page": 100}).json():
        page = site.get(post["link"])
        assert page.status_code == 200
        assert f'rel="canonical" href="{post["link"]}"' in page.text
    assert 'lang="es"' in site.get("/", params={"p": 112}).text


def test_a_page_makes_the_browser_ask_nobody_else(site: TestClient) -> None:
    page = site.get("/?p=114")
    assert "pixel.audience-meter.example" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'; img-src 'self'")


def test_the_feed_is_well_formed_and_whole(site: TestClient) -> None:
    feed = feedparser.parse(site.get("/feed/").content)
    assert not feed.bozo
    assert len(feed.entries) == 10
    newest = feed.entries[0]
    assert newest.id == "https://portalderrecord.example/?p=110"
    lead = next(entry for entry in feed.entries if entry.id.endswith("p=101"))
    assert lead.title == "Port Alder will plug in its ships after 214 nights of idling engines"
    assert lead.author == "Delphine Osei"
    assert "Ottoline Marsh" in lead.content[0].value


def test_a_feed_the_reader_has_is_not_sent_again(site: TestClient, clock: SetClock) -> None:
    first = site.get("/feed/")
    etag = {"If-None-Match": f'W/{first.headers["etag"]}, "other"'}
    dated = {"If-Modified-Since": first.headers["last-modified"]}
    for known in (etag, dated):
        again = site.get("/feed/", headers=known)
        assert again.status_code == 304
        assert again.content == b""
    clock.advance(days=2)
    assert site.get("/feed/", headers=etag).status_code == 200
    assert site.get("/feed/", headers=dated).status_code == 200
