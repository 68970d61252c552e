"""Programs that call ``/api/v1`` of a ``Web``, each with a token."""

from __future__ import annotations

from datetime import timedelta

from bot.accounts import api_tokens
from bot.model import Role, Scope, User
from bot.testing import NOW

ROOT = "/api/v1"
ROLES = dict(zip(Scope, Role, strict=True))


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
            return await client.request(method, ROOT + path, headers=sent, **kind)

    async def get(self, path, **kind):
        return await self("GET", path, **kind)

    async def post(self, path, **kind):
        return await self("POST", path, **kind)
