"""The post that a parcel brings, looked at once more before it goes out."""

from __future__ import annotations

from bot.editions.counting import fits
from bot.errors import DeliveryError
from bot.model import Limits, Parcel, Post


def post_of(parcel: Parcel, server: str) -> Post:
    """The post of ``parcel``. Raises ``DeliveryError`` for good when it has none."""
    post = parcel.rendition.post
    if post is None:
        raise DeliveryError(f"edition {parcel.edition}: has no post for {server}", permanent=True, server=server)
    return post


def fitting(parcel: Parcel, limits: Limits, server: str) -> Post:
    """The post of ``parcel``, whose text stays within ``limits`` together with its warning.

    Raises ``DeliveryError`` for good when it does not: the limits became smaller since it was composed.
    """
    post = post_of(parcel, server)
    if not fits(post.text, limits, warning=post.warning if limits.warning else ""):
        raise DeliveryError(
            f"edition {parcel.edition}: its post is more than the {_most(limits)} that {server} takes; "
            "shorten it, or make it anew for the limits of today",
            permanent=True,
            server=server,
        )
    return post


def _most(limits: Limits) -> str:
    counted = ((limits.characters, "characters"), (limits.size, "bytes"), (limits.links, "links"))
    return " or ".join(f"{most:,} {what}" for most, what in counted if most is not None)
