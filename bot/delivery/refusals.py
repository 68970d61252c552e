"""Refusals that our own server told us while it was sending: they count like those that come back later.

They are put on record in the transaction that writes their outcome, so that none is lost or counted twice; what
follows from them is settled later, off the way of the send.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.audience.bounces import judge
from bot.model import Delivery, DeliveryState, Effect, Event, Outcome, Verdict
from bot.store import Transaction

SMTP = "smtp"


def tells_of_reader(outcome: Outcome) -> bool:
    """Whether an attempt ended for good with a server's word on its destination: refused, or put off for too long."""
    return outcome.state is DeliveryState.FAILED and outcome.counts and outcome.code > 0


def record(tx: Transaction, outcomes: Iterable[Outcome], now: datetime) -> None:
    """Puts on record what ``outcomes`` say of readers; those of posts are left out."""
    told = [each for each in outcomes if tells_of_reader(each)]
    if told:
        mails = tx.events.named([each.delivery for each in told])
        made = [_event(each, mails[each.delivery], now) for each in told if each.delivery in mails]
        tx.events.add_all([each for each in made if each.verdict in (Verdict.HARD, Verdict.SOFT)])


def _event(outcome: Outcome, mail: Delivery, now: datetime) -> Event:
    # Before the server's words stand ours: who said it, at which stage.
    said = outcome.text.partition(": ")[2] or outcome.text
    verdict, reason = judge(outcome.code, outcome.enhanced, said)
    return Event(
        key=f"{SMTP}:{outcome.delivery}:{outcome.attempt}",
        at=now,
        verdict=verdict,
        effect=Effect.WAITING,
        delivery=mail.id,
        edition=mail.edition,
        channel=mail.channel,
        subscriber=mail.subscriber,
        code=outcome.enhanced or str(outcome.code),
        reason=reason,
        source=SMTP,
        evidence=outcome.text,
    )
