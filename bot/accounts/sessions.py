"""Sessions: who is logged in, for how long, and what ends it.

A browser holds 32 random bytes, the store their SHA-256: a copy of the store lets nobody in. One ends by logging out,
when it rests too long, and at once when its user's password or role changes or the user is disabled.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Act, User, UserSession
from bot.store import Store, Transaction

KEPT_IDLE = timedelta(days=14)
"""How long a browser that is to remember its user may rest."""
IDLE = timedelta(hours=24)
"""How long another may, if it is not closed before."""
LONGEST = timedelta(days=90)
"""After that everybody logs in again."""
RESTED = KEPT_IDLE - timedelta(days=1)
"""Since when a session that is ended by another role rests, as the store has it: so it is not deleted for a day."""
SEEN_EVERY = timedelta(minutes=5)
"""A session's last visit is kept no more exactly than this: not each page is worth a write."""

_ACTS = 20
"""Of somebody's account, in which a change of their role is looked for."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """Whose session it is. ``hashed`` names it in the store."""

    user: User
    session: UserSession
    hashed: str


def log_in(
    tx: Transaction, user: User, now: datetime, *, kept: bool, browser: str = "", network: str = "", before: str = ""
) -> str:
    """A new session of ``user``; returns its token, which nobody sees again.

    ``before`` is the token that the browser came with, "" for none: that session ends, so that one that somebody
    planted there is worth nothing.
    """
    log_out(tx, before)
    token = secrets.token_urlsafe(32)
    tx.sessions.add(hash_of(token), user.id, now, kept=kept, browser=browser, network=network)
    return token


def logged_in(store: Store, token: str, now: datetime) -> LoggedIn | None:
    """Whose session ``token`` is of; None when it is of none that still holds. Raises ``StoreError``."""
    if not _TOKEN.fullmatch(token):
        return None
    hashed = hash_of(token)
    with store.read() as tx:
        found = tx.sessions.find(hashed)
    if found is None or found[1].disabled or not holds(found[0], now):
        return None
    session, user = found
    if now - session.seen >= SEEN_EVERY:
        with store.write() as tx:
            tx.sessions.touch(session.id, now)
    return LoggedIn(user, session, hashed)


def role_changed(store: Store, token: str, now: datetime) -> bool:
    """Whether ``token`` is of a session that holds no more, whose user has been given another role since."""
    if not _TOKEN.fullmatch(token):
        return False
    with store.read() as tx:
        found = tx.sessions.find(hash_of(token))
        if found is None or found[1].disabled or holds(found[0], now):
            return False
        session, user = found
        acts = tx.acts.newest(thing=f"user:{user.id}", limit=_ACTS)
    return any(each.what == "give role" and each.at > session.seen for each in acts)


def log_out(tx: Transaction, token: str) -> None:
    """Ends the session of ``token``, if there is one."""
    if _TOKEN.fullmatch(token):
        tx.sessions.end(hash_of(token))


def end(store: Store, user: User, session: int, now: datetime) -> bool:
    """Ends one of the sessions of ``user``; False when they have none such."""
    with store.write() as tx:
        if not tx.sessions.end_one(user.id, session):
            return False
        tx.acts.add(Act(at=now, who=user.name_on_record, what="end session", thing=f"user:{user.id}"))
    return True


def end_others(store: Store, user: User, hashed: str, now: datetime) -> int:
    """Ends the sessions of ``user`` but the one of that hash; returns how many."""
    with store.write() as tx:
        ended = tx.sessions.end_all(user.id, but=hashed)
        if ended:
            who, thing = user.name_on_record, f"user:{user.id}"
            tx.acts.add(Act(at=now, who=who, what="end other sessions", thing=thing, note=str(ended)))
    return ended


def holds(session: UserSession, now: datetime) -> bool:
    """Whether a session is neither too old nor at rest for too long."""
    return now - session.created < LONGEST and now - session.seen < (KEPT_IDLE if session.kept else IDLE)


def prune(store: Store, now: datetime) -> int:
    """Deletes sessions that hold no more; returns how many."""
    with store.write() as tx:
        return tx.sessions.prune(created=now - LONGEST, seen=now - KEPT_IDLE)


def hash_of(token: str) -> str:
    """The SHA-256 by which the store knows ``token``. It needs no salt: nobody guesses 32 random bytes."""
    return hashlib.sha256(token.encode()).hexdigest()
