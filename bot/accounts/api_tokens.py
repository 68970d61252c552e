"""API tokens: other programs work in the name of their maker, with no more than the maker may, and not for ever."""

from __future__ import annotations

import re
import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from bot.accounts.sessions import SEEN_EVERY, hash_of
from bot.errors import StateError, UsageError
from bot.model import Act, ApiToken, Phrase, Scope, User
from bot.store import Store

PREFIX = "bst_"
"""By which scanners of leaked secrets know one."""
LONGEST = timedelta(days=366)
NAME_LONGEST = 80
MOST = 50
"""Tokens of one user that are good at a time."""

_TOKEN = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")


def make(
    store: Store, user: User, name: str, scope: Scope, good_for: timedelta, *, now: datetime
) -> tuple[str, ApiToken]:
    """A new token of ``user``: the token itself, which nobody sees again, and what is kept of it.

    Raises ``UsageError`` for a name or time that cannot be, ``StateError`` when the role of ``user`` is too small for
    the scope, they have no account, or they have too many.
    """
    name = " ".join(name.split())[:NAME_LONGEST]
    if not name or not name.isprintable():
        raise UsageError(Phrase("a token needs a name: which program has it?"))
    if not timedelta(0) < good_for <= LONGEST:
        raise UsageError(Phrase("a token is good for %(most)s days at most", most=LONGEST.days))
    if not user.id:
        raise StateError(Phrase("who has no account can have no token: invite yourself first"))
    if not user.role.may(scope.role):
        raise StateError(
            Phrase(
                "a token may do no more than you: the scope %(scope)s needs the role %(role)s",
                scope=str(scope),
                role=str(scope.role),
            )
        )
    token = PREFIX + secrets.token_urlsafe(32)
    kept = ApiToken(id=0, user=user.id, name=name, tail=token[-4:], scope=scope, created=now, ends=now + good_for)
    with store.write() as tx:
        if sum(each.ends > now for each in tx.api_tokens.of(user.id)) >= MOST:
            raise StateError(Phrase("%(user)s has %(most)s tokens: revoke one first", user=user.name, most=MOST))
        kept = replace(kept, id=tx.api_tokens.add(hash_of(token), kept))
        thing, who = f"token:{kept.id}", user.name_on_record
        tx.acts.add(Act(at=now, who=who, what="make token", thing=thing, after=scope, note=name))
    return token, kept


def user_of(store: Store, token: str, now: datetime) -> User | None:
    """Whose token it is, with no larger role than its scope has; None for one that is good for nothing.

    Raises ``StoreError``.
    """
    found = caller_of(store, token, now)
    return found[1] if found else None


def caller_of(store: Store, token: str, now: datetime) -> tuple[ApiToken, User] | None:
    """``user_of``, with what is kept of the token."""
    if not _TOKEN.fullmatch(token):
        return None
    with store.read() as tx:
        found = tx.api_tokens.find(hash_of(token))
    if found is None:
        return None
    kept, user = found
    if user.disabled or kept.revoked or kept.ends <= now:
        return None
    if kept.used is None or now - kept.used >= SEEN_EVERY:
        with store.write() as tx:
            tx.api_tokens.touch(kept.id, now)
    return kept, user if kept.scope.role.may(user.role) else replace(user, role=kept.scope.role)


def revoke(store: Store, token: int, *, who: str, now: datetime) -> bool:
    """Makes a token worthless at once; False when it was so before."""
    with store.write() as tx:
        found = tx.api_tokens.get(token)
        if found is None or not tx.api_tokens.revoke(token, now):
            return False
        tx.acts.add(Act(at=now, who=who, what="revoke token", thing=f"token:{token}", note=found.name))
    return True
