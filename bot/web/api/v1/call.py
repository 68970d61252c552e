"""What happens to each call of ``/api/v1``, whatever it asks for: who may, how often, once, and on record."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from hashlib import sha256
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from bot.accounts import api_calls
from bot.errors import StoreError
from bot.model import Act
from bot.schedules.installation import Installation
from bot.web.api.v1.caller import Caller, Needs, identified
from bot.web.api.v1.fault import Refused, answer_to, problem
from bot.web.api.v1.rates import Rates

KEY = "idempotency-key"
CALL = "call api"
"""The act by which a change that came by a token is on record, beside the change's own."""
_LONGEST_KEY = 255
_SAFE = ("GET", "HEAD")

log = logging.getLogger(__name__)


class Call(APIRoute):
    """A route of the API. One that does not say by ``Needs`` who may is a fault of the program: it is not made."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        needed = [each.call for each in self.dependant.dependencies if isinstance(each.call, Needs)]
        if len(needed) != 1:
            raise TypeError(f"{self.path}: a route of the API takes one Caller")
        needs, inner = needed[0], super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await _answered(request, needs, inner)
            except Exception as error:
                answer = answer_to(error)
                if answer is None:
                    raise
                return answer

        return handler

    # RFC 9110 §9.1: what can be had by GET can be asked for by HEAD. The server leaves the body out.
    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches(_as_get(scope))

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().handle(_as_get(scope), receive, send)


def _as_get(scope: Scope) -> Scope:
    return {**scope, "method": "GET"} if scope.get("method") == "HEAD" else scope


async def _answered(request: Request, needs: Needs, inner: Callable[[Request], Awaitable[Response]]) -> Response:
    installation: Installation = request.app.state.installation
    caller = await run_in_threadpool(_admitted, request, installation, needs)
    request.state.caller = caller
    if request.method in _SAFE:
        return await inner(request)
    # Whoever may not call has none of it read.
    body = await request.body()
    _check_type(request, needs, body)
    key = _key(request)
    if not key:
        answer = await inner(request)
        if needs.changes and answer.status_code < 400:
            await run_in_threadpool(_record, request, installation, caller)
        return answer
    earlier = await run_in_threadpool(_begin, request, installation, caller, key, body)
    if earlier is not None:
        return earlier
    return await _once(request, needs, caller, key, inner)


async def _once(
    request: Request, needs: Needs, caller: Caller, key: str, inner: Callable[[Request], Awaitable[Response]]
) -> Response:
    """Does what the key was taken for, and keeps the answer."""
    installation: Installation = request.app.state.installation
    store, token = installation.store, caller.token.id
    done = False
    try:
        answer = await inner(request)
        done = answer.status_code < 400
    except Exception as error:
        told = answer_to(error)
        if isinstance(error, RequestValidationError):
            # Nothing was done: who mends the body may use the key again.
            await run_in_threadpool(_drop, installation, token, key)
            raise
        answer = told or problem(500, "A fault of the server. Look at what became of it before you call again.")
        await run_in_threadpool(api_calls.end, store, token, key, answer.status_code, *_kept(answer))
        if told is None:
            raise
        return answer
    if done and needs.changes:
        await run_in_threadpool(_record, request, installation, caller)
    await run_in_threadpool(api_calls.end, store, token, key, answer.status_code, *_kept(answer))
    return answer


def _admitted(request: Request, installation: Installation, needs: Needs) -> Caller:
    caller = identified(installation, request, needs.scope)
    rates: Rates = request.app.state.api_rates
    wait = rates.take(caller.token.id, installation.clock())
    if wait:
        raise Refused(429, f"Too many calls; go on in {wait} s.", headers={"Retry-After": str(wait)})
    # What a colleague changed a moment ago, maybe on another machine, holds for this call.
    installation.refresh()
    return caller


def _check_type(request: Request, needs: Needs, body: bytes) -> None:
    if not body and needs.takes == "application/json":
        return
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != needs.takes:
        raise Refused(415, f"The body must be {needs.takes}.", headers={"Accept": needs.takes})


def _key(request: Request) -> str:
    key = request.headers.get(KEY, "").strip() if request.method == "POST" else ""
    if len(key) > _LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise Refused(400, f"An Idempotency-Key has {_LONGEST_KEY} printable characters of ASCII at most.")
    return key


def _begin(request: Request, installation: Installation, caller: Caller, key: str, body: bytes) -> Response | None:
    """None when the call is to be done now; else the answer of before, or why there is none."""
    asked = f"{request.method}\n{request.url.path}\n{request.url.query}\n".encode()
    digest = sha256(asked + body).hexdigest()
    found = api_calls.begin(installation.store, caller.token.id, key, digest, installation.clock())
    if found is None:
        return None
    if found.digest != digest:
        raise Refused(422, "This Idempotency-Key was used for another call.", pointer="Idempotency-Key")
    if not found.status:
        headers = {"Retry-After": "1"}
        raise Refused(409, "A call with this Idempotency-Key is being done, or broke off.", headers=headers)
    headers = {"Idempotent-Replayed": "true"}
    return Response(found.body, status_code=found.status, media_type=found.kind or None, headers=headers)


def _drop(installation: Installation, token: int, key: str) -> None:
    with installation.store.write() as tx:
        tx.api_calls.drop(token, key)


def _record(request: Request, installation: Installation, caller: Caller) -> None:
    """That it came by this token. The change itself is on record already, by the layer that did it."""
    act = Act(
        at=installation.clock(),
        who=caller.who,
        what=CALL,
        thing=f"token:{caller.token.id}",
        after=f"{request.method} {request.url.path}"[:300],
        note=caller.token.name,
    )
    try:
        with installation.store.write() as tx:
            tx.acts.add(act)
    except StoreError as error:
        # It is done: a fault now would have it done again.
        log.error("a call of the API by token %s is not on record: %s", caller.token.id, error)


def _kept(answer: Response) -> tuple[str, bytes]:
    headers: Mapping[str, str] = answer.headers
    return headers.get("content-type", ""), bytes(answer.body)
