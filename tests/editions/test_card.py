from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from bot.editions import card, typeface
from bot.editions.card import SIZE, ShareCard, card_of, drawn, lacking_font
from bot.editions.wording import wording
from bot.model import EditionStory, Newsroom, Summary
from bot.testing import NOW, article
from tests.conftest import skip_or_fail

RECORD = Newsroom(name="The Port Alder Record", url="https://record.example")
PHOTO = Image.new("RGB", (900, 700), (200, 40, 40))


def of(title: str, *, newsroom: Newsroom = RECORD, photo: str = "", **fields: Any) -> ShareCard:
    told = article(title=title, **fields)
    story = EditionStory(position=1, article=told, summary=Summary(told.standfirst))
    return card_of(story, newsroom=newsroom, slot=NOW, wording=wording(newsroom.language, "UTC"), photo=photo)


def picture(made: ShareCard, photo: Image.Image | None = None) -> Image.Image:
    return Image.open(io.BytesIO(drawn(made, photo).content)).convert("RGB")


def same(one: Image.Image, other: Image.Image) -> bool:
    return ImageChops.difference(one, other).getbbox() is None


def inked(image: Image.Image, box: tuple[int, int, int, int]) -> bool:
    """Whether anything but the ground is drawn within ``box``."""
    ground = image.getpixel((box[0], box[1]))
    part = image.crop(box)
    return (
        ImageChops.difference(part, Image.new("RGB", part.size, ground))
        .convert("L")
        .point(lambda value: 255 if value > 24 else 0)
        .getbbox()
        is not None
    )


def test_a_card_without_a_photograph_stands_on_the_newsrooms_colour() -> None:
    made = picture(of("Council votes 8–5 to keep three branch libraries open on Sundays"))
    assert made.size == SIZE
    assert made.getpixel((10, 10)) == (0x0B, 0x5D, 0x4B)
    # The double rule: 10 thick, 4 between, 2 thin.
    column = [made.getpixel((600, y)) for y in range(50, 80)]
    assert [y for y, colour in enumerate(column, 50) if colour == (255, 255, 255)] == [*range(56, 66), 70, 71]


def test_a_photograph_fills_the_end_side_and_nothing_is_drawn_on_it() -> None:
    made = picture(of("Why the night ferry sails half empty", photo="x"), PHOTO)
    panel = made.crop((690, 10, 1190, 620))
    assert all(low > 20 for low, _ in panel.getextrema()), "no black, no white: only the photograph"
    red, green, _ = panel.resize((1, 1)).getpixel((0, 0))
    assert red > 180 > 60 > green
    assert not inked(made, (630, 4, 676, 626)), "text keeps away from the picture"


def test_a_card_from_right_to_left_is_mirrored() -> None:
    newsroom = Newsroom(name="صحيفة المرفأ", url="https://almarfa.example", language="ar")
    told = of("شاي على السفح الخطأ من الجبل", newsroom=newsroom, language="ar", photo="x")
    if typeface.setting(told.headline, "ar", "serif") is None or not typeface.shapes():
        skip_or_fail("no font for Arabic on this machine")
    made = picture(told, PHOTO)
    assert made.getpixel((20, 300))[0] > 180
    assert made.getpixel((1190, 300)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("title", "language"),
    [
        ("Why the night ferry to Sable Island sails half empty", "en"),
        ("舟暮らしの住民、立ち退き案を36対5で否決", "ja"),
        ("تسعة سكان ومكتبة بديعة على جزيرة بلا متجر", "ar"),
    ],
)
def test_every_letter_has_a_shape_of_its_own_in_three_scripts(title: str, language: str) -> None:
    told = of(title, language=language)
    if typeface.setting(told.headline, language, "serif") is None:
        skip_or_fail(f"no font for {language} on this machine")
    drawn(told)
    texts = [
        (told.headline, "serif"),
        (told.label, "bold"),
        (told.newsroom, "serif"),
        *((each, "text") for each in told.meta),
    ]
    for text, style in texts:
        found = typeface.setting(text, told.language, style)
        assert found is not None
        assert found.text == text
        for letter in text:
            face = found.face_of(letter)
            assert letter.isspace() or ord(letter) in typeface._drawn(face.path, face.index), letter


