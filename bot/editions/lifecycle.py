"""What an editor may do to an edition, and when. Each such act is on the record."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from bot.editions.told import told_of
from bot.errors import ConflictError, NotFound, StateError, UsageError
from bot.model import Act, DeliveryState, Edition, EditionState, EditionVersion, Overruling, Phrase, Several, Way
from bot.store import Store, Transaction
from bot.store.flags import PAUSED
from bot.store.said import read, written

WAITING = (EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED, EditionState.HELD)

STOPPED = (EditionState.HELD, EditionState.PAUSED, EditionState.CANCELLED)
"""What an editor may do to an edition even while nothing may go out from the store."""

PROGRAM = "broadsheet"
DRAFT = "draft"
BEFORE_HOLD = "before hold"
"""The key of an edition's report under which it keeps the reason it had before it was held."""
PAUSE_ALL = "pause all"
RESUME_ALL = "resume all"
INSTALLATION = "installation"
"""What the record names when an act is of everything."""


def approve(
    store: Store,
    edition: str,
    *,
    who: str,
    now: datetime,
    note: str = "",
    version: int | None = None,
    overruled: Sequence[Overruling] = (),
) -> Edition:
    """awaiting (or held for want of approval) → approved; what was approved is kept. Raises ``StateError``,
    ``NotFound``, and ``ConflictError`` when ``version`` is not the newest.

    ``overruled`` are findings that the approver lets stand; each is on the record.
    """
    with store.write() as tx:
        found = _locked(tx, edition, version)
        since = [EditionState.AWAITING, *([EditionState.HELD] if found.approval else [])]
        _move(tx, found, "approve", since, EditionState.APPROVED, who=who, now=now, note=note)
        keep_version(tx, found)
        tx.versions.approve(edition, found.version, at=now, who=who, note=note)
        for each in overruled:
            tx.versions.overrule(edition, each)
            tx.acts.add(Act(at=now, who=who, what="let stand", thing=f"edition:{edition}", note=each.note))
    return _again(store, edition)


def return_(store: Store, edition: str, *, who: str, now: datetime, note: str, version: int | None = None) -> Edition:
    """awaiting or approved → drafted, with a note that says what to change: it goes out only after it was asked for
    again, and approved. Raises ``UsageError`` without a note.
    """
    if not note.strip():
        raise UsageError(Phrase("say what is to be changed: who made it reads nothing else"))
    with store.write() as tx:
        found = _locked(tx, edition, version)
        since = [EditionState.AWAITING, EditionState.APPROVED]
        said = Phrase("returned by %(who)s: %(note)s", who=who, note=note.strip())
        _move(tx, found, "return", since, EditionState.DRAFTED, who=who, now=now, note=note, reason=said)
        tx.editions.need_approval(edition)
    return _again(store, edition)


