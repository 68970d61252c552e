"""Which posts about an article stand on the networks, after all that was done to them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.model import Delivery, DeliveryState, Edition, EditionStory, Post, PostAct
from bot.store import Transaction


@dataclass(frozen=True, slots=True)
class Posted:
    """A post about an article that a network accepted. ``language`` is the article's, "" when nobody knows.

    ``id`` is the network's name of it by now: a post that replaced another has one of its own; "" where the network
    gives none. ``post`` is what it says by now. ``removed``: it was taken down.
    """

    delivery: Delivery
    language: str
    id: str
    post: Post
    removed: bool = False


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


def _done(tx: Transaction, edition: Edition) -> list[tuple[Delivery, Post]]:
    """What networks accepted of changes to posts of the edition's schedule since it went out, in its order."""
    done = []
    for amending in tx.editions.amending(edition.schedule, edition.slot):
        posts = {(each.channel, each.subject): each.post for each in amending.renditions if each.post}
        for delivery in tx.deliveries.of_edition(amending.id, 0):
            post = posts.get((delivery.channel, delivery.subject))
            if post and post.target and delivery.state is DeliveryState.ACCEPTED:
                done.append((delivery, post))
    return done


def _now(posted: Posted, done: list[tuple[Delivery, Post]]) -> Posted:
    for delivery, post in done:
        if delivery.channel != posted.delivery.channel or post.target != posted.id:
            continue
        if post.act is PostAct.REMOVE:
            posted = replace(posted, removed=True)
        elif post.act is PostAct.REPLACE:
            posted = replace(posted, id=delivery.provider_id, post=post, removed=False)
        elif post.act is PostAct.EDIT:
            posted = replace(posted, post=post)
    return posted
