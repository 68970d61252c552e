"""Which posts about an article stand on the networks, after all that was done to them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.model import Delivery, DeliveryState, Edition, EditionStory, Post, PostAct
from bot.store import Transaction


@dataclass(frozen=True, slots=True)
class Posted:
    """A post about an article that a network accepted. ``language`` is the article's, "" when nobody knows.

    ``id`` is the network's name of it by now: a post that replaced another has one of its own; "" where the network
    gives none. ``post`` is what it says by now, in its place in the thread. ``removed``: it was taken down.
    ``pending`` is the edition that is to do ``pending_act`` with it, and may still do so; "" when none is.
    """

    delivery: Delivery
    language: str
    id: str
    post: Post
    removed: bool = False
    pending: str = ""
    pending_act: PostAct = PostAct.POST

    @property
    def goes(self) -> bool:
        """It is to be replaced or taken down: what is done to it meanwhile is done to a post that will be gone."""
        return self.pending_act in (PostAct.REPLACE, PostAct.REMOVE)


@dataclass(frozen=True, slots=True)
class _Done:
    """What was done, or is to be done, to a post that stands; ``delivery`` is None before it begins."""

    edition: Edition
    channel: str
    post: Post
    delivery: Delivery | None


def posted(tx: Transaction, edition: Edition, story: EditionStory) -> list[Posted]:
    """The posts of ``edition`` about ``story``: its own, or that of the whole edition, which tells the lead."""
    about = {str(story.article.id)} | ({""} if story.position == 1 else set())
    found = []
    for each in tx.deliveries.of_edition(edition.id, 0):
        if each.subject not in about or each.state is not DeliveryState.ACCEPTED:
            continue
        rendition = tx.editions.rendition(edition.id, each.channel, each.subject)
        if rendition and rendition.post:
            found.append(Posted(each, story.article.language, each.provider_id, rendition.post))
    if not found:
        return []
    done = _done(tx, edition)
    return [_now(each, done) for each in found]


def _done(tx: Transaction, edition: Edition) -> list[_Done]:
    """The changes to posts of the edition's schedule since it went out, in their order."""
    done = []
    for amending in tx.editions.amending(edition.schedule, edition.slot):
        deliveries = {(each.channel, each.subject): each for each in tx.deliveries.of_edition(amending.id, 0)}
        for each in amending.renditions:
            if each.post and each.post.target:
                done.append(_Done(amending, each.channel, each.post, deliveries.get((each.channel, each.subject))))
    return done


def _now(posted: Posted, done: list[_Done]) -> Posted:
    place = {name: getattr(posted.post, name) for name in ("part", "parts", "follows")}
    for each in done:
        if each.channel != posted.delivery.channel or each.post.target != posted.id:
            continue
        if each.delivery is None or each.delivery.state is not DeliveryState.ACCEPTED:
            if _may_be_done(each):
                posted = replace(posted, pending=each.edition.id, pending_act=each.post.act)
        elif each.post.act is PostAct.REMOVE:
            posted = replace(posted, removed=True)
        elif each.post.act is PostAct.REPLACE:
            posted = replace(posted, id=each.delivery.provider_id, post=replace(each.post, **place), removed=False)
        elif each.post.act is PostAct.EDIT:
            posted = replace(posted, post=replace(each.post, **place))
    return posted


def _may_be_done(done: _Done) -> bool:
    """Whether it is not known yet, or nobody knows, what becomes of a change."""
    if done.delivery is None:
        return not done.edition.state.ended
    return done.delivery.state.open or done.delivery.state is DeliveryState.UNKNOWN
