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
        most = f"{limits.characters:,} characters" if limits.characters else f"{limits.size:,} bytes"
        raise DeliveryError(
            f"edition {parcel.edition}: its post is longer than the {most} that {server} takes; "
            "shorten it, or make it anew for the limits of today",
            permanent=True,
            server=server,
        )
    return post
