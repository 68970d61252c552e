"""Colours that stay readable: WCAG contrast, and lightness moved in OKLCH so that the hue keeps its name.

Conversions: Björn Ottosson, https://bottosson.github.io/posts/oklab/; contrast: WCAG 2.2, "contrast ratio" and
"relative luminance" (both checked 2026-11-24). A colour is ``#RRGGBB``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

_STEP = 0.0025


@dataclass(frozen=True, slots=True)
class Oklch:
    """Lightness 0–1, chroma 0–0.4, hue in radians."""

    lightness: float
    chroma: float
    hue: float


def is_colour(value: str) -> bool:
    return re.fullmatch(r"#[0-9A-Fa-f]{6}", value) is not None


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def darkened(colour: str, grounds: Iterable[str], ratio: float) -> str:
    """``colour``, or the lightest darker tone of its hue that reaches ``ratio`` on every ground."""
    return _moved(colour, tuple(grounds), ratio, -_STEP)


def lightened(colour: str, grounds: Iterable[str], ratio: float) -> str:
    """``colour``, or the darkest lighter tone of its hue that reaches ``ratio`` on every ground."""
    return _moved(colour, tuple(grounds), ratio, _STEP)


def muted(colour: str, factor: float) -> str:
    """``colour`` with its chroma multiplied by ``factor``."""
    tone = to_oklch(colour)
    return to_hex(Oklch(tone.lightness, tone.chroma * factor, tone.hue))


def on(colour: str) -> str:
    """White, or near-black of the same hue: what reads better on ``colour``."""
    tone = to_oklch(colour)
    near_black = to_hex(Oklch(0.17, min(tone.chroma, 0.02), tone.hue))
    return max("#FFFFFF", near_black, key=lambda candidate: contrast(candidate, colour))


def to_oklch(colour: str) -> Oklch:
    red, green, blue = (_linear(channel) for channel in _channels(colour))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    return Oklch(lightness, math.hypot(a, b), math.atan2(b, a))


def to_hex(tone: Oklch) -> str:
    """The sRGB colour nearest to ``tone``; where sRGB has none, chroma gives way and lightness and hue stay."""
    chroma = tone.chroma
    while True:
        channels = _rgb(Oklch(tone.lightness, chroma, tone.hue))
        if chroma <= 0 or all(-0.0005 <= channel <= 1.0005 for channel in channels):
            return "#" + "".join(f"{round(255 * _gamma(min(max(channel, 0.0), 1.0))):02X}" for channel in channels)
        chroma = max(chroma - 0.002, 0.0)


def _moved(colour: str, grounds: tuple[str, ...], ratio: float, step: float) -> str:
    tone, moved = to_oklch(colour), colour.upper()
    lightness = tone.lightness
    while min(contrast(moved, ground) for ground in grounds) < ratio and 0 <= lightness + step <= 1:
        lightness += step
        moved = to_hex(Oklch(lightness, tone.chroma, tone.hue))
    return moved


def _rgb(tone: Oklch) -> tuple[float, float, float]:
    a, b = tone.chroma * math.cos(tone.hue), tone.chroma * math.sin(tone.hue)
    long = (tone.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (tone.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (tone.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(channel) for channel in _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _channels(colour: str) -> tuple[float, float, float]:
    return int(colour[1:3], 16) / 255, int(colour[3:5], 16) / 255, int(colour[5:7], 16) / 255


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)


def _gamma(channel: float) -> float:
    return channel * 12.92 if channel <= 0.0031308 else float(1.055 * channel ** (1 / 2.4) - 0.055)
