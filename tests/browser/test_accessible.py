"""axe-core finds nothing on any public page: light and dark, phone and desk, in all six languages."""

from __future__ import annotations

import pytest

from bot.audience.words import languages
from bot.model import Preferences


@pytest.fixture(scope="module")
def axe():
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


ALL = [("light", 375), ("dark", 375), ("dark", 1280), ("light", 1280)]
BOTH = [("light", 375), ("dark", 1280)]


def check(axe, page, views=ALL):
    """Looks at the page as it stands, in each of these schemes and widths."""
    for scheme, width in views:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 800})
        found = axe.run(page)
        where = f"{page.url} {scheme} {width}"
        assert not found.violations_count, f"{where}\n{found.generate_report()}"


PUBLIC = ["archive", "archive/morning", "preferences", "subscribe", "subscribe/embed"]


@pytest.mark.parametrize("path", PUBLIC)
def test_of_all(newsroom, visit, axe, path):
    check(axe, visit(f"{newsroom.url}/{path}"))


def test_of_an_edition(newsroom, visit, axe):
    page = visit(f"{newsroom.url}/archive")
    page.locator("main h3 a").first.click()
    check(axe, page)


def test_of_signing_up(newsroom, visit, axe):
    page = visit(f"{newsroom.url}/subscribe")
    newsroom.installation.clock.advance(seconds=10)
    page.locator("form.ask button").click()
    check(axe, page)
    newsroom.installation.clock.advance(seconds=10)
    page.get_by_role("checkbox", name="Morning briefing").check()
    page.locator("input[name=address]").fill("axe@example.org")
    page.locator("form.ask button").click()
    assert page.locator("h1").inner_text() == "Check your inbox"
    check(axe, page)
    newsroom.mail_confirmations()
    page.goto(newsroom.mailbox.link("axe@example.org", "c"))
    check(axe, page)
    page.get_by_role("button", name="Confirm subscription").click()
    check(axe, page)


def test_of_one_reader(newsroom, visit, axe):
    reader = newsroom.reader("axe.reader@example.org", "readers", "weekend")
    page = visit(newsroom.preferences(reader))
    check(axe, page)
    for box in page.locator("input[type=checkbox]").all():
        box.uncheck()
    page.evaluate("document.querySelector('#paused_until').type = 'text'")
    page.locator("#paused_until").fill("2031-01-01")
    with page.expect_response(lambda answer: answer.status == 422):
        page.get_by_role("button", name="Save preferences").click()
    check(axe, page)


@pytest.mark.parametrize("language", languages())
def test_of_each_language(newsroom, visit, axe, language):
    reader = newsroom.reader(f"axe.{language}@example.org", "readers", "weekend")
    with newsroom.store.write() as tx:
        for audience in ("readers", "weekend"):
            tx.subscribers.prefer(reader, audience, Preferences(language=language))
    page = visit(newsroom.preferences(reader))
    assert page.locator("html").get_attribute("lang") == language
    preferences, data = newsroom.preferences(reader), newsroom.data(reader)
    for url in (preferences, f"{preferences}/data", data, f"{data}/erase"):
        page.goto(url)
        check(axe, page, ALL if language == "en" else BOTH)
    page.goto(newsroom.unsubscribe(reader))
    check(axe, page, ALL if language == "en" else BOTH)
    page.locator("form.act button").first.click()
    check(axe, page, ALL if language == "en" else BOTH)
    page.locator("form.act button").click()
    check(axe, page, ALL if language == "en" else BOTH)


def test_of_an_edition_on_the_desk_with_its_checks(newsroom, visit, axe):
    with newsroom.store.read() as tx:
        edition = tx.editions.newest(limit=1)[0]
    page = visit(f"{newsroom.url}/editions/{edition.id}/checks")
    assert page.locator("#checks li").count() > 5
    check(axe, page)


@pytest.mark.parametrize("path", PUBLIC)
def test_from_right_to_left(arabic_newsroom, visit, axe, path):
    page = visit(f"{arabic_newsroom.url}/{path}")
    assert page.locator("html").get_attribute("dir") == "rtl"
    check(axe, page, BOTH)
