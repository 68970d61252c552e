from __future__ import annotations

from dataclasses import replace

import pytest

from bot.editions.brand import tokens
from bot.errors import RenderError
from bot.model import Newsroom
from bot.web.brand import stylesheet

RECORD = Newsroom(name="The Port Alder Record", url="https://record.example")


async def test_the_style_sheet_has_the_newsrooms_accent_in_both_schemes(web):
    answer = await web.get("/static/brand.css")
    assert answer.headers["content-type"].startswith("text/css")
    light, dark = answer.text.split("@media (prefers-color-scheme: dark)")
    assert "--accent: #0B5D4B;" in light
    assert "--accent: " in dark
    assert "--accent: #0B5D4B;" not in dark


def test_a_value_that_is_no_colour_never_reaches_the_style_sheet():
    good = tokens(RECORD)
    hostile = replace(good, light=replace(good.light, accent="red;} body{display:none"))
    with pytest.raises(RenderError):
        stylesheet(hostile)
    with pytest.raises(RenderError):
        stylesheet(replace(good, serif="x; } @import url(//evil.example)"))


def test_arabic_has_taller_lines_and_no_tracking():
    sheet = stylesheet(tokens(replace(RECORD, language="ar")))
    assert "--tracking: 0;" in sheet
    assert "--line-48: 56px;" in sheet
