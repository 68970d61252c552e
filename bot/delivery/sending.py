"""The beginning and the end of a send: the audience snapshot, the balance of the books, the state ``sent``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.model import Act, Edition, EditionState
from bot.store import Store, Transaction

PROGRAM = "broadsheet"


def begin_sending(store: Store, edition: Edition, *, media: Mapping[str, str], audience: str, now: datetime) -> bool:
    """Puts the edition into ``sending`` and names its deliveries, in one transaction; False when it was not due.

    ``media`` says of each channel whether it is ``email`` or ``post``. The snapshot is taken here, not earlier.
    """
    ready = (EditionState.APPROVED,) if edition.approval else (EditionState.DRAFTED, EditionState.APPROVED)
    with store.write() as tx:
        if not tx.editions.move(edition.id, to=EditionState.SENDING, since=ready, now=now):
            return False
        size = 0
        for rendition in edition.renditions:
            if media.get(rendition.channel) == "email":
                size += tx.deliveries.add_audience(edition.id, rendition.channel, audience, now)
            else:
                size += tx.deliveries.add_post(edition.id, rendition.channel, rendition.subject, now)
        tx.editions.set_snapshot(edition.id, size)
        tx.acts.add(
            Act(
                at=now,
                who=PROGRAM,
                what="send",
                thing=f"edition:{edition.id}",
                before=edition.state,
                after=EditionState.SENDING,
                note=f"{size} deliveries",
            )
        )
    return True


def close_if_done(store: Store, edition: str, now: datetime) -> EditionState | None:
    """Ends an edition whose deliveries have all ended; returns its state after, None when work is left.

    Books that do not balance pause the edition instead: something is wrong that a person must see.
    """
    with store.write() as tx:
        balance = tx.deliveries.balance(edition)
        if not balance.balanced:
            named = sum(balance.states.values())
            off = f"the books do not balance: {named} deliveries, {balance.snapshot} in the snapshot"
            pause(tx, edition, off, now)
            return EditionState.PAUSED
        if balance.open:
            return None
        unknown = balance.states.get("unknown", 0)
        reason = f"{unknown} unknown" if unknown else ""
        sending = (EditionState.SENDING,)
        if not tx.editions.move(edition, to=EditionState.SENT, since=sending, now=now, reason=reason):
            return None
        # An edition nobody was to get is over too: its stories count as told.
        tx.editions.consume(edition)
        tx.acts.add(
            Act(
                at=now,
                who=PROGRAM,
                what="sent",
                thing=f"edition:{edition}",
                before="sending",
                after="sent",
                note=reason,
            )
        )
    return EditionState.SENT


def pause(tx: Transaction, edition: str, reason: str, now: datetime, who: str = PROGRAM) -> bool:
    """Stops an edition that is being sent; False when it is not."""
    if not tx.editions.move(
        edition, to=EditionState.PAUSED, since=(EditionState.SENDING,), now=now, reason=reason[:500]
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
            note=reason[:500],
        )
    )
    return True
