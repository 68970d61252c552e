"""A request as a fake network's handlers see it, and the answer that ends one early."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import FormData, Headers, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Refused(Exception):
    """The network's answer is no: ``answer`` goes out, and nothing else is done."""

    def __init__(self, status: int, body: Any = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status)
        self.answer: Response = (
            Response(status_code=status, headers=headers)
            if body is None
            else Response(body, status, headers, "text/plain")
            if isinstance(body, str)
            else JSONResponse(body, status, headers)
        )


@dataclass(frozen=True)
class Upload:
    """A file of a multipart body."""

    name: str
    content_type: str
    data: bytes = field(repr=False)


@dataclass(frozen=True)
class Call:
    """One request, read to its end. ``base`` is the URL the network is served at, without a slash at its end.

    ``json`` is the body as JSON (None when it is none), ``form`` the fields of an urlencoded or multipart body,
    in order.
    """

    method: str
    path: str
    base: str
    headers: Headers
    query: Mapping[str, str]
    parts: Mapping[str, str]
    body: bytes = field(repr=False)
    json: Any = None
    form: tuple[tuple[str, str], ...] = ()
    files: Mapping[str, Upload] = field(default_factory=dict)
    url: str = ""
    raw_path: str = ""
    """As it was sent, with its percent signs."""

    @property
    def content_type(self) -> str:
        """Of the body, lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def bearer(self) -> str:
        """The token of ``Authorization: Bearer``, "" without one."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def number(self, name: str, default: int) -> int:
        """A parameter of the query, ``default`` when it is none or no number that makes sense."""
        given = self.query.get(name, "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 25 else default

    def every(self, name: str) -> list[str]:
        """All values of a parameter of the query, in order."""
        return [value for key, value in parse_qsl(urlsplit(self.url).query, keep_blank_values=True) if key == name]

    @property
    def fields(self) -> dict[str, Any]:
        """The body's fields by name, be it JSON or a form: ``name[]`` is a list, otherwise the last one counts."""
        if isinstance(self.json, dict):
            return self.json
        found: dict[str, Any] = {}
        for name, value in self.form:
            if name.endswith("[]"):
                held = found.get(name.removesuffix("[]"))
                found[name.removesuffix("[]")] = [*held, value] if isinstance(held, list) else [value]
            else:
                found[name] = value
        return found


async def read(request: Request, *, largest: int) -> Call:
    """Raises ``Refused`` (413) when the body is longer than ``largest`` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise Refused(413, "Payload Too Large")
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    held = None
    if content_type.endswith("json"):
        try:
            held = json.loads(bytes(body))
            json.dumps(held, ensure_ascii=False).encode()  # Half a surrogate pair is no text, though JSON can write it.
        except (ValueError, RecursionError):
            held = None
    form: list[tuple[str, str]] = []
    files: dict[str, Upload] = {}
    if content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        for name, value in (await _form(request, bytes(body))).multi_items():
            if isinstance(value, UploadFile):
                files[name] = Upload(value.filename or "", value.content_type or "", await value.read())
            else:
                form.append((name, value))
    return Call(
        method=request.method,
        path=request.url.path,
        base=str(request.base_url).rstrip("/"),
        headers=request.headers,
        query=dict(request.query_params),
        parts={name: str(value) for name, value in request.path_params.items()},
        body=bytes(body),
        json=held,
        form=tuple(form),
        files=files,
        url=str(request.url),
        raw_path=request.scope.get("raw_path", b"").decode("latin-1"),
    )


async def _form(request: Request, body: bytes) -> FormData:
    async def replay() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return await Request(request.scope, replay).form(max_part_size=len(body) + 1)
