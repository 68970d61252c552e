"""Pictures of cards: fetched, or taken from the store, and made fit for a network."""

from __future__ import annotations

import asyncio
import io

from PIL import Image

from bot.audience.links import image_url
from bot.channels.base import Surroundings
from bot.editions.image import decoded, on_white
from bot.errors import FetchError, StoreError
from bot.model import Newsroom
from bot.store import Store

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


def measured(picture: bytes) -> tuple[int, int]:
    """Width and height of a picture that ``jpeg`` made, in pixels."""
    with Image.open(io.BytesIO(picture)) as opened:
        return opened.size


async def made_fit(url: str, around: Surroundings, *, longest: int, size: int) -> bytes | None:
    """The picture at ``url`` as ``jpeg`` makes it; None when it is not to be had: a picture never costs the post."""
    try:
        content = await fetched(url, around)
        return await asyncio.to_thread(jpeg, content, longest=longest, size=size)
    except (FetchError, StoreError, ValueError):
        return None


async def fetched(url: str, around: Surroundings) -> bytes:
    """The picture at ``url``; a hosted one from the store: our own pages may not be up, or not be reached from here.

    Raises ``FetchError``, ``StoreError``.
    """
    found = await asyncio.to_thread(kept, around.store, around.newsroom, url) if around.store else None
    if found is not None:
        return found
    return (await around.http.get(url)).body


def kept(store: Store, newsroom: Newsroom, url: str) -> bytes | None:
    """The hosted picture at ``url``, from the store; None when it is none of ours."""
    ours = image_url(newsroom, "")
    if not url.startswith(ours):
        return None
    with store.read() as tx:
        return tx.images.content(url.removeprefix(ours))
