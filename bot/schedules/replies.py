"""Replies that correct posts: an edition of their own, outside of the timetable, through the same ledger as all else.

A post cannot be corrected by the next edition, whose post tells other news. Its correction is a reply to it, where the
network knows replies; a webhook is told which of its posts it corrects. Nothing of the post itself is changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.editions.compose import Outlet
from bot.editions.posts import compose_correction
from bot.errors import RenderError, UsageError
from bot.model import CORRECTION, Correction, Delivery, DeliveryState, Edition, EditionState, EditionStory, Rendition
from bot.schedules.installation import Installation
from bot.store import Transaction
from bot.tokens import edition_id


@dataclass(frozen=True, slots=True)
class Posted:
    """A post about an article that a network accepted. ``language`` is the article's, "" when nobody knows."""

    delivery: Delivery
    language: str


def posted(tx: Transaction, edition: Edition, story: EditionStory) -> list[Posted]:
    """The posts of ``edition`` about ``story``: its own, or that of the whole edition, which tells the lead."""
    about = {str(story.article.id)} | ({""} if story.position == 1 else set())
    return [
        Posted(each, story.article.language)
        for each in tx.deliveries.of_edition(edition.id, 0)
        if each.subject in about and each.state is DeliveryState.ACCEPTED and each.provider_id
    ]


def reply(
    tx: Transaction, installation: Installation, correction: Correction, posts: Sequence[Posted], now: datetime
) -> Edition | None:
    """Has the next tick answer ``posts`` with ``correction``; None where there is none, or no channel of theirs left.

    Raises ``UsageError`` when it is too long for a network, ``StoreHeld``.
    """
    table = installation.settings.schedules.get(correction.schedule)
    if table is None:
        return None
    key = f"{CORRECTION}{correction.id}"
    renditions = tuple(_renditions(installation, correction, posts))
    if not renditions:
        return None
    edition = Edition(
        id=edition_id(installation.keys, correction.schedule, key),
        schedule=correction.schedule,
        slot_key=key,
        slot=now,
        state=EditionState.DRAFTED,
        name=f"{table.name}: correction",
        reason="",
        created=now,
        renditions=renditions,
    )
    report = {"correction": {"article": correction.article, "said": correction.said, "right": correction.right}}
    tx.editions.add(edition, expires=now + table.max_lateness, report=report)
    return edition


def unanswered(tx: Transaction, posts: Sequence[Posted], replies: Sequence[Edition]) -> list[Posted]:
    """Those of ``posts`` that ``replies`` did not, and never will, answer; none while one of these may still go out.

    Of a reply that may have arrived nobody can tell that it did not.
    """
    if any(each.state not in (EditionState.CANCELLED, EditionState.EXPIRED) for each in replies):
        return []
    answered = {
        (each.channel, each.subject)
        for edition in replies
        for each in tx.deliveries.of_edition(edition.id, 0)
        if each.state in (DeliveryState.ACCEPTED, DeliveryState.ATTEMPTING, DeliveryState.UNKNOWN)
    }
    return [each for each in posts if (each.delivery.channel, each.delivery.subject) not in answered]


def replies_of(tx: Transaction, corrections: Iterable[Correction]) -> dict[int, Edition]:
    """By a correction's id, the edition that answers posts with it, where there is one."""
    found = {each.id: tx.editions.of_slot(each.schedule, f"{CORRECTION}{each.id}") for each in corrections}
    return {correction: edition for correction, edition in found.items() if edition}


def _renditions(installation: Installation, correction: Correction, posts: Sequence[Posted]) -> Iterator[Rendition]:
    for post in posts:
        outlet = installation.outlets.get(post.delivery.channel)
        if outlet and outlet.medium == "post":
            yield _rendition(installation, correction, post, outlet)


def _rendition(installation: Installation, correction: Correction, post: Posted, outlet: Outlet) -> Rendition:
    newsroom = installation.newsroom
    try:
        made = compose_correction(
            correction=correction,
            language=post.language or newsroom.language,
            timezone=newsroom.timezone,
            template=outlet.template,
            folders=installation.settings.template_folders(),
            limits=outlet.limits,
            answers=post.delivery.provider_id,
        )
    except RenderError as error:
        raise UsageError(f"{outlet.channel}: {error}") from error
    return Rendition(channel=outlet.channel, subject=post.delivery.subject, post=made)
