"""A photograph cut to another shape round what is on it, found by where its lines are; else to its middle."""

from __future__ import annotations

from PIL import Image, ImageFilter, ImageOps

_SMALL = 96
"""Pixels of the longer side at which it is looked at: what matters is large."""
_MIDDLE = 0.15
"""What the middle is worth, as a share of all lines: a little more on the side is no reason to leave it."""


def cropped(photo: Image.Image, size: tuple[int, int]) -> Image.Image:
    """``photo`` (RGB) in ``size`` pixels, cut on one axis only, as little as its shape asks."""
    wide, high = size
    across = photo.width * high > photo.height * wide
    kept = photo.height * wide / (high * photo.width) if across else photo.width * high / (wide * photo.height)
    place = _place(_lines(photo, across=across), kept)
    return ImageOps.fit(photo, size, Image.Resampling.LANCZOS, centering=(place, 0.5) if across else (0.5, place))


def _lines(photo: Image.Image, *, across: bool) -> list[int]:
    """How much there is to see in each column, or row, of the photograph made small."""
    small = ImageOps.contain(photo.convert("L"), (_SMALL, _SMALL), Image.Resampling.BOX)
    edges = small.filter(ImageFilter.FIND_EDGES)
    # The outermost pixels are edges of the file, not of anything on it.
    inner = edges.crop((1, 1, max(2, edges.width - 1), max(2, edges.height - 1)))
    width, height = inner.size
    values = inner.tobytes()
    if across:
        return [sum(each * each for each in values[column::width]) for column in range(width)]
    return [sum(each * each for each in values[row * width : (row + 1) * width]) for row in range(height)]


def _place(lines: list[int], kept: float) -> float:
    """Where the part that is ``kept`` begins, from 0 to 1 of the way that it can go."""
    number = len(lines)
    part = max(1, min(number, round(number * kept)))
    ways = number - part
    if not ways or not any(lines):
        return 0.5
    whole = sum(lines)

    def worth(start: int) -> tuple[float, float]:
        # What lies in the middle of the part counts twice what lies at its border: nothing is cut off that was meant.
        inside = lines[start : start + part]
        seen = sum(each * (1 - abs((at + 0.5) / part - 0.5)) for at, each in enumerate(inside)) / whole
        off = abs(start / ways - 0.5)
        return seen - _MIDDLE * off, -off

    return max(range(ways + 1), key=worth) / ways
