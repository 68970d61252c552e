"""``/l/ID/NUMBER``: clicks are counted in all, and never whose."""

from __future__ import annotations

import httpx
import pytest
from sqlalchemy import text

from bot.errors import StoreError
from bot.model import EditionState
from bot.store import Store

FERRY = "https://record.example/ferry?from=mail&to=a%20b#map"


@pytest.fixture
def sent(web):
    return web.add_edition(state=EditionState.SENT, links=(FERRY, "https://münster.example/straße?q=ü"))


def _clicks(web, made):
    with web.store.read() as tx:
        return [link.clicks for link in tx.links.of(made.id)]


async def test_a_link_leads_on_to_its_story_and_is_counted(web, sent):
    for expected in (1, 2):
        answer = await web.get(f"/l/{sent.id}/1")
        assert (answer.status_code, answer.headers["location"]) == (302, FERRY)
        assert _clicks(web, sent) == [expected, 0]


async def test_nothing_is_kept_of_who_followed_it(web, sent):
    with web.store.read() as tx:
        before = tx.counts()
    agent = {"User-Agent": "Mozilla/5.0 (a reader)", "X-Forwarded-For": "203.0.113.7", "Cookie": "a=b"}
    answer = await web.get(f"/l/{sent.id}/1", headers=agent)
    assert "set-cookie" not in answer.headers
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"
    with web.store.read() as tx:
        assert tx.counts() == before
        row = dict(tx.connection.execute(text("SELECT * FROM links WHERE number = 1")).one()._mapping)
    assert row == {"edition": sent.id, "number": 1, "url": FERRY, "clicks": 1}


async def test_a_head_request_and_a_browser_that_fetches_ahead_are_led_on_and_not_counted(web, sent):
    async with web.client() as client:
        assert (await client.head(f"/l/{sent.id}/1")).headers["location"] == FERRY
    for header in ("Sec-Purpose", "Purpose"):
        assert (await web.get(f"/l/{sent.id}/1", headers={header: "prefetch;prerender"})).status_code == 302
    assert _clicks(web, sent) == [0, 0]


async def test_it_leads_nowhere_but_where_the_edition_does(web, sent):
    unknown = await web.get("/l/nosuchedition/1")
    assert unknown.status_code == 404
    for path in (
        f"/l/{sent.id}/0",
        f"/l/{sent.id}/3",
        f"/l/{sent.id}/{10**30}",
        f"/l/{sent.id}/-1",
        f"/l/{sent.id}/https://evil.example",
        f"/l/{sent.id}/1/https://evil.example",
        f"/l/{sent.id}?url=https://evil.example",
        f"/l/{sent.id}/1'",
    ):
        answer = await web.get(path)
        assert (answer.status_code, answer.headers.get("location")) == (404, None), path
    answer = await web.get(f"/l/{sent.id}/1?url=https://evil.example", headers={"Host": "evil.example"})
    assert answer.headers["location"] == FERRY


@pytest.mark.parametrize("state", [EditionState.DRAFTED, EditionState.AWAITING, EditionState.CANCELLED])
async def test_an_edition_that_is_not_out_has_no_links_yet(web, state):
    made = web.add_edition(state=state, links=(FERRY,))
    assert (await web.get(f"/l/{made.id}/1")).status_code == 404


async def test_an_address_in_another_writing_can_stand_in_a_header(web, sent):
    answer = await web.get(f"/l/{sent.id}/2")
    assert answer.headers["location"] == "https://xn--mnster-3ya.example/stra%C3%9Fe?q=%C3%BC"
    assert httpx.URL(answer.headers["location"]).host == "münster.example"


async def test_a_store_that_takes_no_click_keeps_no_reader_from_the_story(web, sent, monkeypatch):
    def refuse(self):
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "write", refuse)
    answer = await web.get(f"/l/{sent.id}/1")
    assert (answer.status_code, answer.headers["location"]) == (302, FERRY)


async def test_a_link_is_followed_not_posted_to(web, sent):
    assert (await web.post(f"/l/{sent.id}/1")).status_code == 405
    assert _clicks(web, sent) == [0, 0]
