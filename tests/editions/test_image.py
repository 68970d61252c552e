from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from bot.editions.image import fitted
from tests.pictures import bomb, photograph

# What its process takes most of the machine's memory at once (proc_pid_status(5), VmHWM), after and before.
MEASURE = """
import sys
from bot.editions.image import fitted

def most():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:"))

picture = sys.stdin.buffer.read()
before = most()
fitted(picture)
print((most() - before) // 1024)
"""


def large_jpeg(width: int, height: int) -> bytes:
    made = io.BytesIO()
    Image.new("L", (width, height), 120).save(made, "JPEG")
    return made.getvalue()


def opened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_a_picture_of_any_known_format_becomes_a_jpeg_within_1200_pixels(form: str) -> None:
    whole, _ = fitted(photograph((2400, 1440), form))
    found = opened(whole.content)
    assert (found.format, found.size) == ("JPEG", (1200, 720))
    assert (whole.image.width, whole.image.height) == found.size
    assert whole.image.name.endswith(".jpg")


def test_a_small_picture_is_not_blown_up() -> None:
    whole, crop = fitted(photograph((400, 300)))
    assert opened(whole.content).size == (400, 300)
    assert crop is not None
    assert opened(crop.content).size == (400, 266)


def test_a_very_high_picture_is_held_to_1600_pixels() -> None:
    whole, _ = fitted(photograph((800, 8000)))
    assert opened(whole.content).size == (160, 1600)


def test_what_stands_side_by_side_is_cut_to_its_middle() -> None:
    picture = Image.new("RGB", (1600, 800), "white")
    picture.paste("red", (0, 0, 200, 800))
    picture.paste("red", (1400, 0, 1600, 800))
    made = io.BytesIO()
    picture.save(made, "PNG")
    whole, crop = fitted(made.getvalue())
    assert whole.image.width == 1200
    assert crop is not None
    found = opened(crop.content).convert("RGB")
    assert found.size == (720, 480)
    left, right = found.getpixel((2, 240)), found.getpixel((717, 240))
    assert min(left[1], right[1]) > 240, "the red borders are cut off"


def test_a_picture_of_three_to_two_needs_no_second_file() -> None:
    assert fitted(photograph((1500, 1000)))[1] is None
    assert fitted(photograph((1499, 1000)))[1] is None
    assert fitted(photograph((1500, 1010)))[1] is not None


def test_the_same_bytes_have_the_same_name() -> None:
    assert fitted(photograph())[0].image == fitted(photograph())[0].image
    assert fitted(photograph())[0].image.name != fitted(photograph((1400, 900)))[0].image.name


def test_a_photograph_is_set_upright_and_tells_no_place() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Camera of J. Doe"
    exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, 0.0)})
    whole, _ = fitted(photograph((600, 300), exif=exif, comment=b"at home", xmp=b"<x:xmpmeta/>"))
    found = opened(whole.content)
    assert found.size == (300, 600)
    assert not found.getexif()
    assert b"J. Doe" not in whole.content
    assert b"at home" not in whole.content
    assert b"xmpmeta" not in whole.content


def test_only_what_is_transparent_stays_a_png() -> None:
    clear = io.BytesIO()
    Image.new("RGBA", (60, 60), (200, 0, 0, 90)).save(clear, "PNG")
    found = opened(fitted(clear.getvalue())[0].content)
    assert (found.format, found.mode, found.getpixel((5, 5))[3]) == ("PNG", "RGBA", 90)
    full = io.BytesIO()
    Image.new("RGBA", (60, 60), (200, 0, 0, 255)).save(full, "PNG")
    assert opened(fitted(full.getvalue())[0].content).format == "JPEG"


def test_a_transparent_picture_too_large_for_a_mail_is_laid_on_white() -> None:
    noise = Image.effect_noise((1200, 800), 250)
    made = io.BytesIO()
    Image.merge("RGBA", [noise, noise.transpose(Image.Transpose.ROTATE_180), noise, noise]).save(made, "PNG")
    assert opened(fitted(made.getvalue())[0].content).format == "JPEG"


def test_an_animation_shows_its_first_frame() -> None:
    frames = [Image.new("RGB", (90, 60), colour) for colour in ("red", "blue")]
    made = io.BytesIO()
    frames[0].save(made, "GIF", save_all=True, append_images=frames[1:])
    found = opened(fitted(made.getvalue())[0].content)
    red, _, blue = found.convert("RGB").getpixel((40, 30))
    assert red > 200 > 60 > blue
    assert getattr(found, "n_frames", 1) == 1


