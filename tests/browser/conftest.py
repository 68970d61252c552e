from __future__ import annotations

import shutil

import pytest

from bot.accounts import desk_key
from bot.testing import KEYS, NOW
from tests.browser.newsroom import running
from tests.conftest import skip_or_fail

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="module")
def browser():
    """One real Chromium for a file of tests; skipped where there is none.

    Not for the session: Playwright keeps an event loop running in this thread, in which no other test could run one.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        skip_or_fail("Chromium: install playwright")
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        skip_or_fail("Chromium: none is installed (apt-get install chromium)")
    with sync_playwright() as playwright:
        # Without its sandbox, so that it starts for root in a container too: it sees no page but ours.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory):
    """A newsroom with an archive, and a mailbox that its mails arrive in."""
    with running(tmp_path_factory.mktemp("newsroom")) as opened:
        yield opened


@pytest.fixture(scope="module")
def arabic_newsroom(tmp_path_factory):
    """The same in Arabic, with an Arabic name."""
    with running(tmp_path_factory.mktemp("arabic"), language="ar", name="سجل بورت ألدر", few=True) as opened:
        yield opened


@pytest.fixture
def visit(browser):
    """Opens a page of a browser of its own; at the end, fails on console errors and requests to foreign places.

    ``language`` is what the browser asks for, ``cookies`` are name → value.
    """
    contexts, faults, visited = [], [], set()

    def visit(url, *, width=1280, scheme="light", javascript=True, language="en-GB", cookies=None):
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=javascript,
            accept_downloads=True,
            locale=language,
        )
        home = "/".join(url.split("/")[:3]) + "/"
        context.add_cookies([{"name": name, "value": value, "url": home} for name, value in (cookies or {}).items()])
        contexts.append(context)
        # As after the address that was printed: nobody of these newsrooms has an account.
        let_in = {"name": desk_key.cookie(KEYS), "value": desk_key.token(KEYS, NOW), "url": home}
        context.add_cookies([let_in])
        page = context.new_page()

        def fault(what):
            faults.append(f"{page.url}: {what}")

        def ask(request):
            if request.is_navigation_request():
                visited.add(request.url)
            # A mail in its frame shows pictures of the newsroom's site.
            framed = request.frame != page.main_frame and request.resource_type == "image"
            if not framed and not request.url.startswith((home, "data:")):
                fault(request.url)

        page.on("console", lambda said: fault(said.text) if _is_fault(said, home, visited) else None)
        page.on("pageerror", lambda error: fault(str(error)))
        page.on("request", ask)
        page.goto(url)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert "\n".join(faults) == ""


def _is_fault(said, home, visited):
    at = said.location["url"]
    # Chromium tells its console of a form that was wrong, of a page that says why it is none, and of a site's picture
    # that it could not get.
    known = "status of 422" in said.text or ("status of 4" in said.text and at in visited)
    foreign = at.startswith("http") and not at.startswith(home)
    return said.type in ("error", "warning") and not foreign and not known
