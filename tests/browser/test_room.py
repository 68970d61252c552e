"""What is told stands in nobody's way, and what belongs together stays together, on the narrowest phone too."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from hashlib import sha256

import pytest

from bot.testing import KEYS
from bot.web.editor.desk import TOAST

PAGES = ("", "calendar", "schedules/new", "numbers", "sources", "settings/newsroom")

COVERED = """() => {
  const toast = document.getElementById("toast").getBoundingClientRect();
  return [...document.querySelectorAll("main :is(a[href], button, input, select, textarea, summary)")]
    .filter((each) => each.checkVisibility({visibilityProperty: true}) && !each.closest(".unseen"))
    .filter((each) => {
      const at = each.getBoundingClientRect();
      const beside = at.left >= toast.right || toast.left >= at.right;
      const apart = beside || at.top >= toast.bottom || toast.top >= at.bottom;
      return at.width && !apart;
    })
    .map((each) => each.outerHTML);
}"""
LINES = """(element) => {
  const range = document.createRange();
  range.selectNodeContents(element);
  return new Set([...range.getClientRects()].map((each) => Math.round(each.top))).size;
}"""


def said(words):
    """The cookie of a toast, with a way back."""
    content = urlsafe_b64encode(json.dumps([words, "calendar/move", "Undo", {}]).encode()).decode()
    return {TOAST: f"{content}~{KEYS.sign('toast', sha256(content.encode()).hexdigest())}"}


@pytest.mark.parametrize("width", [320, 375, 1280])
@pytest.mark.parametrize("path", PAGES)
def test_a_pages_end_comes_out_from_under_a_toast(newsroom, visit, path, width):
    address = f"{newsroom.url}/{path}"
    page = visit(address, width=width, javascript=False, cookies=said("Evening edition goes out Thu 18:30."))
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    assert page.evaluate(COVERED) == []


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_a_toast_stands_above_the_bar_and_its_button_is_one_word(newsroom, visit, width):
    told = said("The harbour's late evening edition goes out on Thursday 3 December 18:30.")
    page = visit(f"{newsroom.url}/schedules/new", width=width, javascript=False, cookies=told)
    toast, bar = page.locator("#toast"), page.locator(".bar")
    assert toast.bounding_box()["y"] + toast.bounding_box()["height"] <= bar.bounding_box()["y"]
    assert toast.get_by_role("button", name="Undo").evaluate(LINES) == 1


def test_the_ways_to_other_months_stand_in_one_line_on_a_phone(newsroom, visit):
    page = visit(f"{newsroom.url}/calendar", width=375)
    ways = page.locator(".turn .button")
    assert [ways.nth(at).bounding_box()["y"] for at in range(3)] == [ways.first.bounding_box()["y"]] * 3
    assert abs(ways.first.bounding_box()["y"] - page.locator(".top .switch").bounding_box()["y"]) < 4


def test_no_number_is_cut_off_on_a_phone(newsroom, visit):
    page = visit(f"{newsroom.url}/numbers", width=375)
    assert page.locator(".frame").evaluate_all("(all) => all.every((each) => each.scrollWidth <= each.clientWidth)")
