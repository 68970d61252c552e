"""An editor's days at the desk, in a real browser: a schedule, a file of readers, a pause, a correction."""

from __future__ import annotations

import asyncio
import csv
import re
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Error as PlaywrightError

from bot.delivery.sending import begin_sending
from bot.model import DeliveryState, EditionState
from bot.schedules.corrected import watch_changes
from bot.schedules.imports import import_due
from bot.schedules.plan import Slot
from bot.schedules.slot import advance, make
from bot.schedules.ticker import Ticker
from bot.testing import article, subscribe

ROWS = 10_000
REFUSED = 40
READERS = 160
PATIENCE = 60.0


@pytest.fixture
def in_background():
    """Runs something beside the browser until the test ends, as `up` does."""
    stop = threading.Event()
    with ThreadPoolExecutor(1) as other:
        yield lambda job: other.submit(_again, job, stop)
        stop.set()


def _again(job, stop):
    while not stop.wait(0.1):
        job()


def _until(found):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if result := found():
            return result
        time.sleep(0.1)
    raise AssertionError("it did not come about in time")


def _file(path):
    with path.open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(("Email", "Name", "agreed"))
        for number in range(ROWS):
            address = f"no address {number}" if number < REFUSED else f"fair{number}@example.org"
            rows.writerow((address, f"Reader {number}", "2026-03-01"))
    return path


def test_ten_thousand_readers_come_in_by_a_file_and_it_is_seen_how_far_it_is(newsroom, visit, in_background, tmp_path):
    page = visit(f"{newsroom.url}/audience")
    page.get_by_role("link", name="Import readers").first.click()
    page.locator("input[type=file]").set_input_files(_file(tmp_path / "fair.csv"))
    page.get_by_role("button", name="Read the file").click()
    page.get_by_label("Audience").select_option("sport")
    page.get_by_label("Where and how did they agree?").fill("The paper's stand at the harbour fair")
    page.get_by_role("button", name="Try it").click()
    seen = []

    def shown():
        return any(0 < each < ROWS for each in seen)

    # It stops on its way until the browser has seen it there, as it does when the program ends: a fast machine has
    # all rows in before a page is drawn.
    in_background(lambda: import_due(newsroom.installation, stop=lambda: newsroom.counted("sport") and not shown()))
    begin = page.get_by_role("button", name=re.compile(r"^Import 9,960 new readers"))
    begin.wait_for(timeout=PATIENCE * 1000)
    assert newsroom.counted("sport") == 0, "a trial stores nobody"
    begin.click()

    link = page.get_by_role("link", name="To the readers")
    while not link.count():
        # Between two looks the page may have been loaded anew: then there is nothing to read for a moment.
        with suppress(PlaywrightError):
            seen += [int(each.replace(",", "")) for each in page.locator(".speed .figure").all_inner_texts()]
        page.wait_for_timeout(50)
    assert shown(), f"it is seen on its way: {sorted(set(seen))}"
    assert seen == sorted(seen), "it only ever goes on"
    assert newsroom.counted("sport") == ROWS - REFUSED
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the rows with reasons").click()
    refused = list(csv.reader(download.value.path().open(encoding="utf-8-sig")))
    assert len(refused) == 1 + REFUSED
    assert refused[1][0] == "no address 0"


def test_what_is_paused_in_mid_send_goes_on_and_nobody_gets_it_twice(newsroom, visit):
    addresses = [f"harbour{number}@example.org" for number in range(READERS)]
    subscribe(newsroom.store, *addresses, audience="weekend")
    newsroom.mailbox.seconds = 0.25
    before = Counter(newsroom.mailbox.recipients)
    made = newsroom.made("weekend", "The harbour freezes over")
    assert begin_sending(newsroom.store, made, audience="weekend", now=newsroom.installation.clock())
    page = visit(f"{newsroom.url}/editions/{made.id}/delivery")
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(asyncio.run, newsroom.delivered())
        _until(lambda: sum((Counter(newsroom.mailbox.recipients) - before).values()) > 10)
        page.get_by_role("button", name="Pause", exact=True).click()
        resume = page.get_by_role("button", name="Resume", exact=True)
        resume.wait_for()
        sending.result(timeout=PATIENCE)
    newsroom.mailbox.seconds = 0.0
    got = Counter(newsroom.mailbox.recipients) - before
    assert 10 < len(got) < READERS, "it stopped on its way"
    assert newsroom.deliver() == 0, "what is paused stays so"
    page.reload()
    assert f"{READERS - len(got)} deliveries wait" in page.inner_text("main")

    resume.click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    newsroom.deliver()
    page.locator(".chip.filled", has_text="Sent").wait_for()
    got = Counter(newsroom.mailbox.recipients) - before
    assert {address: got[address] for address in addresses} == dict.fromkeys(addresses, 1)
    with newsroom.store.read() as tx:
        assert tx.deliveries.balance(made.id).states == {DeliveryState.ACCEPTED: READERS}


