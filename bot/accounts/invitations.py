"""Links that let somebody in, once: to join the desk, and to choose a new password.

A link carries a signed id, so no store keeps what opens a door; what it opens is looked up when it is followed.
Following it changes nothing: mail scanners do that too. Sending its form does.
"""

from __future__ import annotations

import base64
import secrets
from datetime import datetime, timedelta
from enum import Enum, auto

from bot.accounts.flaws import Flaw, Unfit
from bot.accounts.names import fit_name, name_key
from bot.accounts.passwords import fit_password, hash_password
from bot.accounts.users import free_name, put_password
from bot.errors import StateError, TokenError
from bot.model import Act, Invitation, Phrase, Purpose, Role, User
from bot.settings.address import is_address
from bot.store import Store, Transaction
from bot.tokens import KeyRing

GOOD_FOR = {Purpose.JOIN: timedelta(days=7), Purpose.RESET: timedelta(hours=2)}
"""How long a link works."""
KEPT_FOR = timedelta(days=30)
"""When an invitation is deleted. Until then a link that came too late can be told so."""
PATH = {Purpose.JOIN: "invitation", Purpose.RESET: "reset"}
"""How the paths of links begin, without slashes."""
_SIGNED = {Purpose.JOIN: "join", Purpose.RESET: "reset"}


class Stand(Enum):
    """How a link stands."""

    OPEN = auto()
    USED = auto()
    OVER = auto()


def invite(
    store: Store,
    address: str,
    role: Role,
    *,
    who: str,
    now: datetime,
    name: str = "",
    language: str = "",
    mail: bool = False,
) -> Invitation:
    """Invites somebody to join the desk; a link that was sent to the address before works no more.

    ``mail``: its mail is due now. Raises ``Unfit``.
    """
    address = address.strip()
    if not is_address(address):
        raise Unfit(Flaw.ADDRESS_UNFIT)
    name = fit_name(name) if name.strip() else ""
    with store.write() as tx:
        if tx.users.find(address):
            raise Unfit(Flaw.ADDRESS_TAKEN)
        if role is not Role.ADMIN and not tx.users.count(Role.ADMIN):
            raise Unfit(Flaw.FIRST_ADMIN)
        if name:
            free_name(tx, name)
        tx.invitations.withdraw_all(address, Purpose.JOIN)
        made = _made(Purpose.JOIN, address, who, now, mail=mail, role=role, name=name, language=language)
        tx.invitations.add(made)
        tx.acts.add(Act(at=now, who=who, what="invite", thing=f"invitation:{made.id[:8]}", after=role, note=address))
    return made


def let_choose(store: Store, user: User, *, who: str, now: datetime, mail: bool = False) -> Invitation:
    """A link by which ``user`` chooses a new password, asked for by ``who``. Raises ``StateError`` for the disabled."""
    if user.disabled:
        raise StateError(Phrase("%(user)s is disabled: enable them first", user=user.name))
    with store.write() as tx:
        tx.invitations.withdraw_all(user.address, Purpose.RESET)
        made = _made(Purpose.RESET, user.address, who, now, mail=mail, language=user.language)
        tx.invitations.add(made)
        tx.acts.add(Act(at=now, who=who, what="offer new password", thing=f"user:{user.id}"))
    return made


def withdraw(store: Store, invitation: str, *, who: str, now: datetime) -> bool:
    """Makes a link worthless that was not used yet; False when there is none such."""
    with store.write() as tx:
        found = tx.invitations.get(invitation)
        if found is None or not tx.invitations.withdraw(invitation):
            return False
        thing = f"invitation:{invitation[:8]}"
        tx.acts.add(Act(at=now, who=who, what="withdraw invitation", thing=thing, note=found.address))
    return True


def link(keys: KeyRing, invitation: Invitation, root: str) -> str:
    """``ROOT/invitation/TOKEN`` or ``ROOT/reset/TOKEN``; ``root`` is the desk's URL without a slash at its end."""
    return f"{root}/{PATH[invitation.purpose]}/{keys.sign(_SIGNED[invitation.purpose], invitation.id)}"


def read_link(keys: KeyRing, purpose: Purpose, token: str) -> str:
    """The id of the invitation that ``token`` speaks of. Raises ``TokenError``."""
    match keys.verify(_SIGNED[purpose], token):
        case [str() as invitation]:
            return invitation
        case _:
            raise TokenError


def look(tx: Transaction, invitation: str, now: datetime) -> tuple[Stand, Invitation | None]:
    """How a link stands; changes nothing. One that was withdrawn is over."""
    found = tx.invitations.get(invitation)
    if found is None or (found.used is None and found.ends <= now):
        return Stand.OVER, found
    return (Stand.USED if found.used else Stand.OPEN), found


def join(store: Store, invitation: str, name: str, password: str, *, now: datetime, newsroom: str = "") -> User:
    """Makes an account of an invitation, once. Raises ``Unfit``; ``StateError`` when the link works no more."""
    found = _open(store, invitation, now)
    name = fit_name(name)
    hashed = hash_password(fit_password(password, name, found.address, newsroom))
    assert found.role is not None
    with store.write() as tx:
        if not tx.invitations.use(invitation, now):
            raise _gone()
        if tx.users.find(found.address):
            raise Unfit(Flaw.ADDRESS_TAKEN)
        free_name(tx, name)
        joined = User(id=0, name=name, address=found.address, role=found.role, language=found.language)
        user = tx.users.get(tx.users.add(joined, name_key=name_key(name), password=hashed, now=now))
        assert user is not None
        note = Phrase("%(address)s, invited by %(who)s", address=found.address, who=found.by)
        tx.acts.add(Act(at=now, who=name, what="join", thing=f"user:{user.id}", after=user.role, note=note))
    return user


def choose(store: Store, invitation: str, password: str, *, now: datetime, newsroom: str = "") -> User:
    """Keeps the new password behind a link, once; all sessions end. Raises ``Unfit``, ``StateError`` as ``join``."""
    found = _open(store, invitation, now)
    with store.read() as tx:
        user = tx.users.find(found.address)
    if user is None or user.disabled:
        raise _gone()
    hashed = hash_password(fit_password(password, user.name, user.address, newsroom))
    with store.write() as tx:
        if not tx.invitations.use(invitation, now):
            raise _gone()
        put_password(tx, user, hashed, who=user.name_on_record, now=now)
    return user


def prune(store: Store, now: datetime) -> int:
    """Deletes invitations that nobody follows any more, with their addresses; returns how many."""
    with store.write() as tx:
        return tx.invitations.prune(now - KEPT_FOR)


def new_reset(address: str, *, who: str, now: datetime, mail: bool) -> Invitation:
    """What a forgotten password leaves in the store, whether or not somebody has the address."""
    return _made(Purpose.RESET, address, who, now, mail=mail)


def _made(
    purpose: Purpose,
    address: str,
    who: str,
    now: datetime,
    *,
    mail: bool,
    role: Role | None = None,
    name: str = "",
    language: str = "",
) -> Invitation:
    return Invitation(
        id=base64.b32encode(secrets.token_bytes(17))[:26].decode().lower(),
        purpose=purpose,
        address=address,
        by=who,
        created=now,
        ends=now + GOOD_FOR[purpose],
        role=role,
        name=name,
        language=language,
        due=now if mail else None,
    )


def _open(store: Store, invitation: str, now: datetime) -> Invitation:
    with store.read() as tx:
        stand, found = look(tx, invitation, now)
    if found is None or stand is not Stand.OPEN:
        raise _gone()
    return found


def _gone() -> StateError:
    return StateError(Phrase("this link was used, or its time is over"))
