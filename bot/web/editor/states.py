"""States as the desk says them: a word, a tone and a shape, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import DeliveryState, EditionState
from bot.speech.catalog import N_, _, number


@dataclass(frozen=True, slots=True)
class Shown:
    """``word`` is English, and translated where it is shown; ``tone`` is a class of ``desk.css``, ``icon`` a symbol of
    its sprite.
    """

    word: str
    tone: str
    icon: str


PLANNED = Shown(N_("Planned"), "plain", "clock")

SENT_WITH_FAILURES = Shown(N_("Sent with failures"), "bad", "cross")

EDITION_STATES: dict[str, Shown] = {
    EditionState.DRAFTED: Shown(N_("Drafted"), "plain", "pencil"),
    EditionState.SKIPPED: Shown(N_("Skipped"), "plain", "double"),
    EditionState.AWAITING: Shown(N_("Awaiting approval"), "warn", "pencil"),
    EditionState.APPROVED: Shown(N_("Approved"), "good", "tick"),
    EditionState.HELD: Shown(N_("Held"), "warn", "dash"),
    EditionState.SENDING: Shown(N_("Sending"), "accent", "arrow"),
    EditionState.PAUSED: Shown(N_("Paused"), "warn", "bars"),
    EditionState.SENT: Shown(N_("Sent"), "good", "send"),
    EditionState.CANCELLED: Shown(N_("Cancelled"), "plain", "close"),
    EditionState.EXPIRED: Shown(N_("Expired"), "bad", "mark"),
}

DELIVERY_STATES: dict[str, Shown] = {
    DeliveryState.PENDING: Shown(N_("Waiting"), "plain", "clock"),
    DeliveryState.LEASED: Shown(N_("Sending now"), "accent", "arrow"),
    DeliveryState.ATTEMPTING: Shown(N_("Sending now, unanswered"), "accent", "arrow"),
    DeliveryState.DEFERRED: Shown(N_("Trying again"), "warn", "again"),
    DeliveryState.ACCEPTED: Shown(N_("Accepted"), "good", "tick"),
    DeliveryState.UNKNOWN: Shown(N_("Unknown"), "odd", "question"),
    DeliveryState.FAILED: Shown(N_("Failed"), "bad", "cross"),
    DeliveryState.SUPPRESSED: Shown(N_("Not mailed"), "plain", "dash"),
    DeliveryState.EXCLUDED: Shown(N_("Left out"), "plain", "dash"),
    DeliveryState.CANCELLED: Shown(N_("Cancelled"), "plain", "close"),
}


def of_edition(state: EditionState, counts: dict[str, int]) -> Shown:
    """An edition's state with what its deliveries add to it: sent with failures, sent with unknown ones."""
    failed, unknown = counts.get(DeliveryState.FAILED, 0), counts.get(DeliveryState.UNKNOWN, 0)
    if state is EditionState.SENT and unknown:
        return Shown(_("Sent, %(count)s unknown") % {"count": number(unknown)}, "odd", "question")
    if state is EditionState.SENT and failed:
        return SENT_WITH_FAILURES
    return EDITION_STATES[state]
