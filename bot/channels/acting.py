"""Does with a parcel what its post asks for: posts it, or changes, replaces or takes down one that stands."""

from __future__ import annotations

from bot.channels.base import Channel, Editing, Posting, Removing
from bot.errors import DeliveryError, OutcomeUnknown
from bot.model import Parcel, PostAct, Receipt


def may_repeat(parcel: Parcel) -> bool:
    """Whether doing it a second time does no more than doing it once, whatever the network."""
    post = parcel.rendition.post
    return post is not None and post.act in (PostAct.EDIT, PostAct.REMOVE)


async def perform(channel: Channel, parcel: Parcel) -> Receipt:
    """Sends ``parcel``, or does its ``Post.act``. Raises as ``Channel.send``.

    Of an edit or a removal no outcome is unknown: it is done again. A post that replaces another one is sent only when
    that one is down.
    """
    post = parcel.rendition.post
    if post is None or post.act is PostAct.POST:
        return await channel.send(parcel)
    try:
        if post.act is PostAct.EDIT:
            if not isinstance(channel, Editing):
                raise DeliveryError("its posts cannot be changed: correct it by a reply", permanent=True)
            return await channel.edit(post.target, parcel)
        if not isinstance(channel, Removing):
            raise DeliveryError("its posts cannot be taken down by a program: do it by hand", permanent=True)
        if post.act is PostAct.REPLACE and isinstance(channel, Posting):
            # Nothing is taken down for a post that may not go out.
            channel.payload(parcel)
        await channel.remove(post.target)
    except OutcomeUnknown as error:
        raise DeliveryError(str(error), permanent=False, server=error.server) from error
    if post.act is PostAct.REMOVE:
        return Receipt(server="", code=200, text="taken down", id=post.target)
    try:
        return await channel.send(parcel)
    except DeliveryError as error:
        if type(error) is DeliveryError and error.permanent:
            # It is over, and nothing stands any more: that must not read as if the old post did.
            raise DeliveryError(
                f"the post that it was to replace is taken down, and this one is refused: {error}",
                permanent=True,
                code=error.code,
                enhanced=error.enhanced,
                server=error.server,
            ) from error
        raise
