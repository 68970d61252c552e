"""The run of a slot: its edition is made once, and goes out when it is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.delivery.sending import PROGRAM, begin_sending
from bot.editions import lifecycle
from bot.editions.changes import refresh
from bot.errors import ReservedElsewhere, StateError
from bot.model import CORRECTION, CORRECTION_MAIL, Act, Edition, EditionState, Phrase, Way, cut, plural, several
from bot.schedules.draft import draft, pressed
from bot.schedules.hosting import PictureTime, host_stories
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot
from bot.schedules.readers import Plan, choices_of, prepare
from bot.schedules.revising import revised
from bot.schedules.truth import findings_of
from bot.store.flags import PAUSED

TRIES = 3
AHEAD = timedelta(minutes=10)
"""So long before its slot the variants of an edition are rendered that was changed since it was drafted."""
PREPARED = "prepared"
"""The key of an edition's report under which it keeps the version whose variants are rendered."""


def make(
    installation: Installation,
    schedule: str,
    slot: Slot,
    now: datetime,
    *,
    within: PictureTime | None = None,
    hold: str = "",
    who: str = PROGRAM,
) -> Edition | None:
    """Claims the slot with its edition, drafted or skipped; None when the slot has its edition already, or when
    somebody moved it meanwhile.

    Its pictures are those that come ``within`` that time, an edition's own unless it is given. ``hold``: why an editor
    must see it first. ``who`` asked for it.

    Raises ``RenderError``: then nothing is stored, and the slot can be made once the template is mended.
    """
    for attempt in range(1, TRIES + 1):
        with installation.store.read() as tx:
            if tx.editions.of_slot(schedule, slot.key):
                return None
            picked = draft(tx, installation, schedule, slot, now, hold=hold)
        host_stories(installation, slot, picked.edition.stories, now, within=within)
        with installation.store.read() as tx:
            made = pressed(tx, installation, picked, slot)
        try:
            with installation.store.write() as tx:
                if not tx.editions.add(made.edition, expires=made.expires, report=made.report, planned=slot.planned):
                    return None
                note = made.edition.reason or plural(len(made.edition.stories), "%(count)s story", "%(count)s stories")
                tx.acts.add(_act("draft", made.edition, "", made.edition.state, now, note, who))
        except ReservedElsewhere:
            if attempt == TRIES:
                raise
            continue
        if made.edition.stories and slot.due > now:
            # There is time: at the slot only those are rendered that readers chose since.
            prepare(installation, made.edition, slot.due)
        return made.edition
    return None


def skip(
    installation: Installation, schedule: str, slot: Slot, reason: str, now: datetime, *, who: str = PROGRAM
) -> Edition | None:
    """Puts on record that the slot makes no edition, and why; None when it has one already, or was moved meanwhile."""
    frame = installation.frame(schedule, slot)
    table = installation.settings.schedules[schedule]
    edition = Edition(
        id=frame.edition,
        schedule=schedule,
        slot_key=slot.key,
        slot=slot.due,
        state=EditionState.SKIPPED,
        name=table.name,
        reason=reason,
        created=now,
        approval=table.approval,
    )
    expires = slot.due + table.max_lateness
    with installation.store.write() as tx:
        mine = tx.editions.add(edition, expires=expires, report={"skip": reason}, planned=slot.planned)
        if mine:
            tx.acts.add(_act("skip", edition, "", EditionState.SKIPPED, now, reason, who))
    return edition if mine else None


def advance(
    installation: Installation, edition: Edition, now: datetime, *, within: PictureTime | None = None
) -> EditionState:
    """Moves an edition that waits: too late → expired, due → sending (or held, where approval is missing).

    Until then it follows the newsroom: what was withdrawn or corrected since the drafting is taken over at once.
    """
    store = installation.store
    # What corrects posts or takes them down goes out whatever became of the schedule.
    amends = edition.slot_key.startswith(CORRECTION)
    table = installation.settings.schedules.get(edition.schedule)
    with store.read() as tx:
        expires = tx.editions.expires(edition.id)
        paused = tx.flags.get(PAUSED)
    if expires and now > expires:
        late = Phrase("later than its schedule allows")
        expired = lifecycle.expire(store, edition.id, now=now, reason=late, due=edition.slot)
        return EditionState.EXPIRED if expired else edition.state
    if edition.state is EditionState.HELD or (table is None and not amends):
        return edition.state
    fresh = refreshed(installation, edition.id, now, within=within)
    if fresh and now < fresh.slot <= now + AHEAD:
        _prepare_ahead(installation, fresh)
    if fresh is None or fresh.state.ended or fresh.state is EditionState.HELD or now < fresh.slot or paused:
        return fresh.state if fresh else edition.state
    returned = fresh.state is EditionState.DRAFTED and fresh.approval
    if amends and (fresh.state is EditionState.AWAITING or returned):
        # What a schedule says of its own editions is not said of this one: it waits until it expires.
        return fresh.state
    if (fresh.state is EditionState.AWAITING or returned) and table:
        # Who approves has the time the schedule promises, also when the drafting came late.
        if now < fresh.created + table.lead_time:
            return fresh.state
        try:
            return _unapproved(installation, fresh, table.if_unapproved, now)
        except StateError:
            # Somebody approved or changed it this very moment: the next look sees how.
            return fresh.state
    return send(installation, fresh, now)


