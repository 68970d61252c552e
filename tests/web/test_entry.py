"""How a browser comes in while nobody has an account."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.accounts import desk_key
from bot.model import Role
from bot.testing import KEYS, NOW
from tests.web.test_access import join

DAY = timedelta(days=1)
PAGES = ["/", "/login", "/schedules?new=yes", "/audience/readers/1", "/editions/any/preview/mail"]


@pytest.fixture
def keyless(web):
    """A browser on this machine that nobody let in."""
    return web.client(key=False)


@pytest.mark.parametrize("path", PAGES)
async def test_without_the_key_a_page_says_where_the_address_stands_and_shows_nothing_else(keyless, path):
    async with keyless as client:
        answer = await client.get(path)
    assert answer.status_code == 403
    assert "broadsheet desk" in answer.text
    assert "Open the address that was printed" in answer.text
    assert "Schedules" not in answer.text
    assert not answer.cookies


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("/?{key}", "./"),
        ("/schedules?{key}", "./schedules"),
        ("/calendar?week=2026-11-23&{key}&state=sent", "./calendar?week=2026-11-23&state=sent"),
        ("/audience/import?{key}", "../audience/import"),
        ("/articles?q=a%26b&{key}", "./articles?q=a%26b"),
    ],
)
async def test_the_address_lets_a_browser_in_and_the_key_leaves_it(keyless, path, page):
    async with keyless as client:
        answer = await client.get(path.format(key=f"key={desk_key.key(KEYS, NOW)}"))
        assert (answer.status_code, answer.headers["location"]) == (303, page)
        assert answer.headers["cache-control"] == "no-store"
        kept = answer.headers["set-cookie"].lower()
        assert "httponly" in kept
        assert "samesite=lax" in kept
        assert desk_key.key(KEYS, NOW) not in kept
        assert (await client.get(path.partition("?")[0])).status_code == 200


async def test_who_was_let_in_stays_so_for_a_month(web, clock, keyless):
    async with keyless as client:
        await client.get(f"/?key={desk_key.key(KEYS, NOW)}")
        clock.moment = NOW + 29 * DAY
        assert (await client.get("/")).status_code == 200
        clock.moment = NOW + 30 * DAY
        assert (await client.get("/")).status_code == 403


async def test_an_address_of_yesterday_is_told_to_be_one(clock, keyless):
    late = f"/?key={desk_key.key(KEYS, NOW)}"
    clock.moment = NOW + DAY
    async with keyless as client:
        page = await client.get(late)
    assert (page.status_code, "This key opens nothing now." in page.text) == (403, True)
    assert not page.cookies


async def test_an_act_without_the_key_changes_nothing_with_the_key_in_its_address_neither(web, keyless):
    async with keyless as client:
        for path in ("/pause", f"/pause?key={desk_key.key(KEYS, NOW)}"):
            answer = await client.post(path)
            assert answer.status_code == 403
        assert "Nothing was changed." in (await client.post("/pause")).text
        with web.store.read() as tx:
            assert tx.acts.newest() == []


async def test_a_part_of_a_page_without_the_key_has_the_page_loaded_again(keyless):
    async with keyless as client:
        answer = await client.get("/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["hx-refresh"]) == (403, "true")


async def test_the_key_opens_nothing_to_who_is_not_at_this_machine(web):
    key = desk_key.key(KEYS, NOW)
    async with web.client(address="203.0.113.9") as client:
        answer = await client.get(f"/?key={key}")
    assert (answer.status_code, dict(answer.cookies)) == (403, {})
    async with web.client() as client:
        assert (await client.get(f"/?key={key}", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 403


async def test_once_somebody_has_an_account_the_key_opens_nothing(web):
    join(web, Role.VIEWER)
    async with web.client() as client:
        answer = await client.get(f"/activity?kind=edition&key={desk_key.key(KEYS, NOW)}")
    assert (answer.status_code, answer.headers["location"]) == (303, "./login?next=activity%3Fkind%3Dedition")
    assert "set-cookie" not in answer.headers


async def test_readers_pages_and_the_programs_health_need_no_key(web, reader, keyless):
    async with keyless as client:
        for path in ("/healthz", "/archive", "/subscribe", web.unsubscribe_path(reader)):
            assert (await client.get(path)).status_code == 200, path


async def test_it_speaks_the_language_of_the_browser(keyless):
    async with keyless as client:
        assert 'lang="de"' in (await client.get("/", headers={"Accept-Language": "de-AT,de;q=0.9"})).text
