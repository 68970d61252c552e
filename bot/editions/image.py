"""A foreign picture, decoded with care and made fit for mails: JPEG or PNG, upright, in sRGB, without its metadata.

Mail programs know no WebP or AVIF (Outlook), and none of them is owed where a photograph was taken. Pure: bytes in,
bytes out; it takes time (up to three seconds), so it does not belong into an event loop.
"""

from __future__ import annotations

import hashlib
import io
import re
import warnings
from dataclasses import dataclass, field

from PIL import ExifTags, Image, ImageCms, ImageOps, JpegImagePlugin

from bot.model import HostedImage

PIXELS = 16_000_000
"""Pictures that unpack to more are not opened: a file of a few kB can name thousands of megapixels."""
PIXELS_JPEG, PIXELS_PROGRESSIVE = 50_000_000, 24_000_000
"""Pixels of a JPEG, which is unpacked at half of its size or less; a progressive one holds no less for that."""
WIDEST, TALLEST = 1200, 1600
"""Pixels of a hosted picture: twice what a mail shows."""
CROP = (720, 480)
"""Pixels of one cut for a row of two: twice what a phone shows, and never more than the picture has."""
SMALLEST = 16
"""Pixels of a side; what is smaller is a spacer or counts who opens the mail."""
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")
_ASIDE = (5, 6, 7, 8)
"""Orientations (EXIF) in which width and height change places."""
_PACKED = 500_000
_QUALITIES = (82, 70, 55)
_PROFILE = 4_000_000
_SVG = re.compile(rb"\s*(?:<\?xml|<!--|<!doctype svg|<svg)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An encoded picture, and the bytes it is made of."""

    image: HostedImage
    content: bytes = field(repr=False)


def fitted(picture: bytes) -> tuple[ImageFile, ImageFile | None]:
    """``picture`` whole, within 1200 × 1600 pixels, and its middle cut to 3:2 (None when it has that shape).

    The same bytes give the same files. Raises ``ValueError`` when it is no picture, is too large, or too small to see.
    """
    opened = decoded(picture, within=(WIDEST, TALLEST))
    if min(opened.size) < SMALLEST:
        raise ValueError(f"a picture of {opened.width} × {opened.height} pixels shows nothing")
    whole = encoded(opened)
    wide, high = CROP
    # Half a pixel of the 192 that are shown.
    if abs(opened.width * high / wide - opened.height) * wide / opened.width < 1.25:
        return whole, None
    size = (wide, high) if opened.width >= wide and opened.height >= high else _largest(opened.size)
    return whole, encoded(ImageOps.fit(opened, size, Image.Resampling.LANCZOS))


def decoded(picture: bytes, *, within: tuple[int, int]) -> Image.Image:
    """The first frame of ``picture``, upright, in sRGB (RGB or RGBA), no wider and no higher than ``within``.

    Raises ``ValueError`` when it is no picture of a format we take, is broken, or too large to be opened.
    """
    if _SVG.match(picture[:100]):
        # Mail programs do not show it, and it is a document with links and scripts.
        raise ValueError("an SVG is not a picture for mails")
    largest = PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(picture), formats=FORMATS) as opened:
                largest = _most(opened)
                if opened.width * opened.height > largest:
                    raise Image.DecompressionBombError
                # Photographs are read at an eighth, a quarter or half of their size, where that is still enough.
                opened.draft("RGB", (max(within), max(within)))
                profile = opened.info.get("icc_profile")
                small = _plain(opened)
                # Made smaller first: turned, the whole picture would be held twice.
                turned = small.getexif().get(ExifTags.Base.Orientation) in _ASIDE
                small.thumbnail(within[::-1] if turned else within, Image.Resampling.LANCZOS, reducing_gap=3.0)
                return _in_srgb(ImageOps.exif_transpose(small), profile)
    except Image.DecompressionBombError as error:
        raise ValueError(f"a picture of more than {largest // 1_000_000} megapixels is not opened") from error
    except Exception as error:
        # Decoders of foreign bytes raise whatever they meet: a struct.error, a KeyError of a tag, no memory.
        raise ValueError("not a picture that can be opened") from error


def encoded(picture: Image.Image) -> ImageFile:
    """A JPEG; a PNG where something of ``picture`` is transparent and the file is not too large for a mail."""
    if picture.mode == "RGBA" and picture.getchannel("A").getextrema() != (255, 255):
        made = io.BytesIO()
        picture.save(made, "PNG", optimize=True)
        if made.tell() <= _PACKED:
            return _file(picture, made.getvalue(), "png")
    flat = on_white(picture)
    for quality in _QUALITIES:
        made = io.BytesIO()
        flat.save(made, "JPEG", quality=quality, optimize=True, progressive=True)
        if made.tell() <= _PACKED:
            break
    return _file(picture, made.getvalue(), "jpg")


def losslessly(picture: Image.Image) -> ImageFile:
    """A PNG: of letters on a ground it is sharper and smaller than a JPEG."""
    made = io.BytesIO()
    # Of what Pillow has it is nearest to the picture, and takes a fifth of the time of the one it takes by itself.
    chosen = picture.quantize(64, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    chosen.save(made, "PNG", optimize=True)
    return _file(picture, made.getvalue(), "png")


def on_white(picture: Image.Image) -> Image.Image:
    """``picture`` in RGB, what is transparent in white."""
    if picture.mode != "RGBA":
        return picture.convert("RGB")
    return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def _file(picture: Image.Image, content: bytes, suffix: str) -> ImageFile:
    name = f"{hashlib.sha256(content).hexdigest()[:32]}.{suffix}"
    return ImageFile(HostedImage(name=name, width=picture.width, height=picture.height), content)


def _most(opened: Image.Image) -> int:
    """Pixels that a picture of this kind may have."""
    if not isinstance(opened, JpegImagePlugin.JpegImageFile):
        return PIXELS
    return PIXELS_PROGRESSIVE if opened.info.get("progressive") else PIXELS_JPEG


def _plain(picture: Image.Image) -> Image.Image:
    """In RGB, RGBA, CMYK or L, which can be resized and whose profile can be followed."""
    if picture.mode.startswith("I"):
        # 16 bits of grey: ``convert`` would cut off what is above the first 8.
        return picture.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    wanted = "RGBA" if picture.has_transparency_data else "RGB"
    # What is plain already is not copied: ``convert`` would.
    plain = picture.mode == wanted or (wanted == "RGB" and picture.mode in ("CMYK", "L"))
    return picture if plain else picture.convert(wanted)


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    alpha = picture.getchannel("A") if picture.mode == "RGBA" else None
    colours = picture.convert("RGB") if alpha else picture
    if isinstance(profile, bytes) and len(profile) <= _PROFILE:
        colours = _followed(colours, profile)
    made = colours.convert("RGB")
    # Comments, places and profiles are written again by some encoders.
    made.info = {}
    if alpha:
        made.putalpha(alpha)
    return made


def _followed(picture: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        followed = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        # A broken profile, or one for another kind of colours: as if there were none.
        return picture
    return followed or picture


def _largest(size: tuple[int, int]) -> tuple[int, int]:
    """The largest 3:2 within ``size``."""
    width, height = size
    wide, high = CROP
    across = min(width, height * wide // high)
    return max(1, across), max(1, across * high // wide)
