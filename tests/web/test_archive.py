from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import feedparser
import pytest

from bot.model import Correction, EditionState, EditionStory, Rendition, Summary
from bot.testing import NOW, article, edition, email

TOML = """
[audiences.closed]
name = "By invitation"
open = false

[sources.site]
type = "feed"
url = "https://record.example/feed"

[channels.mail]
type = "email"
from = "The Record <news@record.example>"
host = "mail.record.example"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]

[schedules.weekend]
name = "The Weekend <b>"
cron = "0 7 * * 6"
timezone = "Asia/Tokyo"
audience = "readers"
channels = ["mail"]

[schedules.staff]
name = "For the staff"
cron = "0 7 * * 6"
audience = "readers"
archive = false
channels = ["mail"]
"""


@pytest.fixture
def web(build_web):
    return build_web(toml=TOML)


@pytest.fixture
def publish(web):
    def publish(title="The ferry returns", *, days=0, state=EditionState.SENT, more=0, summary="It sails.", **fields):
        slot = NOW - timedelta(days=days)
        lead = article(id=1, title=title)
        stories = tuple(
            EditionStory(position=place, article=replace(lead, id=place), summary=Summary(summary))
            for place in range(1, more + 2)
        )
        renditions = (Rendition(channel="mail", email=email(web="<html>as sent</html>")),)
        fields = {"slot": slot, "state": state, "stories": stories, "renditions": renditions, **fields}
        made = edition(**fields)
        with web.store.write() as tx:
            assert tx.editions.add(made, expires=slot, report={})
        return made.id

    return publish


async def test_what_was_sent_is_listed_newest_first_by_month(web, publish):
    publish("Old news", days=40)
    publish("Council votes", days=1, more=2)
    publish("Today's lead")
    page = (await web.get("/archive")).text.replace("\u00a0", " ")
    assert page.index("Today&#39;s lead") < page.index("Council votes") < page.index("Old news")
    assert page.index("November 2026") < page.index("October 2026")
    assert "Tue 24" in page
    assert "3 stories" in page


async def test_each_leads_to_the_edition_as_it_was_sent(web, publish):
    made = publish()
    assert f'href="./e/{made}"' in (await web.get("/archive")).text
    assert "as sent" in (await web.get(f"/e/{made}")).text


@pytest.mark.parametrize("state", sorted(set(EditionState) - {EditionState.SENT}))
async def test_what_was_not_sent_is_never_listed(web, publish, state):
    publish(state=state)
    for path in ("/archive", "/archive/morning", "/archive.rss"):
        assert "The ferry returns" not in (await web.get(path)).text


async def test_a_schedule_that_keeps_out_of_the_archive_opens_by_its_link_alone(web, publish):
    made = publish("Staff matters", schedule="staff")
    for path in ("/archive", "/archive.rss"):
        assert "Staff matters" not in (await web.get(path)).text
    for path in ("/archive/staff", "/archive/staff.rss"):
        assert (await web.get(path)).status_code == 404
    opened = await web.get(f"/e/{made}")
    assert opened.status_code == 200
    assert opened.headers["x-robots-tag"] == "noindex"


async def test_one_schedule_can_be_looked_through_by_itself(web, publish):
    publish("Morning lead")
    publish("Weekend lead", schedule="weekend", name="The Weekend <b>")
    page = (await web.get("/archive/weekend")).text
    assert "Weekend lead" in page
    assert "Morning lead" not in page
    assert 'href="../archive/weekend" aria-current="page"' in page
    assert "The Weekend &lt;b&gt;" in page and "<b>" not in page


async def test_older_editions_are_a_page_further(web, publish):
    for days in range(35):
        publish(f"Lead of {days}", days=days)
    first = (await web.get("/archive")).text
    assert first.count("<h3>") == 30
    older = first.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
    assert older.startswith("./archive?before=")
    second = (await web.get(older[1:])).text
    assert second.count("<h3>") == 5
    assert "Lead of 34" in second and 'rel="next"' not in second
    assert 'href="./archive">Newest editions' in second


@pytest.mark.parametrize(
    "path",
    ["/archive/nosuch", "/archive/nosuch.rss", "/archive?before=nosuch", "/archive/..%2Fetc", "/archive/%00.rss"],
)
async def test_what_is_not_there_is_not_found(web, publish, path):
    publish()
    assert (await web.get(path)).status_code == 404


async def test_nothing_sent_yet_is_said(web):
    page = await web.get("/archive")
    assert (page.status_code, "Nothing has been sent yet." in page.text) == (200, True)
    assert feedparser.parse((await web.get("/archive.rss")).content).entries == []