@pytest.mark.parametrize("mode", ["CMYK", "L", "1"])
def test_colours_of_print_and_greys_become_those_of_screens(mode: str) -> None:
    form = "PNG" if mode == "1" else "JPEG"
    found = opened(fitted(photograph((300, 200), form, mode))[0].content)
    assert found.mode == "RGB"


def test_sixteen_bits_of_grey_keep_their_light() -> None:
    made = io.BytesIO()
    Image.new("I;16", (60, 60), 0x8000).save(made, "PNG")
    assert abs(opened(fitted(made.getvalue())[0].content).convert("L").getpixel((9, 9)) - 128) <= 2


def test_a_colour_profile_is_followed_and_left_out() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    blue_is_red = srgb.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")
    made = io.BytesIO()
    Image.new("RGB", (60, 60), (250, 0, 0)).save(made, "PNG", icc_profile=blue_is_red)
    found = opened(fitted(made.getvalue())[0].content)
    red, _, blue = found.getpixel((30, 30))
    assert blue > 200 > 60 > red
    assert "icc_profile" not in found.info


def test_a_broken_colour_profile_is_passed_over() -> None:
    broken = photograph((300, 200), icc_profile=b"no profile at all" * 20)
    assert fitted(broken)[0].image == fitted(photograph((300, 200)))[0].image


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (bomb(), "is not opened"),
        (bomb(4000, 4100), "more than 16 megapixels is not opened"),
        (photograph((4900, 5000), progressive=True), "more than 24 megapixels is not opened"),
        (large_jpeg(7000, 7200), "more than 50 megapixels is not opened"),
        (b"", "not a picture"),
        (b"<!doctype html><title>Not found</title>", "not a picture"),
        (b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "SVG"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (photograph()[:5000], "not a picture"),
        (photograph(form="PNG")[:5000], "not a picture"),
        (photograph(form="TIFF"), "not a picture"),
        (photograph((1, 1), "GIF"), "shows nothing"),
        (photograph((600, 3), "PNG"), "shows nothing"),
    ],
    ids=[
        "bomb",
        "small bomb",
        "large progressive JPEG",
        "large JPEG",
        "empty",
        "page",
        "svg",
        "bare svg",
        "half a JPEG",
        "half a PNG",
        "TIFF",
        "pixel",
        "spacer",
    ],
)
def test_what_is_no_picture_for_a_mail_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        fitted(content)


def test_a_photograph_that_is_larger_than_other_pictures_may_be_is_taken() -> None:
    whole, _ = fitted(large_jpeg(7000, 7000))
    assert opened(whole.content).size == (1200, 1200)


def test_a_long_photograph_on_its_side_is_held_to_what_a_mail_shows_when_it_stands() -> None:
    exif = Image.Exif()
    exif[0x0112] = 8
    assert opened(fitted(photograph((800, 2400), exif=exif))[0].content).size == (1200, 400)
    assert opened(fitted(photograph((2400, 400), "PNG", exif=exif))[0].content).size == (267, 1600)


def test_a_grey_picture_with_a_transparent_tone_stays_transparent() -> None:
    made = io.BytesIO()
    Image.new("L", (60, 60), 7).save(made, "PNG", transparency=7)
    found = opened(fitted(made.getvalue())[0].content)
    assert (found.mode, found.getpixel((5, 5))[3]) == ("RGBA", 0)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says what a process took at most")
@pytest.mark.parametrize(
    ("form", "size", "mode", "megabytes"),
    [
        ("JPEG", (8160, 6120), "RGB", 120),
        ("PNG", (4600, 3450), "RGBA", 200),
        ("GIF", (4600, 3450), "P", 200),
        ("WEBP", (4600, 3450), "RGBA", 330),
    ],
)
def test_the_largest_pictures_take_no_more_memory_than_is_written(
    form: str, size: tuple[int, int], mode: str, megabytes: int
) -> None:
    made = io.BytesIO()
    Image.new("RGB", size, (30, 90, 120)).convert(mode).save(made, form)
    command = [sys.executable, "-c", MEASURE]
    took = subprocess.run(command, input=made.getvalue(), capture_output=True, check=True, timeout=60)
    assert 0 < int(took.stdout) <= megabytes
