"""Draws the desk (``python -m tests.gallery desk``) for docs/editors.md, in the order of an editor's day."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bot.web.editor.access import cookie_name
from tests.gallery.day import Day, day

OUT = Path(__file__).resolve().parents[2] / "docs" / "editors"
LARGEST = 120_000
"""Bytes of a picture."""
WIDE, PHONE = (1280, 860), (375, 760)
_FALSE = " The lines cost $41.3 million."
_SETTLES = 800.0
_COLOURS = (160, 96, 48, 24)


def draw(chromium: str) -> None:
    """Draws all of them into docs/editors."""
    OUT.mkdir(exist_ok=True)
    # The day first: Playwright keeps an event loop running in this thread.
    with (
        tempfile.TemporaryDirectory() as folder,
        day(Path(folder) / "day") as opened,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"]) as browser,
    ):
        _draw_first_run(browser, Path(folder) / "empty")
        _draw_day(browser, opened)
        _draw_edition(browser, opened)


def _draw_day(browser: Browser, opened: Day) -> None:
    with _desk(browser, opened) as page:
        _kept(page, opened.url, "/", "today")
        for path in ("calendar", "deliveries", "sources", "audience", "numbers", "channels"):
            _kept(page, opened.url, f"/{path}", path.partition("/")[0])
        _kept(page, opened.url, "/calendar?week=2026-11-23", "calendar-week")
        page.goto(f"{opened.url}/schedules/new?from=morning")
        page.locator("[name=times]").fill("12:30")
        page.keyboard.press("Tab")
        page.locator(".picks-now > li").first.wait_for()
        _keep(page, "schedules")
        _kept(page, opened.url, "/activity", "activity")
        _kept(page, opened.url, "/settings/people", "settings")
        _kept(page, opened.url, f"/editions/{opened.last.id}/delivery", "delivery")
        with opened.installation.store.read() as tx:
            reader = tx.subscribers.page(after=0)[0].id
        _kept(page, opened.url, f"/audience/readers/{reader}", "reader")
        page.goto(f"{opened.url}/")
        page.locator('main a[href*="articles/"]').first.click()
        _keep(page, "correction")
    with _desk(browser, opened, scheme="dark") as page:
        _kept(page, opened.url, "/numbers", "numbers-dark")


def _draw_edition(browser: Browser, opened: Day) -> None:
    """From a figure that is wrong to mails that go out."""
    edition = f"/editions/{opened.waiting.id}"
    with _desk(browser, opened) as page:
        page.goto(opened.url + edition)
        summary = page.locator("#f-summary")
        summary.fill(summary.input_value() + _FALSE)
        page.locator("#f-title").focus()
        page.locator(".finding.bad").wait_for()
        _keep(page, "edition-finding")
        summary.fill(summary.input_value().replace(_FALSE, ""))
        page.locator("#f-title").focus()
        page.locator("[data-approve]").wait_for()
        for tab in ("email", "posts", "checks"):
            _kept(page, opened.url, f"{edition}/{tab}", f"edition-{tab}")
        _phone(browser, opened, "/", "today-phone", "light")
        _phone(browser, opened, edition, "edition-phone-dark", "dark")
        page.locator("[data-approve]").click()
        # Its slot is over: what goes out at once is asked first.
        page.locator("#send-edition [type=submit]").click()
        page.locator("#toast").wait_for()
    opened.begin(150)
    with _desk(browser, opened) as page:
        _kept(page, opened.url, f"{edition}/delivery", "delivery-running")


def _draw_first_run(browser: Browser, folder: Path) -> None:
    folder.mkdir()
    command = [sys.executable, "-m", "bot", "up", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env=os.environ) as process:
        try:
            assert process.stdout
            found = re.search(r"http://\S+/setup\?\S+", process.stdout.readline())
            assert found
            page = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]})
            page.goto(found[0])
            _keep(page, "first-run")
        finally:
            process.terminate()


@contextmanager
def _desk(browser: Browser, opened: Day, *, size: tuple[int, int] = WIDE, scheme: str = "light") -> Iterator[Page]:
    context: BrowserContext = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    name = cookie_name(opened.installation.newsroom)
    context.add_cookies([{"name": name, "value": opened.session, "url": opened.url}])
    try:
        yield context.new_page()
    finally:
        context.close()


def _phone(browser: Browser, opened: Day, path: str, name: str, scheme: str) -> None:
    with _desk(browser, opened, size=PHONE, scheme=scheme) as page:
        _kept(page, opened.url, path, name)


def _kept(page: Page, url: str, path: str, name: str) -> None:
    answer = page.goto(url + path)
    assert answer and answer.ok, path
    _keep(page, name)


def _keep(page: Page, name: str) -> None:
    """One window of ``page``, in as many colours as its size allows."""
    # Pages that follow what happens are never quiet.
    page.wait_for_timeout(_SETTLES)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for colours in _COLOURS:
        file = io.BytesIO()
        few = picture.quantize(colours, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        few.save(file, "PNG", optimize=True)
        if len(file.getvalue()) <= LARGEST:
            break
    (OUT / f"{name}.png").write_bytes(file.getvalue())
