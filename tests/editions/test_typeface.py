from __future__ import annotations

import hashlib

import pytest
from fontTools.ttLib import TTFont

from bot.editions import typeface
from bot.editions.typeface import SHIPPED, STYLES, setting
from tests.conftest import skip_or_fail


def test_the_shipped_fonts_are_those_that_their_checksums_say() -> None:
    lines = (SHIPPED / "SHA256SUMS").read_text("utf-8").splitlines()
    named = dict(reversed(line.split("  ")) for line in lines)
    assert set(named) == {file.name for file in SHIPPED.glob("*.ttf")}
    for name, digest in named.items():
        assert hashlib.sha256((SHIPPED / name).read_bytes()).hexdigest() == digest
    assert all("SIL OPEN FONT LICENSE" in file.read_text("utf-8") for file in SHIPPED.glob("*-OFL.txt"))


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a font of its own."""
    monkeypatch.setattr(typeface, "_installed", dict)
    monkeypatch.setattr(typeface, "_matched", lambda *_: ())


@pytest.mark.parametrize("style", STYLES)
def test_latin_needs_no_font_of_the_machine(bare: None, style: typeface.Style) -> None:
    found = setting("Ein Größenwahn für 14,1 Mrd. € – „Çok güzel“, čeština, Việt Nam", "de", style)
    assert found is not None
    assert [face.path.parent for face in found.faces] == [SHIPPED]


def test_without_a_font_for_its_letters_a_text_has_no_setting(bare: None) -> None:
    assert setting("立ち退き案を否決", "ja", "serif") is None
    assert setting("The 立 ferry", "en", "serif") is None


def test_symbols_that_no_font_has_are_left_out(bare: None) -> None:
    found = setting("Ferry ⛴ returns ☎ today", "en", "serif")
    assert found is not None
    assert found.text == "Ferry returns today"


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("舟暮らしの住民、立ち退き案を36対5で否決", "ja", "CJK"),
        ("시의회, 도서관 8대5로 의결", "ko", "CJK"),
        ("تسعة سكان ومكتبة بديعة على جزيرة بلا متجر", "ar", "Arabic"),
        ("नगर परिषद ने फैसला किया", "hi", "Devanagari"),
        ("Городской совет", "ru", "Serif"),
    ],
)
def test_other_scripts_are_set_in_the_machines_fonts_made_for_them(text: str, language: str, name: str) -> None:
    found = setting(text, language, "serif")
    if found is None or not found.faces[0].path.name.startswith("Noto"):
        skip_or_fail(f"no Noto font for {language} on this machine")
    assert name in found.faces[0].path.name
    for face in found.faces:
        with TTFont(face.path, fontNumber=face.index) as font:
            drawn = set(font.getBestCmap())
        if face is found.faces[0]:
            assert len([each for each in text if ord(each) in drawn]) > len(text) / 2


def test_a_text_of_two_scripts_takes_the_font_of_each() -> None:
    found = setting("BBC को 8–5", "hi", "serif")
    if found is None or "Devanagari" not in found.faces[0].path.name + found.faces[-1].path.name:
        skip_or_fail("no font for Hindi on this machine")
    assert found.face_of("B").path.parent == SHIPPED
    assert "Devanagari" in found.face_of("क").path.name


def test_japanese_and_chinese_take_their_own_face_of_a_common_font() -> None:
    faces = {language: setting("直", language, "serif") for language in ("ja", "zh", "zh-TW", "ko")}
    if any(each is None or "CJK" not in each.faces[0].path.name for each in faces.values()):
        skip_or_fail("no Noto CJK on this machine")
    assert {language: each.faces[0].index for language, each in faces.items() if each} == {
        "ja": 0,
        "ko": 1,
        "zh": 2,
        "zh-TW": 3,
    }


def test_a_language_that_is_no_tag_reaches_no_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeface.subprocess, "run", lambda *_, **__: pytest.fail("it was asked"))
    assert typeface._matched.__wrapped__("en:file=/etc/passwd", "serif") == ()


def test_a_file_that_is_no_font_draws_nothing(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "NotoSerifCJK-Bold.ttc"
    broken.write_bytes(b"ttcf" + bytes(40))
    monkeypatch.setattr(typeface, "_installed", lambda: {broken.name: broken})
    monkeypatch.setattr(typeface, "_matched", lambda *_: ())
    assert setting("立ち退き案", "ja", "serif") is None
