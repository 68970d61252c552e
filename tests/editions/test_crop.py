from __future__ import annotations

import pytest
from PIL import Image, ImageDraw, ImageOps

from bot.editions.crop import cropped

PANEL = (520, 630)


def scene(size: tuple[int, int], *boxes: tuple[int, int, int, int]) -> Image.Image:
    """A quiet ground with striped things on it."""
    made = Image.new("RGB", size, (120, 130, 140))
    draw = ImageDraw.Draw(made)
    for left, top, right, bottom in boxes:
        for x in range(left, right, 20):
            draw.rectangle((x, top, min(x + 9, right - 1), bottom - 1), fill="white")
    return made


def shown(made: Image.Image) -> int:
    """Pixels of the things."""
    return sum(made.convert("L").point(lambda value: 255 if value > 200 else 0).histogram()[255:])


@pytest.mark.parametrize("left", [40, 400, 880])
def test_what_is_on_a_wide_photograph_is_whole_wherever_it_stands(left: int) -> None:
    photo = scene((1200, 720), (left, 200, left + 240, 500))
    whole = shown(photo.resize((1050, 630)))
    assert shown(cropped(photo, PANEL)) >= 0.97 * whole


@pytest.mark.parametrize("top", [60, 1100])
def test_and_on_a_high_one(top: int) -> None:
    photo = scene((800, 1600), (200, top, 600, top + 300))
    whole = shown(photo.resize((520, 1040)))
    assert shown(cropped(photo, PANEL)) >= 0.97 * whole


def test_where_all_is_alike_it_is_the_middle() -> None:
    for photo in (scene((1200, 720), (0, 0, 1200, 720)), scene((1200, 720))):
        middle = ImageOps.fit(photo, PANEL, Image.Resampling.LANCZOS)
        assert abs(shown(cropped(photo, PANEL)) - shown(middle)) < 0.02 * PANEL[0] * PANEL[1]
    marked = scene((1200, 720))
    marked.putpixel((600, 5), (255, 255, 255))
    assert cropped(marked, PANEL).getpixel((260, 4)) != (120, 130, 140)


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (520, 630), (3, 2)])
def test_any_shape_can_be_cut(size: tuple[int, int]) -> None:
    assert cropped(Image.new("RGB", size, "teal"), PANEL).size == PANEL
