"""Every page of the desk is for everybody, in a real browser: axe-core finds nothing in either scheme at either width,
nothing scrolls sideways, the console is silent, and the keyboard reaches everything and is seen there.

The pages are found by the application's routes (tests/desk.py), and dealt to several tests, so that workers share them.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest
from axe_playwright_python.base import AXE_SCRIPT

from bot.clock import system_clock
from bot.demo.newsroom import newsroom as town
from bot.testing.ports import HOST
from bot.web.app import create_app
from bot.web.server import serve_setup
from tests.browser.newsroom import running
from tests.desk import Things, addresses, doors, fill

WORD = "Grundstücksverkehrsgenehmigungszuständigkeitsübertragung"
"""Stands in whatever a page quotes: one that breaks into lines badly."""
SHARES = 6
NARROWEST, PHONE, TABLET, DESK = 320, 375, 800, 1280
WALK = (Path(__file__).parent / "walk.js").read_text("utf-8")
SWAPPED = (Path(__file__).parent / "swapped.js").read_text("utf-8")
DETOURS = 60
"""Stops that no control is: what scrolls, and links in frames."""


class Desk(NamedTuple):
    """A desk with something on each page, served at ``url``; ``pages`` are paths with their query."""

    url: str
    things: Things
    pages: list[str]
    doors: list[str]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    with running(tmp_path_factory.mktemp("desk"), few=True) as newsroom:
        things = fill(newsroom.installation, 3, WORD)
        found = [path for path in addresses(create_app(newsroom.installation), things) if "/preview" not in path]
        with httpx.Client(base_url=newsroom.url, cookies=things.cookies, timeout=60) as client:
            # Some are files.
            pages = [path for path in found if client.head(path).headers["content-type"].startswith("text/html")]
        yield Desk(newsroom.url, things, [*pages, "/editions/nowhere"], doors(newsroom.installation))


def opened(desk, visit, share, **wishes):
    """Each page of this share, one after the other, in the same browser."""
    page = visit(f"{desk.url}/healthz", cookies=desk.things.cookies, **wishes)
    for path in desk.pages[share::SHARES]:
        settle(page, desk.url + path)
        yield page


def settle(page, url):
    """Opens it, and waits for what it asks for by itself."""
    page.goto(url)
    page.locator(".htmx-request").first.wait_for(state="detached")


def faults(page, scheme="light", *, colours=True, only=()):
    """What axe-core finds, one line a fault. Mails in frames are looked at where they are made."""
    rules = {"target-size": {"enabled": True}, "color-contrast": {"enabled": colours}}
    options = {"resultTypes": ["violations"], "iframes": False, "rules": rules}
    if only:
        options = {"resultTypes": ["violations"], "iframes": False, "runOnly": {"type": "rule", "values": list(only)}}
    for rule in page.evaluate("options => axe.run(options)", options)["violations"]:
        for node in rule["nodes"]:
            where = f"{urlsplit(page.url).path} {scheme} {page.viewport_size['width']}"
            yield f"{where}: {rule['id']}: {node['html'][:200]} {node['failureSummary'].splitlines()[1].strip()}"


def widths(page, *tried):
    """At which of these widths a page scrolls sideways."""
    for width in tried:
        page.set_viewport_size({"width": width, "height": 800})
        seen = page.evaluate("document.documentElement.scrollWidth")
        if seen > width:
            yield f"{page.url}: {seen} px wide at {width}"


def looked_at(page):
    """What is wrong with a page as it stands."""
    page.evaluate(AXE_SCRIPT)
    for width in (PHONE, DESK):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="light")
        yield from faults(page)
        # Nothing but colour knows the scheme.
        page.emulate_media(color_scheme="dark")
        yield from faults(page, "dark", only=["color-contrast", "link-in-text-block"])
    page.emulate_media(color_scheme="light")
    yield from widths(page, NARROWEST, PHONE, TABLET, DESK)


@pytest.mark.parametrize("share", range(SHARES))
def test_axe_finds_nothing_on_any_page_and_none_scrolls_sideways(desk, visit, share):
    assert "\n".join(fault for page in opened(desk, visit, share) for fault in looked_at(page)) == ""


@pytest.mark.parametrize(("language", "direction"), [("ja", "ltr"), ("ar", "rtl")])
@pytest.mark.parametrize("share", range(SHARES))
def test_nor_in_another_script(desk, visit, share, language, direction):
    found = []
    for page in opened(desk, visit, share, language=language, width=PHONE):
        html = page.locator("html")
        assert (html.get_attribute("lang"), html.get_attribute("dir")) == (language, direction)
        page.evaluate(AXE_SCRIPT)
        found += faults(page, colours=False)
        found += widths(page, NARROWEST, PHONE, DESK)
    assert "\n".join(found) == ""


def test_nor_on_the_way_in(desk, visit):
    page = visit(f"{desk.url}/login")
    found = []
    for path in desk.doors:
        settle(page, desk.url + path)
        found += looked_at(page)
    settle(page, f"{desk.url}/login")
    page.get_by_label("Email").fill("mara@record.example")
    page.get_by_label("Password").fill("nothing like it")
    page.get_by_role("button", name="Log in").click()
    page.get_by_role("alert").wait_for()
    found += looked_at(page)
    assert "\n".join(found) == ""


@pytest.fixture
def first_run(tmp_path):
    """An empty install that waits for somebody, and a site to begin with."""
    stop, ready = threading.Event(), threading.Event()
    told = []

    def listening(url):
        told.append(url)
        ready.set()

    with socket.create_server((HOST, 0)) as listener, town(system_clock(), system_clock) as site:
        run = {"ready": listening, "stop": stop}
        thread = threading.Thread(target=serve_setup, args=(tmp_path / "config", listener), kwargs=run, daemon=True)
        thread.start()
        assert ready.wait(30)
        yield told[0], site
        stop.set()
        thread.join(20)


def test_nor_on_the_first_run(first_run, visit):
    url, site = first_run
    page = visit(url)
    found = list(looked_at(page))
    page.get_by_label("Website").fill(site)
    page.get_by_role("button", name="Find the news").click()
    page.get_by_role("alert").wait_for()
    found += looked_at(page)
    page.get_by_label("Postal address").fill("1 Quay Street, Port Alder")
    page.get_by_role("button", name="Find the news").click()
    page.wait_for_url("**/setup/sources")
    found += looked_at(page)
    page.get_by_role("button", name="Use what is ticked").click()
    page.wait_for_url("**/setup/sender")
    found += looked_at(page)
    page.get_by_label("From").fill("briefing@record.example")
    page.get_by_label("Server").fill(f"{HOST}:1")
    page.get_by_role("button", name="Try it").click()
    page.locator(".checks").wait_for()
    found += looked_at(page)
    assert "\n".join(found) == ""


@pytest.mark.parametrize("share", range(SHARES))
def test_the_keyboard_reaches_each_control_and_is_seen_there(desk, visit, share):
    found = []
    for page in opened(desk, visit, share):
        page.evaluate(WALK)
        presses, left = page.evaluate("walk.begin()") + DETOURS, [""]
        while left and presses > 0:
            for _ in range(10):
                page.keyboard.press("Tab")
            presses -= 10
            left = page.evaluate("walk.left()")
        found += [f"{page.url}: Tab never comes to {each}" for each in left]
        found += [f"{page.url}: no focus is seen at {each}" for each in page.evaluate("walk.ended()")]
        for width in (DESK, TABLET, PHONE):
            page.set_viewport_size({"width": width, "height": 800})
            found += [f"{page.url}: at {width} px behind another: {each}" for each in page.evaluate("walk.hidden()")]
    assert "\n".join(found) == ""


@pytest.mark.parametrize(
    "path",
    [
        "/editions/{waiting}",
        "/editions/{waiting}?add=yes",
        "/editions/{waiting}/email",
        "/editions/{waiting}/posts",
        "/editions/{sent}/delivery",
        "/audience?q=reader",
        "/audience/suppressions?q=spam",
    ],
)
def test_what_comes_anew_gives_the_focus_back(desk, visit, path):
    page = visit(f"{desk.url}/healthz", cookies=desk.things.cookies)
    settle(page, desk.url + path.format(waiting=desk.things.waiting, sent=desk.things.sent))
    tried, lost = page.evaluate(SWAPPED)
    assert tried > 0
    assert "\n".join(lost) == ""
