from __future__ import annotations

from bot.delivery.engine import Engine
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, ScriptedChannel


async def test_the_desk_tells_how_far_an_edition_is(web, sending, clock):
    channels = {"mail": ScriptedChannel(), "bluesky": ScriptedChannel(medium="post")}
    before = (await web.get(f"/editions/{sending.id}/progress")).json()
    assert (before["state"], before["done"], before["states"]) == ("sending", 0, {"pending": 3})
    await Engine(store=web.store, channels=channels, keys=KEYS, clock=clock, rules=DeliveryTable()).deliver()
    after = (await web.get(f"/editions/{sending.id}/progress")).json()
    assert (after["state"], after["done"], after["states"]) == ("sent", 3, {"accepted": 3})
    assert [each["domain"] for each in after["domains"]] == ["example.org"]


async def test_it_tells_nobody_else(web, sending):
    async with web.client(address="192.0.2.7") as client:
        answer = await client.get(f"/editions/{sending.id}/progress")
    assert answer.status_code == 403
    assert "pending" not in answer.text


async def test_of_an_edition_that_is_not_there_it_says_so(web):
    answer = await web.get("/editions/nope/progress")
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
