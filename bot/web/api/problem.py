"""The API's faults: RFC 9457 (problem details), checked 2026-11-26."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import JSONResponse

PROBLEM = "application/problem+json"
DESK = "/api/v1/"
"""What is asked for with a token (``bot.web.api.v1``)."""
_METHODS = {"/api/subscribe": "POST", "/api/newsletters": "GET, HEAD", "/api/openapi.json": "GET, HEAD"}
TITLES = {
    400: "The body is not JSON",
    403: "Not from this site",
    404: "There is no such address",
    405: "Not by this method",
    413: "Too large",
    415: "Not JSON",
    422: "Something in it is wrong",
    429: "Too many sign-ups",
    500: "A fault of the server",
}


def problem(status: int, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> JSONResponse:
    """A fault as RFC 9457 has it."""
    title = TITLES.get(status, "That did not work")
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(body, status_code=status, headers=dict(headers or {}), media_type=PROBLEM)


def refused(status: int, path: str) -> JSONResponse:
    """The answer to what no route of the API takes."""
    if path.startswith(DESK):
        return problem(status, f"See {DESK}openapi.json for what can be asked for.")
    see = (
        f"See {DESK}openapi.json for what programs of the newsroom ask for, with a token, and /api/openapi.json for "
        "readers' sign-ups."
    )
    headers = {"Allow": _METHODS[path] + ", OPTIONS"} if status == 405 and path in _METHODS else {}
    return problem(status, see, headers=headers)
