"""When so few sign-ups are confirmed that somebody else types the addresses: confirmations stop for a while.

A form that mails whoever is typed into it can be used to bury a victim's inbox under thousands of newsletters'
confirmations, and it harms the newsroom's own name with every provider. The marks of it are many mails and hardly any
press of the button; a campaign that goes well has many of both.

How the thresholds were chosen. Readers who ask confirm within minutes, most of them: below a third is a bad hour, so
four fifths unconfirmed after ten minutes are no readers. Fewer than 30 prove nothing, and a newsroom whose sign-ups
always look so is only stopped when they are four times its usual ones. Until it is noticed, a flood costs ten minutes
of ``signup.mails``; from then on 30 mails in half an hour, for as long as it lasts.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.delivery.sending import PROGRAM
from bot.model import Act, Phrase
from bot.store import Store, Transaction
from bot.store.allowances import Limits
from bot.store.signups import Confirmed

FLAG = "signup flood"
THING = "signup"
STOPPED, TRIAL = "stopped", "trial"
WINDOW = timedelta(hours=1)
PATIENCE = timedelta(minutes=10)
"""How long a reader is given to press the button before it counts against the others."""
USUAL = timedelta(days=7)
REST = timedelta(hours=1)
LEAST = 30
SHARE = 80
TIMES = 4
TRIAL_LIMITS: Limits = {timedelta(minutes=30): 30}
"""How many may go out in the hour after a stop, until it is seen whether it is over."""


def flooded(recent: Confirmed, usual: float) -> bool:
    """Whether the mails of the last hour are no readers'. ``usual``: so many stay unconfirmed in such a time."""
    unconfirmed = recent.unconfirmed
    return unconfirmed >= LEAST and unconfirmed * 100 > SHARE * recent.mailed and unconfirmed > TIMES * usual


def after(state: str, since: datetime, now: datetime, *, flood: bool) -> str:
    """The state that follows: ``stopped`` for an hour, then an hour's ``trial``, then "" (all goes out)."""
    if state == STOPPED:
        return TRIAL if now - since >= REST else STOPPED
    if flood:
        return STOPPED
    return "" if state != TRIAL or now - since >= REST else TRIAL


def stopped_until(tx: Transaction) -> datetime | None:
    """When a few are tried again; None while they are not stopped."""
    state, since = tx.flags.seen(FLAG) or ("", None)
    return since + REST if since and state == STOPPED else None


def watch(store: Store, now: datetime) -> str:
    """Looks whether confirmations may go out, and keeps it with an act when that changes; returns the state."""
    with store.read() as tx:
        seen = tx.flags.seen(FLAG)
        state, since = seen or ("", now)
        recent, usual = _figures(tx, since if state else None, now)
    then = after(state, since, now, flood=flooded(recent, usual))
    if then == state:
        return state
    with store.write() as tx:
        if tx.flags.seen(FLAG) != seen:
            # Another process saw it first.
            return then
        tx.flags.set(FLAG, then, now)
        tx.acts.add(
            Act(at=now, who=PROGRAM, what=_WHAT[then], thing=THING, before=state, after=then, note=_note(recent, usual))
        )
    return then


_WHAT = {STOPPED: "stop confirmations", TRIAL: "try confirmations", "": "resume confirmations"}


def _note(recent: Confirmed, usual: float) -> str:
    return Phrase(
        "%(number)s of %(mailed)s unconfirmed within the hour; usual are %(usual)s",
        number=recent.unconfirmed,
        mailed=recent.mailed,
        usual=round(usual),
    )


def _figures(tx: Transaction, since: datetime | None, now: datetime) -> tuple[Confirmed, float]:
    # What went out before the last stop has been judged.
    begin = max(now - WINDOW, since or now - WINDOW)
    recent = tx.signups.confirmed(begin, now - PATIENCE)
    first, start, end = tx.signups.first(), now - USUAL, now - WINDOW
    span = end - max(first or end, start)
    if span < WINDOW:
        return recent, 0.0
    before = tx.signups.confirmed(start, end)
    return recent, before.unconfirmed * ((WINDOW - PATIENCE) / span)
