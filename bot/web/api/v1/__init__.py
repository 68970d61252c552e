"""``/api/v1``: all that the desk does, for other programs of the newsroom.

Each module is a family of resources, and is found by being there. Whoever calls has a token; no cookie is looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from threading import Lock
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from bot.schedules.installation import Installation
from bot.web.api.v1.api import Api
from bot.web.api.v1.call import Call
from bot.web.api.v1.description import described
from bot.web.api.v1.fault import problem
from bot.web.api.v1.rates import Rates
from bot.web.site import Site

PREFIX = "/api/v1"
DESCRIPTION = f"{PREFIX}/openapi.json"
Description = Callable[[], dict[str, Any]]
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


def add(app: FastAPI, site: Site) -> None:
    """Has ``app`` answer for it."""
    app.state.api_rates = Rates(site.installation.store)
    later = Later(site.installation)
    app.router.routes.append(later)
    app.state.api_description = later.description


class Later(BaseRoute):
    """All addresses below ``PREFIX``. Their routes are made when the first of them is asked for: that takes a while."""

    path = f"{PREFIX}/{{path:path}}"

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._lock = Lock()
        self._made: tuple[APIRouter, Description] | None = None

    def description(self) -> dict[str, Any]:
        """What the API says of itself."""
        return self._make()[1]()

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        ours = scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/")
        return (Match.FULL if ours else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        router, _ = await run_in_threadpool(self._make)
        await router(scope, receive, send)

    def _make(self) -> tuple[APIRouter, Description]:
        found = self._made
        if found is None:
            with self._lock:
                found = self._made = self._made or assembled(self._installation)
        return found


def made(installation: Installation) -> APIRouter:
    """All routes. Raises ``TypeError`` for one that does not say who may."""
    return assembled(installation)[0]


def assembled(installation: Installation) -> tuple[APIRouter, Description]:
    """``made``, and what describes them."""
    router = APIRouter(prefix=PREFIX, route_class=Call, redirect_slashes=False)
    api = Api(router, installation)
    for found in sorted(iter_modules(__path__), key=lambda each: each.name):
        module = import_module(f"{__name__}.{found.name}")
        if hasattr(module, "routes"):
            module.routes(api)
    ours = [each for each in router.routes if isinstance(each, APIRoute)]

    @cache
    def content() -> dict[str, Any]:
        return described(ours)

    def describe(request: Request) -> Response:
        return JSONResponse(content(), headers={"Cache-Control": "public, max-age=300"})

    router.routes.append(Route(DESCRIPTION, describe, methods=["GET"], include_in_schema=False))
    router.routes.extend(_other_methods(router))
    return router, content


def _other_methods(router: APIRouter) -> list[Route]:
    """405 for what a path does not take, with all that it takes (RFC 9110 §15.5.6)."""
    methods: dict[str, set[str]] = {}
    for each in router.routes:
        if isinstance(each, Route):
            methods.setdefault(each.path, set()).update(each.methods or ())
    return [_refusal(path, taken | ({"HEAD"} if "GET" in taken else set())) for path, taken in methods.items()]


def _refusal(path: str, taken: set[str]) -> Route:
    allow = ", ".join(sorted(taken))

    def refuse(request: Request) -> Response:
        return problem(405, f"This address takes {allow}.", headers={"Allow": allow})

    return Route(path, refuse, methods=sorted(_METHODS - taken), include_in_schema=False)
