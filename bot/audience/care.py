"""What an editor does for one reader who asks, at the desk: each act is one transaction, and on the record."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.audience.data import ask_for_data
from bot.audience.signup import new_id
from bot.audience.subscriptions import Left
from bot.audience.suppression import cancelled_said
from bot.model import Act, Signup, SignupOutcome, several
from bot.store import Store

APART = timedelta(hours=24)
"""A confirmation goes to one address once in this time, whoever asks for it."""


def unsubscribe(store: Store, subscriber: int, audience: str, *, who: str, note: str, now: datetime) -> Left:
    """Ends the subscription to ``audience`` ("": to all), and stops what has not gone out; may be repeated."""
    with store.write() as tx:
        ended = tx.subscribers.unsubscribe(subscriber, audience, via=f"desk by {who}", now=now)
        cancelled = tx.deliveries.cancel_subscriber(subscriber, audience, "unsubscribed", now)
        if ended:
            said = several((*ended, *([note] if note else []), cancelled_said(cancelled)))
            thing = f"subscriber:{subscriber}"
            tx.acts.add(
                Act(
                    at=now,
                    who=who,
                    what="unsubscribe",
                    thing=thing,
                    before="subscribed",
                    after="unsubscribed",
                    note=said,
                )
            )
    return Left(tuple(ended), cancelled)


def send_data(store: Store, subscriber: int, *, language: str, who: str, now: datetime) -> bool:
    """Has the link to their data mailed to a reader, as if they had asked; False when they had one in 24 hours."""
    if not ask_for_data(store, subscriber, language=language, now=now):
        return False
    with store.write() as tx:
        tx.acts.add(Act(at=now, who=who, what="send data", thing=f"subscriber:{subscriber}"))
    return True


def next_confirmation(signup: Signup) -> datetime | None:
    """When another confirmation may go out for a request; None: when you like."""
    return signup.mailed + APART if signup.mailed else None


def confirm_again(store: Store, id: str, *, who: str, now: datetime) -> Signup | None:
    """Has a new confirmation mailed for a request that nobody confirmed: the link before may be over.

    None when there is no such request, it was confirmed, or its mail went out less than ``APART`` ago or is still due.
    """
    with store.write() as tx:
        found = tx.signups.get(id)
        if found is None or found.confirmed or found.outcome not in (SignupOutcome.CONFIRM, SignupOutcome.LATE):
            return None
        until = next_confirmation(found)
        if until and until > now:
            return None
        # What was asked for, where and when, stays as it was; the link and its seven days are new.
        again = replace(found, id=new_id(), requested=now, mailed=None, outcome=SignupOutcome.WAITING, confirmed=None)
        tx.signups.add(again)
        tx.signups.replaced(found.id)
        tx.acts.add(Act(at=now, who=who, what="send confirmation", thing=f"signup:{tx.hashed(found.address)[:12]}"))
    return again
