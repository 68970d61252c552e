"""Who may what, over all routes of the application: what is not declared as public asks who comes.

Nothing here names a page of the desk, so that a new one is covered by being there.
"""

from __future__ import annotations

import asyncio
import re

import pytest
from fastapi.routing import iter_route_contexts

from bot.accounts import sessions
from bot.model import Role, User
from bot.testing import NOW
from bot.web.editor.access import Needs

PUBLIC = {
    # Readers, by a token or for everybody.
    "/u/{token}",
    "/p/{token}",
    "/p/{token}/data",
    "/d/{token}",
    "/d/{token}/data.json",
    "/d/{token}/erase",
    "/c/{token}",
    "/preferences",
    "/archive",
    "/archive.rss",
    "/archive/{schedule}",
    "/archive/{schedule}.rss",
    "/subscribe",
    "/subscribe/embed",
    "/api/openapi.json",
    "/api/newsletters",
    "/api/subscribe",
    "/e/{edition}",
    "/i/{name}",
    "/l/{edition}/{number}",
    "/healthz",
    "/static",
    "/static/sample",
    "/static/brand.css",
    "/static/posts.css",
    "/favicon.ico",
    # Other programs, each by a secret of its own.
    "/oauth/callback",
    "/hooks/{name}",
    "/ping/{token}",
    "/websub/{token}",
    # Programs with a token of somebody's, route by route (test_api_v1_access.py).
    "/api/v1/{path:path}",
    # Who is at this machine, and nobody else (test_metrics.py).
    "/metrics",
    # The door.
    "/login",
    "/logout",
    "/forgotten",
    "/invitation/{token}",
    "/reset/{token}",
}
OWN = {
    "/settings/tastes",
    "/settings/password",
    "/settings/sessions/end",
    "/settings/sessions/end-others",
    "/settings/tokens",
    "/settings/tokens/revoke",
}
"""What everybody changes of what is their own, a viewer too."""
ASKED = {"/editions/{edition}/posts/count"}
"""POSTs that only answer: how long a text is, as its network counts."""
SECURE = "__Host-broadsheet"


def _needed(dependant):
    """The largest role that something below a route asks for; None where nothing asks."""
    found = [each.call.role for each in dependant.dependencies if isinstance(each.call, Needs)]
    found += [role for each in dependant.dependencies if (role := _needed(each))]
    return max(found, key=list(Role).index, default=None)


def _routes(web):
    """(path, methods, the role it needs) of all of them."""
    for route in iter_route_contexts(web.app.routes):
        dependant = getattr(route, "dependant", None)
        yield route.path, sorted(route.methods or {"GET"}), _needed(dependant) if dependant else None


def _guarded(web):
    """(method, an address, the role) of each door of the desk."""
    for path, methods, role in _routes(web):
        if role:
            for method in methods:
                yield method, re.sub(r"\{\w+(:\w+)?\}", "x", path), role


def _session(web, role):
    with web.store.write() as tx:
        user = tx.users.find(f"{role}@record.example")
        if user is None:
            new = User(id=0, name=f"Somebody, {role}", address=f"{role}@record.example", role=role)
            user = tx.users.get(tx.users.add(new, name_key=role, password="none", now=NOW))
        return {"Cookie": f"{SECURE}={sessions.log_in(tx, user, NOW, kept=True)}"}


async def _answer(client, method, address, headers=None):
    # The stream of a page that is told of changes has no end: that it began is the answer.
    async with asyncio.timeout(20):
        return await client.request(method, f"http://127.0.0.1:8080{address}", headers=headers)


def test_every_route_asks_who_comes_but_those_that_are_declared_public(web):
    asking = {path for path, _, role in _routes(web) if role}
    open_to_all = {path for path, _, role in _routes(web) if not role}
    assert len(asking) > 20
    assert open_to_all - PUBLIC == set()
    assert asking & PUBLIC == set()


def test_nothing_is_changed_by_a_viewer_but_what_is_their_own(web):
    acts = {path for path, methods, role in _routes(web) if role is Role.VIEWER and set(methods) - {"GET", "HEAD"}}
    assert acts - OWN - ASKED == set()


async def test_who_is_not_logged_in_gets_nothing_anywhere(web):
    _session(web, Role.ADMIN)
    async with web.client(server_faults=True) as client:
        for method, address, _ in _guarded(web):
            answer = await _answer(client, method, address)
            if method in ("GET", "HEAD"):
                assert answer.status_code == 303, (method, address)
                assert re.match(r"(\./|(\.\./)+)login(\?|$)", answer.headers["location"]), address
            else:
                assert answer.status_code == 401, (method, address)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR, Role.APPROVER])
async def test_a_role_that_is_too_small_is_refused_everywhere(web, role):
    headers, refused = _session(web, role), 0
    _session(web, Role.ADMIN)
    async with web.client(server_faults=True) as client:
        for method, address, needed in _guarded(web):
            if not role.may(needed):
                refused += 1
                answer = await _answer(client, method, address, headers)
                assert answer.status_code == 403, (method, address)
                assert "Somebody, admin" in answer.text or method == "HEAD"
    assert refused > 5


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_that_is_enough_sees_each_page(web, role):
    headers = _session(web, role)
    async with web.client(server_faults=True) as client:
        for method, address, needed in _guarded(web):
            if method == "GET" and role.may(needed):
                answer = await _answer(client, method, address, headers)
                assert answer.status_code not in (401, 403) and answer.status_code < 500, address
                assert "login" not in answer.headers.get("location", ""), address


@pytest.mark.parametrize("role", [Role.EDITOR, Role.APPROVER, Role.ADMIN])
async def test_a_role_that_is_enough_is_let_through_to_each_act_and_an_empty_form_is_no_fault(web, role):
    _session(web, Role.ADMIN)
    async with web.client(server_faults=True) as client:
        for method, address, needed in _guarded(web):
            if method not in ("GET", "HEAD") and role.may(needed):
                # Some of them end sessions.
                answer = await _answer(client, method, address, _session(web, role))
                assert answer.status_code not in (401, 403) and answer.status_code < 500, (method, address)


async def test_no_other_spelling_of_an_address_opens_a_page(web):
    """What Ghost lacked: CVE-2026-22595."""
    viewer = _session(web, Role.VIEWER)
    _session(web, Role.ADMIN)
    async with web.client(server_faults=True) as client:
        for method, address, needed in _guarded(web):
            if method == "HEAD":
                continue
            for other in (
                f"{address}/",
                f"/{address}",
                address.upper(),
                f"/.{address}",
                f"{address}%2f",
                f"{address};x",
                f"/static/..{address}",
                f"{address}/.",
            ):
                answer = await _answer(client, method, other)
                # Where it is the address of another page: that one's guard.
                assert answer.status_code in (303, 401, 404, 405), (method, other)
                if not Role.VIEWER.may(needed):
                    answer = await _answer(client, method, other, viewer)
                    assert answer.status_code in (403, 404, 405), (method, other)
