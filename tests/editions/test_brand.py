from __future__ import annotations

from dataclasses import replace

import pytest

from bot.editions import colour
from bot.editions.brand import palettes, tokens
from bot.editions.script import script_of
from bot.errors import RenderError
from bot.model import Newsroom

RECORD = Newsroom(name="The Port Alder Record", url="https://portalderrecord.example")


@pytest.mark.parametrize("accent", ["#0B5D4B", "#A93222", "#1D4E9E"])
def test_a_readable_accent_stands_as_it_was_set(accent: str) -> None:
    light, _, notice = palettes(replace(RECORD, accent=accent))
    assert light.accent == accent
    assert light.on_accent == "#FFFFFF"
    assert notice == ""


@pytest.mark.parametrize("accent", ["#FFD400", "#FF00FF", "#FFFFFF", "#7FDBFF", "#2ECC40", "#FF851B"])
def test_a_faint_accent_is_darkened_until_it_reads_on_paper_and_panel(accent: str) -> None:
    light, _, notice = palettes(replace(RECORD, accent=accent))
    assert min(colour.contrast(light.accent, ground) for ground in (light.paper, light.panel)) >= 4.5
    assert f"brand.accent: {accent} is too faint" in notice and light.accent in notice


def test_darkening_goes_no_further_than_it_must_and_keeps_the_hue() -> None:
    light, _, _ = palettes(replace(RECORD, accent="#FF851B"))
    before, after = colour.to_oklch("#FF851B"), colour.to_oklch(light.accent)
    assert abs(before.hue - after.hue) < 0.06
    assert colour.contrast(light.accent, light.panel) < 4.6


@pytest.mark.parametrize("accent", ["#0B5D4B", "#A93222", "#1D4E9E", "#000000", "#3B0A45"])
def test_without_a_dark_accent_one_is_derived_that_reads_on_dark_paper(accent: str) -> None:
    _, dark, _ = palettes(replace(RECORD, accent=accent))
    assert 7 <= colour.contrast(dark.accent, dark.paper) < 7.3
    assert colour.contrast(dark.on_accent, dark.accent) >= 4.5


def test_a_dark_accent_of_the_settings_is_taken() -> None:
    _, dark, notice = palettes(replace(RECORD, accent_dark="#69C7AC"))
    assert (dark.accent, notice) == ("#69C7AC", "")


def test_a_dark_accent_too_dark_to_read_is_lightened_and_said() -> None:
    _, dark, notice = palettes(replace(RECORD, accent_dark="#0B5D4B"))
    assert colour.contrast(dark.accent, dark.panel) >= 4.5
    assert "brand.accent_dark" in notice


def test_all_text_colours_read_on_paper_and_panel() -> None:
    for palette in palettes(RECORD)[:2]:
        for text in (palette.ink, palette.ink2, palette.ink3, palette.warn, palette.error, palette.accent):
            assert min(colour.contrast(text, ground) for ground in (palette.paper, palette.panel)) >= 4.5


@pytest.mark.parametrize("accent", ["red", "#12345", "", "#0B5D4B;}body{display:none"])
def test_what_is_no_colour_never_reaches_a_style_sheet(accent: str) -> None:
    with pytest.raises(RenderError, match="brand.accent"):
        tokens(replace(RECORD, accent=accent))


@pytest.mark.parametrize(
    ("language", "code", "direction"),
    [
        ("en", "Latn", "ltr"),
        ("ar", "Arab", "rtl"),
        ("fa", "Arab", "rtl"),
        ("ur-PK", "Arab", "rtl"),
        ("he", "Hebr", "rtl"),
        ("ja", "Jpan", "ltr"),
        ("zh-TW", "Hant", "ltr"),
        ("zh", "Hans", "ltr"),
        ("sr-Latn-RS", "Latn", "ltr"),
        ("xx", "Latn", "ltr"),
        ('en" onload="x', "Latn", "ltr"),
    ],
)
def test_a_language_has_its_script_and_direction(language: str, code: str, direction: str) -> None:
    script = script_of(language)
    assert (script.code, script.direction) == (code, direction)


def test_japanese_is_set_without_a_latin_face_first_and_without_tracking() -> None:
    japanese = tokens(RECORD, "ja")
    assert japanese.headline.startswith("'Hiragino Mincho ProN'")
    assert (japanese.tracked, japanese.headline_weight, japanese.line(44)) == (False, 600, 48)


def test_arabic_is_mirrored_and_given_more_leading() -> None:
    arabic = tokens(RECORD, "ar")
    assert (arabic.direction, arabic.start, arabic.end) == ("rtl", "right", "left")
    assert arabic.line(28) == 32
    assert "'Noto Naskh Arabic'" in arabic.serif


def test_headlines_are_set_in_the_face_of_the_settings() -> None:
    assert tokens(RECORD).headline.startswith("Georgia")
    assert tokens(replace(RECORD, headlines="sans")).headline.startswith("-apple-system")
