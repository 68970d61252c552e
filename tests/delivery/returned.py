"""Mails that went out, and what could come back of them: the words are our own, the forms are those of the RFCs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from bot.delivery.engine import Engine
from bot.delivery.intake.message import Intake
from bot.delivery.returns import Returns
from bot.delivery.sending import begin_sending
from bot.delivery.settling import settle
from bot.errors import DeliveryError
from bot.model import DeliveryState, Receipt
from bot.settings.bounces import BouncesTable
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, edition, subscribe
from bot.tokens import delivery_token

RULES = BouncesTable()
RETURNS = Returns(KEYS, {"morning": "readers"})


@dataclass
class Sent:
    """A store whose editions went out. ``tokens`` are by (edition, address), ``refuse`` what a server says to whom."""

    store: object
    clock: object
    tokens: dict[tuple[str, str], str] = field(default_factory=dict)
    refuse: dict[str, DeliveryError] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)

    async def edition(self, *addresses, at=None, audience="readers", deliver=True, **fields):
        """Sends an edition to all of the audience; returns its id."""
        now = at or self.clock()
        self.clock.moment = now
        if addresses:
            subscribe(self.store, *addresses, audience=audience, at=NOW)
        made = edition(created=now, slot=now, slot_key=f"slot-{secrets.token_hex(4)}", **fields)
        with self.store.write() as tx:
            tx.editions.add(made, expires=now + timedelta(hours=3), report={})
        assert begin_sending(self.store, made, audience=audience, now=now)
        if deliver:
            await self.deliver()
        return made.id

    async def deliver(self, **rules):
        def answer(parcel):
            address = parcel.recipient.address
            self.tokens[parcel.edition, address] = parcel.token
            if address in self.refuse:
                raise self.refuse[address]
            return Receipt(server="mx", code=250, id=self.ids.get(address, ""))

        engine = Engine(
            store=self.store,
            channels={"mail": ScriptedChannel(answer=answer)},
            keys=KEYS,
            clock=self.clock,
            rules=DeliveryTable(**{"refused_share": 100, **rules}),
        )
        await engine.deliver()

    async def arrived(self, *addresses):
        """An edition that is being sent and that a server took for all: without sending it, which takes a while."""
        edition = await self.edition(*addresses, deliver=False)
        with self.store.write() as tx:
            tx.deliveries.doubt_edition(edition, "", self.clock())
            ids = [each.id for each in tx.deliveries.page(edition=edition, limit=10_000)]
            tx.deliveries.resolve(ids, to=DeliveryState.ACCEPTED, reason="", now=self.clock())
        with self.store.read() as tx:
            for each in tx.deliveries.page(edition=edition, limit=10_000):
                self.tokens[edition, each.destination] = delivery_token(KEYS, edition, "mail", "", each.subscriber)
        return edition

    def take(self, message, source="maildir"):
        """Puts one message on record; returns the events."""
        taken = Intake(self.store, RETURNS, self.clock, source)(message)
        return [each.event for each in taken]

    def settle(self):
        return settle(self.store, RULES, self.clock())

    def suppressed(self, address, audience="readers"):
        """The reason for which an address is suppressed; ""."""
        with self.store.read() as tx:
            found = tx.suppressions.of(address, audience)
        return found.reason if found else ""

    def events(self, **which):
        with self.store.read() as tx:
            return tx.events.newest(**which)

    def subscriber(self, address):
        with self.store.read() as tx:
            return tx.subscribers.id_of(address)

    def state(self, address, audience="readers"):
        with self.store.read() as tx:
            return tx.subscribers.get(tx.subscribers.id_of(address), audience).state


def dsn(
    recipient,
    *,
    token="",
    verp="",
    status="5.1.1",
    said="550 5.1.1 no such user here",
    action="failed",
    message_id="",
    original="",
    headers="",
):
    """A delivery status notification (RFC 3464) of a mail whose Message-ID holds ``token``."""
    identity = message_id or f"{secrets.token_hex(8)}@mx.example"
    to = f"bounces+{verp}@record.example" if verp else "bounces@record.example"
    returned = f"Message-ID: <{token}@record.example>\n" if token else "Message-ID: <a-note@elsewhere.example>\n"
    orcpt = f"Original-Recipient: rfc822; {original}\n" if original else ""
    return f"""From: Mail Delivery System <mailer-daemon@mx.example>
To: {to}
Subject: Undelivered mail
Message-ID: <{identity}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="bound"

--bound
Content-Type: text/plain

Your mail to the address below was not delivered.

--bound
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

{orcpt}Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--bound
Content-Type: text/rfc822-headers

From: The Record <briefing@record.example>
To: {recipient}
Subject: The ferry returns
{returned}{headers}
--bound--
""".replace("\n", "\r\n").encode()


def complaint(*, token="", link="", kind="abuse", recipient=""):
    """A feedback report (RFC 5965); providers leave the recipient out."""
    whom = f"Original-Rcpt-To: {recipient}\n" if recipient else ""
    unsubscribe = f"List-Unsubscribe: <{link}>\n" if link else ""
    message_id = f"Message-ID: <{token}@record.example>\n" if token else ""
    return f"""From: feedback@provider.example
To: fbl@record.example
Subject: FW: The ferry returns
Message-ID: <{secrets.token_hex(8)}@provider.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="bound"

--bound
Content-Type: text/plain

This is a report of a mail that a reader called spam.

--bound
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Provider/1.0
Version: 1
{whom}
--bound
Content-Type: message/rfc822

From: The Record <briefing@record.example>
Subject: The ferry returns
{message_id}{unsubscribe}
The ferry returns on Friday.

--bound--
""".replace("\n", "\r\n").encode()


def mail(*, sender="ida@example.org", subject="", text="", headers=""):
    """A plain mail to the newsroom."""
    return f"""From: {sender}
To: leave@record.example
Subject: {subject}
Message-ID: <{secrets.token_hex(8)}@example.org>
{headers}
{text}
""".replace("\n", "\r\n").encode()
