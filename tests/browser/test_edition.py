"""An editor's work on one edition, in a real browser: change a summary, mend it, approve it, and it arrives."""

from __future__ import annotations

import asyncio
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from bot.accounts import desk_key
from bot.delivery.engine import Engine
from bot.editions.lifecycle import cancel, hold
from bot.model import EditionState
from bot.schedules.plan import Slot
from bot.schedules.slot import advance, make
from bot.testing import KEYS, NOW, article
from tests.browser.newsroom import tab_to
from tests.browser.test_accessible import axe, check

__all__ = ["axe"]

BODY = (
    "<p>The tunnel shuts from 22:00 to 05:00 for eleven nights.</p>"
    "<p>The work on its fans costs the council £2.4 million, the engineer Ruth Calder said.</p>"
)
SUMMARY = "The tunnel shuts at 22:00. The work costs the council £4.2 million."
_slots = itertools.count(1)


class Work:
    """An edition of three stories of the schedule ``staff`` that waits for approval."""

    def __init__(self, newsroom):
        self.newsroom, self.installation, self.store = newsroom, newsroom.installation, newsroom.store
        number = next(_slots)
        self.headline = f"Tunnel to close for eleven nights, says notice {number}"
        now = self.installation.clock()
        others = (f"Night buses are kept, says notice {number}", f"Two rescued off the point, says notice {number}")
        self.guids = []
        with self.store.write() as tx:
            for place, title in enumerate((self.headline, *others)):
                body = BODY if place == 0 else f"<p>{title}.</p>"
                one = article(title=title, standfirst="", body=body, published=now - timedelta(minutes=place + 1))
                tx.articles.put(one, url_key=one.url, present=(), now=now)
                self.guids.append(one.guid)
        schedules = self.installation.settings.tables.schedules
        schedules["staff"] = schedules["staff"].model_copy(
            update={"approval": True, "prepare_before": timedelta(hours=2)}
        )
        slot = Slot("staff", f"2026-11-24T06:{number:02d}", now + timedelta(minutes=46))
        with ThreadPoolExecutor(1) as other:
            self.id = other.submit(make, self.installation, "staff", slot, now).result().id
        self.url = f"{newsroom.url}/editions/{self.id}"

    @property
    def edition(self):
        with self.store.read() as tx:
            return tx.editions.get(self.id)

    def send(self):
        """What `up` does when the slot comes."""
        due = self.edition.slot
        self.installation.clock.moment = due

        async def deliver():
            advance(self.installation, self.edition, due)
            async with self.installation.connected() as connected:
                engine = Engine(
                    store=self.store,
                    channels=connected.channels,
                    keys=KEYS,
                    clock=self.installation.clock,
                    rules=self.installation.settings.delivery,
                )
                return await engine.deliver()

        with ThreadPoolExecutor(1) as other:
            other.submit(asyncio.run, deliver()).result()

    def withdraw(self):
        """Leaves the next edition to its own articles."""
        with self.store.write() as tx:
            tx.articles.withdraw("site", self.guids, self.installation.clock())


@pytest.fixture
def work(newsroom):
    opened = Work(newsroom)
    assert opened.edition.stories[0].article.title == opened.headline
    yield opened
    opened.withdraw()


def test_a_false_figure_is_mended_and_approved_without_a_script(work, visit):
    page = visit(work.url, javascript=False)
    page.locator("#f-summary").fill(SUMMARY)
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Use £2.4 million").click()
    assert page.locator("#f-summary").input_value() == SUMMARY.replace("£4.2", "£2.4")
    page.get_by_role("button", name="Move down").click()
    assert work.edition.stories[1].article.title == work.headline
    page.get_by_role("link", name="Posts").click()
    page.get_by_role("link", name="Email").click()
    page.locator("#f-subject").fill("Tunnel shuts")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Dark", exact=True).click()
    page.get_by_role("button", name="Approve for").click()
    assert work.edition.state is EditionState.APPROVED


def test_stories_move_by_keys_and_by_dragging_and_the_focus_stays(work, visit):
    page = visit(work.url)
    page.locator("[data-move=down]").click()
    page.locator("[data-story]:nth-child(2)[data-chosen]").wait_for()
    assert page.evaluate("document.activeElement.dataset.move") == "down"
    page.keyboard.press("Alt+ArrowUp")
    page.locator("[data-story]:nth-child(1)[data-chosen]").wait_for()
    page.locator("[data-story]").nth(2).drag_to(page.locator("[data-story]").nth(0))
    page.locator("[data-story]:nth-child(1)[data-chosen] >> text=Two rescued").wait_for()
    assert work.edition.stories[0].article.title.startswith("Two rescued")
    page.keyboard.press("x")
    page.locator("#toast").wait_for()
    assert len(work.edition.stories) == 2
    page.get_by_role("button", name="Put it back").click()
    page.locator("[data-story]:nth-child(3)").wait_for()
    assert work.edition.stories[0].article.title.startswith("Two rescued")


