"""States as the desk says them: a word, a tone and a shape, never a colour alone."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import DeliveryState, EditionState


@dataclass(frozen=True, slots=True)
class Shown:
    """``tone`` is a class of ``desk.css``, ``icon`` a symbol of its sprite."""

    word: str
    tone: str
    icon: str


PLANNED = Shown("Planned", "plain", "clock")

EDITION_STATES: dict[str, Shown] = {
    EditionState.DRAFTED: Shown("Drafted", "plain", "pencil"),
    EditionState.SKIPPED: Shown("Skipped", "plain", "double"),
    EditionState.AWAITING: Shown("Awaiting approval", "warn", "pencil"),
    EditionState.APPROVED: Shown("Approved", "good", "tick"),
    EditionState.HELD: Shown("Held", "warn", "bars"),
    EditionState.SENDING: Shown("Sending", "plain", "double"),
    EditionState.PAUSED: Shown("Paused", "warn", "bars"),
    EditionState.SENT: Shown("Sent", "good", "tick"),
    EditionState.CANCELLED: Shown("Cancelled", "plain", "dash"),
    EditionState.EXPIRED: Shown("Expired", "bad", "mark"),
}

DELIVERY_STATES: dict[str, Shown] = {
    DeliveryState.PENDING: Shown("Waiting", "plain", "clock"),
    DeliveryState.LEASED: Shown("Sending now", "plain", "double"),
    DeliveryState.ATTEMPTING: Shown("Sending now, unanswered", "plain", "double"),
    DeliveryState.DEFERRED: Shown("Trying again", "warn", "clock"),
    DeliveryState.ACCEPTED: Shown("Accepted", "good", "tick"),
    DeliveryState.UNKNOWN: Shown("Unknown", "odd", "question"),
    DeliveryState.FAILED: Shown("Failed", "bad", "cross"),
    DeliveryState.SUPPRESSED: Shown("Not mailed", "plain", "dash"),
    DeliveryState.EXCLUDED: Shown("Left out", "plain", "dash"),
    DeliveryState.CANCELLED: Shown("Cancelled", "plain", "dash"),
}


def of_edition(state: EditionState, counts: dict[str, int]) -> Shown:
    """An edition's state with what its deliveries add to it: sent with failures, sent with unknown ones."""
    failed, unknown = counts.get(DeliveryState.FAILED, 0), counts.get(DeliveryState.UNKNOWN, 0)
    if state is EditionState.SENT and unknown:
        return Shown(f"Sent, {unknown} unknown", "odd", "question")
    if state is EditionState.SENT and failed:
        return Shown("Sent with failures", "bad", "cross")
    return EDITION_STATES[state]
