"""Activity: the record, by person, kind and day, page by page."""

from __future__ import annotations

import csv
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

import bot.testing
from bot.model import Act, EditionState, operator
from bot.schedules.declaring import declare
from bot.testing import NEWSROOM, NOW
from bot.web.editor.activity import PAGE


def add(web, *, at=NOW, who="Mara Lindqvist", what="approve", thing="channel:mail", **fields):
    with web.store.write() as tx:
        tx.acts.add(Act(at=at, who=who, what=what, thing=thing, **fields))


def text(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.partition("<main")[2]))


async def test_it_says_who_did_what_with_what_changed_by_words(web):
    made = web.add_edition(state=EditionState.APPROVED, name="Evening Five")
    add(
        web,
        what="edit",
        thing=f"edition:{made.id}",
        before="The tunnel costs £4.2 million.",
        after="The tunnel costs £2.4 million.",
        note="summary of Harbour tunnel",
    )
    page = (await web.get("/activity")).text
    assert f'href="./editions/{made.id}"' in page
    said = text(page)
    assert "Mara Lindqvist edited Evening Five" in said
    assert "The tunnel costs before: £4.2 after: £2.4 million." in said
    assert "summary of Harbour tunnel" in said


async def test_an_edit_that_ended_an_approval_says_so(web):
    made = web.add_edition(state=EditionState.APPROVED, name="Evening Five")
    thing = f"edition:{made.id}"
    add(web, what="edit", thing=thing, before="approved", after="awaiting", note="subject")
    add(web, what="refresh", who="broadsheet", thing=thing, before="approved", after="awaiting")
    add(web, what="edit", who="Tom Adeyemi", thing=thing, before="awaiting", after="awaiting", note="subject")
    said = text((await web.get("/activity")).text)
    assert "Mara Lindqvist edited Evening Five ; it needs approval again" in said
    assert "took over what articles of Evening Five say now; it needs approval again" in said
    assert "Tom Adeyemi edited Evening Five subject" in said


async def test_whoever_looks_knows_their_own_name_by_a_word(web):
    add(web, who=operator())
    add(web)
    page = (await web.get("/activity")).text
    assert f"{operator()} (you) approved mail" in text(page)
    assert "Mara Lindqvist approved mail" in text(page)
    assert f">{operator()} (you)</option>" in page
    assert f"{operator()} (you) approved mail" in text((await web.get("/")).text)


async def test_what_was_made_on_the_desk_is_told_in_words_and_its_settings_are_folded(web):
    table = {"name": "Evening edition", "cron": "0 18 * * *", "audience": "readers", "channels": ["mail"]}
    declare(web.installation, "schedules", "evening-edition", table, who="Mara Lindqvist", now=NOW)
    page = (await web.get("/activity")).text
    assert "Mara Lindqvist made the schedule Evening edition" in text(page)
    before, _details, folded = page.partition("<details><summary>In the settings</summary>")
    assert "[schedules.evening-edition]" not in before
    assert "[schedules.evening-edition]" in folded.partition("</details>")[0]


async def test_an_audience_is_told_by_the_name_that_readers_see(web):
    add(web, what="import subscribers", thing="audience:readers", note="25 accepted")
    name = web.installation.settings.audiences["readers"].name
    assert f"Mara Lindqvist imported readers into {name} 25 accepted" in text((await web.get("/activity")).text)


async def test_days_are_those_of_the_newsroom(build_web, monkeypatch):
    monkeypatch.setattr(bot.testing, "NEWSROOM", NEWSROOM.replace('"UTC"', '"Asia/Tokyo"'))
    web = build_web()
    # Half past midnight there, and the day before in UTC.
    add(web, at=NOW.replace(day=23, hour=15, minute=30))
    add(web, at=NOW.replace(day=23, hour=14, minute=30), what="hold")
    add(web, at=NOW - timedelta(days=9), what="cancel")
    page = text((await web.get("/activity")).text)
    days = page.partition("Show ")[2]
    assert days.index("Today") < days.index("approved") < days.index("Yesterday") < days.index("held")
    assert re.search("Sunday,? 15 November 2026", page)
    day = text((await web.get("/activity?day=2026-11-23")).text)
    assert "held" in day
    assert "approved mail" not in day


