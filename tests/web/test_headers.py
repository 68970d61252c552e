"""What every answer carries, on every route there is."""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from fastapi.routing import APIRoute

from bot.testing import KEYS
from bot.web.editor.desk import TOAST
from bot.web.headers import TOKENS
from bot.web.security import MAX_BODY

SESSION = "__Host-broadsheet"


def _routes(routes):
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if isinstance(route, APIRoute):
            yield route
        elif inner is not None:
            yield from _routes(inner.routes)


def _requests(web, reader):
    """(method, path) of every route, with parameters that exist where there is something to find."""
    made = web.add_edition(state="sent")
    values = {"edition": made.id, "channel": "mail", "schedule": "morning", "name": "mail", "number": "1"}
    tokens = {
        "/u/": web.unsubscribe_path(reader)[3:],
        "/p/": web.preferences_path(reader)[3:],
        "/c/": KEYS.sign("c", "a" * 26),
        "/d/": web.data_path(reader)[3:],
        "/invitation/": KEYS.sign("join", "a" * 26),
        "/reset/": KEYS.sign("reset", "a" * 26),
    }
    found = set()
    for route in _routes(web.app.routes):
        filled = {**values, "token": tokens.get(route.path.partition("{")[0], "")}
        path = re.sub(r":\w+}", "}", route.path).format_map(defaultdict(lambda: "1", filled))
        found |= {(method, path) for method in route.methods}
    return sorted(found)


EXPECTED = {
    "/u/",
    "/p/",
    "/c/",
    "/d/",
    "/subscribe",
    "/api/",
    "/e/",
    "/archive",
    "/editions/",
    "/articles",
    "/sources",
    "/healthz",
    "/static/brand.css",
}


async def test_every_route_answers_with_the_headers(web, reader):
    asked = _requests(web, reader)
    for start in EXPECTED:
        assert any(path.startswith(start) for _, path in asked), start
    async with web.client() as client:
        for method, path in [*asked, ("GET", "/nothing"), ("DELETE", "/"), ("GET", "/static/pages.css")]:
            answer = await client.request(method, path)
            assert answer.status_code < 500, path
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy, path
            # Script only from our own files, and only on the desk.
            assert "script-src 'self';" in policy or "script-src" not in policy, path
            assert answer.headers["x-content-type-options"] == "nosniff", path
            # The address that a sign-in comes back to holds a code.
            secret = path.startswith(TOKENS) or path == "/oauth/callback"
            referrer = "no-referrer" if secret else "same-origin"
            assert answer.headers["referrer-policy"] == referrer, path
            # A cookie is the desk's alone: who is logged in, and what was just done.
            cookies = {each.partition("=")[0] for each in answer.headers.get_list("set-cookie")}
            assert cookies <= ({SESSION, TOAST} if method == "POST" else set()), path
            assert "server" not in answer.headers, path


async def test_pages_that_hold_a_token_are_never_kept(web, reader):
    own, opened = web.preferences_path(reader), web.data_path(reader)
    for path in (web.unsubscribe_path(reader), own, f"{own}/data", opened, f"{opened}/data.json", f"{opened}/erase"):
        assert (await web.get(path)).headers["cache-control"] == "no-store"


async def test_no_page_has_script_or_inline_style(web, reader):
    for method, path in _requests(web, reader):
        # A mail has its styles in it; it is shown by itself, under a policy of its own.
        if method != "GET" or "/preview" in path or path.startswith("/e/"):
            continue
        answer = await web.get(path)
        if answer.headers.get("content-type", "").startswith("text/html"):
            text = re.sub(r"(?s)<(textarea|pre|code)\b.*?</\1>", "", answer.text)
            assert not re.search(r"<script(?! src=)|<style|\sstyle=|\son\w+=|javascript:", text), path
            assert answer.text.count("<h1") == 1, path
            assert re.search(r'<html lang="[a-z]+" dir="(ltr|rtl)">', answer.text), path


async def test_a_body_that_is_too_large_is_refused_on_every_route(web, reader):
    async def chunks():
        for _ in range(MAX_BODY // 1024 + 1):
            yield b"x" * 1024

    for method, path in _requests(web, reader):
        # What programs send is larger, has a limit of its own, and no name that is not set (test_hooks, test_ping), and
        # so is a file of readers (test_reader_import).
        if method != "POST" or path.startswith(("/hooks/", "/ping/", "/websub/", "/audience/upload")):
            continue
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert (await web.post(path, content=b"x" * (MAX_BODY + 1), headers=form)).status_code == 413, path
        # Where the way is wrong, or no form is taken, none is read: nothing can be too large there.
        taken = (await web.post(path, content=chunks(), headers=form)).status_code
        assert taken in (413, 303, 404, 409, 422), path
    assert web.states(reader)["readers"] == "subscribed"


async def test_a_fault_of_ours_is_a_page_with_the_headers_and_without_details(web, reader):
    with web.store.write() as tx:
        tx.connection.exec_driver_sql("DROP TABLE subscriptions")
    async with web.client(server_faults=True) as client:
        answer = await client.get(web.unsubscribe_path(reader))
    assert answer.status_code == 500
    assert "Something is broken here" in answer.text
    assert "Traceback" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_health_says_that_the_store_answers(web):
    answer = await web.get("/healthz")
    assert (answer.status_code, answer.json()["ok"]) == (200, True)


async def test_links_hold_behind_a_prefix(web, reader):
    page = await web.get(web.unsubscribe_path(reader))
    assert 'href="../static/pages.css"' in page.text
    assert 'href="./static/desk.css"' in (await web.get("/")).text


@pytest.mark.parametrize("path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/", "/docs", "/openapi.json"])
async def test_nothing_else_is_served(web, path):
    assert (await web.get(path)).status_code in (404, 405)
