"""What ``/api/v1`` answers when it does not do what was asked for: RFC 9457, one shape for all faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from bot.errors import (
    BroadsheetError,
    DeliveryError,
    DnsError,
    FetchError,
    LlmError,
    NotFound,
    NothingToDo,
    RenderError,
    SettingsError,
    SourceError,
    StateError,
    StoreError,
    TokenError,
    UsageError,
)
from bot.web.api.problem import PROBLEM

_LONGEST = 1_000
_STATUS: Sequence[tuple[type[BroadsheetError], int]] = (
    (NotFound, 404),
    (StateError, 409),
    (NothingToDo, 409),
    (RenderError, 409),
    (UsageError, 422),
    (SettingsError, 422),
    (TokenError, 422),
    (StoreError, 503),
    (FetchError, 502),
    (SourceError, 502),
    (DeliveryError, 502),
    (DnsError, 502),
    (LlmError, 502),
)
"""Of each error of the layers below; the first that fits. 502: somebody else's server did not do its part."""


class Place(BaseModel):
    """One thing that is wrong. ``pointer`` is where in the body (RFC 6901), or the name of a parameter."""

    pointer: str
    detail: str


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="forbid")

    type: str
    title: str
    status: int
    detail: str
    errors: list[Place] = []


class Refused(Exception):
    """The API's own answer to a call that it does not take."""

    def __init__(
        self, status: int, detail: str, *, pointer: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.pointer, self.headers = status, detail, pointer, headers


def missing(what: str) -> Refused:
    """404: there is no such thing, or no more."""
    return Refused(404, f"There is no such {what}.")


def problem(
    status: int, detail: str, *, errors: Sequence[tuple[str, str]] = (), headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """``errors`` are (pointer, detail)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail[:_LONGEST],
    }
    if errors:
        body["errors"] = [{"pointer": pointer, "detail": said[:_LONGEST]} for pointer, said in errors]
    return JSONResponse(body, status_code=status, headers=dict(headers or {}), media_type=PROBLEM)


def answer_to(error: Exception) -> JSONResponse | None:
    """The answer to ``error``; None for one that nobody foresaw."""
    if isinstance(error, Refused):
        at = [(error.pointer, error.detail)] if error.pointer else []
        return problem(error.status, error.detail, errors=at, headers=error.headers)
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        return problem(error.status_code, str(error.detail), headers=error.headers)
    if isinstance(error, BroadsheetError):
        return _not_done(error)
    return None


def _invalid(error: RequestValidationError) -> JSONResponse:
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(400, "The body is not JSON.")
    errors = [(_pointer(each["loc"]), str(each["msg"])) for each in found[:50]]
    return problem(422, "Something in it is wrong.", errors=errors)


def _pointer(place: Sequence[str | int]) -> str:
    """``#/stories/0/title`` of the body, else the parameter's name."""
    where, rest = str(place[0]), place[1:]
    if where != "body":
        return "/".join(str(each) for each in rest)
    return "#" + "".join(f"/{str(each).replace('~', '~0').replace('/', '~1')}" for each in rest)


def _not_done(error: BroadsheetError) -> JSONResponse | None:
    status = next((of for kind, of in _STATUS if isinstance(error, kind)), 0)
    if not status:
        return None
    if isinstance(error, SettingsError):
        # The whole message names a file of the server.
        said = error.said or str(error)
        return problem(status, said, errors=[(error.key, said)] if error.key else ())
    headers = {"Retry-After": "5"} if status == 503 else None
    return problem(status, _sentence(str(error)), headers=headers)


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}{'' if said.endswith(('.', '!', '?')) else '.'}"
