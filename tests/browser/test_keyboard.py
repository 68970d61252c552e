"""The desk by the keyboard alone, and where the focus stands when a page or a part of it comes anew."""

from __future__ import annotations

import csv
import re
import time
from concurrent.futures import ThreadPoolExecutor
from zoneinfo import ZoneInfo

import pytest

from bot.schedules.imports import import_due
from bot.store.sources import SourceState
from tests.browser.newsroom import tab_to

FOCUSED = "document.activeElement"


@pytest.mark.parametrize("path", ["", "schedules/new"])
def test_the_first_press_leads_past_the_rail(newsroom, visit, path):
    page = visit(f"{newsroom.url}/{path}")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUSED}.matches('.skip') && {FOCUSED}.getBoundingClientRect().top >= 0")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUSED}.closest('main') !== null")


def test_a_file_of_readers_is_imported(newsroom, visit, tmp_path):
    file = tmp_path / "fair.csv"
    with file.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows([("Email", "Name"), ("ida@example.org", "Ida"), ("no address", "Ben")])

    def worked():
        with ThreadPoolExecutor(1) as other:
            other.submit(import_due, newsroom.installation).result()

    def pressed(name):
        tab_to(page, page.get_by_role("button", name=name))
        with page.expect_navigation():
            page.keyboard.press("Enter")

    page = visit(f"{newsroom.url}/audience")
    tab_to(page, page.get_by_role("link", name="Import readers").first)
    page.keyboard.press("Enter")
    tab_to(page, page.locator("input[type=file]"))
    # What opens now is the browser's own window.
    page.locator("input[type=file]").set_input_files(file)
    pressed("Read the file")
    tab_to(page, page.get_by_label("Audience"))
    page.keyboard.type("The Week")
    tab_to(page, page.get_by_label("Where and how did they agree?"))
    page.keyboard.type("The paper's stand at the harbour fair")
    pressed("Try it")
    worked()
    begin = re.compile("^Import one|^Import 1")
    page.get_by_role("button", name=begin).wait_for()
    pressed(begin)
    worked()
    page.get_by_role("link", name="To the readers").wait_for()
    with newsroom.store.read() as tx:
        (reader,) = tx.subscribers.find("ida@example.org")
    assert (reader.audience, reader.consent.note) == ("weekend", "The paper's stand at the harbour fair")


def test_a_slot_is_moved(newsroom, visit):
    page = visit(f"{newsroom.url}/calendar?list=2026-11-24")
    slot = page.locator("[data-slot]").first
    schedule, _slash, key = slot.get_attribute("data-slot").partition("/")
    was = slot.get_attribute("data-time")
    tab_to(page, slot)
    page.keyboard.press("Enter")
    time = page.locator("#f-time")
    time.wait_for()
    tab_to(page, time)
    page.keyboard.press("ArrowUp")
    hour = f"{int(was[:2]) + 1:02d}{was[2:]}"
    assert time.input_value() == hour
    tab_to(page, page.get_by_role("button", name="Move it").first)
    page.keyboard.press("Enter")
    page.locator("#toast").wait_for()
    with newsroom.store.read() as tx:
        moved = tx.moved_slots.get(schedule, key)
    assert f"{moved.due.astimezone(ZoneInfo(newsroom.installation.newsroom.timezone)):%H:%M}" == hour


def until(page, come):
    """Lets the browser go on until it has come about."""
    deadline = time.monotonic() + 30
    while not come():
        assert time.monotonic() < deadline, "it did not come about in time"
        page.wait_for_timeout(20)


def marked(page):
    """Marks Today's region, to see whether it came anew."""
    page.evaluate("document.getElementById('today').old = true")


def anew(page):
    return not page.evaluate("document.getElementById('today').old")


def test_today_comes_anew_and_never_under_the_focus(newsroom, visit):
    page = visit(f"{newsroom.url}/")
    page.clock.install()
    page.reload()
    outside, inside = page.locator("nav [data-go=c]"), page.locator("#today a").first
    outside.focus()
    marked(page)
    with page.expect_response(f"{newsroom.url}/"):
        page.clock.run_for(15_000)
    until(page, lambda: anew(page))
    assert outside.evaluate(f"each => each === {FOCUSED}")

    inside.focus()
    marked(page)
    page.clock.run_for(60_000)
    assert not anew(page), "it rests while somebody is in it"

    held = []
    page.route(f"{newsroom.url}/", lambda route: held.append(route))
    outside.focus()
    page.clock.run_for(15_000)
    until(page, lambda: held)
    inside.focus()
    with page.expect_event("requestfinished"):
        held.pop().continue_()
    page.wait_for_timeout(100)
    assert not anew(page), "somebody came to it while the answer was on its way"
    assert inside.evaluate(f"each => each === {FOCUSED}")


def test_the_rails_counts_follow_on_a_page_that_stays_open_and_take_no_focus(newsroom, visit):
    def tell(**state):
        with newsroom.store.write() as tx:
            tx.sources.put(SourceState(source="site", **state))

    page = visit(f"{newsroom.url}/")
    page.clock.install()
    page.reload()
    entry, count = page.locator("nav [data-go=o]"), page.locator("#waits-sources")
    title, waiting = page.title(), page.locator("#waits-today").inner_text()
    entry.focus()
    tell(failures=3, error="timed out")
    page.clock.run_for(15_000)
    count.locator("xpath=self::*[contains(., '1')]").wait_for()
    assert page.locator("#waits-today").inner_text() != waiting
    assert page.title() != title
    assert entry.evaluate(f"each => each === {FOCUSED}")

    count.evaluate("each => each.same = true")
    marked(page)
    page.clock.run_for(15_000)
    until(page, lambda: anew(page))
    assert count.evaluate("each => each.same"), "what did not change is told to nobody again"

    tell(last_success=newsroom.installation.clock())
    page.clock.run_for(15_000)
    count.wait_for(state="hidden")
    until(page, lambda: page.title() == title)
    assert entry.evaluate(f"each => each === {FOCUSED}")


def test_a_page_that_is_left_while_it_asks_leaves_nothing_in_the_console(newsroom, visit):
    page = visit(f"{newsroom.url}/schedules/new")
    page.locator("#schedule:not(.htmx-request)").wait_for()
    held = []
    page.route("**/schedules/new?*", lambda route: held.append(route))
    name = page.get_by_label("What readers see")
    for number in range(1, 3):
        # The second takes the place of the first, which is let go of.
        name.fill("Harbour" * number)
        until(page, lambda number=number: len(held) == number)
    page.get_by_role("link", name="Calendar").click()
    page.wait_for_url("**/calendar")
