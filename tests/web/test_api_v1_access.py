"""Each route of ``/api/v1`` × each scope: what is not said to be open is shut."""

from __future__ import annotations

import pytest

from bot.model import Scope
from bot.web.api.v1 import DESCRIPTION, PREFIX, made
from bot.web.api.v1.call import Call
from tests.web.api_v1 import Program

ROUTES = {
    Scope.READ: """
        GET /acts
        GET /agenda
        GET /articles
        GET /articles/changes
        GET /articles/{article}
        GET /articles/{article}/corrections
        GET /articles/{article}/revisions
        GET /audiences
        GET /channels
        GET /channels/{name}
        GET /editions
        GET /editions/{edition}
        GET /editions/{edition}/bounces
        GET /editions/{edition}/deliveries
        GET /editions/{edition}/totals
        GET /imports
        GET /imports/{id}
        GET /me
        GET /newsroom
        GET /numbers
        GET /numbers/editions
        GET /numbers/posts
        GET /readers
        GET /readers/{reader}
        GET /schedules
        GET /schedules/{key}
        GET /schedules/{key}/preview
        GET /schedules/{schedule}/slot
        GET /schedules/{schedule}/slots
        GET /sources
        GET /sources/{name}
        GET /suppressions
        GET /templates
    """,
    Scope.WRITE: """
        DELETE /editions/{edition}/stories/{article}
        DELETE /imports/{id}
        DELETE /schedules/{key}
        DELETE /sources/{name}
        GET /imports/{id}/refused
        GET /readers/{reader}/story
        PATCH /editions/{edition}/mail
        PATCH /editions/{edition}/stories/{article}
        POST /articles/{article}/dismiss
        POST /channels/{name}/test
        POST /editions/{edition}/ask
        POST /editions/{edition}/checks
        POST /editions/{edition}/stories
        POST /editions/{edition}/stories/{article}/retell
        POST /editions/{edition}/test
        POST /imports
        POST /imports/{id}/begin
        POST /imports/{id}/pause
        POST /readers
        POST /readers/{reader}/allow
        POST /readers/{reader}/suppress
        POST /readers/{reader}/unsubscribe
        POST /schedules
        POST /schedules/preview
        POST /schedules/{key}/off
        POST /schedules/{key}/on
        POST /schedules/{schedule}/slots/move
        POST /schedules/{schedule}/slots/put-back
        POST /schedules/{schedule}/slots/skip
        POST /sources
        POST /sources/find
        POST /sources/{name}/collect
        POST /suppressions
        POST /suppressions/remove
        PUT /editions/{edition}/order
        PUT /editions/{edition}/posts
        PUT /imports/{id}/columns
        PUT /schedules/{key}
    """,
    Scope.APPROVE: """
        DELETE /articles/{article}/corrections/{correction}
        GET /readers/export
        POST /articles/{article}/corrections
        POST /articles/{article}/posts/remove
        POST /channels/{name}/pause
        POST /channels/{name}/resume
        POST /editions/{edition}/approve
        POST /editions/{edition}/bounces/settle
        POST /editions/{edition}/cancel
        POST /editions/{edition}/hold
        POST /editions/{edition}/leave
        POST /editions/{edition}/pause
        POST /editions/{edition}/release
        POST /editions/{edition}/resolve
        POST /editions/{edition}/resume
        POST /editions/{edition}/retry
        POST /editions/{edition}/return
        POST /editions/{edition}/send-now
        POST /editions/{edition}/take-back
        POST /newsroom/pause
        POST /newsroom/resume
        POST /schedules/{key}/extra
    """,
    Scope.ADMIN: """
        DELETE /readers/{reader}
        DELETE /webhooks/{webhook}
        GET /readers/{reader}/data
        GET /users
        GET /users/{user}
        GET /webhooks
        GET /webhooks/{webhook}
        GET /webhooks/{webhook}/events
        GET /webhooks/{webhook}/events/{event}
        POST /users/{user}/disable
        POST /users/{user}/enable
        POST /users/{user}/role
        POST /webhooks
        POST /webhooks/{webhook}/disable
        POST /webhooks/{webhook}/enable
        POST /webhooks/{webhook}/events/{event}/again
        POST /webhooks/{webhook}/ping
        POST /webhooks/{webhook}/secret
        PUT /webhooks/{webhook}
    """,
}
NEEDED = {tuple(line.split()): scope for scope, lines in ROUTES.items() for line in lines.strip().splitlines()}
HOLES = {"{edition}": "nosuch", "{article}": "999", "{correction}": "999", "{reader}": "999", "{user}": "999"}
HOLES |= {"{id}": "0123456789abcdef", "{key}": "nosuch", "{schedule}": "nosuch", "{name}": "nosuch"}
HOLES |= {"{webhook}": "999", "{event}": f"msg_{'0' * 26}"}


def filled(path):
    for hole, value in HOLES.items():
        path = path.replace(hole, value)
    return path


@pytest.fixture
def operations(web):
    return [
        (method, each.path.removeprefix(PREFIX))
        for each in made(web.installation).routes
        if isinstance(each, Call)
        for method in sorted(each.methods)
    ]


def test_each_route_has_its_scope_here(operations):
    assert sorted(operations) == sorted(NEEDED)


async def test_the_description_says_the_same(web):
    paths = (await web.get(DESCRIPTION)).json()["paths"]
    told = {
        (method.upper(), path.removeprefix(PREFIX)): operation["x-scope"]
        for path, operations in paths.items()
        for method, operation in operations.items()
    }
    assert told == NEEDED
    assert all(operation["security"] for operations in paths.values() for operation in operations.values())


def test_a_route_that_does_not_say_who_may_is_not_made():
    with pytest.raises(TypeError, match="takes one Caller"):
        Call("/x", lambda: None)


async def test_nobody_may_anything(web, operations):
    async with web.client() as client:
        for method, path in operations:
            answer = await client.request(method, PREFIX + filled(path), json={} if method != "GET" else None)
            assert answer.status_code == 401, (method, path)


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_token_opens_what_its_scope_may_and_nothing_more(web, operations, scope):
    program = Program(web, scope)
    order = list(Scope)
    for method, path in operations:
        # A body that no route takes, so that nothing is done.
        body = (
            {"content": b"[]", "headers": {"Content-Type": "text/plain"}} if method in ("POST", "PUT", "PATCH") else {}
        )
        answer = await program(method, filled(path), **body)
        if order.index(scope) >= order.index(NEEDED[method, path]):
            assert answer.status_code not in (401, 403, 500), (method, path)
        else:
            assert answer.status_code == 403, (method, path)
