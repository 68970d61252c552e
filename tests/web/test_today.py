"""Today: what needs somebody with the button that mends it, the day with a line where it is now, everything paused."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.editions import lifecycle
from bot.model import EditionState
from bot.schedules.moving import move
from bot.store.sources import SourceState
from bot.testing import NOW
from tests.html_validate import PAGE
from tests.web.conftest import TOML

HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def shown(page):
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def count_queries():
    """How many statements the store answers for one page."""

    async def count(web, path):
        seen = []

        def note(_connection, _cursor, statement, *_more):
            seen.append(statement)

        event.listen(web.store._engine, "before_cursor_execute", note)
        await web.get(path)
        event.remove(web.store._engine, "before_cursor_execute", note)
        return len(seen)

    return count


def badges(page):
    """Entry of the rail → what its badge says."""
    found = re.findall(r'<li class="(\w+)"><a [^>]*>.*?</a></li>', page)
    entries = {name: re.search(rf'<li class="{name}"><a .*?</a>', page).group(0) for name in found}
    counts = {name: re.search(r'class="badge (\w+)">(\d+)', text) for name, text in entries.items()}
    return {name: count.groups() for name, count in counts.items() if count}


async def test_a_quiet_day_names_the_next_edition_and_opens_it(web):
    web.add_edition(slot=NOW + HOUR, slot_key="2026-11-24T08:00", state=EditionState.DRAFTED)
    web.installation.clock.moment = NOW + timedelta(minutes=1)
    page = (await web.get("/")).text
    assert "Nothing needs you" in page
    day = shown(page[page.index('id="day"') :])
    assert "07:01 now 08:00 Morning briefing" in day
    assert "in 59 min to 0 readers" in day
    assert "Open edition" in day
    assert badges(page) == {}


async def test_needs_stand_by_their_deadline_and_only_the_first_button_is_filled(web):
    web.installation.clock.moment = NOW
    late = web.add_edition(slot=NOW + 3 * HOUR, state=EditionState.AWAITING, name="Late", approval=True)
    soon = web.add_edition(slot=NOW + HOUR, state=EditionState.AWAITING, name="Soon", approval=True)
    with web.store.write() as tx:
        tx.sources.put(SourceState(source="site", failures=3, error=HOSTILE, last_success=NOW - HOUR))
    page = (await web.get("/")).text
    needs = page[page.index('id="needs"') : page.index('class="columns"')]
    order = [needs.index(f"editions/{soon.id}"), needs.index(f"editions/{late.id}"), needs.index("sources/try")]
    assert order == sorted(order)
    assert needs.count("button primary") == 1
    assert "Soon waits for approval" in shown(needs)
    assert "in 60 min" in needs
    assert "If nobody approves, it is held." in needs
    assert "<script>alert" not in page
    assert badges(page) == {"today": ("bad", "3"), "sources": ("bad", "1")}


async def test_what_was_made_late_waits_as_long_as_its_schedule_promises_and_says_so(build_web):
    web = build_web(toml=f"{TOML}approval = true\n")
    web.installation.clock.moment = NOW + timedelta(minutes=10)
    web.add_edition(slot=NOW, state=EditionState.AWAITING, name="Extra", approval=True, created=NOW)
    said = shown((await web.get("/")).text)
    assert "Goes out at once when it is approved" in said
    assert "in 20 min" in said, "until it is held"
    assert "in 0 min" not in said


async def test_what_failed_and_what_may_have_arrived_lead_to_the_delivery(web, sending):
    with web.store.write() as tx:
        tx.deliveries.doubt_edition(sending.id, "the line broke", NOW)
    web.installation.clock.moment = NOW + HOUR
    page = (await web.get("/")).text
    assert "3 deliveries of Morning briefing may or may not have arrived" in page
    assert f'href="./editions/{sending.id}/delivery"' in page
    assert badges(page)["deliveries"] == ("bad", "1")


async def test_a_paused_channel_is_resumed_with_one_press(web):
    with web.store.write() as tx:
        tx.channels.pause("mail", "wrong picture, checking", NOW)
    page = (await web.get("/")).text
    assert "mail is paused" in page
    assert "wrong picture, checking." in page
    assert '<form method="post" action="./channels/resume"><input type="hidden" name="channel" value="mail">' in page
    assert "1 of 1 paused" in page


async def test_who_moved_what_stands_in_the_day_and_among_what_happened_lately(web):
    web.installation.clock.moment = NOW + HOUR
    move(web.installation, "morning", "2026-11-25T07:00", NOW + 3 * HOUR, who="Inés", now=NOW + HOUR)
    said = shown((await web.get("/")).text)
    assert "10:00 Morning briefing Moved from tomorrow 07:00 by Inés" in said
    assert "Inés moved Morning briefing to 10:00" in said


async def test_everything_is_paused_with_a_reason_and_goes_on_again(web, sending):
    asked = await web.get("/pause")
    assert "Pause everything?" in asked.text
    answer = await web.post("/pause", data={"note": "a wrong figure"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "./")
    page = (await web.get("/")).text
    assert "Everything is paused." in page
    assert 'action="./resume"' in page
    with web.store.read() as tx:
        assert tx.editions.state(sending.id) is EditionState.PAUSED
        assert tx.acts.newest(thing="installation")[0].note == "a wrong figure"
    await web.post("/pause")
    await web.post("/resume")
    with web.store.read() as tx:
        assert tx.editions.state(sending.id) is EditionState.SENDING
        whats = [act.what for act in tx.acts.newest(thing="installation")]
    assert whats == [lifecycle.RESUME_ALL, lifecycle.PAUSE_ALL]
    assert "Everything is paused" not in (await web.get("/")).text


async def test_while_everything_is_paused_each_page_says_who_did_it_when_and_why(web):
    web.installation.clock.moment = NOW + HOUR
    await web.post("/pause", data={"note": HOSTILE})
    for path in ("/", "/channels"):
        band = (await web.get(path)).text.partition('id="bands"')[2].partition("</form>")[0]
        assert "<script>alert" not in band
        assert f"Paused by you, 08:00 : {HOSTILE}" in shown(band)
    await web.post("/resume")
    lifecycle.pause_all(web.store, who="Inés", now=NOW + HOUR, note="")
    band = (await web.get("/")).text.partition('id="bands"')[2].partition("</form>")[0]
    assert "Paused by Inés, 08:00 Resume" in shown(f"{band} Resume")


async def test_nothing_is_called_quiet_or_planned_while_everything_is_paused(web):
    web.installation.clock.moment = NOW + timedelta(minutes=1)
    web.add_edition(slot=NOW + HOUR, slot_key="2026-11-24T08:00", state=EditionState.DRAFTED)
    quiet = shown((await web.get("/")).text)
    assert "Nothing needs you" in quiet
    assert "Morning briefing 0 readers Planned" in quiet
    await web.post("/pause")
    page = (await web.get("/")).text
    said = shown(page)
    assert "Nothing needs you" not in said
    assert "Nothing goes out" in said
    assert "Morning briefing 0 readers Paused" in said
    assert "waits until everything is resumed" in said
    assert "in 59 min to" not in said
    assert 'hx-select-oob="#bands,' in page


async def test_looking_pauses_nothing(web, sending):
    await web.get("/pause")
    with web.store.read() as tx:
        assert tx.editions.state(sending.id) is EditionState.SENDING


async def test_the_page_swaps_itself_while_nobody_has_a_hand_on_it(web):
    page = (await web.get("/")).text
    assert 'id="today" data-live hx-get="./" hx-trigger="every 15s"' in page
    assert page.count('id="today"') == 1


async def test_today_asks_no_more_of_the_store_for_more_editions(web, count_queries):
    web.installation.clock.moment = NOW + HOUR
    few = await count_queries(web, "/")
    for number in range(30):
        slot = NOW - number * HOUR
        web.add_edition(slot_key=f"x{number}", slot=slot, state=EditionState.SENT, name=HOSTILE)
    many = await count_queries(web, "/")
    # The records of what the last editions were are asked for together.
    assert many <= few + 2


async def test_today_is_good_html(web, validator, tmp_path):
    web.add_edition(slot=NOW + HOUR, state=EditionState.AWAITING, name=HOSTILE, reason=HOSTILE, approval=True)
    web.add_edition(slot=NOW - HOUR, state=EditionState.PAUSED, reason=HOSTILE)
    pages = {"today": (await web.get("/")).text, "pause": (await web.get("/pause")).text}
    assert "<script>alert" not in pages["today"]
    assert "\n".join(validator.faults(pages, tmp_path, PAGE)) == ""
