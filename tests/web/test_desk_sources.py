"""Sources on the desk: health in plain words, tried by hand, added by any address, removed; GET keeps nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.schedules.pings import ping_url
from bot.store.sources import SourceState
from bot.testing import KEYS, NOW, article
from tests.html_validate import PAGE
from tests.sources.conftest import Site

TOML = """
[http]
allow_loopback = true

[sources.courier]
type = "feed"
url = "{url}/courier.xml"
"""
HOSTILE = "<script>alert('x')</script>"
ITEM = "<item><title>{title}</title><link>{url}/{path}</link><guid>{path}</guid><pubDate>{date}</pubDate>{body}</item>"


def feed(url, *titles, name="North Quay &amp; Weekly"):
    items = "".join(
        ITEM.format(title=title, url=url, path=f"a{number}", date="Tue, 24 Nov 2026 05:40:00 GMT", body="")
        for number, title in enumerate(titles)
    )
    text = f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>{items}</channel></rss>'
    return 200, {"Content-Type": "application/rss+xml"}, text.encode()


@pytest.fixture
def site():
    made = Site()
    yield made
    made.close()


@pytest.fixture
def desk(build_web, site):
    return build_web(toml=TOML.format(url=site.url))


def failing(web, error):
    with web.store.write() as tx:
        tx.sources.put(
            SourceState(
                source="courier", last_visit=NOW, last_success=NOW - timedelta(hours=4), failures=4, error=error
            )
        )


async def test_a_source_that_fails_says_so_in_plain_words_and_quotes_what_was_said(desk):
    error = f"https://x.example: no connection could be made ([SSL] certificate has expired {HOSTILE})"
    failing(desk, error)
    page = (await desk.get("/sources")).text
    assert "The site’s certificate has expired." in page
    assert "1 not answering" in page
    assert "Try courier now" in page
    one = (await desk.get("/sources/courier")).text
    assert "no connection could be made ([SSL] certificate has expired" in one
    assert HOSTILE not in one
    assert "4 visits in a row failed" in one


async def test_a_source_shows_where_it_was_set_how_much_it_brings_and_when_it_is_visited_next(desk):
    with desk.store.write() as tx:
        for hours in (1, 2, 30):
            each = article(source="courier", published=NOW - timedelta(hours=hours))
            tx.articles.put(each, url_key=each.url, present={each.guid}, now=NOW)
        tx.sources.put(SourceState(source="courier", last_visit=NOW, last_success=NOW))
    page = (await desk.get("/sources/courier")).text
    assert "2 in 24 hours, 3 in 7 days" in page
    assert "broadsheet.toml</bdi>, line" in page
    assert 'datetime="2026-11-24T07:05Z"' in page
    assert ping_url(desk.installation.newsroom, KEYS, "courier") in page
    assert "It stands in a file and is removed there" in page


async def test_a_source_is_tried_by_hand_and_what_it_brings_is_kept(desk, site):
    site.pages["/courier.xml"] = feed(site.url, "The ferry returns")
    answer = await desk.post("/sources/try", data={"source": "courier"})
    assert (answer.status_code, answer.headers["location"]) == (303, "../sources")
    with desk.store.read() as tx:
        assert [each.title for each in tx.articles.newest()] == ["The ferry returns"]
        assert tx.sources.get("courier").last_success == NOW
    assert (await desk.post("/sources/try", data={"source": "nonsense"})).status_code == 404


async def test_any_address_shows_what_is_behind_it_and_keeps_nothing(desk, site):
    site.pages["/"] = (
        200,
        {},
        b'<html><head><link rel="alternate" type="application/rss+xml" href="/f.xml"></head></html>',
    )
    site.pages["/f.xml"] = feed(site.url, "Allotments flood", f"Ferry {HOSTILE.replace('<', '&lt;')} fares")
    answer = await desk.post("/sources/find", data={"url": site.url})
    assert answer.status_code == 200
    assert "North Quay &amp; Weekly" in answer.text
    assert "Allotments flood" in answer.text
    assert "2 articles in the last week." in answer.text
    assert "Add it" in answer.text
    assert HOSTILE not in answer.text
    with desk.store.read() as tx:
        assert (tx.articles.newest(), tx.declarations.all(), tx.acts.newest()) == ([], [], [])


async def test_what_was_found_is_added_visited_and_on_the_record(desk, site):
    site.pages["/f.xml"] = feed(site.url, "Allotments flood")
    form = {"type": "feed", "url": f"{site.url}/f.xml", "key": "north-quay"}
    assert (await desk.post("/sources/add", data=form)).status_code == 303
    assert "north-quay" in desk.installation.sources
    with desk.store.read() as tx:
        assert [each.source for each in tx.articles.newest()] == ["north-quay"]
        assert [(act.what, act.thing) for act in tx.acts.newest()] == [("make", "source:north-quay")]
    page = (await desk.get("/sources/north-quay")).text
    assert "made on the desk by" in page
    again = await desk.post("/sources/add", data=form)
    assert again.status_code == 422
    assert "There is a source with the key north-quay already" in again.text
    found = await desk.post("/sources/find", data={"url": f"{site.url}/f.xml"})
    assert "This is the source north-quay already." in found.text


async def test_a_source_of_the_desk_is_removed_and_its_articles_stay(desk, site):
    site.pages["/f.xml"] = feed(site.url, "Allotments flood")
    await desk.post("/sources/add", data={"type": "feed", "url": f"{site.url}/f.xml", "key": "quay"})
    assert (await desk.post("/sources/remove", data={"source": "quay"})).status_code == 303
    assert "quay" not in desk.installation.sources
    with desk.store.read() as tx:
        assert len(tx.articles.newest()) == 1


async def test_a_source_of_a_file_is_not_removed(desk):
    answer = await desk.post("/sources/remove", data={"source": "courier"})
    assert answer.status_code == 409
    assert "courier" in desk.installation.sources


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "Write or paste the address of a site"),
        ("http://169.254.169.254/latest/meta-data", "The address leads inside this network"),
        ("http://10.0.0.1/", "The address leads inside this network"),
        ("file:///etc/passwd", "It could not be read"),
        ("http://[::1", "It could not be read"),
    ],
)
async def test_an_address_that_must_not_be_visited_is_refused_at_the_field(desk, url, said):
    answer = await desk.post("/sources/find", data={"url": url})
    assert answer.status_code == 422
    assert said in answer.text


async def test_a_page_without_a_feed_says_what_to_do(desk, site):
    site.pages["/"] = (200, {}, b"<html><head></head></html>")
    answer = await desk.post("/sources/find", data={"url": site.url})
    assert answer.status_code == 422
    assert "No feed and no WordPress was found there." in answer.text


async def test_a_folder_of_this_machine_is_not_added_on_the_desk(desk):
    form = {"type": "folder", "url": "/etc", "key": "secrets"}
    assert (await desk.post("/sources/add", data=form)).status_code == 404
    assert "secrets" not in desk.installation.sources


async def test_nothing_is_found_tried_or_added_by_get(desk):
    for path in ("find", "add", "try", "remove"):
        assert (await desk.get(f"/sources/{path}")).status_code == 404


async def test_the_pages_are_good_html(desk, site, validator, tmp_path):
    failing(desk, "https://x.example: refuses us (HTTP 403)")
    site.pages["/f.xml"] = feed(site.url, "Allotments flood")
    pages = {
        "sources": (await desk.get("/sources")).text,
        "source": (await desk.get("/sources/courier")).text,
        "found": (await desk.post("/sources/find", data={"url": f"{site.url}/f.xml"})).text,
        "none": (await desk.post("/sources/find", data={"url": "http://10.0.0.1/"})).text,
    }
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""
