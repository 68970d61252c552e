"""What a browser has already is not sent again (RFC 9110 §13)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from starlette.requests import Request


def unchanged(request: Request, tag: str, changed: datetime | None = None) -> bool:
    """Whether the answer is 304. RFC 9110 §13.2.2: If-None-Match decides, and only without it If-Modified-Since."""
    asked = request.headers.get("if-none-match")
    if asked is not None:
        return asked.strip() == "*" or tag in {each.strip().removeprefix("W/") for each in asked.split(",")}
    since = request.headers.get("if-modified-since")
    if not since or changed is None:
        return False
    try:
        known = parsedate_to_datetime(since)
    except ValueError:
        return False
    return changed.replace(microsecond=0) <= (known if known.tzinfo else known.replace(tzinfo=UTC))
