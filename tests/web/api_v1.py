"""Programs that call ``/api/v1`` of a ``Web``, each with a token."""

from __future__ import annotations

import re
from contextvars import ContextVar
from datetime import timedelta
from functools import wraps
from itertools import count

from bot.accounts import api_tokens
from bot.model import Role, Scope, User
from bot.testing import NOW

ROOT = "/api/v1"
ROLES = dict(zip(Scope, Role, strict=True))
_keys = count(1)
_calls: ContextVar[list[str] | None] = ContextVar("calls", default=None)


def effect(*operations):
    """Marks a test of what writing ``operations`` do, named as ``POST /schedules/{key}/on``.

    It fails when one of them is not called with success. That each operation has such a test is tested, too.
    """

    def marked(test):
        @wraps(test)
        async def run(*args, **kind):
            calls = []
            _calls.set(calls)
            await test(*args, **kind)
            assert [each for each in operations if not any(map(_template(each).fullmatch, calls))] == []

        run.operations = operations
        return run

    return marked


def _template(operation):
    return re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(operation)))


def token(web, scope, *, role=None, name="Mara Voss", called="the CMS"):
    """A new user of the scope's role (or ``role``), and a token of theirs."""
    role = role or ROLES[scope]
    with web.store.write() as tx:
        address = f"{name.replace(' ', '.').lower()}.{role}@record.example"
        known = tx.users.find(address)
        if known is None:
            user = User(id=0, name=f"{name} {role}", address=address, role=role)
            added = tx.users.add(user, name_key=user.name.casefold(), password="none", now=NOW)
            known = tx.users.get(added)
    made, kept = api_tokens.make(web.store, known, called, scope, timedelta(days=30), now=web.installation.clock())
    return made, kept, known


class Program:
    """Calls the API with one token; ``user`` is whose it is."""

    def __init__(self, web, scope, **of):
        self.web = web
        self.token, self.kept, self.user = token(web, scope, **of)

    async def __call__(self, method, path, *, key="", headers=None, **kind):
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        if key:
            sent["Idempotency-Key"] = key
        async with self.web.client() as client:
            answer = await client.request(method, ROOT + path, headers=sent, **kind)
        calls = _calls.get()
        if calls is not None and answer.is_success:
            calls.append(f"{method} {path.partition('?')[0]}")
        return answer

    async def get(self, path, **kind):
        return await self("GET", path, **kind)

    async def post(self, path, **kind):
        return await self("POST", path, **kind)

    async def once(self, path, **kind):
        """A POST, and the same again under its key, which is answered as before; returns the first answer."""
        key = f"key-{next(_keys)}"
        first = await self.post(path, key=key, **kind)
        again = await self.post(path, key=key, **kind)
        assert first.is_success, first.text
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["idempotent-replayed"] == "true"
        return first
