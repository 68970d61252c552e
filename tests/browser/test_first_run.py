"""An empty install: three steps in a real browser, then an edition of a real site, sent to a real mailbox."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from datetime import timedelta
from email import message_from_bytes, policy

import pytest

from bot.clock import system_clock
from bot.demo.mailbox import mailbox
from bot.demo.newsroom import newsroom
from bot.schedules.installation import opened

URL = re.compile(r"http://127\.0\.0\.1:\d+/setup\?key=\S+")


@pytest.fixture
def site():
    with newsroom(system_clock() - timedelta(hours=1), system_clock) as url:
        yield url


@pytest.fixture
def smtp(tmp_path):
    with mailbox(tmp_path / "mailbox") as port:
        yield port


@pytest.fixture
def empty(tmp_path):
    """`broadsheet up` in an empty folder: the address that it prints, and its folder."""
    folder = tmp_path / "newsroom"
    folder.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "up", "--port", "0"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    found = URL.search(process.stdout.readline())
    assert found, "it says where to go"
    yield found[0], folder
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0, said


def test_three_steps_end_in_an_edition_of_the_own_site_that_only_one_person_gets(browser, empty, site, smtp, tmp_path):
    url, folder = empty
    # Not by `visit`: the mail shows pictures of the site.
    page = browser.new_page()
    page.goto(url.partition("?")[0])
    assert "Open the address that was printed" in page.inner_text("main"), "who has no key cannot set it up"
    page.goto(url)
    assert "key=" not in page.url
    page.get_by_label("Website").fill(site)
    page.get_by_role("button", name="Find the news").click()
    assert "Write the street and town" in page.inner_text("main")
    page.get_by_label("Postal address").fill("1 Quay Street, Port Alder")
    page.get_by_role("button", name="Find the news").click()

    page.wait_for_url("**/setup/sources")
    assert "The Port Alder Record" in page.inner_text("main")
    assert page.locator("section .serif").count() == 5, "its newest articles"
    page.get_by_role("button", name="Use what is ticked").click()

    page.get_by_label("From").fill("briefing@record.example")
    page.get_by_label("Server").fill("127.0.0.1:1")
    page.get_by_role("button", name="See the first edition").click()
    assert page.locator(".checks .bad").count() == 1, "a server that does not answer is told of, and nothing is written"
    assert not (folder / "config").exists()
    page.get_by_label("Server").fill(f"127.0.0.1:{smtp}")
    page.get_by_role("button", name=re.compile("first edition|all the same")).click()

    page.wait_for_url("**/welcome")
    page.get_by_text("This could go out today").wait_for(timeout=30_000)
    mail = page.frame_locator("iframe")
    assert "The Port Alder Record" in mail.locator("body").inner_text()
    assert page.locator(".plainly li").count() == 3
    with opened(folder / "config") as installation, installation.store.read() as tx:
        assert tx.editions.newest() == [], "looking at it makes nothing"

    page.get_by_label("Your mail address").fill("me@record.example")
    page.get_by_role("button", name="Send it to me").click()
    page.get_by_text("Sent to me@record.example").wait_for(timeout=30_000)
    deadline = time.monotonic() + 10
    while not (letters := list((tmp_path / "mailbox").glob("**/*.eml"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(letters) == 1
    assert message_from_bytes(letters[0].read_bytes(), policy=policy.default)["Subject"].startswith("[Test] ")
    assert "BROADSHEET_SECRET_KEYS" in (folder / "config" / ".env").read_text()
    assert (folder / "config" / ".env").stat().st_mode & 0o077 == 0
    page.close()
