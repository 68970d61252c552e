"""What a form sent, read without trust."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.multipart import parse_options_header
from starlette.exceptions import HTTPException

MOST = 2000
"""Fields of a form; more than any page of ours has, and no more than a body of ``MAX_BODY`` bytes costs little for."""

_BOUNDARY = re.compile(rb"[ !#-\[\]-~]{1,200}")


@dataclass(frozen=True, slots=True)
class Fields:
    """The text fields of a form; a name may stand there several times."""

    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def get(self, name: str, default: str = "") -> str:
        """The last value of a field."""
        return self.values[name][-1] if name in self.values else default

    def all(self, name: str) -> tuple[str, ...]:
        """All values of a field: what is ticked in a group."""
        return self.values.get(name, ())

    def __contains__(self, name: object) -> bool:
        return name in self.values


async def form_fields(request: Request) -> Fields:
    """The text fields of a urlencoded or multipart body, in UTF-8; a body that is neither, or broken, has none."""
    found: dict[str, list[str]] = {}
    try:
        async with in_utf8(request).form(max_files=4, max_fields=MOST) as form:
            for name, value in form.multi_items():
                if isinstance(value, str):
                    found.setdefault(_whole(name), []).append(_whole(value))
    except (HTTPException, UnicodeError):
        return Fields()
    return Fields({name: tuple(values) for name, values in found.items()})


def in_utf8(request: Request) -> Request:
    """The request without the charset that its multipart body names: RFC 7578 knows none.

    Python would look for a codec of that name, keep each name that it does not find for good, and decode by any that
    it has; some of them take quadratic time.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.keys() - {b"boundary"}:
        return request
    boundary = options.get(b"boundary", b"")
    plain = kind + (b'; boundary="' + boundary + b'"' if _BOUNDARY.fullmatch(boundary) else b"")
    headers = [(name, plain if name == b"content-type" else value) for name, value in request.scope["headers"]]
    return Request({**request.scope, "headers": headers}, request.receive)


def _whole(text: str) -> str:
    """No page can show halves of characters again."""
    return text.encode("utf-8", "replace").decode()
