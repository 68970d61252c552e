"""What an editor may do to an edition, and when. Each such act is on the record."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.errors import NotFound, StateError
from bot.model import Act, Edition, EditionState
from bot.store import Store, Transaction

WAITING = (EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED, EditionState.HELD)


def approve(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """awaiting (or held for want of approval) → approved. Raises ``StateError``, ``NotFound``."""
    with store.write() as tx:
        found = _found(tx, edition)
        since = [EditionState.AWAITING, *([EditionState.HELD] if found.approval else [])]
        _move(tx, found, "approve", since, EditionState.APPROVED, who=who, now=now, note=note)
    return _again(store, edition)


def hold(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """drafted, awaiting or approved → held: it does not go out until it is released."""
    with store.write() as tx:
        since = [EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED]
        _move(tx, _found(tx, edition), "hold", since, EditionState.HELD, who=who, now=now, note=note)
    return _again(store, edition)


def release(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """held → drafted, or awaiting when its schedule asks for approval."""
    with store.write() as tx:
        found = _found(tx, edition)
        to = EditionState.AWAITING if found.approval else EditionState.DRAFTED
        _move(tx, found, "release", [EditionState.HELD], to, who=who, now=now, note=note)
    return _again(store, edition)


def pause(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """sending → paused: what is in flight ends, nothing more begins."""
    with store.write() as tx:
        found = _found(tx, edition)
        _move(tx, found, "pause", [EditionState.SENDING], EditionState.PAUSED, who=who, now=now, note=note)
    return _again(store, edition)


def resume(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """paused → sending: it goes on where it stopped."""
    with store.write() as tx:
        found = _found(tx, edition)
        _move(tx, found, "resume", [EditionState.PAUSED], EditionState.SENDING, who=who, now=now, note=note)
    return _again(store, edition)


def cancel(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """Any state that has not ended → cancelled. What was accepted stays so; unsent stories may be picked again."""
    with store.write() as tx:
        found = _found(tx, edition)
        since = [*WAITING, EditionState.SENDING, EditionState.PAUSED]
        _move(tx, found, "cancel", since, EditionState.CANCELLED, who=who, now=now, note=note)
        tx.deliveries.cancel_edition(edition, now)
        tx.editions.release(edition)
    return _again(store, edition)


def expire(store: Store, edition: str, *, now: datetime, reason: str) -> bool:
    """drafted, awaiting, approved, held → expired; False when it was none of these."""
    with store.write() as tx:
        moved = tx.editions.move(edition, to=EditionState.EXPIRED, since=WAITING, now=now, reason=reason)
        if moved:
            tx.editions.release(edition)
            tx.acts.add(_act("expire", edition, "", EditionState.EXPIRED, "broadsheet", now, reason))
    return moved


def _move(
    tx: Transaction,
    edition: Edition,
    what: str,
    since: Sequence[EditionState],
    to: EditionState,
    *,
    who: str,
    now: datetime,
    note: str,
) -> None:
    if not tx.editions.move(edition.id, to=to, since=since, now=now, reason=note):
        raise StateError(
            f"edition {edition.id} is {edition.state}: {what} needs one that is {' or '.join(since)}; "
            f"`broadsheet editions {edition.id}` shows it"
        )
    tx.acts.add(_act(what, edition.id, edition.state, to, who, now, note))


def _act(what: str, edition: str, before: str, after: str, who: str, now: datetime, note: str) -> Act:
    return Act(at=now, who=who, what=what, thing=f"edition:{edition}", before=before, after=after, note=note)


def _found(tx: Transaction, edition: str) -> Edition:
    found = tx.editions.get(edition)
    if found is None:
        raise NotFound(f"there is no edition {edition}; `broadsheet editions` lists them")
    return found


def _again(store: Store, edition: str) -> Edition:
    with store.read() as tx:
        return _found(tx, edition)
