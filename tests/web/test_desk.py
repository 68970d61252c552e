from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest

from bot.editions import lifecycle
from bot.model import EditionState, Post, Rendition
from bot.store.flags import PAUSED
from bot.store.sources import SourceState
from bot.testing import NOW, article, email, subscribe

DESK = ["/", "/articles", "/sources", "/channels", "/editions/any", "/editions/any/preview/mail"]
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>"


@pytest.mark.parametrize("path", DESK)
async def test_the_desk_refuses_who_is_not_at_this_machine(web, path):
    async with web.client(address="203.0.113.9") as client:
        answer = await client.get(path)
    assert answer.status_code == 403
    assert "only on the machine" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "news.record.example"},
        {"Host": "127.0.0.1.evil.example"},
        {"Host": "[::1"},
        {"X-Forwarded-For": "127.0.0.1"},
        {"Forwarded": "for=127.0.0.1"},
        {"X-Real-IP": "127.0.0.1"},
    ],
)
async def test_the_desk_refuses_a_foreign_name_and_a_proxy(web, headers):
    for path in DESK:
        assert (await web.get(path, headers=headers)).status_code == 403, path


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "LOCALHOST", "[::1]:8080"])
async def test_the_desk_opens_under_this_machines_names(web, host):
    assert (await web.get("/", headers={"Host": host})).status_code == 200


async def test_a_stranger_still_reaches_the_public_pages(web, reader):
    async with web.client(address="203.0.113.9", url="https://news.record.example") as client:
        assert (await client.get(web.unsubscribe_path(reader))).status_code == 200
        assert (await client.get("/static/brand.css")).status_code == 200


async def test_today_shows_what_goes_out_as_it_appears(build_web):
    toml = '\n[channels.mail]\ntype = "email"\nfrom = "news@record.example"\nhost = "mail.record.example"\n'
    schedule = '[schedules.now]\nname = "As it breaks"\non_publish = true\naudience = "readers"\nchannels = ["mail"]\n'
    page = (await build_web(toml=toml + schedule).get("/")).text
    assert "As it breaks" in page
    assert "as it appears" in page
    assert "No schedule is on" not in page


async def test_today_shows_the_next_slots_in_the_newsrooms_time_with_utc(build_web):
    toml = '\n[channels.mail]\ntype = "email"\nfrom = "news@record.example"\nhost = "mail.record.example"\n'
    schedule = '[schedules.night]\nname = "Night"\ncron = "30 2 * * *"\naudience = "readers"\nchannels = ["mail"]\n'
    web = build_web(toml=toml + schedule + 'timezone = "Europe/Berlin"\n')
    web.installation.clock.moment = NOW.replace(year=2027, month=3, day=27, hour=12)
    page = (await web.get("/")).text
    assert 'title="2027-03-28 01:00 UTC"' in page
    assert "clock change" in page


async def test_today_says_when_nothing_needs_the_editor(web):
    page = (await web.get("/")).text
    assert "Nothing needs you" in page
    assert "<title>Today – " in page


async def test_today_names_what_waits_with_the_button_that_mends_it(web):
    waiting = {
        state: web.add_edition(state=state, name=f"Edition {state}")
        for state in (EditionState.HELD, EditionState.AWAITING, EditionState.PAUSED)
    }
    with web.store.write() as tx:
        tx.sources.put(SourceState(source="site", failures=3, error="record.example: timed out"))
        tx.flags.set(PAUSED, "yes", NOW)
    page = (await web.get("/")).text
    assert "4 things need you" in page
    assert "<title>(4) Today – " in page
    for state, path in (("held", ""), ("awaiting", ""), ("paused", "/delivery")):
        assert f'href="./editions/{waiting[state].id}{path}"' in page
    assert '<form method="post" action="./sources/try"><input type="hidden" name="source" value="site">' in page
    assert "record.example: timed out" in page
    assert "Everything is paused" in page


async def test_what_may_or_may_not_have_arrived_is_counted(web, sending):
    with web.store.write() as tx:
        tx.deliveries.doubt_edition(sending.id, "the line broke", NOW)
    page = (await web.get("/")).text
    assert "3 deliveries of Morning briefing may or may not have arrived" in page


async def test_books_that_do_not_balance_are_shown_in_words(web, sending):
    with web.store.write() as tx:
        tx.editions.set_snapshot(sending.id, 99)
    assert "The books do not balance: 3 deliveries, 99 in the snapshot." in (await web.get("/")).text
    assert "The books do not balance" in (await web.get(f"/editions/{sending.id}")).text


async def test_a_skipped_edition_says_why(web):
    web.add_edition(state=EditionState.SKIPPED, reason="2 new stories, needs 3", stories=(), renditions=())
    page = (await web.get("/")).text
    assert "Skipped" in page
    assert "2 new stories, needs 3" in page


async def test_articles_and_sources_say_how_they_are(web):
    with web.store.write() as tx:
        kept = article(title="The ferry returns", published=NOW - timedelta(minutes=5))
        gone = article(title="Gone by noon")
        for each in (kept, gone):
            tx.articles.put(each, url_key=each.url, present=(), now=NOW)
        tx.articles.withdraw("site", [gone.guid], NOW)
        tx.sources.put(SourceState(source="site", last_visit=NOW, last_success=NOW))
    articles = (await web.get("/articles")).text
    assert articles.index("The ferry returns") < articles.index("Gone by noon")
    assert "Withdrawn" in articles
    assert "Fresh" in (await web.get("/sources")).text


async def test_hostile_text_is_text_on_every_page(web):
    poisoned = article(
        title=HOSTILE,
        url="javascript:alert(1)",
        standfirst=HOSTILE,
        authors=(HOSTILE,),
        sections=(HOSTILE,),
        language='"><script>',
        id=1,
    )
    report = {
        "picks": [{"title": HOSTILE}],
        "rejections": [{"title": HOSTILE, "url": "javascript:alert(1)", "rule": HOSTILE, "reason": HOSTILE}],
    }
    post = Post(text=HOSTILE, url="javascript:alert(1)")
    made = web.add_edition(
        lead=poisoned,
        name=HOSTILE,
        reason=HOSTILE,
        state=EditionState.HELD,
        report=report,
        renditions=(
            Rendition(channel="bluesky", post=post),
            Rendition(channel="mail", email=email(subject=HOSTILE, preheader=HOSTILE, text=HOSTILE)),
        ),
    )
    subscribe(web.store, "reader@example.org")
    with web.store.write() as tx:
        tx.articles.put(poisoned, url_key="x", present=(), now=NOW)
        tx.sources.put(SourceState(source="site", failures=1, error=HOSTILE, moved_to=HOSTILE, last_visit=NOW))
    for path in ("/", "/articles", "/sources/site", f"/editions/{made.id}"):
        page = (await web.get(path)).text
        assert HOSTILE in html.unescape(page), path
        assert not re.search(r"<script(?! src=)", page), path
        assert "<img src=x" not in page, path
        assert 'href="javascript:' not in page, path


async def test_an_old_edition_shows_its_totals_and_until_when_its_readers_were_known(web, sending):
    lifecycle.cancel(web.store, sending.id, who="ida", now=NOW)
    with web.store.write() as tx:
        tx.folds.fold(sending.id, 100, NOW)
    for path in ("/", f"/editions/{sending.id}/checks"):
        page = await web.get(path)
        assert page.status_code == 200
    assert "Who got it was kept until" in page.text
