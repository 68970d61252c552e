"""The calendar: a real table of what goes out when; one slot is chosen, moved, skipped, put back below it."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.model import EditionState
from bot.testing import NEWSROOM, NOW
from tests.html_validate import PAGE

# NOW is Tuesday, 24 November 2026, 07:00: the schedule's hour.
SLOT = {"schedule": "morning", "slot": "2026-11-26T07:00", "view": "month=2026-11"}
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>"
DAY = timedelta(days=1)


def shown(page):
    """The page's words, each run of white space as one space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def due(web, key="2026-11-26T07:00"):
    return web.installation.timetable("morning").named(key).due


async def test_a_month_is_a_table_of_days_with_what_was_made_and_what_is_to_come(web):
    web.add_edition(slot_key="2026-11-23T07:00", slot=NOW - DAY, state=EditionState.SENT)
    page = (await web.get("/calendar?month=2026-11")).text
    assert "<title>November 2026" in page
    assert page.count("<td data-date") == 42
    assert "Morning, Sent" not in page
    day = page[page.index('data-date="2026-11-23"') : page.index('data-date="2026-11-24"')]
    assert "Sent" in shown(day)
    day = page[page.index('data-date="2026-11-26"') : page.index('data-date="2026-11-27"')]
    assert "07:00 Morning Planned" in shown(day)


@pytest.mark.parametrize("query", ["week=2026-11-24", "list=2026-11-24", "day=2026-11-26", "", "month=nonsense"])
async def test_each_view_shows_the_slots_to_come(web, query):
    answer = await web.get(f"/calendar?{query}")
    assert answer.status_code == 200
    assert "Morning briefing" in answer.text
    assert len(answer.content) < 150_000


async def test_a_chosen_slot_is_moved_by_a_form_and_that_can_be_undone(web):
    page = (await web.get("/calendar?month=2026-11&slot=morning/2026-11-26T07:00")).text
    assert "Goes to 0 readers." in page
    assert "Next free slot" in page
    answer = await web.post("/calendar/move", data={**SLOT, "date": "2026-12-09", "time": "09:30"})
    assert answer.status_code == 303
    assert due(web) == NOW + 15 * DAY + timedelta(hours=2, minutes=30)
    where = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert where == {"month": "2026-12", "slot": "morning/2026-11-26T07:00"}
    day = urlsplit(answer.headers["Location"]).fragment
    async with web.client() as client:
        client.cookies.update(answer.cookies)
        page = (await client.get(answer.headers["Location"])).text
    assert "Undo" in page
    assert "Moved from" in shown(page)
    # The page opens where the slot stands now.
    moved = page[page.index(f'id="{day}"') :]
    assert "09:30 Morning Planned" in shown(moved[: moved.index("</td>")])
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page[page.index('id="toast"') :]))
    assert (fields["date"], fields["time"]) == ("2026-11-26", "07:00")
    await web.post("/calendar/move", data=fields)
    assert due(web) == NOW + 2 * DAY


async def test_when_an_edition_is_made_reads_as_a_sentence_on_any_day(web):
    page = shown((await web.get("/calendar?month=2026-11&slot=morning/2026-11-25T07:00")).text)
    assert "Made tomorrow 07:00." in page


async def test_the_next_free_slot_is_one_press(web):
    page = (await web.get("/calendar?week=2026-11-24&slot=morning/2026-11-26T07:00")).text
    free = re.search(r'name="free" value="([^"]+)"', page).group(1)
    await web.post("/calendar/move", data={**SLOT, "date": "2026-11-26", "time": "07:00", "free": free})
    assert due(web).isoformat() == free == "2026-11-26T07:30:00+00:00"


@pytest.mark.parametrize(
    ("date", "time", "why"),
    [
        ("2026-11-20", "09:00", "That time is over"),
        ("2026-11-27", "07:00", "goes out then"),
        ("26 November", "09:00", "This is not a date"),
        ("2026-11-26", "9", "This is not a time"),
        ("9999-12-31", "23:59", "more than a year ahead"),
    ],
)
async def test_what_cannot_be_is_said_at_the_field_and_what_was_written_stays(web, date, time, why):
    answer = await web.post("/calendar/move", data={**SLOT, "date": date, "time": time})
    assert answer.status_code == 422
    assert why in html.unescape(answer.text)
    assert f'name="date" type="date" value="{date}"' in answer.text
    assert due(web) == NOW + 2 * DAY


async def test_what_goes_out_then_already_is_said_by_day_and_time(web):
    answer = await web.post("/calendar/move", data={**SLOT, "date": "2026-11-27", "time": "07:00"})
    said = "This schedule goes out then already, 27 November 2026, 07:00: choose another minute."
    assert said in html.unescape(answer.text)


async def test_weeks_that_are_over_leave_their_room_to_those_to_come(web):
    page = (await web.get("/calendar?month=2026-11")).text
    assert 'class="month now"' in page
    rows = page[page.index("<tbody>") : page.index("</tbody>")].split("<tr")[1:]
    assert [each.startswith(' class="over"') for each in rows] == [True] * 4 + [False] * 2
    assert 'class="over"' in (await web.get("/calendar?month=2026-10")).text


