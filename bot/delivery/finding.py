"""A delivery by what the outside world calls it: our token in whatever dress, a provider's id, a reader's address."""

from __future__ import annotations

import re
from urllib.parse import unquote

from bot.channels.email.relays import RELAYS, event_key, provider_id
from bot.model import Delivery
from bot.settings import is_address
from bot.store import Transaction
from bot.tokens import KeyRing, delivery_token, read_delivery_token

_LONGEST = 4_000
"""Characters that are looked at: a header, an answer, an event's field are shorter."""
_TOKEN = re.compile(r"(?<![a-z0-9])[a-z2-7]{26}(?![a-z0-9])", re.I)
_CODES = re.compile(r"\s*2\d\d[ -](?:\s*2\.\d{1,3}\.\d{1,3}\s)?")


def find(tx: Transaction, keys: KeyRing, text: str, *, limit: int = 200) -> list[Delivery]:
    """The deliveries that ``text`` names: by a token of ours in it, else as an address, else as a provider's id.

    ``limit`` is for the deliveries of one reader, the newest first.
    """
    return of_token(tx, keys, text) or of_reader(tx, text, limit=limit) or of_provider(tx, text)


def of_token(tx: Transaction, keys: KeyRing, text: str) -> list[Delivery]:
    """The mails whose token stands in ``text``: a Message-ID, a VERP address, a subject of an unsubscription, itself.

    A token that this newsroom's keys did not make names nothing, so that a stranger cannot speak of a delivery.
    """
    found: dict[int, Delivery] = {}
    for token in dict.fromkeys(each.lower() for each in _TOKEN.findall(unquote(text[:_LONGEST]))):
        found.update((each.id, each) for each in _of_token(tx, keys, token))
    return list(found.values())


def editions_of(tx: Transaction, keys: KeyRing, text: str) -> list[str]:
    """The editions that tokens of ours in ``text`` speak of: known also when their deliveries were folded."""
    tokens = _TOKEN.findall(unquote(text[:_LONGEST]))
    # Nobody without the key hits one of 2^60 ids.
    named = [edition for token in tokens for edition, _ in read_delivery_token(keys, token)]
    return [each for each in dict.fromkeys(named) if tx.editions.state(each)]


def of_provider(tx: Transaction, text: str) -> list[Delivery]:
    """The deliveries that a provider calls so: the id as its answer or its event has it, or the whole answer.

    A server may give an id again after months: then there are several.
    """
    said = _storable(text[:_LONGEST]).strip()
    answer = _CODES.sub("", said, count=1)
    names = {event_key(relay, said) for relay in RELAYS} | {provider_id(relay, answer) for relay in RELAYS}
    found: dict[int, Delivery] = {}
    for name in sorted(names - {""}):
        found.update((each.id, each) for each in tx.deliveries.of_provider_id(name))
    return list(found.values())


def of_reader(tx: Transaction, text: str, *, limit: int = 200) -> list[Delivery]:
    """All deliveries to the reader with that address, the newest first."""
    address = _storable(text[:_LONGEST]).strip().removeprefix("mailto:").strip("<>")
    subscriber = tx.subscribers.id_of(address) if is_address(address) else None
    return [] if subscriber is None else tx.deliveries.of_subscriber(subscriber, limit=limit)


def _of_token(tx: Transaction, keys: KeyRing, token: str) -> list[Delivery]:
    found = []
    for edition, subscriber in read_delivery_token(keys, token):
        for each in tx.deliveries.of_edition(edition, subscriber):
            # The last key of the ring makes tokens; one that stood there before may have made this one.
            rings = (KeyRing({name: key}) for name, key in keys.keys.items())
            if any(delivery_token(ring, edition, each.channel, each.subject, subscriber) == token for ring in rings):
                found.append(each)
    return found


def _storable(text: str) -> str:
    """Without what PostgreSQL has no text for: NUL, half of a character."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()
