"""What corrects posts: an edition of its own, outside of the timetable, through the same ledger as all else.

A post cannot be corrected by the next edition, whose post tells other news. It is answered, changed where it stands, or
replaced by one that says what is right, as the editor asks and the network can. Where it can neither be answered nor
changed, the correction is a post of its own. A webhook is told which of its posts it corrects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.editions.amended import compose_amended
from bot.editions.compose import Outlet
from bot.editions.posts import compose_correction
from bot.errors import RenderError, StateError, UsageError
from bot.model import (
    CORRECTION,
    Article,
    Correction,
    DeliveryState,
    Edition,
    EditionState,
    EditionStory,
    Phrase,
    Post,
    PostAct,
    Rendition,
    said_by,
)
from bot.schedules.installation import Installation
from bot.schedules.standing import Posted
from bot.store import Transaction
from bot.summaries.extractive import summarise
from bot.tokens import edition_id


class Way(StrEnum):
    """How an editor wants posts to be corrected; what a network cannot is answered."""

    REPLY = "reply"
    EDIT = "edit"
    REPLACE = "replace"
    """Changed where it can be, else taken down and posted anew: what people answered, liked and quoted goes with it."""


@dataclass(frozen=True, slots=True)
class Correcting:
    """``correction`` of the posts about ``story``, as an edition told it; ``article`` is what stands by now."""

    correction: Correction
    story: EditionStory
    article: Article
    way: Way = Way.REPLY


def reply(
    tx: Transaction, installation: Installation, correcting: Correcting, posts: Sequence[Posted], now: datetime
) -> Edition | None:
    """Has the next tick correct ``posts``; None where there is none, or no channel of theirs left.

    Raises ``UsageError`` when it is too long for a network, ``StateError`` when another edition is to change or take
    down one of them, ``StoreHeld``.
    """
    correction = correcting.correction
    table = installation.settings.schedules.get(correction.schedule)
    if table is None:
        return None
    key = f"{CORRECTION}{correction.id}"
    renditions = tuple(_renditions(installation, correcting, table.name, posts))
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
    """Those of ``posts`` that none of ``replies`` is aimed at, but such as ended before it answered them.

    Of a reply that may have arrived nobody can tell that it did not.
    """
    answered: set[tuple[str, str]] = set()
    for edition in replies:
        if edition.state in (EditionState.CANCELLED, EditionState.EXPIRED):
            answered |= {
                (each.channel, each.subject)
                for each in tx.deliveries.of_edition(edition.id, 0)
                if each.state in (DeliveryState.ACCEPTED, DeliveryState.ATTEMPTING, DeliveryState.UNKNOWN)
            }
        else:
            answered |= {(each.channel, each.subject) for each in edition.renditions}
    return [each for each in posts if (each.delivery.channel, each.delivery.subject) not in answered]


def replies_of(tx: Transaction, corrections: Iterable[Correction]) -> dict[int, Edition]:
    """By a correction's id, the edition that answers posts with it, where there is one."""
    slots = {each.id: (each.schedule, f"{CORRECTION}{each.id}") for each in corrections}
    found = tx.editions.of_slots(slots.values())
    return {correction: found[slot] for correction, slot in slots.items() if slot in found}


def _renditions(
    installation: Installation, correcting: Correcting, name: str, posts: Sequence[Posted]
) -> Iterator[Rendition]:
    outlets = installation.outlets
    for post in posts:
        outlet = outlets.get(post.delivery.channel)
        if outlet and outlet.medium == "post" and not post.removed:
            try:
                made = _post(installation, correcting, name, post, outlet)
            except RenderError as error:
                raise UsageError(Phrase("%(name)s: %(what)s", name=outlet.channel, what=said_by(error))) from error
            yield Rendition(channel=outlet.channel, subject=post.delivery.subject, post=made)


def _post(installation: Installation, correcting: Correcting, name: str, post: Posted, outlet: Outlet) -> Post:
    newsroom, folders = installation.newsroom, installation.settings.template_folders()
    # What was withdrawn is not told again.
    act = PostAct.POST if correcting.article.withdrawn else act_of(correcting.way, outlet, post)
    if post.goes or (post.pending and act is not PostAct.POST):
        # Of two changes nobody knows which comes last, and two posts would replace the same one.
        raise StateError(_taken(outlet.channel, post.pending, post.pending_act))
    if act is not PostAct.POST:
        article = correcting.article
        return compose_amended(
            correction=correcting.correction,
            story=replace(correcting.story, article=article, summary=summarise(article), post=""),
            edition_name=name,
            newsroom=newsroom,
            folders=folders,
            outlet=outlet,
            before=post.post,
            act=act,
            target=post.id,
        )
    return compose_correction(
        correction=correcting.correction,
        language=post.language or newsroom.language,
        timezone=newsroom.timezone,
        template=outlet.template,
        folders=folders,
        limits=outlet.limits,
        answers=post.id if outlet.limits.thread else "",
        warning=post.post.warning if outlet.limits.warning else "",
    )


def _taken(channel: str, edition: str, act: PostAct | None) -> Phrase:
    facts = {"channel": channel, "edition": edition}
    match act:
        case PostAct.EDIT:
            return Phrase(
                "%(channel)s: edition %(edition)s is to edit this post; correct it when that is sent, or `broadsheet "
                "cancel %(edition)s` first",
                **facts,
            )
        case PostAct.REMOVE:
            return Phrase(
                "%(channel)s: edition %(edition)s is to remove this post; correct it when that is sent, or "
                "`broadsheet cancel %(edition)s` first",
                **facts,
            )
    return Phrase(
        "%(channel)s: edition %(edition)s is to replace this post; correct it when that is sent, or `broadsheet cancel "
        "%(edition)s` first",
        **facts,
    )


def act_of(way: Way, outlet: Outlet, post: Posted) -> PostAct:
    """What is done to correct ``post``: ``POST`` is a reply, or a post of its own where the network knows no replies.

    A post without a name of the network's can be neither changed nor taken down. A part of a thread is not taken down:
    the parts behind it answer it, and one that is posted anew would stand outside.
    """
    if not post.id:
        return PostAct.POST
    if way is Way.REPLACE and not outlet.edits and outlet.removes and post.post.parts == 1:
        return PostAct.REPLACE
    if outlet.edits and (way is not Way.REPLY or not outlet.limits.thread):
        return PostAct.EDIT
    return PostAct.POST
