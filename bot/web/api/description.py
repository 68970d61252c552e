"""What the API says of itself: an OpenAPI 3.1 document.

Written here and not by FastAPI: desk and pages are no part of it, and its faults are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.audience.newsletters import Newsletter
from bot.audience.words import languages
from bot.web.api.problem import DESK, PROBLEM, TITLES


def description(public_url: str, offered: Sequence[Newsletter], topics: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The document, for the newsletters ``offered`` and the ``topics`` of their audiences."""
    keys = [each.key for each in offered]
    key: dict[str, Any] = {"type": "string", **({"enum": keys} if keys else {})}
    faults = {str(status): _fault(TITLES[status]) for status in (400, 403, 413, 415, 422)}
    many = _fault(TITLES[429])
    many["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string"}}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Broadsheet sign-up",
            "version": "1",
            "description": "Asks for newsletters. The address is mailed a link, and subscribed when that is confirmed.",
        },
        "externalDocs": {
            "description": "What programs of the newsroom ask for, with a token.",
            "url": f"{public_url}{DESK}openapi.json",
        },
        "servers": [{"url": public_url}],
        "paths": {
            "/api/newsletters": {
                "get": {
                    "operationId": "newsletters",
                    "summary": "What can be subscribed to.",
                    "parameters": [_LANGUAGE],
                    "responses": {"200": _content("The newsletters.", "Newsletters")},
                }
            },
            "/api/subscribe": {
                "post": {
                    "operationId": "subscribe",
                    "summary": "Asks for newsletters, for one address.",
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/SignUp"}}},
                    },
                    "responses": {
                        "202": _content("Taken, whoever's address it is.", "Taken"),
                        **faults,
                        "429": many,
                    },
                }
            },
        },
        "components": {"schemas": {**_SCHEMAS, "SignUp": _signup_schema(key, topics, one=len(keys) == 1)}},
    }


def _signup_schema(key: dict[str, Any], topics: Mapping[str, Sequence[str]], *, one: bool) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["address"] if one else ["address", "newsletters"],
        "properties": {
            "address": {"type": "string", "format": "email", "maxLength": 254},
            "newsletters": {"type": "array", "items": key, **({} if one else {"minItems": 1})},
            "topics": {
                "type": "object",
                "description": "Topics by audience, as /api/newsletters names them; what is left out is all of them.",
                "additionalProperties": False,
                "properties": {audience: _some_of(of) for audience, of in topics.items()},
            },
            "language": {"type": "string", "enum": ["", *languages()], "description": "Of the mail; the newsroom's."},
        },
    }


def _some_of(words: Sequence[str]) -> dict[str, Any]:
    if not words:
        return {"type": "array", "maxItems": 0}
    return {"type": "array", "items": {"type": "string", "enum": list(words)}}


def _content(said: str, schema: str) -> dict[str, Any]:
    return {
        "description": said,
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
    }


def _fault(said: str) -> dict[str, Any]:
    return {"description": said, "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}


_LANGUAGE = {"name": "language", "in": "query", "required": False, "schema": {"type": "string"}}
_TEXT = {"type": "string"}
_SCHEMAS: dict[str, Any] = {
    "Taken": {
        "type": "object",
        "required": ["status", "message"],
        "properties": {"status": {"const": "check_inbox"}, "message": _TEXT},
    },
    "Newsletters": {
        "type": "object",
        "required": ["newsletters"],
        "properties": {
            "newsletters": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["key", "name", "description", "audience", "topics"],
                    "properties": {
                        "key": _TEXT,
                        "name": _TEXT,
                        "description": _TEXT,
                        "audience": _TEXT,
                        "topics": {"type": "array", "items": _TEXT},
                    },
                },
            }
        },
    },
    "Problem": {
        "type": "object",
        "description": "RFC 9457.",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "errors": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["pointer", "detail"],
                    "properties": {"pointer": _TEXT, "detail": _TEXT},
                },
            },
        },
    },
}
