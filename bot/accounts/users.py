"""What happens to somebody's account: each act is on the record, and what lets them in ends with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.accounts.flaws import Flaw, Unfit
from bot.accounts.names import fit_name, name_key
from bot.accounts.passwords import fit_password, hash_password, is_password
from bot.accounts.sessions import RESTED
from bot.errors import NotFound, StateError
from bot.model import Act, Phrase, Purpose, Role, User
from bot.store import Store, Transaction

SCHEMES = ("", "light", "dark")
WAIT, TRIES = timedelta(minutes=15), 5
"""So many wrong passwords in that time, here and at the login."""


def change_role(store: Store, user: int, role: Role, *, who: str, now: datetime) -> User:
    """Gives somebody a role; they are logged out everywhere. Raises ``NotFound``, ``Unfit`` for the last admin."""
    with store.write() as tx:
        tx.users.lock()
        found = known(tx, user)
        if found.role is role:
            return found
        _keep_an_admin(tx, found)
        tx.users.set_role(user, role)
        # They hold no more, and still tell the browser why.
        tx.sessions.put_to_rest(user, now - RESTED)
        tx.acts.add(Act(at=now, who=who, what="give role", thing=f"user:{user}", before=found.role, after=role))
        return known(tx, user)


def disable(store: Store, user: int, *, who: str, now: datetime, note: str = "") -> User:
    """Shuts somebody out, at once and until they are enabled. Raises ``NotFound``, ``Unfit`` for the last admin."""
    with store.write() as tx:
        tx.users.lock()
        found = known(tx, user)
        if found.disabled:
            return found
        _keep_an_admin(tx, found)
        tx.users.set_disabled(user, now)
        tx.sessions.end_all(user)
        tx.invitations.withdraw_all(found.address, Purpose.RESET)
        tx.acts.add(
            Act(at=now, who=who, what="disable", thing=f"user:{user}", before="enabled", after="disabled", note=note)
        )
        return known(tx, user)


def enable(store: Store, user: int, *, who: str, now: datetime) -> User:
    """Lets somebody log in again. Raises ``NotFound``."""
    with store.write() as tx:
        found = known(tx, user)
        if found.disabled is None:
            return found
        tx.users.set_disabled(user, None)
        tx.acts.add(Act(at=now, who=who, what="enable", thing=f"user:{user}", before="disabled", after="enabled"))
        return known(tx, user)


def rename(store: Store, user: int, name: str, *, who: str, now: datetime) -> User:
    """Gives somebody another name on the record: an admin does it, or who edits could approve under another name.

    Raises ``NotFound``, ``Unfit``.
    """
    name = fit_name(name)
    with store.write() as tx:
        found = known(tx, user)
        if found.name == name:
            return found
        free_name(tx, name, but=user)
        tx.users.set_name(user, name, name_key(name))
        tx.acts.add(Act(at=now, who=who, what="rename", thing=f"user:{user}", before=found.name, after=name))
        return known(tx, user)


def set_tastes(store: Store, user: User, *, language: str, scheme: str, keys: bool, now: datetime) -> User:
    """How somebody likes the desk; the fields as in ``User``, ``language`` checked by who asks."""
    scheme = scheme if scheme in SCHEMES else ""
    wanted = replace(user, language=language, scheme=scheme, keys=keys)
    if wanted == user:
        return user
    with store.write() as tx:
        tx.users.set_tastes(user.id, language=language, scheme=scheme, keys=keys)
        before, after = (_tastes(each) for each in (user, wanted))
        who, thing = user.name_on_record, f"user:{user.id}"
        tx.acts.add(Act(at=now, who=who, what="set up the desk", thing=thing, before=before, after=after))
    return wanted


def change_password(
    store: Store, user: int, old: str, new: str, *, here: str, now: datetime, newsroom: str = ""
) -> None:
    """Somebody's own new password; every other session of theirs ends, all but that of the hash ``here``.

    Raises ``NotFound``, ``Unfit``, and ``StateError`` after five wrong old ones.
    """
    with store.write() as tx:
        found, hashed = known(tx, user), tx.users.password(user)
        # Who finds a browser left open is not to try the password there.
        counted = tx.allowances.reserve(f"password:user:{user}", {WAIT: TRIES}, 1, now)
    if not counted.granted:
        raise StateError(Phrase("too many wrong passwords: try again in 15 minutes"))
    if not is_password(old, hashed):
        raise Unfit(Flaw.PASSWORD_WRONG)
    made = hash_password(fit_password(new, found.name, found.address, newsroom))
    with store.write() as tx:
        tx.allowances.give_back([(counted, 1)])
        put_password(tx, found, made, who=found.name_on_record, now=now, here=here)


def put_password(tx: Transaction, user: User, hashed: str, *, who: str, now: datetime, here: str = "") -> None:
    """Keeps a new password, and ends what the old one opened: sessions (not ``here``) and links for another one."""
    tx.users.set_password(user.id, hashed)
    tx.sessions.end_all(user.id, but=here)
    tx.invitations.withdraw_all(user.address, Purpose.RESET)
    tx.acts.add(Act(at=now, who=who, what="change password", thing=f"user:{user.id}"))


def known(tx: Transaction, user: int) -> User:
    """Raises ``NotFound``."""
    found = tx.users.get(user)
    if found is None:
        raise NotFound(f"there is no user {user}")
    return found


def free_name(tx: Transaction, name: str, but: int = 0) -> None:
    """Raises ``Unfit`` when somebody else has ``name``, or one that looks like it."""
    taken = tx.users.named(name_key(name))
    if taken and taken.id != but:
        raise Unfit(Flaw.NAME_TAKEN)


def _tastes(user: User) -> str:
    return ", ".join(
        (user.language or "newsroom's language", user.scheme or "system's scheme", "keys" if user.keys else "no keys")
    )


def _keep_an_admin(tx: Transaction, user: User) -> None:
    if user.role is Role.ADMIN and user.disabled is None and tx.users.count(Role.ADMIN) < 2:
        raise Unfit(Flaw.LAST_ADMIN)
