"""The counts of the rail: true on a page that is opened, and on one that stays open and looks again."""

from __future__ import annotations

import pytest
from lxml import html

from bot.schedules.needs import PLACES
from bot.store.sources import SourceState
from bot.testing import NOW
from bot.web.editor.badges import COUNTED
from tests.desk import addresses, fill


@pytest.fixture
def things(web):
    return fill(web.installation, 3)


def counts(page):
    """Entry of the rail → what its count says, "" where nothing waits; each place stands once."""
    found = [each for each in html.fromstring(page).iter("span") if (each.get("id") or "").startswith("waits-")]
    said = {each.get("id").removeprefix("waits-"): " ".join(each.text_content().split()) for each in found}
    assert len(said) == len(found)
    return said


def test_each_entry_that_something_waits_under_has_a_place_for_its_count():
    assert set(COUNTED) == {"today", *PLACES.values()}


async def test_each_page_that_looks_again_brings_the_counts_and_the_answer_has_them(web, things):
    looking = {}
    async with web.client() as client:
        client.cookies.update(things.cookies)
        for path in addresses(web.app, things):
            answer = await client.get(path)
            if not answer.headers["content-type"].startswith("text/html"):
                continue
            for each in html.fromstring(answer.text).xpath("//*[starts-with(@hx-trigger, 'every')]"):
                # Beside how far a delivery is, which looks more often.
                if each.get("id") == "reasons":
                    continue
                looking[each.get("id")] = each
                again = await client.get(str(answer.url.join(each.get("hx-get"))), headers={"HX-Request": "true"})
                taken = {one.removeprefix("#waits-") for one in (each.get("hx-select-oob") or "").split(",")}
                assert set(counts(answer.text)) == set(counts(again.text)) == taken & set(COUNTED) == set(COUNTED), path
    assert {"today", "bar", "progress"} <= set(looking)


async def test_a_count_comes_and_goes_in_what_an_open_page_asks_for(web):
    made = web.add_edition()
    bar = f"/editions/{made.id}/bar"
    assert counts((await web.get(bar)).text) == dict.fromkeys(COUNTED, "")
    with web.store.write() as tx:
        tx.sources.put(SourceState(source="site", failures=3, error="timed out"))
    assert counts((await web.get(bar)).text) == {
        **dict.fromkeys(COUNTED, ""),
        "today": "1 to look at",
        "sources": "1 to look at",
    }
    with web.store.write() as tx:
        tx.sources.put(SourceState(source="site", last_success=NOW, last_visit=NOW))
    assert counts((await web.get(bar)).text) == dict.fromkeys(COUNTED, "")
