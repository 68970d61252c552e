"""Which posts about an article stand on the networks, after all that was done to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from bot.model import CORRECTION, Delivery, DeliveryState, Edition, EditionState, EditionStory, Post, PostAct
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


def posted(tx: Transaction, told: Iterable[tuple[Edition, EditionStory]]) -> list[tuple[Posted, ...]]:
    """Of each story that an edition told: its posts, or that of the whole edition, which tells the lead."""
    told = list(told)
    since: dict[str, datetime] = {}
    for edition, _ in told:
        since[edition.schedule] = min(edition.slot, since.get(edition.schedule, edition.slot))
    done = {schedule: _done(tx, schedule, slot) for schedule, slot in since.items()}
    found = []
    for _, stories in groupby(told, key=lambda each: each[0].id):
        deliveries = None
        for edition, story in stories:
            deliveries = tx.deliveries.of_edition(edition.id, 0) if deliveries is None else deliveries
            standing = (_posted(tx, each, story) for each in deliveries)
            found.append(tuple(_now(each, done[edition.schedule]) for each in standing if each))
    return found


def answers(tx: Transaction, schedule: str, article: int) -> tuple[Posted, ...]:
    """The posts of a schedule that corrected those about ``article``, as replies or on their own."""
    corrections = (each for each in tx.corrections.of_article(article) if each.schedule == schedule)
    editions = (tx.editions.of_slot(schedule, f"{CORRECTION}{each.id}") for each in corrections)
    found: list[Posted] = []
    since: list[datetime] = []
    for edition in filter(None, editions):
        posts = {(each.channel, each.subject): each.post for each in edition.renditions}
        for each in tx.deliveries.of_edition(edition.id, 0):
            post = posts.get((each.channel, each.subject))
            if post and post.act is PostAct.POST and each.state is DeliveryState.ACCEPTED:
                found.append(Posted(each, post.language, each.provider_id, post))
                since.append(edition.slot)
    done = _done(tx, schedule, min(since)) if since else []
    return tuple(_now(each, done) for each in found)


def waiting(tx: Transaction, edition: Edition, story: EditionStory) -> tuple[str, ...]:
    """The channels to which the posts of ``edition`` about ``story`` go yet, as it was told."""
    if edition.state not in (EditionState.SENDING, EditionState.PAUSED):
        return ()
    deliveries = tx.deliveries.of_edition(edition.id, 0)
    return tuple(each.channel for each in deliveries if each.subject in _about(story) and each.state.open)


def _about(story: EditionStory) -> set[str]:
    return {str(story.article.id)} | ({""} if story.position == 1 else set())


def _posted(tx: Transaction, delivery: Delivery, story: EditionStory) -> Posted | None:
    if delivery.subject not in _about(story) or delivery.state is not DeliveryState.ACCEPTED:
        return None
    rendition = tx.editions.rendition(delivery.edition, delivery.channel, delivery.subject)
    if rendition is None or rendition.post is None:
        return None
    return Posted(delivery, story.article.language, delivery.provider_id, rendition.post)


def _done(tx: Transaction, schedule: str, since: datetime) -> list[_Done]:
    """The changes to posts of a schedule, in their order."""
    done = []
    for amending in tx.editions.amending(schedule, since):
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
