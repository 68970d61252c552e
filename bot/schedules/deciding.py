"""What an editor decides about an edition, from the desk or the terminal: with the checks that ``lifecycle`` has not.

All raise ``NotFound``, ``StateError``, and ``ConflictError`` when another ``version`` is the newest than the one that
was seen (None: none is named).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.editions import lifecycle
from bot.errors import NotFound, StateError, UsageError
from bot.model import (
    CORRECTION,
    CORRECTION_MAIL,
    Act,
    Edition,
    EditionState,
    EditionVersion,
    Overruling,
    Phrase,
    Several,
)
from bot.schedules.installation import Installation
from bot.schedules.slot import refreshed, send
from bot.schedules.trial_mail import send_test
from bot.schedules.truth import TextFinding, findings_of
from bot.store.flags import PAUSED

__all__ = ["approve", "ask", "editors_since_approval", "return_", "send_now", "send_test", "take_back", "versions"]


def approve(
    installation: Installation,
    edition: str,
    *,
    version: int | None,
    who: str,
    now: datetime,
    note: str = "",
    overrule: Collection[str] | None = (),
) -> Edition:
    """awaiting (or held for want of approval) → approved, and what was approved is kept.

    You approve what you saw: another ``version`` than the newest is refused with ``ConflictError``; None is the newest.
    A finding that is to fix stands in the way, unless its key is in ``overrule`` (None: all): then ``note`` must say
    why, and both are on the record under the approver's name; the editor has the last word, and says so.
    With ``[desk] four_eyes``, who changed the edition since it was approved last is refused.
    """
    with installation.store.read() as tx:
        found = tx.editions.get(edition)
        if found is None:
            raise NotFound(Phrase("there is no edition %(edition)s; `broadsheet editions` lists them", edition=edition))
        standing = [each for each in findings_of(tx, installation, found) if each.stands_in_the_way]
    if version is None or version == found.version:
        # Of another version, nothing that is found says anything: who sees an old one is told so below.
        _need_other_eyes(installation, edition, who)
        _need_true(standing, overrule, note)
    let_stand = [
        Overruling(key=each.key, who=who, at=now, note=Phrase("“%(text)s”: %(note)s", text=each.text, note=note))
        for each in standing
    ]
    seen = found.version if version is None else version
    return lifecycle.approve(
        installation.store, edition, who=who, now=now, note=note, version=seen, overruled=let_stand
    )


def return_(
    installation: Installation, edition: str, *, version: int | None, who: str, now: datetime, note: str
) -> Edition:
    """awaiting or approved → drafted, with a note that says what to change: it does not go out until it was asked for
    again and approved. ``note`` may not be empty (``UsageError``).
    """
    return lifecycle.return_(installation.store, edition, who=who, now=now, note=note, version=version)


def ask(installation: Installation, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """drafted → awaiting: those who may approve are told. From then on it goes out only when somebody said yes."""
    return lifecycle.ask(installation.store, edition, who=who, now=now, note=note)


def take_back(installation: Installation, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """approved → awaiting."""
    return lifecycle.take_back(installation.store, edition, who=who, now=now, note=note)


def send_now(
    installation: Installation,
    edition: str,
    *,
    version: int | None,
    who: str,
    now: datetime,
    note: str = "",
    overrule: Collection[str] | None = (),
) -> Edition:
    """Lets an edition begin to go out at once, ahead of its slot or late; where it waits for approval, this is it.

    What the newsroom changed since is taken over first; is that material, somebody must look at it again. Readers with
    an hour of their own still get it then. Raises ``StateError`` when it is held or was returned, when everything is
    paused, or when nobody would get it.
    """
    with installation.store.read() as tx:
        found = tx.editions.get(edition)
        paused = tx.flags.get(PAUSED)
    if found is None:
        raise NotFound(Phrase("there is no edition %(edition)s; `broadsheet editions` lists them", edition=edition))
    if paused:
        raise StateError(Phrase("everything is paused: resume it first"))
    if found.schedule not in installation.settings.schedules and not found.slot_key.startswith(CORRECTION):
        raise StateError(
            Phrase(
                "the schedule %(schedule)s is not there any more: nobody knows who is to get it",
                schedule=found.schedule,
            )
        )
    ready = EditionState.APPROVED if found.approval else EditionState.DRAFTED
    if found.state is EditionState.AWAITING:
        approve(installation, edition, version=version, who=who, now=now, note=note, overrule=overrule)
    elif found.state not in (ready, EditionState.APPROVED):
        raise StateError(_first(found.state))
    fresh = refreshed(installation, edition, now)
    if fresh is None or (version is not None and fresh.version != version):
        raise StateError(Phrase("it was changed while you looked at it; look at it as it is now"))
    state = send(installation, fresh, now)
    if state is not EditionState.SENDING:
        raise StateError(Phrase("nothing went out: the edition is %(state)s now", state=lifecycle.standing(state)))
    due = fresh.slot.astimezone(ZoneInfo(installation.newsroom.timezone))
    said = Phrase("due %(time)s; %(note)s", time=due, note=note) if note else Phrase("due %(time)s", time=due)
    with installation.store.write() as tx:
        tx.acts.add(Act(at=now, who=who, what="send now", thing=f"edition:{edition}", note=said))
    return replace(fresh, state=state)


def editors_since_approval(installation: Installation, edition: str) -> tuple[str, ...]:
    """Who changed the edition since it was approved last, each once: whom ``four_eyes`` keeps from approving."""
    with installation.store.read() as tx:
        approved = tx.versions.approved(edition)
        first = approved or tx.versions.first(edition)
        editors = tx.versions.editors(edition, first.number) if first else ()
        brief = tx.editions.light(edition)
        if brief and brief.slot_key.startswith(CORRECTION_MAIL):
            # All that it says was written with the correction.
            editors = (*editors, *(each.who for each in tx.corrections.carried([edition])[edition]))
        return tuple(dict.fromkeys(editors))


def versions(installation: Installation, edition: str, *, before: int = 0, limit: int = 50) -> list[EditionVersion]:
    """The edition's versions, newest first; of one that nobody changed or approved, none."""
    with installation.store.read() as tx:
        return tx.versions.of(edition, before=before, limit=limit)


def _first(state: EditionState) -> Phrase:
    """Why an edition in this state cannot be sent now."""
    if state is EditionState.HELD:
        return Phrase("the edition is held: release or approve it first")
    if state is EditionState.DRAFTED:
        return Phrase("the edition was returned: ask for approval first")
    if state is EditionState.SENDING:
        return Phrase("the edition goes out already")
    return Phrase("the edition is %(state)s: it cannot be sent", state=lifecycle.standing(state))


def _need_other_eyes(installation: Installation, edition: str, who: str) -> None:
    if installation.settings.desk.four_eyes and who in editors_since_approval(installation, edition):
        raise StateError(Phrase("You edited this. Another approver must say yes."))


def _need_true(standing: Collection[TextFinding], overrule: Collection[str] | None, note: str) -> None:
    left = [each for each in standing if overrule is not None and each.key not in overrule]
    if left:
        named = Several(tuple(f"“{each.text}”" for each in left[:5]))
        raise StateError(
            Phrase("the articles do not say %(words)s; mend it, or let it stand with a note that says why", words=named)
        )
    if standing and not note.strip():
        raise UsageError(Phrase("say why what the articles do not say may stand"))
