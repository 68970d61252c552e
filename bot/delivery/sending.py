"""The beginning and the end of a send: the audience snapshot, the balance of the books, the state ``sent``."""

from __future__ import annotations

from datetime import datetime

from bot.editions import lifecycle
from bot.model import CORRECTION_MAIL, Act, Edition, EditionState, Phrase, Placement, Rendition, cut, plural
from bot.store import Store, Transaction
from bot.store.chosen_readers import Place
from bot.store.flags import PAUSED
from bot.store.recalls import unknown_said

PROGRAM = lifecycle.PROGRAM


def begin_sending(
    store: Store,
    edition: Edition,
    *,
    audience: str,
    now: datetime,
    place: Place = lambda _: Placement(),
) -> bool:
    """Puts the edition into ``sending`` and names its deliveries, in one transaction; False when it may not go out.

    The snapshot is taken here, not earlier, of the renditions as they stand here. ``place`` says what readers get who
    chose something; it speaks of this version of ``edition``, so that nothing begins when that was changed meanwhile.
    Nothing begins while everything is paused.
    """
    try:
        with store.write() as tx:
            return _begin(tx, edition, audience, now, place)
    except _ChangedMeanwhile:
        return False


class _ChangedMeanwhile(Exception):
    """The transaction is undone; whoever looks next sees the edition as it is now."""


def _begin(tx: Transaction, edition: Edition, audience: str, now: datetime, place: Place) -> bool:
    ready = (EditionState.APPROVED,) if edition.approval else (EditionState.DRAFTED, EditionState.APPROVED)
    if tx.flags.get(PAUSED) or not tx.editions.move(
        edition.id, to=EditionState.SENDING, since=ready, now=now, due=edition.slot
    ):
        return False
    stored = tx.editions.get(edition.id)
    assert stored is not None
    # Also when it was asked for and returned meanwhile: it needs approval now.
    seen, is_ = ((each.version, each.approval, _revisions(each)) for each in (edition, stored))
    if seen != is_:
        raise _ChangedMeanwhile
    size = 0
    for rendition in _in_order(stored):
        if rendition.email and stored.slot_key.startswith(CORRECTION_MAIL):
            told = (tx.editions.report(edition.id).get("correction") or {}).get("told", ())
            size += tx.deliveries.add_told(edition.id, rendition.channel, audience, told, now)
        elif rendition.email:
            size += tx.deliveries.add_audience(edition.id, rendition.channel, audience, now, place)
        else:
            size += tx.deliveries.add_post(edition.id, rendition.channel, rendition.subject, now)
    if not size:
        _send_nowhere(tx, edition, now)
        return False
    tx.editions.set_snapshot(edition.id, size)
    tx.acts.add(
        Act(
            at=now,
            who=PROGRAM,
            what="send",
            thing=f"edition:{edition.id}",
            before=edition.state,
            after=EditionState.SENDING,
            note=plural(size, "%(count)s delivery", "%(count)s deliveries"),
        )
    )
    return True


def _in_order(edition: Edition) -> list[Rendition]:
    """As their posts go out: by story, then by part. An edition's own come first."""
    places = {str(story.article.id): story.position for story in edition.stories}

    def place(rendition: Rendition) -> tuple[int, str, int]:
        article = rendition.subject.partition("/")[0]
        known = places.get(article, len(places) + 1) if article else 0
        return known, article, rendition.post.part if rendition.post else 1

    return sorted(edition.renditions, key=place)


def _revisions(edition: Edition) -> list[tuple[int, int]]:
    return [(story.article.id, story.article.revision) for story in edition.stories]


def _send_nowhere(tx: Transaction, edition: Edition, now: datetime) -> None:
    """An edition without a reader was not sent: its stories stay free for the next."""
    reason = Phrase("there was nobody to send it to")
    tx.editions.move(edition.id, to=EditionState.CANCELLED, since=[EditionState.SENDING], now=now, reason=reason)
    tx.editions.release(edition.id)
    thing = f"edition:{edition.id}"
    tx.acts.add(
        Act(at=now, who=PROGRAM, what="cancel", thing=thing, before=edition.state, after="cancelled", note=reason)
    )


def close_if_done(store: Store, edition: str, now: datetime) -> EditionState | None:
    """Ends an edition whose deliveries have all ended; returns its state after, None when work is left.

    Books that do not balance pause the edition instead: something is wrong that a person must see.
    """
    with store.read() as tx:
        if tx.deliveries.open_channels(edition):
            return None
        # Every row is counted once, before others are kept from writing.
        counted = tx.deliveries.balance(edition, counted=True)
    with store.write() as tx:
        tx.editions.lock(edition)
        balance = tx.deliveries.balance(edition)
        for books in (counted, balance):
            if not books.balanced:
                off = plural(
                    sum(books.states.values()),
                    "the books do not balance: %(count)s delivery, %(snapshot)s in the snapshot",
                    "the books do not balance: %(count)s deliveries, %(snapshot)s in the snapshot",
                    snapshot=books.snapshot,
                )
                return EditionState.PAUSED if pause(tx, edition, off, now) else None
        if balance.open:
            return None
        reason = unknown_said(balance.states.get("unknown", 0))
        sending = (EditionState.SENDING,)
        if not tx.editions.move(edition, to=EditionState.SENT, since=sending, now=now, reason=reason):
            return None
        # Nothing was attempted when nobody was to get any of it: then its stories stay free for the next.
        tx.editions.release(edition)
        thing = f"edition:{edition}"
        tx.acts.add(Act(at=now, who=PROGRAM, what="sent", thing=thing, before="sending", after="sent", note=reason))
    return EditionState.SENT


def pause(tx: Transaction, edition: str, reason: str, now: datetime, who: str = PROGRAM) -> bool:
    """Stops an edition that is being sent; False when it is not."""
    if not tx.editions.move(
        edition, to=EditionState.PAUSED, since=(EditionState.SENDING,), now=now, reason=cut(reason, 500)
    ):
        return False
    tx.acts.add(
        Act(
            at=now,
            who=who,
            what="pause",
            thing=f"edition:{edition}",
            before="sending",
            after="paused",
            note=cut(reason, 500),
        )
    )
    return True
