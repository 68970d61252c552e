"""Pictures of foreign sites, made fit for a card of a network."""

from __future__ import annotations

import io

from bot.editions.image import decoded, on_white

_QUALITIES = (85, 70, 55, 40)


def jpeg(picture: bytes, *, longest: int, size: int) -> bytes:
    """``picture`` upright, on white, as a JPEG of at most ``longest`` pixels a side and ``size`` bytes.

    The same bytes give the same JPEG. Raises ``ValueError`` when it is no picture, too large, or cannot be made fit.
    """
    flat = on_white(decoded(picture, within=(longest, longest)))
    for quality in _QUALITIES:
        made = io.BytesIO()
        flat.save(made, "JPEG", quality=quality, optimize=True)
        if made.tell() <= size:
            return made.getvalue()
    raise ValueError(f"a picture of {size:,} bytes at most cannot be made of it")
