"""A reader's way, in a real browser: sign up, confirm, digest, preferences, unsubscribe, undo."""

from __future__ import annotations

import itertools

import pytest

from bot.model import Preferences

_days = itertools.count(100)


@pytest.mark.parametrize("javascript", [True, False], ids=["javascript", "no-javascript"])
@pytest.mark.parametrize("width", [375, 1280])
def test_from_the_form_to_the_digest_and_out_and_back_again(newsroom, visit, width, javascript):
    address = f"reader{width}{'js' if javascript else ''}@example.org"

    def opened(url):
        return visit(url, width=width, javascript=javascript)

    page = opened(f"{newsroom.url}/subscribe")
    newsroom.installation.clock.advance(seconds=10)
    page.get_by_role("checkbox", name="Morning briefing").check()
    page.get_by_role("checkbox", name="Headlines at noon").check()
    page.locator("input[name=address]").fill(address)
    page.locator("form.ask button").click()
    assert page.locator("h1").inner_text() == "Check your inbox"

    newsroom.mail_confirmations()
    page = opened(newsroom.mailbox.link(address, "c"))
    page.get_by_role("button", name="Confirm subscription").click()
    assert page.locator("h1").inner_text() == "You are subscribed"

    newsroom.send("morning", "The ferry returns", days=next(_days))
    assert newsroom.mailbox.title(address).startswith("The ferry returns")
    page = opened(newsroom.mailbox.link(address, "p"))
    assert page.locator("h1").inner_text() == "Your preferences"
    page.get_by_label("Harbour").uncheck()
    page.get_by_label("Headlines at noon").uncheck()
    page.get_by_label("Send hour").select_option("7")
    page.get_by_label("Time zone").select_option(label="Lisbon")
    page.get_by_label("No mail until").fill("2026-12-14")
    page.get_by_role("button", name="Save preferences").click()
    assert page.get_by_role("status").inner_text().startswith("Your preferences are saved.")
    assert not page.get_by_label("Harbour").is_checked()
    with newsroom.store.read() as tx:
        reader = tx.subscribers.find(address)[0]
    assert "Harbour" not in reader.preferences.topics
    assert (reader.preferences.hour, reader.preferences.timezone) == (7, "Europe/Lisbon")
    assert reader.preferences.schedules == ("morning",)

    page = opened(newsroom.mailbox.link(address, "u"))
    assert page.locator("h1").inner_text() == "Unsubscribe from Morning briefing?"
    page.locator("form.act button").first.click()
    assert page.locator("h1").inner_text() == "You are unsubscribed"
    assert state(newsroom, address) == "unsubscribed"
    undo = page.get_by_role("button", name="Undo")
    assert page.locator("button").count() == 1
    assert undo.bounding_box()["y"] + 48 < 800, "Undo stands above the fold"
    undo.click()
    assert page.locator("h1").inner_text() == "You are subscribed again"
    assert state(newsroom, address) == "subscribed"
    with newsroom.store.read() as tx:
        kept = tx.subscribers.find(address)[0].preferences
    assert kept != Preferences(), "what was chosen outlives leaving and coming back"


def state(newsroom, address):
    with newsroom.store.read() as tx:
        return tx.subscribers.find(address)[0].state


def test_all_is_reached_by_the_keyboard_alone_and_enter_saves_and_never_leaves(newsroom, visit):
    reader = newsroom.reader("keys@example.org", "readers", "weekend")
    page = visit(newsroom.preferences(reader))
    page.get_by_label("No mail until").focus()
    page.keyboard.press("Enter")
    assert page.get_by_role("status").inner_text() == "Your preferences are saved."
    assert state(newsroom, "keys@example.org") == "subscribed"


def test_a_reader_takes_their_data_along_and_has_it_erased(newsroom, visit):
    reader = newsroom.reader("gone@example.org")
    page = visit(newsroom.preferences(reader), width=375, javascript=False)
    page.get_by_role("link", name="Your data").first.click()
    page.get_by_role("button", name="Mail me the link").click()
    assert page.locator("h1").inner_text() == "Check your inbox"
    newsroom.mail_confirmations()
    page.goto(newsroom.mailbox.link("gone@example.org", "d"))
    with page.expect_download() as download:
        page.get_by_role("link", name="Download my data").click()
    assert download.value.suggested_filename == "my-data.json"
    assert "gone@example.org" in download.value.path().read_text("utf-8")
    page.get_by_role("link", name="Erase my data").click()
    page.get_by_role("button", name="Erase my data").click()
    assert page.locator("h1").inner_text() == "Your data is erased"
    with newsroom.store.read() as tx:
        assert tx.subscribers.find("gone@example.org") == []


def test_the_archive_leads_to_an_edition_and_back(newsroom, visit):
    page = visit(f"{newsroom.url}/archive", width=375, javascript=False)
    page.get_by_role("link", name="The clockmaker who will not retire").click()
    assert page.locator("h1").inner_text() == "The clockmaker who will not retire"
    page.get_by_role("link", name="All editions").click()
    page.get_by_role("link", name="The Weekend", exact=True).click()
    assert page.locator("h1").inner_text() == "Past editions of The Weekend"
    assert page.locator("main h3").count() == 2


@pytest.mark.parametrize("width", [320, 375, 1280])
@pytest.mark.parametrize("language", ["ar", "de"])
def test_no_page_is_wider_than_its_window(newsroom, visit, language, width):
    reader = newsroom.reader(
        f"{language}{width}@a-very-long-domain-of-a-reader-somewhere.example.org", "readers", "weekend"
    )
    with newsroom.store.write() as tx:
        tx.subscribers.prefer(reader, "readers", Preferences(language=language))
    page = visit(newsroom.preferences(reader), width=width)
    preferences, data = newsroom.preferences(reader), newsroom.data(reader)
    for url in (preferences, f"{preferences}/data", data, f"{data}/erase"):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, url
    page.goto(newsroom.unsubscribe(reader))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
