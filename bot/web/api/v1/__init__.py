"""``/api/v1``: all that the desk does, for other programs of the newsroom.

Each module is a family of resources, and is found by being there. Whoever calls has a token; no cookie is looked at.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.routing import Route

from bot.web.api.v1.api import Api
from bot.web.api.v1.call import Call
from bot.web.api.v1.description import described
from bot.web.api.v1.fault import problem
from bot.web.api.v1.rates import Rates
from bot.web.site import Site

PREFIX = "/api/v1"
DESCRIPTION = f"{PREFIX}/openapi.json"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})


def add(app: FastAPI, site: Site) -> None:
    """Adds the routes to ``app``."""
    installation = site.installation
    router = APIRouter(prefix=PREFIX, route_class=Call, redirect_slashes=False)
    api = Api(router, installation)
    for found in sorted(iter_modules(__path__), key=lambda each: each.name):
        module = import_module(f"{__name__}.{found.name}")
        if hasattr(module, "routes"):
            module.routes(api)
    app.state.api_rates = Rates(installation.store)
    described_ones = [each for each in router.routes if isinstance(each, APIRoute)]

    @cache
    def content() -> dict[str, Any]:
        # Not before somebody asks: it takes as long as making all the routes.
        return described(described_ones)

    def describe(request: Request) -> Response:
        return JSONResponse(content(), headers={"Cache-Control": "public, max-age=300"})

    router.routes.append(Route(DESCRIPTION, describe, methods=["GET"], include_in_schema=False))
    # Not included but put there: each route sees to its own faults.
    app.router.routes.extend([*router.routes, *_other_methods(router)])


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
