"""Each digest as a browser shows it: axe-core finds nothing, and nothing is wider than the screen."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.editions.digest import compile_email
from bot.editions.sample import sample_digest
from bot.settings import shipped
from tests.browser.test_accessible import ALL, BOTH

SAMPLES = Path(__file__).resolve().parents[1] / "gallery"
# A mail is no page: it has no landmarks, and cannot have any. Its web version is looked at in full.
MAIL = {"rules": {"region": {"enabled": False}, "landmark-one-main": {"enabled": False}}}


@pytest.fixture(scope="module")
def axe():
    from axe_playwright_python.sync_playwright import Axe

    return Axe()


@pytest.fixture
def show(browser):
    """Opens HTML in a browser that reaches nothing: every picture is missing, as where images are off."""
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", lambda route: route.abort())

    def show(html):
        page.set_content(html, wait_until="load")
        return page

    yield show
    context.close()


def made(template, language):
    file = None if language == "en" else SAMPLES / f"{language}.json"
    return compile_email(sample_digest((shipped("templates"),), template=template, file=file))


@pytest.mark.parametrize("language", ["en", "ja", "ar"])
@pytest.mark.parametrize("template", ["briefing", "headlines", "magazine", "single"])
def test_axe_finds_nothing_in_mail_or_page(show, axe, template, language):
    mail = made(template, language)
    for html, options in ((mail.web, None), (mail.html, MAIL)):
        page = show(html)
        for scheme, width in ALL if language == "en" else BOTH:
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            found = axe.run(page, options=options)
            assert not found.violations_count, f"{scheme} {width}\n{found.generate_report()}"


@pytest.mark.parametrize("language", ["en", "ja", "ar"])
@pytest.mark.parametrize("template", ["briefing", "headlines", "magazine", "single"])
def test_from_320_to_700_pixels_nothing_is_wider_than_the_screen(show, template, language):
    page = show(made(template, language).html)
    for width in (320, 375, 479, 480, 481, 600, 640, 700):
        page.set_viewport_size({"width": width, "height": 800})
        wide = page.evaluate("document.scrollingElement.scrollWidth")
        assert wide <= width, f"{wide} px at {width}"


@pytest.mark.parametrize("template", ["briefing", "headlines", "magazine", "single"])
def test_with_images_off_each_heading_is_seen_and_each_picture_says_what_it_shows(show, template):
    page = show(made(template, "en").html)
    headings = page.locator("h1, h3")
    assert headings.count() > 2 and all(each.is_visible() for each in headings.all())
    assert all(image.get_attribute("alt") for image in page.locator("img").all())
