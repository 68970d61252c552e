"""Whose mail a report speaks of, and how far that is to be believed. docs/intake.md says it for an operator.

Anybody can write a mail to the bounce address, and readers' addresses are no secret. So a mail is believed for what a
token of ours shows, which only somebody who had that one mail can name, or for the name that a relay gave it where
nobody guesses that. A webhook's signature vouches for its provider, who is believed for an address too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from bot.audience.links import PREFERENCES, UNSUBSCRIBE, read_link
from bot.delivery.finding import editions_of, of_provider, of_reader, of_token
from bot.errors import TokenError
from bot.model import Delivery, DeliveryState, Report
from bot.store import Transaction
from bot.tokens import KeyRing, read_delivery_token

_LINK = re.compile(r"/[up]/(v1\.[A-Za-z0-9._-]{20,500})")
_TOKEN = re.compile(r"(?<![a-z0-9])[a-z2-7]{26}(?![a-z0-9])", re.I)
_MOST_TOKENS = 60
_UNGUESSABLE = 32
"""Characters of a relay's name for a message that nobody guesses. Postfix's are shorter, and made of the time."""
_ATTEMPTED = (DeliveryState.ACCEPTED, DeliveryState.FAILED, DeliveryState.UNKNOWN, DeliveryState.ATTEMPTING)


@dataclass(frozen=True, slots=True)
class Whose:
    """The reader that a report is shown to speak of.

    ``delivery`` is None when the mail is not in the ledger any more, or is not known. ``edition`` and ``audience`` are
    "" when they are not known. ``same``: the recipient that the report names is this reader, or it names none.
    ``by_link``: a link of the mail's text alone shows it, and so anybody to whom the reader passed the mail on has it.
    """

    subscriber: int
    address: str
    edition: str = ""
    audience: str = ""
    delivery: Delivery | None = None
    same: bool = True
    by_link: bool = False


def whose(
    tx: Transaction, keys: KeyRing, report: Report, *, ids: Iterable[str] = (), signed: bool = False
) -> Whose | None:
    """The reader ``report`` speaks of; None when nothing shows it.

    ``ids`` are the provider's names for the message; ``signed``: a provider vouches for the report.
    """
    tokens = 0
    for text in report.named:
        # A token each costs a look into the store, and a stranger can write any number.
        tokens += len(_TOKEN.findall(text))
        if tokens > _MOST_TOKENS:
            break
        found = _by_token(tx, keys, text, report.recipient)
        if found:
            return found
    for text in ids if signed else report.named:
        if signed or len(text.strip()) >= _UNGUESSABLE:
            found = _of_deliveries(of_provider(tx, text), report.recipient)
            # Beyond a signature, the name must come with the reader it belongs to.
            if found and (signed or (report.recipient and found.same)):
                return found
    if signed and report.recipient:
        mailed = [each for each in of_reader(tx, report.recipient, limit=20) if each.state in _ATTEMPTED]
        if mailed and mailed[0].subscriber:
            return Whose(mailed[0].subscriber, mailed[0].destination)
    return None


def _by_token(tx: Transaction, keys: KeyRing, text: str, recipient: str) -> Whose | None:
    found = _of_deliveries(of_token(tx, keys, text), recipient)
    if found:
        return found
    for link in _links(keys, text):
        found = _of_deliveries(tx.deliveries.of_edition(link[2], link[0]), recipient) if link[2] else None
        found = found or _stale(tx, link[0], edition=link[2], audience=link[1], recipient=recipient)
        return replace(found, by_link=True) if found else None
    for edition in editions_of(tx, keys, text):
        # Its deliveries are folded. Only for what a reader asks: a link once sent works for ever.
        for token in _TOKEN.findall(text):
            for named, subscriber in read_delivery_token(keys, token.lower()):
                if named == edition:
                    return _stale(tx, subscriber, edition=edition, audience="", recipient=recipient)
    return None


def _links(keys: KeyRing, text: str) -> Iterable[tuple[int, str, str]]:
    for token in _LINK.findall(text):
        for purpose in (UNSUBSCRIBE, PREFERENCES):
            try:
                link = read_link(keys, purpose, token)
            except TokenError:
                continue
            yield link.subscriber, link.audience, link.edition


def _of_deliveries(found: list[Delivery], recipient: str) -> Whose | None:
    """The newest one; one to the recipient first, where a name was given to several."""
    mails = sorted((each for each in found if each.subscriber), key=lambda each: each.id, reverse=True)
    mails.sort(key=lambda each: not _same(each.destination, recipient))
    if not mails:
        return None
    one = mails[0]
    assert one.subscriber
    return Whose(
        one.subscriber, one.destination, one.edition, one.audience, one, same=_same(one.destination, recipient)
    )


def _stale(tx: Transaction, subscriber: int, *, edition: str, audience: str, recipient: str) -> Whose | None:
    page = tx.subscribers.page(after=subscriber - 1, limit=1)
    if not page or page[0].id != subscriber:
        return None
    return Whose(subscriber, page[0].address, edition, audience, same=_same(page[0].address, recipient))


def _same(address: str, recipient: str) -> bool:
    return not recipient or _mailbox(address) == _mailbox(recipient)


def _mailbox(address: str) -> tuple[str, str]:
    """As servers name it: without what follows a plus, which some leave out."""
    local, _, domain = address.strip().strip("<>").casefold().rpartition("@")
    return local.partition("+")[0], domain
