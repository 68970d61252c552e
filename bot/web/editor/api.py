"""``/settings/api``: the API as people read it, made of its own description."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request, Response

from bot.web.api.problem import DESK
from bot.web.editor.access import Viewer
from bot.web.editor.desk import Desk

HERE = "settings/api"
DESCRIPTION = f"{DESK.strip('/')}/openapi.json"
"""Below the desk's root."""
_DEEPEST = 3
_SHOWN_ELSEWHERE = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Field:
    """A part of a call or an answer. ``kind`` is its type in words; ``where``: path, query, header or body."""

    name: str
    kind: str
    where: str = ""
    needed: bool = False
    says: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call. ``path`` is below ``/api/v1``, ``scope`` the least that its token needs."""

    method: str
    path: str
    says: str
    scope: str
    takes: tuple[Field, ...]
    answers: tuple[Field, ...]


def routes(desk: Desk, router: APIRouter) -> None:
    """GET and HEAD of ``/settings/api``."""

    @router.api_route("/settings/api", methods=["GET", "HEAD"])
    def show(request: Request, user: Viewer, part: str = "") -> Response:
        described: Mapping[str, Any] = request.app.state.api_description()
        parts: dict[str, list[Operation]] = {}
        for tag, operation in operations(described):
            parts.setdefault(tag, []).append(operation)
        if part and part not in parts:
            return desk.missing(request)
        chosen = part or min(parts)
        return desk.page(
            request,
            user,
            "editor/api.html.j2",
            here="settings",
            parts={tag: len(parts[tag]) for tag in sorted(parts)},
            chosen=chosen,
            operations=parts[chosen],
            address=address(desk),
            description=DESCRIPTION,
        )


def address(desk: Desk) -> str:
    """Where the API is, as a program elsewhere reaches it."""
    return f"{desk.installation.newsroom.public_url.rstrip('/')}{DESK.rstrip('/')}"


def operations(described: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    """Each call of an OpenAPI document, with its tag."""
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, each in methods.items():
            takes = [_parameter(schemas, one) for one in each.get("parameters", ())]
            body = each.get("requestBody")
            if body:
                takes += _body(schemas, body)
            made: Mapping[str, Any] = next(
                (answer for code, answer in each["responses"].items() if code.startswith("2")), {}
            )
            yield (
                each["tags"][0],
                Operation(
                    method=method.upper(),
                    path=path.removeprefix(DESK.rstrip("/")),
                    says=" ".join(each.get("description", "").split()),
                    scope=each["x-scope"],
                    takes=tuple(one for one in takes if one.name != _SHOWN_ELSEWHERE),
                    answers=tuple(_fields(schemas, _content(made))),
                ),
            )


def _parameter(schemas: Mapping[str, Any], one: Mapping[str, Any]) -> Field:
    kind = _kind(schemas, one["schema"])
    return Field(one["name"], kind, one["in"], one.get("required", False), one.get("description", ""))


def _body(schemas: Mapping[str, Any], body: Mapping[str, Any]) -> list[Field]:
    found = [Field(each.name, each.kind, "body", each.needed, each.says) for each in _fields(schemas, _content(body))]
    return found or [Field(next(iter(body["content"]), "body"), "", "body", body.get("required", False))]


def _content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    for each in holder.get("content", {}).values():
        schema: Mapping[str, Any] = each.get("schema", {})
        return schema
    return {}


def _fields(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Field]:
    """The fields of an object; of one that may be left out too, as ``anyOf`` with null has it."""
    whole = _resolved(schemas, schema)
    needed = whole.get("required", ())
    for name, each in whole.get("properties", {}).items():
        says = " ".join(each.get("description", "").split())
        yield Field(name, _kind(schemas, each), needed=name in needed, says=says)


def _resolved(schemas: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        if "$ref" in schema:
            schema = schemas[schema["$ref"].rpartition("/")[2]]
        elif some := [each for each in schema.get("anyOf", ()) if each.get("type") != "null"]:
            schema = some[0]
    return schema


def _kind(schemas: Mapping[str, Any], schema: Mapping[str, Any], depth: int = 0) -> str:
    """``list of edition``, ``text or null``, ``draft | sent``."""
    if "anyOf" in schema:
        return " or ".join(_kind(schemas, each, depth) for each in schema["anyOf"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        made = schemas[name]
        return _kind(schemas, made, depth) if "enum" in made or depth >= _DEEPEST else _named(name, made)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    kind = schema.get("type", "any")
    if kind == "array":
        return f"list of {_kind(schemas, schema.get('items', {}), depth + 1)}"
    if kind == "string":
        return {"date-time": "moment", "date": "day", "email": "address", "binary": "file"}.get(
            schema.get("format", ""), "text"
        )
    return {"integer": "number", "boolean": "true | false"}.get(kind, str(kind))


def _named(name: str, made: Mapping[str, Any]) -> str:
    fields = ", ".join(made.get("properties", {}))
    return f"{{{fields}}}" if fields else name
