"""Pages follow what is changed on the desk, without a restart."""

from __future__ import annotations

import pytest

from bot.schedules.declaring import declare
from bot.schedules.installation import Installation
from bot.testing import KEYS, NOW
from bot.web import following

WEEKLY = {"name": "The week", "times": ["08:00"], "days": "sat", "audience": "readers", "channels": ["mail"]}


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(following, "SECONDS", 0)


def change(web, kind, key, table):
    """As another process would."""
    elsewhere = Installation(web.installation.files, web.store, KEYS, web.installation.clock)
    declare(elsewhere, kind, key, table, who="Inés", now=NOW)


async def test_brand_colours_show_in_style_sheet_and_pages(web, at_once):
    before = (await web.get("/static/brand.css")).text
    change(web, "brand", "", {"accent": "#7A1F3D", "logo": "https://record.example/logo.png", "headlines": "sans"})
    after = (await web.get("/static/brand.css")).text
    assert "#7A1F3D" in after.upper()
    assert "#7A1F3D" not in before.upper()
    assert 'src="https://record.example/logo.png"' in (await web.get("/subscribe")).text


async def test_mails_take_the_new_colours(web, at_once):
    change(web, "brand", "", {"accent": "#7A1F3D"})
    await web.get("/subscribe")
    assert web.installation.newsroom.accent == "#7A1F3D"


async def test_a_new_schedule_is_offered_on_the_page_and_by_the_api(web, at_once):
    await web.get("/subscribe")
    change(web, "schedules", "weekly", WEEKLY)
    assert "The week" in (await web.get("/subscribe")).text
    offered = (await web.get("/api/newsletters")).json()["newsletters"]
    assert [each["key"] for each in offered] == ["morning", "weekly"]
    assert "The week" in (await web.get("/archive")).text


async def test_readers_pages_ask_for_changes_now_and_then_only(web, monkeypatch):
    monkeypatch.setattr(following, "SECONDS", 3600)
    await web.get("/subscribe")
    change(web, "schedules", "weekly", WEEKLY)
    assert "The week" not in (await web.get("/subscribe")).text


async def test_the_desk_asks_each_time(web):
    assert "The week" not in (await web.get("/schedules")).text
    change(web, "schedules", "weekly", WEEKLY)
    assert "The week" in (await web.get("/schedules")).text
