"""What ``/api/v1`` says of itself: OpenAPI 3.1, made of its routes."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from bot.web.api.problem import PROBLEM
from bot.web.api.v1.caller import Needs
from bot.web.api.v1.event_shapes import webhooks
from bot.web.api.v1.fault import Problem

_ABOUT = (
    "All that the editor's desk does. A call has a token (`Authorization: Bearer bst_…`), which does no more than its "
    "scope and its user may: `read` < `write` < `approve` < `admin`. Faults are RFC 9457 (`application/problem+json`). "
    "Moments are RFC 3339 in UTC. A POST with an `Idempotency-Key` is done once, however often it comes in 24 hours."
)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key with the same call is answered as before, and done once; it is kept for 24 hours.",
    "schema": {"type": "string", "maxLength": 255, "pattern": "^[!-~]*$"},
}
_FAULT = {
    "description": "It was not done, and why.",
    "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def described(routes: Sequence[APIRoute]) -> dict[str, Any]:
    """The document."""
    made = get_openapi(
        title="Broadsheet", version=version("broadsheet"), description=_ABOUT, openapi_version="3.1.0", routes=routes
    )
    made["servers"] = [{"url": "/"}]
    parts = made.setdefault("components", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        parts.get("schemas", {}).pop(unused, None)
    told, shapes = webhooks()
    made["webhooks"] = told
    parts["schemas"] = {**shapes, **parts.get("schemas", {}), "Problem": _problem()}
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "bst_…"}}
    scopes = {(route.path_format, method.lower()): _scope(route) for route in routes for method in route.methods or ()}
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _FAULT
            operation["security"] = [{"token": []}]
            operation["x-scope"] = scopes[path, method]
            if method == "post":
                operation.setdefault("parameters", []).append(_KEY)
    return made


def _scope(route: APIRoute) -> str:
    return next(each.call.scope.value for each in route.dependant.dependencies if isinstance(each.call, Needs))


def _problem() -> dict[str, Any]:
    made = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    place = made.pop("$defs")["Place"]
    made["properties"]["errors"]["items"] = place
    return made
