"""Endpoints are made, changed, turned off and on: each act is one transaction, and on the record.

The record names no address and no secret of theirs: the path of an address is often a secret too.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urlsplit

from bot.channels.credentials import sealed, unsealed
from bot.errors import NotFound, StateError, UsageError
from bot.guard import is_public
from bot.model import Act, Endpoint, EndpointCall, EndpointOff, EventType, Phrase
from bot.standard_webhooks import key_of, new_secret
from bot.store import Store, Transaction
from bot.tokens import KeyRing

MOST = 20
"""Endpoints of an installation."""
BOTH_SIGN = timedelta(hours=24)
"""How long the secret of before signs beside the new one."""
NAME_LONGEST, URL_LONGEST = 80, 2_000
PROGRAM = "broadsheet"
TYPES = tuple(each for each in EventType if each is not EventType.PING)
"""What an endpoint may want; a ping it gets whatever it wants."""
_PURPOSE = "endpoint"


class WrongField(UsageError):
    """Something that was given cannot be: ``field`` says which."""

    def __init__(self, field: str, said: str) -> None:
        super().__init__(said)
        self.field = field


def make(
    store: Store,
    keys: KeyRing,
    *,
    name: str,
    url: str,
    types: Collection[EventType],
    who: str,
    now: datetime,
    loopback: bool = False,
    secret: str = "",
) -> tuple[str, Endpoint]:
    """A new endpoint: its secret, which nobody sees again, and what is kept of it.

    ``loopback``: it may be a program on this machine. Without a ``secret`` it gets a new one. Raises ``WrongField``,
    and ``StateError`` when there are too many.
    """
    secret = secret or new_secret()
    made = Endpoint(
        id=0,
        name=_name(name),
        url=_url(url, loopback),
        secret=_sealed(secret, keys),
        types=_types(types),
        by=who,
        created=now,
    )
    with store.write() as tx:
        if len(tx.endpoints.every()) >= MOST:
            raise StateError(Phrase("there are %(most)s webhooks: remove one first", most=MOST))
        made = replace(made, id=tx.endpoints.add(made))
        _record(tx, made, "make webhook", who, now, after=_said(made))
    return secret, made


def change(
    store: Store,
    endpoint: int,
    *,
    name: str,
    url: str,
    types: Collection[EventType],
    who: str,
    now: datetime,
    loopback: bool = False,
) -> Endpoint:
    """Changes where it is (``url`` "": stays) and what it wants. Raises ``WrongField``, ``NotFound``."""
    with store.write() as tx:
        found = known(tx, endpoint)
        changed = replace(found, name=_name(name), url=_url(url, loopback) if url else found.url, types=_types(types))
        tx.endpoints.change(endpoint, name=changed.name, url=changed.url, types=changed.types)
        _record(tx, changed, "change webhook", who, now, before=_said(found), after=_said(changed))
    return changed


def rotate(store: Store, keys: KeyRing, endpoint: int, *, who: str, now: datetime, secret: str = "") -> str:
    """Gives it another secret, and returns it; the one of before signs too for ``BOTH_SIGN``.

    Raises ``WrongField``, ``NotFound``.
    """
    secret = secret or new_secret()
    kept = _sealed(secret, keys)
    with store.write() as tx:
        found = known(tx, endpoint)
        tx.endpoints.give_secret(endpoint, kept, found.secret, now + BOTH_SIGN)
        _record(tx, found, "rotate webhook secret", who, now)
    return secret


def disable(store: Store, endpoint: int, *, who: str, now: datetime) -> bool:
    """Tells it nothing more, until it is enabled; False when that was so before. Raises ``NotFound``."""
    with store.write() as tx:
        return turn_off(tx, known(tx, endpoint), EndpointOff.BY_HAND, who=who, now=now)


def turn_off(tx: Transaction, endpoint: Endpoint, why: EndpointOff, *, who: str, now: datetime) -> bool:
    """``disable``, as a part of a transaction."""
    off = tx.endpoints.disable(endpoint.id, why, now)
    if off:
        _record(tx, endpoint, "disable webhook", who, now, after=why)
    return off


def enable(store: Store, endpoint: int, *, who: str, now: datetime) -> bool:
    """Tells it again, also what waited; False when it was on. Raises ``NotFound``."""
    with store.write() as tx:
        found = known(tx, endpoint)
        on = tx.endpoints.enable(endpoint)
        if on:
            _record(tx, found, "enable webhook", who, now, before=found.why or "")
    return on


def remove(store: Store, endpoint: int, *, who: str, now: datetime) -> Endpoint:
    """Forgets it, with what it was told. Raises ``NotFound``."""
    with store.write() as tx:
        found = known(tx, endpoint)
        tx.endpoints.remove(endpoint)
        _record(tx, found, "remove webhook", who, now, before=_said(found))
    return found


def ping(store: Store, endpoint: int, *, who: str, now: datetime) -> Endpoint:
    """Has it told an event of no meaning. Raises ``NotFound``, ``StateError`` when it is off."""
    with store.write() as tx:
        found = known(tx, endpoint)
        _need_on(found)
        tx.outbox.ping(endpoint, now, who)
        _record(tx, found, "try webhook", who, now)
    return found


def send_again(store: Store, endpoint: int, message: str, *, who: str, now: datetime) -> EndpointCall:
    """Has it told an event again, by the same id. Raises ``NotFound``, ``StateError`` when it is off."""
    with store.write() as tx:
        found = known(tx, endpoint)
        call = tx.endpoints.call(endpoint, message)
        if call is None:
            raise NotFound("there is no such event, or no more")
        _need_on(found)
        tx.endpoints.again(call, now)
        _record(tx, found, "tell webhook again", who, now, after=f"{call.type} {call.message}")
    return call


def known(tx: Transaction, endpoint: int) -> Endpoint:
    """Raises ``NotFound``."""
    found = tx.endpoints.get(endpoint)
    if found is None:
        raise NotFound("there is no such webhook, or no more")
    return found


def signing_keys(endpoint: Endpoint, keys: KeyRing, now: datetime) -> list[bytes]:
    """What a call of now is signed with, the newest first. Raises ``ValueError`` when none of the ring opens it."""
    both = endpoint.before and endpoint.before_until and endpoint.before_until > now
    kept = (endpoint.secret, endpoint.before) if both else (endpoint.secret,)
    return [key_of(unsealed(each, keys, _PURPOSE)) for each in kept]


def server_of(url: str) -> str:
    """What is shown of an address."""
    return urlsplit(url).netloc.rpartition("@")[2]


def _need_on(endpoint: Endpoint) -> None:
    if endpoint.disabled:
        raise StateError(Phrase("%(name)s is told nothing now: enable it first", name=endpoint.name))


def _name(name: str) -> str:
    name = " ".join(name.split())
    if not name or not name.isprintable() or len(name) > NAME_LONGEST:
        raise WrongField("name", f"a webhook needs a name of {NAME_LONGEST} characters at most: which program listens?")
    return name


def _url(url: str, loopback: bool) -> str:
    wrong = WrongField("url", "the address must begin with https:// and name a server outside of this network")
    if len(url) > URL_LONGEST or not url.isprintable() or " " in url:
        raise wrong
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    try:
        address = ip_address(host)
    except ValueError:
        inside = host == "localhost"
        local = inside
    else:
        inside, local = not is_public(address), address.is_loopback
    allowed = loopback and local
    # Signed, but not secret: readers' addresses stand in it.
    if not host or parts.fragment or parts.scheme not in (("https", "http") if allowed else ("https",)):
        raise wrong
    if inside and not allowed:
        raise wrong
    return url


def _types(types: Collection[EventType]) -> frozenset[EventType]:
    wanted = frozenset(types)
    if not wanted or not wanted <= set(TYPES):
        raise WrongField("types", "choose what the webhook is to be told")
    return wanted


def _sealed(secret: str, keys: KeyRing) -> str:
    try:
        key_of(secret)
    except ValueError as error:
        raise WrongField("secret", f"the secret {error}") from error
    return sealed(secret, keys, _PURPOSE)


def _said(endpoint: Endpoint) -> str:
    return ", ".join((server_of(endpoint.url), *sorted(endpoint.types)))


def _record(
    tx: Transaction, endpoint: Endpoint, what: str, who: str, now: datetime, *, before: str = "", after: str = ""
) -> None:
    thing = f"webhook:{endpoint.id}"
    tx.acts.add(Act(at=now, who=who, what=what, thing=thing, before=before, after=after, note=endpoint.name))
