"""An editor's morning and a real mail server: a summary is changed, approved, and its readers have it once."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from secrets import token_hex

import pytest

from bot.accounts import invitations
from bot.clock import SetClock, system_clock
from bot.model import DeliveryState, EditionState, Role
from bot.schedules.installation import Installation
from bot.schedules.loop import run
from bot.schedules.ticker import Ticker
from bot.schedules.worker import work
from bot.settings import load_settings
from bot.store import Store
from bot.testing import ENVIRONMENT, KEYS, subscribe
from bot.testing.ports import HOST, free_port
from bot.web.server import serve
from tests.browser.conftest import browser, visit
from tests.real.test_main_job import SUBMISSION, _wait

__all__ = ["browser", "visit"]

pytestmark = [pytest.mark.real]

TOML = """
[newsroom]
name = "The Port Alder Record"
url = "https://record.example"
timezone = "UTC"
address = "14 Quay Street, Port Alder 40217"
public_url = "http://127.0.0.1:{port}"

[desk]
four_eyes = true

[alerts]
channels = ["mail"]
to = ["night-desk@readers.test"]

[audiences.readers]
name = "Morning briefing"

[sources.articles]
type = "folder"
path = "articles"
url = "https://record.example/"

[schedules.morning]
name = "Morning briefing"
cron = "0 7 * * *"
audience = "readers"
channels = ["mail"]
approval = true
prepare_before = "1h"
"""
PASSWORD = "harbour ferry tunnel"
HEADLINE = "The night ferry returns on Friday"
BODY = "The night ferry sails again on Friday. It was laid up for nine weeks, the harbour master Ruth Calder said."
EDITED = "After nine weeks the night ferry sails again: it returns on Friday."


class Newsroom:
    """All that `broadsheet up` runs, by a clock of the test's; the mails are a real server's."""

    def __init__(self, installation: Installation, url: str) -> None:
        self.installation, self.store, self.url = installation, installation.store, url

    def join(self, name: str, role: Role) -> str:
        """Gives somebody an account; returns their address."""
        address, now = f"{name.lower()}-{token_hex(4)}@readers.test", self.installation.clock()
        made = invitations.invite(self.store, address, role, who="root", now=now)
        invitations.join(self.store, made.id, name, PASSWORD, now=now)
        return address

    def articles(self):
        """What was collected."""
        with self.store.read() as tx:
            return tx.articles.newest()

    def wait_for(self, state: EditionState):
        """The newest edition, once it is in this state."""

        def found():
            with self.store.read() as tx:
                newest = tx.editions.newest(limit=1)
            return newest and newest[0].state is state and newest[0]

        return _wait(found, f"edition that is {state}")


@pytest.fixture
def newsroom(tmp_path: Path, mail_server: dict[str, str]) -> Iterator[Newsroom]:
    """A newsroom with one article, five minutes before its edition is made."""
    port = free_port()
    # Behind the machine's own: who delivers goes by that one.
    clock = SetClock((system_clock() - timedelta(days=1)).replace(hour=5, minute=55, second=0, microsecond=0))
    (tmp_path / "config").mkdir()
    text = TOML.format(port=port) + SUBMISSION.format(**mail_server)
    (tmp_path / "config" / "broadsheet.toml").write_text(text, "utf-8")
    (tmp_path / "articles").mkdir()
    published = (clock() - timedelta(hours=1)).isoformat()
    front = f"---\ntitle: {HEADLINE}\ndate: {published}\nauthor: Ines Okafor\nlang: en\n---\n"
    (tmp_path / "articles" / "ferry.md").write_text(f"{front}{BODY}\n", "utf-8")
    settings = load_settings(
        tmp_path / "config", {**ENVIRONMENT, "BROADSHEET_MAIL_PASSWORD": mail_server["SMTP_PASSWORD"]}
    )
    store = Store.open(f"sqlite:///{tmp_path}/broadsheet.db", KEYS.address_key)
    installation = Installation(settings, store, KEYS, clock)
    with _running(installation, port):
        yield Newsroom(installation, f"http://{HOST}:{port}")
    store.close()


@contextmanager
def _running(installation: Installation, port: int) -> Iterator[None]:
    stop, ready = threading.Event(), threading.Event()
    pages = threading.Thread(
        target=serve,
        args=(installation, HOST, port),
        kwargs={"ready": lambda _: ready.set(), "stop": stop},
    )
    worker = threading.Thread(target=lambda: run(work(installation, stop, lambda *_: None, lambda *_: None)))
    ticker = Ticker(installation, told=lambda _: None)
    for thread in (pages, worker):
        thread.start()
    ticker.start()
    try:
        assert ready.wait(30)
        yield
    finally:
        ticker.stop()
        stop.set()
        for thread in (pages, worker):
            thread.join(30)


def _log_in(page, address: str) -> None:
    page.get_by_label("Email").fill(address)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()


def _of(readers: Callable[[], list[dict[str, str]]], address: str) -> list[str]:
    """The texts of the mails that somebody got, each as one line."""
    found = [each for each in readers() if each["envelope-to"] == address]
    parsed = [message_from_bytes(Path(each["path"]).read_bytes(), policy=policy.default) for each in found]
    texts = [each.get_body(("plain",)).get_content().replace("\u00a0", " ") for each in parsed]
    return [" ".join(each.split()) for each in texts]


def test_what_an_editor_wrote_and_an_approver_approved_lies_in_the_readers_mailbox_once(
    newsroom, visit, readers, mail_script
):
    clock = newsroom.installation.clock
    reader = f"reader-{token_hex(4)}@readers.test"
    subscribe(newsroom.store, reader, at=clock() - timedelta(days=9))
    # The first account is an admin's.
    approver, editor = newsroom.join("Mara", Role.ADMIN), newsroom.join("Tom", Role.EDITOR)
    _wait(newsroom.articles, "article")
    clock.moment += timedelta(minutes=19)
    newsroom.wait_for(EditionState.AWAITING)

    page = visit(f"{newsroom.url}/")
    _log_in(page, editor)
    page.get_by_role("link", name=HEADLINE).first.click()
    summary = page.locator("#f-summary")
    assert "laid up for nine weeks" in summary.input_value()
    summary.fill(EDITED)
    page.locator("#f-title").focus()
    page.locator("#saved", has_text="Saved").wait_for()
    assert page.locator("[data-approve]").count() == 0
    assert "It waits for an approver" in page.locator("#bar").inner_text()

    # The mail that asks leads to the page with the button; opening it changes nothing.
    asked = _wait(lambda: _of(readers, approver), "mail to the approver")[0]
    page = visit(re.search(r"http://127\.0\.0\.1:\d+/editions/\w+", asked)[0], width=375)
    _log_in(page, approver)
    assert page.locator("#f-summary").input_value() == EDITED
    edition = newsroom.wait_for(EditionState.AWAITING)
    page.locator("[data-approve]").first.click()
    page.locator("#toast").wait_for()
    newsroom.wait_for(EditionState.APPROVED)
    assert not _of(readers, reader), "its time has not come"

    clock.moment = edition.slot
    newsroom.wait_for(EditionState.SENT)
    (mail,) = _wait(lambda: _of(readers, reader), "mail to the reader")
    assert mail.count(EDITED) == 1

    page.goto(f"{newsroom.url}/editions/{edition.id}/delivery")
    done = page.locator(".done").inner_text()
    assert "1" in done
    assert "of 1 accepted by their mail servers" in " ".join(done.split())
    page.goto(f"{newsroom.url}/deliveries?reader={reader}")
    row = page.locator("main table tbody tr").inner_text()
    assert "Accepted" in row
    assert "Ok: queued as" in row, "the server's own words"

    # The roles go on meanwhile: nothing goes out again, and nothing is under way.
    with newsroom.store.read() as tx:
        (delivery,) = tx.deliveries.page(edition=edition.id, limit=10)
        assert delivery.state is DeliveryState.ACCEPTED
        assert len(tx.deliveries.attempts(delivery.id)) == 1
    time.sleep(3)
    assert reader not in mail_script("queue")
    assert len(_of(readers, reader)) == 1