def ask(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """drafted → awaiting: from then on it goes out only when somebody approved it."""
    with store.write() as tx:
        found = _locked(tx, edition, None)
        # Of what was returned, nothing is sent or thrown away unseen, whatever the schedule says: so that stays known.
        reason = found.reason if found.approval else note
        to = EditionState.AWAITING
        _move(tx, found, "ask", [EditionState.DRAFTED], to, who=who, now=now, note=note, reason=reason)
        tx.editions.need_approval(edition)
    return _again(store, edition)


def take_back(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """approved → awaiting: somebody must say yes again."""
    with store.write() as tx:
        said = Phrase("%(who)s took the approval back", who=who)
        if note:
            said = Phrase("%(who)s took the approval back: %(note)s", who=who, note=note)
        since, to = [EditionState.APPROVED], EditionState.AWAITING
        found = _locked(tx, edition, None)
        _move(tx, found, "take back", since, to, who=who, now=now, note=note, reason=said)
        tx.editions.need_approval(edition)
    return _again(store, edition)


def keep_version(tx: Transaction, edition: Edition) -> None:
    """Keeps what ``edition`` tells as its version, unless that is kept: what nobody changed yet, the program made."""
    drafted = EditionVersion(number=edition.version, at=edition.created, who=PROGRAM, what=DRAFT, told=told_of(edition))
    tx.versions.keep(edition.id, drafted)


def hold(
    store: Store, edition: str, *, who: str, now: datetime, note: str = "", seen: Sequence[EditionState] = ()
) -> Edition:
    """drafted, awaiting or approved → held: it does not go out until it is released."""
    with store.write() as tx:
        since = [EditionState.DRAFTED, EditionState.AWAITING, EditionState.APPROVED]
        found = _locked(tx, edition, None)
        _move(tx, found, "hold", seen or since, EditionState.HELD, who=who, now=now, note=note)
        # Why somebody must look at it again is true after its release, too.
        tx.editions.note(edition, BEFORE_HOLD, written(found.reason))
    return _again(store, edition)


def release(store: Store, edition: str, *, who: str, now: datetime, note: str = "") -> Edition:
    """held → drafted, or awaiting when its schedule asks for approval."""
    with store.write() as tx:
        found = _locked(tx, edition, None)
        to = EditionState.AWAITING if found.approval else EditionState.DRAFTED
        kept = read(str(tx.editions.report(edition).get(BEFORE_HOLD) or "")) if found.approval else ""
        _move(tx, found, "release", [EditionState.HELD], to, who=who, now=now, note=note, reason=kept or note)
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


def pause_all(store: Store, *, who: str, now: datetime, note: str = "") -> tuple[str, ...]:
    """Pauses everything that is being sent, and lets nothing begin, until ``resume_all``; returns the ids paused."""
    return _move_all(
        store, PAUSE_ALL, EditionState.SENDING, EditionState.PAUSED, flag="all", who=who, now=now, note=note
    )


def resume_all(store: Store, *, who: str, now: datetime, note: str = "") -> tuple[str, ...]:
    """Lets everything go on that ``pause_all`` stopped; returns the ids.

    What an editor, or the program, paused for a reason of its own stays paused.
    """
    return _move_all(store, RESUME_ALL, EditionState.PAUSED, EditionState.SENDING, flag="", who=who, now=now, note=note)


def paused_all(tx: Transaction) -> Act | None:
    """The act by which everything was paused last, with who, when and why; None when none is on record."""
    return next((act for act in tx.acts.newest(thing=INSTALLATION) if act.what == PAUSE_ALL), None)


def _move_all(
    store: Store,
    what: str,
    since: EditionState,
    to: EditionState,
    *,
    flag: str,
    who: str,
    now: datetime,
    note: str,
) -> tuple[str, ...]:
    moved = []
    with store.write() as tx:
        if to not in STOPPED:
            tx.flags.need_open()
        tx.flags.set(PAUSED, flag, now)
        tx.acts.add(Act(at=now, who=who, what=what, thing=INSTALLATION, note=note))
        for edition in tx.editions.newest(states=[since], limit=10_000):
            if since is EditionState.PAUSED and _paused_by(tx, edition.id) != PAUSE_ALL:
                continue
            # One that ended meanwhile is nobody's concern any more.
            if tx.editions.move(edition.id, to=to, since=[since], now=now, reason=note):
                tx.acts.add(_act(what, edition.id, since, to, who, now, note))
                moved.append(edition.id)
    return tuple(moved)


def _paused_by(tx: Transaction, edition: str) -> str:
    """The act that paused the edition last; "" when none is on record."""
    acts = tx.acts.newest(thing=f"edition:{edition}")
    return next((act.what for act in acts if act.after == EditionState.PAUSED), "")


def resolve(store: Store, deliveries: Collection[int], *, arrived: bool, who: str, now: datetime) -> int:
    """Settles unknown deliveries: they ``arrived``, or are sent again; returns how many were unknown.

    To send again, an edition that was sent is opened again. Raises ``StateError`` when it was cancelled, or is being
    folded.
    """
    what = f"resolve as {'sent' if arrived else 'unsent'}"
    said = Phrase("resolve as sent by %(who)s", who=who) if arrived else Phrase("resolve as unsent by %(who)s", who=who)
    with store.write() as tx:
        found = sorted(tx.deliveries.those(deliveries), key=lambda each: each.id)
        unknown = [each for each in found if each.state is DeliveryState.UNKNOWN]
        if not arrived:
            for edition in dict.fromkeys(each.edition for each in unknown):
                open_again(tx, edition, what, who, now)
        to = DeliveryState.ACCEPTED if arrived else DeliveryState.PENDING
        ids = [each.id for each in unknown]
        settled = tx.deliveries.resolve(ids, to=to, reason=said, now=now) if ids else 0
        if settled:
            numbers = ", ".join(map(str, ids))[:500]
            tx.acts.add(Act(at=now, who=who, what=what, thing="deliveries", note=numbers))
    return settled


def open_again(tx: Transaction, edition: str, what: str, who: str, now: datetime, note: str = "") -> bool:
    """Lets something of an edition be sent again; False where it is still being sent, or paused, and no act is needed.

    Raises ``StateError`` when it was cancelled, or is being folded.
    """
    state = tx.editions.lock(edition)
    if tx.editions.folded(edition):
        raise StateError(
            Phrase(
                "edition %(edition)s is so old that its deliveries are folded: nothing of it is sent again",
                edition=edition,
            )
        )
    if state is EditionState.SENT:
        tx.editions.move(edition, to=EditionState.SENDING, since=[state], now=now)
        tx.acts.add(_act(what, edition, state, EditionState.SENDING, who, now, note))
        return True
    if state not in (EditionState.SENDING, EditionState.PAUSED):
        raise StateError(
            Phrase(
                "edition %(edition)s is %(state)s: nothing of it is sent again; `--as sent` settles a delivery that "
                "did arrive, else leave it",
                edition=edition,
                state=standing(state) if state else "",
            )
        )
    return False


def cancel(
    store: Store,
    edition: str,
    *,
    who: str,
    now: datetime,
    note: str = "",
    seen: Sequence[EditionState] = (),
    version: int | None = None,
) -> Edition:
    """Any state that has not ended → cancelled. What was accepted stays so; unsent stories may be picked again.

    Raises ``StateError`` where ``seen`` or ``version`` are given and it is in none of those states, or another version.
    """
    with store.write() as tx:
        found = _found(tx, edition)
        if version is not None and found.version != version:
            said = Phrase(
                "edition %(edition)s was changed meanwhile: it is not cancelled for what it was", edition=edition
            )
            raise StateError(said)
        since = [*WAITING, EditionState.SENDING, EditionState.PAUSED]
        _move(tx, found, "cancel", seen or since, EditionState.CANCELLED, who=who, now=now, note=note)
        tx.deliveries.cancel_edition(edition, now)
        tx.editions.release(edition)
    return _again(store, edition)


def expire(store: Store, edition: str, *, now: datetime, reason: str, due: datetime | None = None) -> bool:
    """drafted, awaiting, approved, held → expired; False when it was none of these, or is not ``due`` then any more."""
    with store.write() as tx:
        moved = tx.editions.move(edition, to=EditionState.EXPIRED, since=WAITING, now=now, reason=reason, due=due)
        if moved:
            tx.editions.release(edition)
            tx.acts.add(_act("expire", edition, "", EditionState.EXPIRED, "broadsheet", now, reason))
    return moved


def standing(state: EditionState) -> Phrase:
    """How it stands with an edition, as a part of a sentence: ``the edition is held``."""
    return {
        EditionState.DRAFTED: Phrase("drafted"),
        EditionState.SKIPPED: Phrase("skipped"),
        EditionState.AWAITING: Phrase("awaiting"),
        EditionState.APPROVED: Phrase("approved"),
        EditionState.HELD: Phrase("held"),
        EditionState.SENDING: Phrase("sending"),
        EditionState.PAUSED: Phrase("paused"),
        EditionState.SENT: Phrase("sent"),
        EditionState.CANCELLED: Phrase("cancelled"),
        EditionState.EXPIRED: Phrase("expired"),
    }[state]


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
    reason: str | None = None,
) -> None:
    if to not in STOPPED:
        tx.flags.need_open()
    if not tx.editions.move(edition.id, to=to, since=since, now=now, reason=note if reason is None else reason):
        raise StateError(
            Phrase(
                "edition %(edition)s is %(state)s: this needs one that is %(states)s; `broadsheet editions "
                "%(edition)s` shows it",
                edition=edition.id,
                state=standing(edition.state),
                states=Several(tuple(standing(EditionState(each)) for each in since), Way.OR),
                act=what,
            )
        )
    tx.acts.add(_act(what, edition.id, edition.state, to, who, now, note))


def _act(what: str, edition: str, before: str, after: str, who: str, now: datetime, note: str) -> Act:
    return Act(at=now, who=who, what=what, thing=f"edition:{edition}", before=before, after=after, note=note)


def _found(tx: Transaction, edition: str) -> Edition:
    found = tx.editions.get(edition)
    if found is None:
        raise NotFound(Phrase("there is no edition %(edition)s; `broadsheet editions` lists them", edition=edition))
    return found


def _locked(tx: Transaction, edition: str, version: int | None) -> Edition:
    """The edition, kept from being changed until the transaction ends, in the ``version`` that was seen (None: any)."""
    tx.editions.lock(edition)
    found = _found(tx, edition)
    if version is not None and version != found.version:
        newest = next(iter(tx.versions.of(edition, limit=1)), None)
        who, at, what = (newest.who, newest.at, newest.what) if newest else (PROGRAM, found.created, "")
        raise ConflictError(
            Phrase("%(who)s changed the edition since you looked at it; look at it as it is now", who=who),
            who=who,
            at=at,
            what=what,
            theirs="",
            yours="",
            version=found.version,
        )
    return found


def _again(store: Store, edition: str) -> Edition:
    with store.read() as tx:
        return _found(tx, edition)