async def test_search_engines_may_read_the_archive_and_no_page_of_a_reader(web, publish):
    made = publish()
    assert 'name="robots"' not in (await web.get("/archive")).text
    assert "x-robots-tag" not in (await web.get(f"/e/{made}")).headers
    for path in ("/preferences", "/p/x", "/u/x"):
        assert 'content="noindex, nofollow"' in (await web.get(path)).text


async def test_a_headline_is_text(web, publish):
    publish("<script>alert(1)</script> & more")
    for path in ("/archive", "/archive.rss"):
        answer = (await web.get(path)).text
        assert "<script" not in answer
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in answer


async def test_the_feed_is_valid_and_complete(web, publish):
    made = publish("Ferry & <port>\x08", days=1, more=2, summary="A <b>bold</b> & 'new' plan.")
    answer = await web.get("/archive.rss")
    assert answer.headers["content-type"] == "application/rss+xml; charset=utf-8"
    found = feedparser.parse(answer.content)
    assert not found.bozo
    assert found.version == "rss20"
    assert found.feed.title == "The Port Alder Record: Past editions"
    assert found.feed.language == "en"
    own = [each.href for each in found.feed.links if each.rel == "self"]
    assert own == ["https://news.record.example/archive.rss"]
    (entry,) = found.entries
    assert entry.link == entry.id == f"https://news.record.example/e/{made}"
    assert entry.published_parsed[:5] == (2026, 11, 23, 7, 0)
    assert [each.term for each in entry.tags] == ["Morning briefing"]
    assert "3" in entry.summary and "<b>" not in entry.summary


async def test_each_schedule_has_a_feed(web, publish):
    publish("Morning lead")
    publish("Weekend lead", schedule="weekend")
    found = feedparser.parse((await web.get("/archive/weekend.rss")).content)
    assert [each.title for each in found.entries] == ["Weekend lead"]
    assert [each.href for each in found.feed.links if each.rel == "self"] == [
        "https://news.record.example/archive/weekend.rss"
    ]


async def test_rfc_9110_13_an_unchanged_feed_is_not_sent_again(web, publish):
    publish()
    first = await web.get("/archive.rss")
    assert first.headers["cache-control"] == "public, max-age=300"
    for condition in (
        {"If-None-Match": first.headers["etag"]},
        {"If-None-Match": f'"other", W/{first.headers["etag"]}'},
        {"If-Modified-Since": first.headers["last-modified"]},
    ):
        again = await web.get("/archive.rss", headers=condition)
        assert (again.status_code, again.content) == (304, b""), condition
        assert again.headers["etag"] == first.headers["etag"]
    for condition in ({"If-None-Match": '"other"'}, {"If-Modified-Since": "yesterday"}):
        assert (await web.get("/archive.rss", headers=condition)).status_code == 200
    publish("Another", days=1)
    changed = await web.get("/archive.rss", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200


async def test_head_says_what_get_would(web, publish):
    publish()
    async with web.client() as client:
        for path in ("/archive", "/archive.rss", "/archive/morning"):
            head, get = await client.head(path), await client.get(path)
            assert (head.status_code, head.headers["content-type"]) == (200, get.headers["content-type"])
            assert head.content == b""


async def test_pages_lead_to_the_archive_and_the_sign_up_only_where_there_is_one(build_web):
    closed = build_web(
        toml='[audiences.staff]\nname = "Staff"\nopen = false\n',
        newsroom='privacy_url = "https://record.example/privacy"',
    )
    page = (await closed.get("/preferences")).text
    assert "/archive" not in page and "/subscribe" not in page
    assert 'href="https://record.example/privacy"' in page
    assert (await closed.get("/archive")).status_code == 404


async def test_an_edition_that_was_corrected_since_says_so(web, publish):
    publish("Council votes", days=1)
    wrong = publish("The ferry returns")
    assert "Corrected" not in (await web.get("/archive")).text
    with web.store.write() as tx:
        tx.corrections.add(
            Correction(
                article=1,
                edition=wrong,
                schedule="morning",
                title="The ferry returns",
                url="https://record.example/ferry",
                said="It returns on Friday.",
                right="It returns on Sunday.",
                told=NOW,
                at=NOW,
                who="mara",
            )
        )
    page = (await web.get("/archive")).text
    assert page.count("Corrected") == 1
    assert page.index("The ferry returns") < page.index("Corrected") < page.index("Council votes")
