from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from PIL import Image, ImageChops

from bot.editions import correction_card as module
from bot.editions.card import SIZE
from bot.editions.correction_card import CorrectionCard, correction_card, drawn_correction
from bot.model import Correction, Newsroom
from bot.testing import NOW

RECORD = Newsroom(name="The Port Alder Record", url="https://record.example")
INK = (0x14, 0x18, 0x1A)


def of(said: str, right: str, newsroom: Newsroom = RECORD, **fields: Any) -> CorrectionCard:
    given: dict[str, Any] = {"title": "The county’s yearly subsidy for the night ferry", "url": "", "who": "mara"}
    made = Correction(
        article=1, edition="e", schedule="morning", said=said, right=right, told=NOW, at=NOW, **{**given, **fields}
    )
    return correction_card(made, newsroom)


def picture(card: CorrectionCard) -> Image.Image:
    return Image.open(io.BytesIO(drawn_correction(card).content)).convert("RGB")


def rows(made: Image.Image, colour: tuple[int, int, int], box: tuple[int, int, int, int]) -> list[int]:
    """The rows within ``box`` that are nearly all of ``colour``: lines."""
    part = made.crop(box)
    found = []
    for y in range(part.height):
        line = part.crop((0, y, part.width, y + 1))
        if max(high for _, high in ImageChops.difference(line, Image.new("RGB", line.size, colour)).getextrema()) < 40:
            found.append(box[1] + y)
    return found


def test_a_value_and_what_is_so_stand_side_by_side_in_a_frame_of_ink() -> None:
    made = picture(of("$14 million", "$1.4 million"))
    assert made.size == SIZE
    assert made.getpixel((10, 10)) == (255, 255, 255)
    assert all(abs(a - b) < 8 for a, b in zip(made.getpixel((600, 41)), INK, strict=True))
    assert len(rows(made, (0x5E, 0x66, 0x6C), (120, 244, 400, 332))) >= 3, "what was said is struck through"
    assert not rows(made, INK, (560, 244, 900, 332)), "what is so is not"


def test_sentences_stand_one_below_the_other_and_each_line_of_what_was_said_is_struck() -> None:
    said = "The county pays the ferry line $14 million a year, more than for any other route on the whole of the coast."
    made = picture(of(said, "The county pays $1.4 million a year."))
    struck = rows(made, (0x5E, 0x66, 0x6C), (110, 240, 400, 480))
    assert len([row for row in struck if row - 1 not in struck]) >= 2


def test_what_cannot_be_told_whole_makes_no_card() -> None:
    with pytest.raises(ValueError, match="too long"):
        drawn_correction(of("x " * 300, "y " * 300))


def test_a_correction_that_no_font_draws_whole_makes_no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "setting", lambda *_: None)
    with pytest.raises(ValueError, match="no font"):
        drawn_correction(of("$14 million", "$1.4 million"))


def test_it_speaks_the_newsrooms_language() -> None:
    card = of("14 Millionen", "1,4 Millionen", replace(RECORD, language="de"))
    assert (card.heading, card.said_label, card.right_label) == ("Berichtigung", "Wir schrieben", "Richtig ist")


def test_corrections_that_look_the_same_have_one_address() -> None:
    card = of("$14 million", "$1.4 million")
    assert card.address == of("$14 million", "$1.4 million").address
    assert card.address != of("$14 million", "$1.5 million").address
