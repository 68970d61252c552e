"""Alarms on what comes back of an edition: too many bounces, or complaints.

The rates are those at which providers act: a bounce rate of 5 % is what Amazon SES reviews accounts at, complaints are
to stay under 0.1 % and never to reach 0.3 % (https://support.google.com/a/answer/14229414, and
https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-dg.html; both from memory). Below a least count a rate
says nothing: 1 of 20 is 5 %. Where 3 % bounce, more than 5 % of 400 do in one edition of 95; 3 of 1,000 complain in one
of 70 where the true rate is 0.05 %, 5 of 1,000 in one of 275 where it is 0.1 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.delivery.sending import PROGRAM, pause
from bot.model import Act, DeliveryState, EditionState, Phrase, Verdict
from bot.store import Transaction

BOUNCES_PER_CENT, BOUNCES_LEAST = 5, 20
WARN_PER_MILLE, WARN_LEAST = 1, 3
PAUSE_PER_MILLE, PAUSE_LEAST = 3, 5
BOUNCE_ALARM, COMPLAINT_ALARM = "bounce alarm", "complaint alarm"


@dataclass(frozen=True, slots=True)
class Returned:
    """What came back of an edition.

    ``tried`` are the mails that a server took or refused for good, ``accepted`` those that it took. ``bounces`` are
    those of them that were not delivered, whatever the reason; ``counts`` are deliveries by verdict.
    """

    tried: int
    accepted: int
    bounces: int
    complaints: int
    counts: dict[str, int]

    @property
    def bounce_share(self) -> float:
        return self.bounces / self.tried if self.tried else 0.0

    @property
    def complaint_share(self) -> float:
        return self.complaints / self.accepted if self.accepted else 0.0

    @property
    def bounces_alarm(self) -> bool:
        return self.bounces >= BOUNCES_LEAST and self.bounces * 100 > BOUNCES_PER_CENT * self.tried

    @property
    def complaints_alarm(self) -> bool:
        return self.complaints >= WARN_LEAST and self.complaints * 1000 > WARN_PER_MILLE * self.accepted

    @property
    def complaints_pause(self) -> bool:
        return self.complaints >= PAUSE_LEAST and self.complaints * 1000 > PAUSE_PER_MILLE * self.accepted


def returned(tx: Transaction, edition: str) -> Returned:
    """What came back of ``edition`` so far."""
    states = tx.deliveries.balance(edition).states
    accepted = states.get(DeliveryState.ACCEPTED, 0)
    counts = tx.events.counts(edition)
    return Returned(
        tried=accepted + states.get(DeliveryState.FAILED, 0),
        accepted=accepted,
        bounces=tx.events.failures(edition),
        complaints=counts.get(Verdict.COMPLAINT, 0),
        counts=counts,
    )


def watch(tx: Transaction, edition: str, now: datetime) -> Returned:
    """Raises the alarms that are due on ``edition``, each once; pauses it for complaints while it is being sent."""
    found = returned(tx, edition)
    acts = tx.acts.newest(thing=f"edition:{edition}")
    raised = {act.what for act in acts}
    if found.bounces_alarm and BOUNCE_ALARM not in raised:
        note = Phrase(
            "%(bounces)s of %(mails)s mails came back (%(share)s%%)",
            bounces=found.bounces,
            mails=found.tried,
            share=found.bounce_share * 100,
        )
        tx.acts.add(Act(at=now, who=PROGRAM, what=BOUNCE_ALARM, thing=f"edition:{edition}", note=note))
    said = Phrase(
        "%(complaints)s of %(readers)s readers complained (%(share)s)",
        complaints=found.complaints,
        readers=found.accepted,
        share=f"{found.complaint_share:.2%}",
    )
    sending = tx.editions.state(edition) is EditionState.SENDING
    if found.complaints_pause and sending and _news(tx, edition, acts) >= PAUSE_LEAST:
        pause(tx, edition, Phrase("%(what)s: look at what went out, and to whom, before you resume", what=said), now)
    elif found.complaints_alarm and COMPLAINT_ALARM not in raised:
        tx.acts.add(Act(at=now, who=PROGRAM, what=COMPLAINT_ALARM, thing=f"edition:{edition}", note=said))
    return found


def _news(tx: Transaction, edition: str, acts: list[Act]) -> int:
    """Complaints since an editor let the edition go on: those before, they have seen."""
    resumed = max((act.at for act in acts if act.what == "resume"), default=None)
    complaints = tx.events.newest(edition=edition, verdicts=[Verdict.COMPLAINT], limit=10_000)
    return len({each.delivery for each in complaints if resumed is None or each.at > resumed})
