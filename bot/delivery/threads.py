"""The parts of a thread go out one after the other: each answers the one before, so that one must stand first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model import Delivery, DeliveryState, Parcel, Phrase, Post
from bot.store import Transaction

SOON = timedelta(seconds=2)
"""How soon it is looked again whether the part before stands, while that is under way."""
LATER = timedelta(minutes=1)
"""How soon, while nobody knows of it."""
BROKEN = Phrase("the part before it was not posted")
_LONGEST = 500
"""Parts of a thread. An edition whose renditions follow each other in a circle ends here too."""


@dataclass(frozen=True, slots=True)
class Ready:
    """``parcel`` may go, as an answer to the part before where that has a name."""

    parcel: Parcel


@dataclass(frozen=True, slots=True)
class Waits:
    """The part before is not there yet: to be looked at again then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Broken:
    """The part before will never be there."""

    reason: str = BROKEN


def standing(tx: Transaction, parcel: Parcel, now: datetime) -> Ready | Waits | Broken:
    """Whether a part may go: always, when it is the first one or none."""
    post = parcel.rendition.post
    if post is None or opens(post):
        return Ready(parcel)
    before = tx.deliveries.of_post(parcel.edition, parcel.rendition.channel, post.follows)
    if before is None:
        return Broken()
    if before.state is DeliveryState.UNKNOWN:
        return Waits(now + LATER)
    if before.state.open:
        return Waits(max(before.not_before or now, now + SOON))
    if before.state is not DeliveryState.ACCEPTED:
        return Broken()
    return Ready(answering(parcel, before.provider_id, _root(tx, parcel, before)))


def follows(parcel: Parcel) -> bool:
    """Whether it is a thread's second part or a later one."""
    return parcel.rendition.post is not None and not opens(parcel.rendition.post)


def answering(parcel: Parcel, answers: str, root: str) -> Parcel:
    """The parcel as an answer to the post ``answers`` in the thread that begins with ``root``; "": on its own."""
    post = parcel.rendition.post
    if post is None or not answers:
        return parcel
    data = {**post.data, "root": root} if root and root != answers else post.data
    return replace(parcel, rendition=replace(parcel.rendition, post=replace(post, answers=answers, data=data)))


def opens(post: Post) -> bool:
    """Whether it is a thread's first part, or none. The first part's own subject may be ""."""
    return post.part == 1 and not post.follows


def _root(tx: Transaction, parcel: Parcel, before: Delivery) -> str:
    """What the network calls the first part; of those behind a part without a name, the first one that has one."""
    root = before
    for _ in range(_LONGEST):
        rendition = tx.editions.rendition(parcel.edition, parcel.rendition.channel, root.subject)
        post = rendition.post if rendition else None
        if post is None or opens(post):
            break
        earlier = tx.deliveries.of_post(parcel.edition, parcel.rendition.channel, post.follows)
        if earlier is None or not earlier.provider_id:
            break
        root = earlier
    return root.provider_id