def _unapproved(installation: Installation, edition: Edition, rule: str, now: datetime) -> EditionState:
    store = installation.store
    late = Phrase("nobody approved it by its slot")
    if edition.reason:
        late = Phrase("nobody approved it by its slot; %(why)s", why=edition.reason)
    with store.read() as tx:
        wrong = any(each.stands_in_the_way for each in findings_of(tx, installation, edition))
    # What was changed after somebody approved it, or says what no article does, is never sent, or thrown away, unseen.
    if edition.reason or wrong or rule == "hold":
        lifecycle.hold(store, edition.id, who=PROGRAM, now=now, note=late, seen=[edition.state])
        return EditionState.HELD
    if rule == "send":
        note = Phrase("nobody approved it by its slot; the schedule says send")
        lifecycle.approve(store, edition.id, who=PROGRAM, now=now, note=note, version=edition.version)
        return send(installation, replace(edition, state=EditionState.APPROVED), now)
    note = Phrase("nobody approved it by its slot; the schedule says skip")
    lifecycle.cancel(store, edition.id, who=PROGRAM, now=now, note=note, seen=[edition.state])
    return EditionState.CANCELLED


def _prepare_ahead(installation: Installation, edition: Edition) -> None:
    """Renders what some readers get of an edition that was changed: once for a version, and only of one that may go."""
    ready = edition.state is EditionState.APPROVED or (edition.state is EditionState.DRAFTED and not edition.approval)
    if not ready or edition.version == 1:
        return
    with installation.store.read() as tx:
        if tx.editions.report(edition.id).get(PREPARED) == edition.version:
            return
    prepare(installation, edition, edition.slot)
    with installation.store.write() as tx:
        tx.editions.note(edition.id, PREPARED, edition.version)


def send(installation: Installation, edition: Edition, now: datetime) -> EditionState:
    """Begins to send the edition, which is approved, or needs no approval; returns its state then.

    Nothing begins when it was changed since, when everything is paused, or when nobody would get it.
    """
    table = installation.settings.schedules.get(edition.schedule)
    with installation.store.read() as tx:
        stored = tx.editions.get(edition.id)
    assert stored is not None
    if (stored.version, stored.slot) != (edition.version, edition.slot):
        # What is due, or was seen, is not this one: the next look decides anew.
        return stored.state
    # Who has what was wrong is told, whatever they chose to read of it: there is nothing to be chosen.
    own = stored.slot_key.startswith(CORRECTION_MAIL)
    plan = Plan(choices_of(installation, stored)) if own else prepare(installation, stored, now)
    audience = table.audience if table else ""
    if begin_sending(installation.store, stored, audience=audience, now=now, place=lambda each: plan.place(each, now)):
        return EditionState.SENDING
    with installation.store.read() as tx:
        return tx.editions.state(edition.id) or edition.state


def refreshed(
    installation: Installation, edition_id: str, now: datetime, *, within: PictureTime | None = None
) -> Edition | None:
    """The edition with what the newsroom changed since it was drafted; stored and on record when anything did.

    A material change of an approved edition asks for approval again, with the change as the reason.
    """
    with installation.store.read() as tx:
        edition = tx.editions.get(edition_id)
        if edition is None or edition.state not in lifecycle.WAITING:
            return edition
        held = {each for story in edition.stories for each in (story.article.id, *story.article_ids)}
        current = {each: tx.articles.get(each) for each in held}
    outcome = refresh(edition.stories, current, edition.words)
    if not outcome.changes:
        return edition
    note = several(outcome.changes, Way.APART)
    if not outcome.stories:
        gone = Phrase("all its stories were withdrawn")
        try:
            lifecycle.cancel(
                installation.store,
                edition.id,
                who=PROGRAM,
                now=now,
                note=gone,
                seen=lifecycle.WAITING,
                version=edition.version,
            )
        except StateError:
            # Somebody took in another story, or moved it: the next look sees how.
            return None
        return replace(edition, state=EditionState.CANCELLED)
    again = edition.state is EditionState.APPROVED and edition.approval and outcome.material
    fresh = replace(
        edition,
        stories=outcome.stories,
        words=outcome.words,
        state=EditionState.AWAITING if again else edition.state,
        reason=cut(note, 500) if again else edition.reason,
    )
    # None: somebody else changed or moved it meanwhile; the next look sees how.
    return revised(installation, edition, fresh, what="refresh", who=PROGRAM, now=now, note=note, within=within)


def _act(what: str, edition: Edition, before: str, after: str, now: datetime, note: str, who: str) -> Act:
    return Act(at=now, who=who, what=what, thing=f"edition:{edition.id}", before=before, after=after, note=note)