class Told:
    """An article that ``staff`` told its readers, and how its schedule goes on."""

    def __init__(self, newsroom):
        self._newsroom = newsroom
        self._slots = iter(range(1, 9))
        self.article = self.publish("The dry dock is sold", body="<p>The dock was sold for $14 million on Friday.</p>")

    def publish(self, title, body):
        now = self._newsroom.installation.clock()
        with self._newsroom.store.write() as tx:
            one = article(title=title, standfirst="", body=body, published=now - timedelta(minutes=5))
            tx.articles.put(one, url_key=one.url, present=(), now=now)
        return one

    def change(self, old, new):
        """The newsroom mends its article, and the next visit notices."""
        now = self._newsroom.installation.clock()
        self.article = replace(self.article, body=self.article.body.replace(old, new))
        with self._newsroom.store.write() as tx:
            tx.articles.put(self.article, url_key=self.article.url, present=(), now=now)
        watch_changes(self._newsroom.installation, now)

    def edition(self):
        """The next one is made and sent."""
        installation = self._newsroom.installation
        installation.clock.advance(hours=1)
        due = installation.clock()
        slot = Slot("staff", f"2026-11-25T06:{next(self._slots):02d}", due)
        with ThreadPoolExecutor(1) as other:
            made = other.submit(make, installation, "staff", slot, due).result()
            other.submit(advance, installation, made, due).result()
        self._newsroom.deliver()
        return made


def test_an_article_that_changes_after_it_was_sent_is_corrected_in_the_next_edition(newsroom, visit):
    subscribe(newsroom.store, "desk@example.org", audience="weekend")
    told = Told(newsroom)
    told.edition()
    assert newsroom.mailbox.text("desk@example.org").count("The dry dock is sold")
    newsroom.installation.clock.advance(hours=1)
    told.change("$14 million", "$1.4 million")

    page = visit(f"{newsroom.url}/")
    need = page.locator("#needs li", has_text="The dry dock is sold")
    need.get_by_role("link").last.click()
    assert page.locator(".difference ins").inner_text().endswith("$1.4")
    page.get_by_label("What we said").fill("The dock was sold for $14 million on Friday.")
    page.get_by_label("What is right").fill("The dock was sold for $1.4 million on Friday.")
    page.get_by_role("button", name="Correct as chosen").click()
    page.locator("#toast").wait_for()
    page.goto(f"{newsroom.url}/")
    assert page.locator("#needs li", has_text="The dry dock is sold").count() == 0, "it is decided"

    told.publish("The ice holds", "<p>The ice on the basin holds a lorry.</p>")
    told.edition()
    mail = newsroom.mailbox.text("desk@example.org")
    assert "The ice holds" in mail
    assert "The dock was sold for $1.4 million on Friday." in mail


def test_a_schedule_that_is_made_at_the_desk_fires_without_a_restart(newsroom, visit):
    installation = newsroom.installation
    subscribe(newsroom.store, "tonight@example.org", audience="weekend")
    ticker = Ticker(installation, told=lambda _: None)
    ticker.start()
    try:
        page = visit(f"{newsroom.url}/schedules")
        page.get_by_role("link", name="New schedule").click()
        page.get_by_label("What readers see").fill("Harbour tonight")
        page.get_by_label("Hours, with commas between them").fill("21:30")
        page.get_by_label("Audience").select_option("weekend")
        page.get_by_label("mail", exact=False).first.check()
        # What it would pick is shown before it is saved.
        with page.expect_response(lambda answer: "approval=no" in answer.url):
            page.get_by_label("Send it without asking").check()
        page.locator("#picked:not([hx-get])").wait_for()
        page.get_by_role("button", name="Make schedule").click()
        page.locator("#toast").wait_for()
        key = page.url.rpartition("/")[2].partition("?")[0]
        with newsroom.store.write() as tx:
            now = installation.clock()
            one = article(title="The night ferry sails again", published=now - timedelta(minutes=1))
            tx.articles.put(one, url_key=one.url, present=(), now=now)
        installation.clock.moment = _next(installation, "21:30")

        def made():
            with newsroom.store.read() as tx:
                found = tx.editions.newest(schedule=key, limit=1)
            return found and found[0].state is not EditionState.DRAFTED and found[0]

        edition = _until(made)
        assert edition.state is EditionState.SENDING, edition.reason
        page.goto(f"{newsroom.url}/")
        assert "Harbour tonight" in page.inner_text("main")
    finally:
        ticker.stop()


def _next(installation, wall):
    here = installation.clock().astimezone(ZoneInfo(installation.newsroom.timezone))
    hour, minute = map(int, wall.split(":"))
    due = here.replace(hour=hour, minute=minute, second=1)
    return due if due > here else due + timedelta(days=1)
