"""What becomes of a report: an event on the record, and what follows for the reader.

| verdict | what follows, when it is shown to speak of a mail of ours |
| --- | --- |
| hard | the address is suppressed, unless it is one of a burst |
| complaint | the address is suppressed at once; when a link alone shows whose it is, the reader leaves all audiences |
| opt-out | the reader leaves the audience of that mail, at once |
| soft | it is counted; after a run of them the address is suppressed like a hard one |
| auto-reply, none | nothing |

Hard and soft ones wait for ``bot.delivery.settling``, which comes right after the intake.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot.audience.links import ReaderLink
from bot.audience.subscriptions import MAIL, leave
from bot.audience.suppression import put_on_list
from bot.delivery.sending import PROGRAM
from bot.delivery.whose import Whose, whose
from bot.model import Effect, Event, Report, Suppression, Verdict
from bot.settings import is_address
from bot.store import Transaction
from bot.tokens import KeyRing

BOUNCED, COMPLAINED = "bounced", "complained"
FORWARDED = "forwarded"
"""The reason of a bounce of another address than the reader's: their mail is passed on there."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a report. ``new`` is False when it had been taken before; then ``event`` says nothing new."""

    event: Event
    new: bool


@dataclass(frozen=True, slots=True)
class Returns:
    """Takes reports. ``audiences`` are those of the schedules by id, for mails that the ledger has forgotten."""

    keys: KeyRing
    audiences: Mapping[str, str]

    def take(
        self,
        tx: Transaction,
        report: Report,
        *,
        source: str,
        now: datetime,
        ids: Iterable[str] = (),
        signed: bool = False,
    ) -> Taken:
        """Puts ``report`` on record and does what follows at once. May be called again with the same report.

        ``signed``: a provider vouches for it, and ``ids`` are its names for the message.
        """
        # Foreign text may hold halves of characters.
        recipient = report.recipient.encode("utf-8", "replace").decode()
        event = Event(
            key=report.key,
            at=now,
            verdict=report.verdict,
            source=source,
            address_hash=tx.hashed(recipient) if is_address(recipient) else "",
            # They go into notes, too; PostgreSQL takes no NUL for a text.
            code=_printable(report.code) or (str(report.reply) if report.reply else ""),
            reason=_printable(report.reason),
            evidence=report.evidence,
        )
        if tx.events.known(report.key):
            return Taken(event, new=False)
        of = whose(tx, self.keys, report, ids=ids, signed=signed)
        if of is None:
            acts = report.verdict not in (Verdict.AUTO_REPLY, Verdict.NONE)
            event = replace(event, effect=Effect.UNPROVEN if acts else Effect.NONE)
            return Taken(event, new=tx.events.add(event))
        event = _named(event, of)
        if report.verdict is Verdict.HARD and not of.same:
            event = replace(event, verdict=Verdict.SOFT, reason=FORWARDED)
        event = replace(event, effect=_effect(event, of, signed=signed))
        if not tx.events.add(event):
            # Another process was quicker.
            return Taken(event, new=False)
        self._follow(tx, event, of)
        return Taken(event, new=True)

    def _follow(self, tx: Transaction, event: Event, of: Whose) -> None:
        if event.effect is Effect.SUPPRESSED:
            put_on_list(tx, suppression(event, of.address, COMPLAINED), who=PROGRAM)
        elif event.effect is Effect.UNSUBSCRIBED:
            audience = of.audience or self._audience_of(tx, of.edition)
            link = ReaderLink(of.subscriber, audience, of.edition)
            everything = not audience or event.verdict is Verdict.COMPLAINT
            leave(tx, link, everything=everything, via=MAIL, now=event.at)

    def _audience_of(self, tx: Transaction, edition: str) -> str:
        found = tx.editions.get(edition) if edition else None
        return self.audiences.get(found.schedule, "") if found else ""


def _effect(event: Event, of: Whose, *, signed: bool) -> Effect:
    if event.verdict in (Verdict.HARD, Verdict.SOFT):
        # A token so old that the ledger has forgotten its mail: the address may have come back to life since.
        # And a server that sends a mail back has its head, with the token.
        return Effect.UNPROVEN if (of.delivery is None or of.by_link) and not signed else Effect.WAITING
    if event.verdict is Verdict.COMPLAINT:
        # Who was passed the mail can do what its links do, which the reader takes back, and no more.
        return Effect.UNSUBSCRIBED if of.by_link and not signed else Effect.SUPPRESSED
    return Effect.UNSUBSCRIBED if event.verdict is Verdict.OPT_OUT else Effect.NONE


def suppression(event: Event, address: str, reason: str) -> Suppression:
    """What ``event`` puts on the suppression list."""
    said = " ".join(filter(None, (event.code, event.reason)))
    note = ", ".join(filter(None, (said, f"edition {event.edition}" if event.edition else "")))
    return Suppression(address=address, reason=reason, at=event.at, note=note, source=event.source)


def _printable(text: str) -> str:
    return "".join(each for each in text if each.isprintable())


def _named(event: Event, of: Whose) -> Event:
    return replace(
        event,
        subscriber=of.subscriber,
        edition=of.edition,
        delivery=of.delivery.id if of.delivery else 0,
        channel=of.delivery.channel if of.delivery else "",
    )
