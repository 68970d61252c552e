"""Pictures of foreign sites, made fit for a card: opened with care, without their metadata."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps

PIXELS = 50_000_000
"""Pictures that unpack to more are not opened: a file of a few kB can name thousands of megapixels."""
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
_QUALITIES = (85, 70, 55, 40)


def jpeg(picture: bytes, *, longest: int, size: int) -> bytes:
    """``picture`` upright, on white, as a JPEG of at most ``longest`` pixels a side and ``size`` bytes.

    The same bytes give the same JPEG. Raises ``ValueError`` when it is no picture, too large, or cannot be made fit.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(picture), formats=_FORMATS) as opened:
                if opened.width * opened.height > PIXELS:
                    raise ValueError(f"a picture of {opened.width} × {opened.height} is not opened")
                opened.draft("RGB", (longest, longest))
                upright = ImageOps.exif_transpose(opened)
                upright.thumbnail((longest, longest))
                flat = _on_white(upright)
    except (OSError, SyntaxError, OverflowError, MemoryError, EOFError, Image.DecompressionBombError) as error:
        raise ValueError("not a picture that can be opened") from error
    for quality in _QUALITIES:
        made = io.BytesIO()
        flat.save(made, "JPEG", quality=quality, optimize=True)
        if made.tell() <= size:
            return made.getvalue()
    raise ValueError(f"a picture of {size:,} bytes at most cannot be made of it")


def _on_white(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    layer = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")
