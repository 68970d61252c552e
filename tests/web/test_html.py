"""Each page is good HTML, by html-validate."""

from __future__ import annotations

import httpx
import pytest

from bot.accounts import desk_key
from bot.clock import SetClock
from bot.model import EditionState
from bot.testing import KEYS, NOW
from bot.web.setup import setup_app
from tests.desk import addresses, doors, fill
from tests.html_validate import DESK, PAGE

PUBLIC = ("/archive", "/archive/morning", "/preferences", "/subscribe", "/subscribe/embed")


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_public_pages_are_good_html(build_web, validator, tmp_path, reader, language):
    web = build_web(newsroom=f'language = "{language}"')
    sent = web.add_edition(state=EditionState.DRAFTED)
    web.send(sent)
    paths = (*PUBLIC, web.preferences_path(reader), web.unsubscribe_path(reader), web.data_path(reader))
    pages = {}
    for number, path in enumerate(paths):
        answer = await web.get(path)
        assert answer.status_code == 200, path
        pages[f"page{number}"] = answer.text
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""


@pytest.fixture
def things(web):
    return fill(web.installation, 3)


async def test_every_page_of_the_desk_is_good_html(web, things, validator, tmp_path):
    pages = []
    async with web.client() as client:
        for path in doors(web.installation):
            pages.append((path, (await client.get(path)).text))
        client.cookies.update(things.cookies)
        # What a preview shows is a mail.
        for path in (each for each in addresses(web.app, things) if "/preview" not in each):
            answer = await client.get(path)
            if answer.headers["content-type"].startswith("text/html"):
                pages.append((path, answer.text))
    assert len(pages) > 60
    assert "\n".join(_faults(validator, tmp_path, pages)) == ""


async def test_the_first_run_is_good_html(validator, tmp_path):
    app = setup_app(tmp_path / "config", keys=KEYS, done=lambda _: None, clock=SetClock(NOW))
    kept = {desk_key.cookie(KEYS): desk_key.token(KEYS, NOW)}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", cookies=kept) as client:
        shown = await client.get("/setup")
        wrong = await client.post("/setup", headers={"Sec-Fetch-Site": "same-origin"})
    assert (shown.status_code, wrong.status_code) == (200, 422)
    pages = [("/setup", shown.text), ("wrong", wrong.text)]
    assert "\n".join(_faults(validator, tmp_path, pages)) == ""


def _faults(validator, folder, pages):
    names = {f"page{number}": path for number, (path, _html) in enumerate(pages)}
    files = {name: html for name, (_path, html) in zip(names, pages, strict=True)}
    for fault in validator.faults(files, folder, DESK):
        name, _colon, said = fault.partition(":")
        yield f"{names[name.removesuffix('.html')]}: {said}"