def test_what_is_too_long_is_cut_at_a_clause() -> None:
    first = "The county council keeps all three branch libraries open on Sundays"
    long = f"{first}, {'and pays for it with money that was meant for the town hall ' * 6}"
    assert same(picture(of(long)), picture(replace(of(first))))


def test_what_has_no_clause_is_set_smaller_and_whole() -> None:
    long = (
        "The county council votes after a night of speeches to keep all three libraries open on Sundays and pay for it"
    )
    assert not same(picture(of(long)), picture(of(long.rpartition(" ")[0])))


def test_a_headline_that_leaves_no_room_beside_a_photograph_is_drawn_without_it() -> None:
    word = "Rindfleischetikettierungsüberwachungsgesetz aufgehoben"
    assert same(picture(of(word), PHOTO), picture(of(word)))


def test_a_headline_that_nothing_holds_makes_no_card() -> None:
    with pytest.raises(ValueError, match="no size"):
        drawn(of("W" * 120))


def test_a_headline_that_no_font_draws_makes_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(typeface, "_installed", dict)
    monkeypatch.setattr(typeface, "_matched", lambda *_: ())
    with pytest.raises(ValueError, match="no font"):
        drawn(of("立ち退き案を否決", language="ja"))
    assert "no font" in lacking_font("ja", "汐見新報")
    assert lacking_font("en", "The Record") == ""


def test_letters_that_must_be_joined_make_no_card_where_they_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card, "shapes", lambda: False)
    with pytest.raises(ValueError, match="join"):
        drawn(of("تسعة سكان", language="ar"))
    assert lacking_font("ar", "صحيفة المرفأ")


@pytest.mark.parametrize(
    "hostile",
    [
        "🎉 Ferry returns 👩‍👩‍👧",
        "Ferry\u202e returns\u2066",
        "Ferry\x00\x07 returns\ufeff",
        "Ferry re\u00adturns",
        "\u200fFerry returns",
    ],
)
def test_pictographs_and_marks_that_are_not_seen_are_left_out(hostile: str) -> None:
    assert same(picture(of(hostile)), picture(of("Ferry returns")))


def test_a_tower_of_accents_does_not_leave_its_line() -> None:
    tower = "Z" + "\u0351\u036b\u0343\u036a" * 12
    assert not inked(picture(of(tower)), (64, 76, 1136, 100))


@given(st.text(max_size=80), st.text(max_size=40), st.sampled_from(["en", "ar", "ja", "xx", "he", ""]))
@settings(max_examples=60)
def test_any_words_make_a_card_or_are_refused(title: str, name: str, language: str) -> None:
    told = of(f"The {title}", language=language, authors=(name,), sections=(name,), newsroom=replace(RECORD, name=name))
    try:
        made = picture(told)
    except ValueError:
        return
    assert made.size == SIZE
    assert not inked(made, (0, 76, 24, 630)), "nothing at the edge"


def test_cards_that_look_the_same_have_one_address() -> None:
    told = of("The ferry returns")
    assert told.address == of("The ferry returns").address
    assert told.address != replace(told, photo="other.jpg").address
    assert told.address.startswith("card:")


def test_headlines_of_a_newsroom_that_wants_them_so_are_sans() -> None:
    sans = replace(RECORD, headlines="sans")
    assert not same(picture(of("The ferry returns")), picture(of("The ferry returns", newsroom=sans)))


def test_the_accent_is_the_newsrooms() -> None:
    assert picture(of("The ferry", newsroom=replace(RECORD, accent="#1D4E9E"))).getpixel((10, 10)) == (0x1D, 0x4E, 0x9E)
