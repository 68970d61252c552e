from __future__ import annotations

import pytest

from bot.model import EditionState


@pytest.mark.parametrize("state", [EditionState.SENDING, EditionState.PAUSED, EditionState.SENT])
async def test_an_edition_that_went_out_is_shown_as_it_was_sent(web, state):
    made = web.add_edition(state=state)
    page = await web.get(f"/e/{made.id}")
    assert page.status_code == 200
    assert page.text == next(each.email.web for each in made.renditions if each.email)
    assert "script-src" not in page.headers["content-security-policy"]
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'unsafe-inline'")
    assert page.headers["cache-control"] == "public, max-age=300"


async def test_an_unknown_edition_and_one_that_is_not_out_look_the_same(web):
    unknown = await web.get("/e/nosuchedition")
    assert unknown.status_code == 404
    for state in set(EditionState) - {EditionState.SENDING, EditionState.PAUSED, EditionState.SENT}:
        made = web.add_edition(state=state)
        answer = await web.get(f"/e/{made.id}")
        assert (answer.status_code, answer.text) == (unknown.status_code, unknown.text), state
        assert answer.headers["cache-control"] == "no-store"


async def test_an_edition_without_mail_has_no_page(web):
    made = web.add_edition(state=EditionState.SENT, renditions=())
    assert (await web.get(f"/e/{made.id}")).status_code == 404