def test_a_story_is_moved_and_pinned_by_the_keyboard_alone(work, visit):
    page = visit(work.url)
    tab_to(page, page.get_by_role("button", name="Move down"))
    page.keyboard.press("Enter")
    page.locator("[data-story]:nth-child(2)[data-chosen]").wait_for()
    tab_to(page, page.get_by_role("button", name="Move up"), "Shift+Tab")
    page.keyboard.press("Enter")
    page.locator("[data-story]:nth-child(1)[data-chosen]").wait_for()
    assert page.evaluate("document.activeElement.dataset.move") == "down", "the first moves up no more"
    tab_to(page, page.get_by_role("button", name="Pin to this place"))
    page.keyboard.press("Enter")
    page.locator("[aria-pressed=true]").wait_for()
    assert page.evaluate("document.activeElement.ariaPressed") == "true"
    assert work.edition.stories[0].words.pinned


def test_a_save_takes_neither_the_focus_nor_what_is_open_or_typed(work, visit):
    page = visit(work.url)
    page.locator("#f-title").fill("Tunnel shuts tonight")
    page.keyboard.press("Shift+Tab")
    stood = page.evaluate_handle("document.activeElement")
    page.locator("#saved", has_text="Saved").wait_for()
    assert not stood.evaluate("each => each.isConnected"), "its region came anew"
    assert page.evaluate("document.activeElement.outerHTML") == stood.evaluate("each => each.outerHTML")

    page.locator("#f-title").fill("Tunnel shuts at ten")
    page.locator("#pop-return summary").click()
    page.locator("#return-note").fill("The figu")
    page.locator("h1", has_text="Tunnel shuts at ten").wait_for()
    page.keyboard.type("re is wrong")
    assert page.locator("#return-note").input_value() == "The figure is wrong"


def _press(page, button, milliseconds):
    """As a finger does, which a page may change under."""
    box = button.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(milliseconds)
    page.mouse.up()


def _slowly(page, milliseconds=400):
    """Its saves take this long."""

    def late(route):
        if route.request.method == "POST" and "story=" in route.request.url:
            time.sleep(milliseconds / 1000)
        route.continue_()

    page.route("**/editions/*", late)


@pytest.mark.parametrize("pressed", [0, 60, 900])
def test_who_approves_while_words_are_not_saved_approves_those_words(work, visit, pressed):
    page = visit(work.url)
    _slowly(page)
    page.locator("#f-summary").fill("The tunnel shuts at 22:00.")
    page.locator("#words .not-saved:visible", has_text="Not saved yet").wait_for()
    _press(page, page.locator("[data-approve]"), pressed)
    page.locator("#toast", has_text="Approved for").wait_for()
    assert work.edition.state is EditionState.APPROVED
    assert work.edition.stories[0].told.summary.text == "The tunnel shuts at 22:00."


def test_words_that_are_not_in_the_article_are_not_approved_by_being_quick(work, visit):
    page = visit(work.url)
    page.locator("#f-summary").fill(SUMMARY)
    page.locator("[data-approve]").click()
    page.locator(".finding.bad").wait_for()
    page.wait_for_function("document.activeElement.id.startsWith('found-')")
    assert work.edition.state is EditionState.AWAITING
    assert "1 thing to fix" in page.locator("#bar").inner_text()


def test_another_story_is_opened_after_the_words_of_this_one_are_saved(work, visit):
    page = visit(work.url)
    _slowly(page)
    page.locator("#f-title").fill("Tunnel shuts tonight")
    page.locator("[data-story]").nth(1).locator("a").click()
    page.locator("[data-story]:nth-child(2)[data-chosen]").wait_for()
    page.locator("#f-title").fill("Night buses go on")
    page.locator("#f-summary").focus()
    page.locator("#saved", has_text="Saved").wait_for()
    page.locator("h1", has_text="Tunnel shuts tonight").wait_for()
    assert [each.told.article.title for each in work.edition.stories][:2] == [
        "Tunnel shuts tonight",
        "Night buses go on",
    ]


