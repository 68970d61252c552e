from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from bot.channels.pictures import jpeg


def picture(
    mode: str = "RGB", size: tuple[int, int] = (40, 30), form: str = "PNG", colour: object = 0, **save: object
) -> bytes:
    made = io.BytesIO()
    Image.new(mode, size, colour).save(made, form, **save)  # type: ignore[arg-type]
    return made.getvalue()


def opened(data: bytes) -> Image.Image:
    found = Image.open(io.BytesIO(data))
    assert found.format == "JPEG"
    return found


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF"])
def test_a_large_picture_becomes_a_small_jpeg(form: str) -> None:
    made = opened(jpeg(picture(size=(2400, 1200), form=form), longest=1200, size=1_000_000))
    assert made.size == (1200, 600)


def test_a_small_picture_keeps_its_size() -> None:
    assert opened(jpeg(picture(), longest=1200, size=1_000_000)).size == (40, 30)


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert jpeg(picture(), longest=1200, size=1_000_000) == jpeg(picture(), longest=1200, size=1_000_000)


def test_what_is_transparent_becomes_white() -> None:
    made = opened(jpeg(picture("RGBA", colour=(0, 0, 0, 0)), longest=1200, size=1_000_000))
    assert made.getpixel((10, 10)) == (255, 255, 255)


def test_a_picture_is_set_upright_and_its_place_is_left_out() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    made = opened(jpeg(picture(form="JPEG", exif=exif), longest=1200, size=1_000_000))
    assert made.size == (30, 40)
    assert not made.getexif()


def test_a_noisy_picture_is_packed_until_it_fits() -> None:
    noisy = Image.effect_noise((1000, 1000), 200).convert("RGB")
    made = io.BytesIO()
    noisy.save(made, "PNG")
    assert len(jpeg(made.getvalue(), longest=1000, size=450_000)) <= 450_000
    with pytest.raises(ValueError, match="cannot be made"):
        jpeg(made.getvalue(), longest=1000, size=1000)


def test_a_bomb_is_not_opened() -> None:
    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    with pytest.raises(ValueError, match="picture"):
        jpeg(bomb, longest=1200, size=1_000_000)


def test_many_pixels_below_the_librarys_own_limit_are_not_opened_either() -> None:
    with pytest.raises(ValueError, match="is not opened"):
        jpeg(picture("1", size=(10_000, 6_000)), longest=1200, size=1_000_000)


@pytest.mark.parametrize(
    "data", [b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", picture(form="JPEG")[:200], picture(form="BMP")]
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a picture"):
        jpeg(data, longest=1200, size=1_000_000)