async def test_what_is_approved_and_what_was_sent_differ_by_their_shapes(web):
    web.add_edition(slot_key="a", slot=NOW - DAY, state=EditionState.SENT)
    web.add_edition(slot_key="b", slot=NOW + DAY, state=EditionState.APPROVED)
    page = (await web.get("/calendar?month=2026-11")).text
    shapes = re.findall(r'<span class="good">.*?href="#(\w+)"', page[page.index("<tbody>") : page.index("</tbody>")])
    assert shapes == ["send", "tick"]


async def test_an_hour_that_the_clocks_leave_out_is_not_taken_for_another(build_web, monkeypatch):
    monkeypatch.setattr("bot.testing.NEWSROOM", NEWSROOM.replace('"UTC"', '"Europe/Berlin"'))
    web = build_web()
    web.installation.clock.moment = NOW.replace(year=2027, month=3, day=27)
    given = {"schedule": "morning", "slot": "2027-03-29T07:00", "view": "", "date": "2027-03-28", "time": "02:30"}
    answer = await web.post("/calendar/move", data=given)
    assert answer.status_code == 422
    assert "that time does not come" in answer.text
    page = (await web.get("/calendar?month=2027-03")).text
    assert "Clocks forward: no 02:00" in page
    assert "The clocks go forward: 02:00 is left out." in page


async def test_a_slot_is_skipped_with_a_reason_and_put_back(web):
    answer = await web.post("/calendar/skip", data={**SLOT, "note": "a holiday"})
    assert answer.status_code == 303
    page = (await web.get("/calendar?list=2026-11-24&slot=morning/2026-11-26T07:00")).text
    assert ": a holiday" in page
    assert "Put it back" in page
    assert (await web.post("/calendar/skip", data=SLOT)).status_code == 422
    await web.post("/calendar/put-back", data=SLOT)
    assert "a holiday" not in (await web.get("/calendar?list=2026-11-24")).text


async def test_another_view_shows_the_same_days_and_today_if_it_is_among_them(web):
    page = (await web.get("/calendar?month=2026-11")).text
    assert "calendar?week=2026-11-23" in page
    assert "calendar?week=2026-09-28" in (await web.get("/calendar?month=2026-10")).text
    assert "calendar?month=2026-10" in page
    assert "calendar?month=2026-12" in page


async def test_a_day_with_many_folds_and_leads_to_the_day(web):
    for number in range(13):
        key, slot = f"article:{number}", NOW - DAY + timedelta(minutes=number)
        web.add_edition(slot_key=key, slot=slot, state=EditionState.SENT, name=f"Told {number}")
    page = (await web.get("/calendar?month=2026-11")).text
    assert "+7 more" in page
    assert "Told 12" not in page
    assert "calendar?day=2026-11-23" in page
    assert "Told 12" in (await web.get("/calendar?day=2026-11-23")).text


async def test_no_view_is_heavy_however_much_goes_out(web):
    for day in range(42):
        for number in range(9):
            slot = NOW - timedelta(days=day - 6, minutes=number)
            web.add_edition(
                slot_key=f"{day}:{number}", slot=slot, state=EditionState.SENT, name=f"The long briefing {number}"
            )
    for view in ("month=2026-11", "week=2026-11-23", "list=2026-10-26", "day=2026-11-23"):
        assert len((await web.get(f"/calendar?{view}")).content) < 150_000, view


async def test_filters_leave_what_they_name(web):
    web.add_edition(slot_key="2026-11-23T07:00", slot=NOW - DAY, state=EditionState.HELD)
    page = shown((await web.get("/calendar?list=2026-11-20&state=held")).text)
    assert "23 Nov" in page
    assert "26 Nov" not in page
    assert "Nothing goes out" in (await web.get("/calendar?list=2026-11-20&channel=nobody")).text
    assert "26 Nov" in shown((await web.get("/calendar?list=2026-11-20&schedule=morning&channel=mail")).text)


async def test_what_does_not_exist_is_chosen_by_nobody(web):
    for slot in ("nobody/2026-11-26T07:00", "morning/2026-11-26T07:01", "morning/", "x", HOSTILE):
        answer = await web.get("/calendar", params={"slot": slot})
        assert answer.status_code == 200
        assert 'id="move"' not in answer.text
        assert "<script>alert" not in answer.text
    answer = await web.post("/calendar/move", data={**SLOT, "slot": HOSTILE, "date": "2026-11-26", "time": "09:00"})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


async def test_hostile_names_and_reasons_are_text(web):
    web.add_edition(slot_key="a", slot=NOW - DAY, state=EditionState.HELD, name=HOSTILE, reason=HOSTILE)
    for view in ("month=2026-11", "week=2026-11-23", "list=2026-11-23"):
        page = (await web.get(f"/calendar?{view}")).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


async def test_the_calendar_is_good_html(web, validator, tmp_path):
    web.add_edition(slot_key="2026-11-23T07:00", slot=NOW - DAY, state=EditionState.SENT)
    pages = {
        view[:4]: (await web.get(f"/calendar?{view}&slot=morning/2026-11-26T07:00")).text
        for view in ("month=2026-11", "week=2026-11-24", "list=2026-11-24")
    }
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""