def test_what_could_not_be_saved_says_so_and_is_not_approved(work, browser):
    with browser.new_context() as context:
        home = work.newsroom.url + "/"
        context.add_cookies([{"name": desk_key.cookie(KEYS), "value": desk_key.token(KEYS, NOW), "url": home}])
        page = context.new_page()
        page.goto(work.url)
        page.route("**/editions/*", lambda route: route.abort())
        page.locator("#f-title").fill("Tunnel shuts tonight")
        page.locator("[data-approve]").click()
        page.locator(".not-saved:visible", has_text="nobody answered").wait_for()
        page.wait_for_timeout(300)
        assert work.edition.state is EditionState.AWAITING
        page.unroute("**/editions/*")
        page.get_by_role("button", name="Save").click()
        page.locator("#saved", has_text="Saved").wait_for()
        page.locator("[data-approve]").click()
        page.locator("#toast").wait_for()
    assert work.edition.state is EditionState.APPROVED
    assert work.edition.stories[0].told.article.title == "Tunnel shuts tonight"


def test_a_page_that_is_left_open_sees_what_others_do_and_keeps_what_is_typed(work, visit):
    page = visit(work.url)
    page.locator("#f-title").fill("Tunnel shuts toni")
    with ThreadPoolExecutor(1) as other:
        other.submit(hold, work.store, work.id, who="ada", now=work.installation.clock()).result()
    page.keyboard.press("Shift+Tab")
    page.locator("#saved", has_text="Saved").wait_for()
    page.locator("#f-title").fill("Tunnel shuts tonight")
    page.locator("#bar", has_text="Held by ada").wait_for()
    assert page.locator("#f-title").input_value() == "Tunnel shuts tonight"


def test_an_edition_that_is_over_takes_no_words_and_holds_nobody_who_wrote_some(work, visit):
    page, writing = visit(work.url), visit(work.url)
    writing.locator("#f-title").fill("Tunnel shuts, as ever")
    with ThreadPoolExecutor(1) as other:
        other.submit(cancel, work.store, work.id, who="ada", now=work.installation.clock()).result()
    page.locator("#f-title").wait_for(state="detached")
    assert "Cancelled" in page.locator("#bar").inner_text()
    asked = []
    writing.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    writing.locator(".back a").click()
    writing.wait_for_url(work.newsroom.url + "/")
    assert asked == ["beforeunload"]


@pytest.mark.parametrize("tab", ["", "/email", "/posts", "/checks", "?add=yes"])
def test_axe_finds_nothing_on_any_tab(work, visit, axe, tab):
    page = visit(f"{work.url}{tab}")
    check(axe, page)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


def test_axe_finds_nothing_where_something_is_to_fix(work, visit, axe):
    page = visit(work.url)
    page.locator("#f-summary").fill(SUMMARY)
    page.locator("#f-title").focus()
    page.locator(".finding.bad").wait_for()
    check(axe, page, [("light", 1280), ("dark", 375)])
    page.goto(f"{work.url}/checks")
    check(axe, page, [("light", 1280), ("dark", 375)])
    for width in (320, 900, 1180):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


# The last: what was sent once is told by no later edition, and its stories are like those of the others.
def test_from_a_false_figure_to_a_mail_that_says_what_is_true(newsroom, work, visit):
    newsroom.reader("staff@example.org", "weekend")
    page = visit(work.url)
    page.locator("#f-summary").fill(SUMMARY)
    page.locator("#f-title").focus()
    page.locator(".finding.bad").wait_for()
    assert page.evaluate("document.activeElement.id") == "f-title"
    assert "1 thing to fix before it can be approved" in page.locator("#bar").inner_text()
    assert "£4.2 million" in page.locator("mark").first.inner_text()
    page.keyboard.press("Escape")
    page.keyboard.press("n")
    assert page.evaluate("document.activeElement.id").startswith("found-")
    page.get_by_role("button", name="Use £2.4 million").click()
    page.locator("[data-approve]").wait_for()
    assert page.locator("#f-summary").input_value() == SUMMARY.replace("£4.2", "£2.4")
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    page.keyboard.press("Enter")
    page.locator("#toast").wait_for()
    assert work.edition.state is EditionState.APPROVED
    work.send()
    mail = newsroom.mailbox._newest("staff@example.org")
    text = mail.get_body(("plain",)).get_content()
    assert "The work costs the council £2.4 million." in " ".join(text.replace("\u00a0", " ").split())
