"""One change of an edition by an editor: of the version they saw, or told apart from what somebody else did since."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from bot.editions import lifecycle
from bot.editions.comparison import compared
from bot.editions.told import told_of
from bot.errors import ConflictError, NotFound, ReservedElsewhere, StateError
from bot.model import CORRECTION, Edition, EditionState, EditionVersion, Phrase, Told, Way, several
from bot.schedules.hosting import PictureTime
from bot.schedules.installation import Installation
from bot.schedules.revising import revised
from bot.store import Transaction

EDITABLE = (EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED, EditionState.HELD)
"""The states in which an edition can still be changed."""
TRIES = 3
PICTURE_SECONDS = 6.0
"""So long an editor waits for a picture that is not here yet; the edition's next look at it has more time."""
_SHOWN = 160

Apply = Callable[[Edition], Edition]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """``apply`` makes the edition as it is to be of the one that is. ``value`` is what a version has in the place that
    changes, ``yours`` what is to stand there. ``what`` names the place; ``article`` is its story's, 0 without.
    """

    what: str
    apply: Apply
    value: Callable[[Told], str]
    yours: str
    article: int = 0


def changed(
    installation: Installation, edition: str, change: Change, *, version: int, who: str, now: datetime
) -> Edition:
    """Makes the change, and returns the edition as it is then: the same one, when nothing differs.

    Raises what ``bot.schedules.editing`` says.
    """
    for _ in range(TRIES):
        with installation.store.read() as tx:
            before = _open(tx, installation, edition)
            if before.version != version:
                _need_apart(tx, installation, before, version, change)
        after = change.apply(before)
        if (after.stories, after.words) == (before.stories, before.words):
            return before
        if before.state is EditionState.APPROVED:
            reason = Phrase("changed by %(who)s after it was approved", who=who)
            after = replace(after, state=EditionState.AWAITING, approval=True, reason=reason)
        try:
            made = revised(
                installation,
                before,
                after,
                what="edit",
                who=who,
                now=now,
                note=partial(_note, before, change),
                within=PictureTime(PICTURE_SECONDS),
            )
        except ReservedElsewhere as error:
            raise ReservedElsewhere(
                Phrase("another edition of this schedule tells this article, or told it; it cannot be taken in twice")
            ) from error
        if made:
            return made
    raise StateError(Phrase("others are changing this edition too; load it again and look at what they did"))


def _open(tx: Transaction, installation: Installation, edition: str) -> Edition:
    found = tx.editions.get(edition)
    if found is None:
        raise NotFound(Phrase("there is no edition %(edition)s; `broadsheet editions` lists them", edition=edition))
    if found.state not in EDITABLE:
        raise StateError(
            Phrase(
                "the edition is %(state)s: what readers are told cannot be changed any more",
                state=lifecycle.standing(found.state),
            )
        )
    if found.slot_key.startswith(CORRECTION):
        raise StateError(Phrase("the edition corrects what was sent: it says what was decided, and nothing else"))
    if found.schedule not in installation.settings.schedules:
        raise StateError(
            Phrase(
                "the schedule %(schedule)s is not there any more: the edition cannot be made anew",
                schedule=found.schedule,
            )
        )
    if not found.stories:
        raise StateError(Phrase("the edition has no stories"))
    return found


def _need_apart(tx: Transaction, installation: Installation, edition: Edition, version: int, change: Change) -> None:
    """Raises ``ConflictError`` when somebody changed the same place since ``version``."""
    seen = tx.versions.get(edition.id, version)
    theirs = change.value(told_of(edition))
    if seen and change.value(seen.told) == theirs:
        return
    by = _who(tx, edition, version, change)
    at, name = (by.at, by.who) if by else (edition.created, "somebody")
    clock = f"{at.astimezone(ZoneInfo(installation.newsroom.timezone)):%H:%M}"
    raise ConflictError(
        f"{name} changed {change.what} at {clock}; yours is not saved",
        who=name,
        at=at,
        what=change.what,
        theirs=theirs,
        yours=change.yours,
        version=edition.version,
    )


def _who(tx: Transaction, edition: Edition, version: int, change: Change) -> EditionVersion | None:
    """Who gave the place what it has now."""
    newest: EditionVersion | None = None
    for each in tx.versions.of(edition.id):
        if newest and (each.number < version or change.value(each.told) != change.value(newest.told)):
            return newest
        newest = each
    return newest


def _note(before: Edition, change: Change, after: Edition) -> str:
    """What is on the record: the places that differ, each with what it was and is."""
    parts = []
    for each in compared(told_of(before), told_of(after)):
        place = _PLACES[each.place]
        if each.title:
            place = Phrase("%(place)s of “%(title)s”", place=place, title=_short(each.title))
        elif each.channel:
            place = Phrase("%(place)s on %(channel)s", place=place, channel=each.channel)
        was = _short("".join(run.text for run in each.runs if run.change != "added"))
        now = _short("".join(run.text for run in each.runs if run.change != "removed"))
        if each.place not in ("added", "dropped", "order"):
            place = Phrase("%(place)s: “%(was)s” → “%(now)s”", place=place, was=was, now=now)
        parts.append(place)
    return several(tuple(parts), Way.APART) if parts else change.what


_PLACES = {
    "subject": Phrase("subject"),
    "preheader": Phrase("preheader"),
    "order": Phrase("order"),
    "title": Phrase("title"),
    "summary": Phrase("summary"),
    "alt": Phrase("alt"),
    "credit": Phrase("credit"),
    "picture": Phrase("picture"),
    "pinned": Phrase("pinned"),
    "added": Phrase("added"),
    "dropped": Phrase("dropped"),
    "article": Phrase("article"),
    "post": Phrase("post"),
}


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN].rpartition(' ')[0]} …"
