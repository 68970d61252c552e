"""Which posts about an article stand on the networks, after all that was done to them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.model import CORRECTION, Delivery, DeliveryState, Edition, EditionStory, Post, PostAct
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


def posted(
    tx: Transaction,
    told: Iterable[tuple[Edition, EditionStory]],
    posts: Mapping[str, Sequence[Delivery]] | None = None,
) -> list[tuple[Posted, ...]]:
    """Of each story that an edition told: its posts, or that of the whole edition, which tells the lead.

    ``posts`` are those of the editions, by id, where they are known.
    """
    told = list(told)
    since: dict[str, datetime] = {}
    for edition, _ in told:
        since[edition.schedule] = min(edition.slot, since.get(edition.schedule, edition.slot))
    done = _done(tx, since)
    if posts is None:
        posts = tx.deliveries.posts_of({edition.id for edition, _ in told})
    accepted = [
        [each for each in posts[edition.id] if each.subject in _about(story) and each.state is DeliveryState.ACCEPTED]
        for edition, story in told
    ]
    made = _renditions(tx, [each for those in accepted for each in those])
    return [
        tuple(
            _now(Posted(each, story.article.language, each.provider_id, post), done[edition.schedule])
            for each in those
            if (post := made.get((each.edition, each.channel, each.subject)))
        )
        for (edition, story), those in zip(told, accepted, strict=True)
    ]


def answers(tx: Transaction, schedules: Collection[str], article: int) -> dict[str, tuple[Posted, ...]]:
    """By schedule, its posts that corrected those about ``article``, as replies or on their own."""
    found: dict[str, list[Posted]] = {schedule: [] for schedule in schedules}
    corrections = [each for each in tx.corrections.of_article(article) if each.schedule in found]
    editions = tx.editions.of_slots([(each.schedule, f"{CORRECTION}{each.id}") for each in corrections])
    deliveries = tx.deliveries.posts_of([each.id for each in editions.values()])
    since: dict[str, datetime] = {}
    for edition in editions.values():
        posts = {(each.channel, each.subject): each.post for each in edition.renditions}
        for each in deliveries[edition.id]:
            post = posts.get((each.channel, each.subject))
            if post and post.act is PostAct.POST and each.state is DeliveryState.ACCEPTED:
                found[edition.schedule].append(Posted(each, post.language, each.provider_id, post))
                since[edition.schedule] = min(edition.slot, since.get(edition.schedule, edition.slot))
    done = _done(tx, since) if since else {}
    return {schedule: tuple(_now(each, done[schedule]) for each in posts) for schedule, posts in found.items()}


def others(story: EditionStory, posts: Iterable[Delivery]) -> tuple[Delivery, ...]:
    """Those of an edition's ``posts`` that are about ``story``, and that no network accepted, or none has yet."""
    return tuple(each for each in posts if each.subject in _about(story) and each.state is not DeliveryState.ACCEPTED)


def _about(story: EditionStory) -> set[str]:
    return {str(story.article.id)} | ({""} if story.position == 1 else set())


def _renditions(tx: Transaction, posts: Sequence[Delivery]) -> dict[tuple[str, str, str], Post]:
    """What these posts said when they were sent, by edition, channel and subject."""
    found = tx.editions.renditions(
        {each.edition for each in posts}, {each.channel for each in posts}, {each.subject for each in posts}
    )
    return {key: each.post for key, each in found.items() if each.post}


def _done(tx: Transaction, since: Mapping[str, datetime]) -> dict[str, list[_Done]]:
    """The changes to posts of these schedules, in their order, each since a slot of its own."""
    amending = tx.editions.amending(since)
    posts = tx.deliveries.posts_of([each.id for those in amending.values() for each in those])
    done: dict[str, list[_Done]] = {schedule: [] for schedule in since}
    for schedule, those in amending.items():
        for edition in those:
            deliveries = {(each.channel, each.subject): each for each in posts[edition.id]}
            for each in edition.renditions:
                if each.post and each.post.target:
                    found = deliveries.get((each.channel, each.subject))
                    done[schedule].append(_Done(edition, each.channel, each.post, found))
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
