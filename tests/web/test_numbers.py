"""The page of numbers, its charts and its file."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import timedelta

import pytest

from bot.audience.links import UNSUBSCRIBE
from bot.delivery.engine import Engine
from bot.model import EditionState
from bot.schedules.figures import count_readers, reckon_now
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, article, subscribe

DAY = timedelta(days=1)


def plain(answer):
    """The page as words: tags away, gaps one space."""
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


@pytest.fixture
def days(web, reader):
    """Four editions that went out on four days, and one that was held between."""
    subscribe(web.store, "noor@example.org")
    made = []
    for back in (4, 3, 1, 0):
        each = web.add_edition(
            state=EditionState.DRAFTED, slot=NOW - back * DAY, slot_key=f"day-{back}", name=f"=Day {back}"
        )
        web.send(each)
        made.append(each)
    web.add_edition(state=EditionState.HELD, slot=NOW - 2 * DAY, slot_key="day-2")
    return made


async def sent(web, clock):
    channels = {"mail": ScriptedChannel(), "bluesky": ScriptedChannel(medium="post")}
    await Engine(store=web.store, channels=channels, keys=KEYS, clock=clock, rules=DeliveryTable()).deliver()
    reckon_now(web.installation, clock())
    count_readers(web.installation, clock())


async def test_five_figures_say_how_it_is_going(web, days, clock):
    await sent(web, clock)
    page = plain(await web.get("/numbers?schedule=morning"))
    assert "Readers 2 " in page
    assert "Accepted 100 %" in page
    assert "Bounced 0 %" in page
    assert "Unsubscribed 0 % Complaints" in page
    assert "Complaints 0 % far below 0.1 %" in page


async def test_a_chart_is_told_in_words_and_stands_over_its_table(web, days, clock):
    await sent(web, clock)
    page = await web.get("/numbers?schedule=morning")
    assert 'role="img" aria-label="Readers: from 2 on 20 Nov to 2 on 24 Nov."' in page.text
    assert "axis from" in page.text
    assert len(re.findall(r'<tr>\s*<th scope="row">', page.text)) == 5 + 1  # the posts' table has one row


async def test_a_held_edition_is_a_gap_with_a_word_not_a_zero(web, days, clock):
    await sent(web, clock)
    page = await web.get("/numbers?schedule=morning")
    assert 'class="gap"' in page.text
    assert re.search(r'<td class="quiet gone" colspan="6">held</td>', page.text)


async def test_before_there_is_a_chart_the_table_is_not_of_charts(web, reader, clock):
    web.send(web.add_edition(state=EditionState.DRAFTED, slot=NOW, slot_key="first"))
    await sent(web, clock)
    page = plain(await web.get("/numbers"))
    assert "charts" not in page
    assert "Mails latest first" in page


async def test_each_number_of_a_row_is_named_for_phones_which_have_no_room_for_columns(web, days, clock):
    await sent(web, clock)
    page = (await web.get("/numbers")).text
    assert page.count('data-column="Readers"') == page.count('data-column="Complaints"') == 4


async def test_opens_are_not_shown_and_the_page_says_why(web, days, clock):
    await sent(web, clock)
    page = plain(await web.get("/numbers"))
    assert "Opens are not shown: mail programs open mails by themselves." in page


async def test_who_left_by_an_editions_link_is_in_its_row_and_in_the_figure(web, days, clock, reader):
    await sent(web, clock)
    link = KEYS.sign(UNSUBSCRIBE, reader, "readers", days[-1].id)
    assert (await web.post(f"/u/{link}", data={"List-Unsubscribe": "One-Click"})).status_code == 200
    answer = await web.get("/numbers.csv?schedule=morning")
    rows = {row["edition"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    assert rows[days[-1].id]["unsubscribed"] == "1"
    assert "Unsubscribed 12.5 % 1 reader Complaints" in plain(await web.get("/numbers?schedule=morning"))


async def test_the_file_has_every_edition_and_opens_safely_in_a_spreadsheet(web, days, clock):
    await sent(web, clock)
    answer = await web.get("/numbers.csv?schedule=morning")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["state"] for row in rows] == ["sent", "sent", "held", "sent", "sent"]
    assert rows[0]["name"] == "'=Day 0"
    assert (rows[0]["accepted"], rows[2]["accepted"]) == ("2", "")


@pytest.mark.parametrize("span", ["28d", "12w", "12m"])
async def test_weeks_and_months_sum_up_their_editions(web, days, clock, span):
    await sent(web, clock)
    page = await web.get(f"/numbers?schedule=morning&span={span}")
    rows = [re.findall(r'<td class="number"[^>]*>(\d+)</td>', each) for each in page.text.split('<th scope="row">')[1:]]
    assert sum(int(row[1]) for row in rows if len(row) == 6) == 8


async def test_posts_are_counted_by_channel(web, days, clock):
    await sent(web, clock)
    assert "bluesky 4 0 0" in plain(await web.get("/numbers?schedule=morning"))


async def test_before_anything_was_sent_the_page_says_so(web):
    page = plain(await web.get("/numbers"))
    assert "No mail went out in this time" in page
    assert "Readers –" in page


async def test_what_is_no_schedule_and_no_span_is_all_of_28_days(web, days, clock):
    await sent(web, clock)
    page = plain(await web.get("/numbers?schedule='--&span=9z"))
    assert "All mail , 28 October to 24 November" in page


async def test_foreign_titles_are_text(build_web, clock):
    web = build_web()
    subscribe(web.store, "mara@example.org")
    evil = article(id=77, title="<script>alert(1)</script>")
    made = web.add_edition(state=EditionState.DRAFTED, lead=evil)
    web.send(made)
    await sent(web, clock)
    for path in ("/numbers?schedule=morning", "/deliveries", f"/editions/{made.id}/delivery"):
        page = (await web.get(path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