async def test_it_is_asked_for_one_person_and_one_kind(web):
    add(web)
    add(web, who="Tom Adeyemi", what="hold", thing="edition:gone")
    add(web, who="broadsheet", what="expire", thing="edition:gone")
    add(web, who="reader", what="unsubscribe", thing="subscriber:4")
    mine = text((await web.get("/activity?who=Tom+Adeyemi")).text)
    assert "held gone" in mine
    assert "approved mail" not in mine
    kind = text((await web.get("/activity?kind=edition")).text)
    assert "Broadsheet let gone go as too late" in kind
    assert "approved mail" not in kind
    everything = (await web.get("/activity")).text
    for option in ("Mara Lindqvist", "Tom Adeyemi", "Broadsheet", "A reader", "Editions", "Readers"):
        assert f">{option}</option>" in everything
    nothing = (await web.get("/activity?who=Nobody")).text
    assert "Nothing on the record matches." in nothing


async def test_a_record_of_many_is_read_page_by_page_and_back(web):
    for number in range(PAGE * 2 + 5):
        add(web, at=NOW - timedelta(minutes=number), thing=f"channel:c{number}.")

    def shown(page):
        return [int(each) for each in re.findall(r"<bdi>c(\d+)\.</bdi>", page)]

    def way(page, rel):
        found = re.search(rf'rel="{rel}" href="\./([^"]+)"', page)
        return found and "/" + found[1].replace("&amp;", "&")

    first = (await web.get("/activity")).text
    assert (shown(first), way(first, "prev")) == (list(range(PAGE)), None)
    second = (await web.get(way(first, "next"))).text
    assert shown(second) == list(range(PAGE, 2 * PAGE))
    third = (await web.get(way(second, "next"))).text
    assert (shown(third), way(third, "next")) == (list(range(2 * PAGE, 2 * PAGE + 5)), None)
    assert shown((await web.get(way(third, "prev"))).text) == shown(second)
    back = (await web.get(way(second, "prev"))).text
    assert (shown(back), way(back, "prev")) == (shown(first), None)
    only = (await web.get("/activity?who=Mara+Lindqvist")).text
    assert "who=Mara+Lindqvist" in way(only, "next")


@pytest.mark.parametrize(
    "query",
    [
        "day=yesterday",
        "day=0001-01-01",
        "day=9999-12-31",
        "older=x",
        "older=20261124T070000.000000_" + "9" * 40,
        "newer=99999999T000000.000000_1",
        "who=" + "x" * 5000,
        "kind=%00",
    ],
)
async def test_an_address_that_makes_no_sense_is_no_fault(web, query):
    add(web)
    assert (await web.get(f"/activity?{query}")).status_code == 200


async def test_what_others_wrote_is_text_and_nothing_else(web):
    hostile = "\"><script>alert('x')</script>"
    add(web, who=hostile, what=hostile, thing=f"user:{hostile}", before=hostile, after=f"{hostile} =1+1", note=hostile)
    page = (await web.get("/activity")).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


async def test_the_record_is_downloaded_and_runs_nothing_in_a_spreadsheet(web):
    add(web, note="=HYPERLINK(1)")
    add(web, who="Tom Adeyemi", what="hold")
    answer = await web.get("/activity.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(answer.text.splitlines()))
    assert [each["who"] for each in rows] == ["Tom Adeyemi", "Mara Lindqvist"]
    assert rows[1]["note"] == "'=HYPERLINK(1)"
    one = (await web.get("/activity.csv?who=Tom+Adeyemi")).text
    assert "Mara" not in one


async def test_a_page_asks_the_store_no_more_for_many_acts_than_for_few(web):
    def counted():
        queries = []
        engine = web.store._engine
        listen = lambda *given: queries.append(given[2])  # noqa: E731
        event.listen(engine, "before_cursor_execute", listen)
        return queries, lambda: event.remove(engine, "before_cursor_execute", listen)

    add(web)
    numbers = []
    for more in (0, 40):
        for number in range(more):
            made = web.add_edition(slot_key=f"key {number}")
            add(web, thing=f"edition:{made.id}")
        queries, done = counted()
        assert (await web.get("/activity")).status_code == 200
        done()
        numbers.append(len(queries))
    assert numbers[1] <= numbers[0] + 1
