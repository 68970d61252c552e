"""Lists, a page at a time: ``?limit=`` and ``?cursor=``, which is signed, so that it says what we said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Query, Request
from pydantic import BaseModel

from bot.errors import TokenError
from bot.schedules.installation import Installation
from bot.web.api.v1.fault import Refused

T = TypeVar("T")

MOST = 200
Limit = Annotated[int, Query(ge=1, le=MOST, description="Items of a page, at most.")]
Cursor = Annotated[str, Query(max_length=512, description="From a page's `next`. It is good for the same query alone.")]
_PURPOSE = "api-cursor"


class Page(BaseModel, Generic[T]):
    """``next`` is the next page's reference, relative to this one's (RFC 3986); null at the end."""

    data: list[T]
    next: str | None = None


class Cursors:
    """Cursors of one list, as one request asks for it."""

    def __init__(self, installation: Installation, request: Request) -> None:
        self._keys = installation.keys
        self._path = request.url.path
        self._query = [
            (name, value) for name, value in request.query_params.multi_items() if name not in ("cursor", "limit")
        ]
        self._limit = request.query_params.get("limit", "")

    def read(self, cursor: str) -> list[Any]:
        """Where the page begins; [] for the first. Raises ``Refused`` for what is no cursor of this list."""
        if not cursor:
            return []
        try:
            of, *place = self._keys.verify(_PURPOSE, cursor)
        except (TokenError, ValueError):
            raise _wrong() from None
        if of != self._name():
            raise _wrong()
        return place

    def next(self, *place: Any) -> str:
        """The reference of the page that begins behind ``place``."""
        query = {"cursor": self._keys.sign(_PURPOSE, self._name(), *place)}
        if self._limit:
            query["limit"] = self._limit
        return f"?{urlencode([*self._query, *query.items()])}"

    def _name(self) -> str:
        # A cursor holds in the list that it was made for, as it was filtered.
        return self._keys.derived_id("api list", self._path, urlencode(sorted(self._query)), characters=16)


def of_moment(moment: datetime) -> str:
    """A moment as a cursor has it."""
    return moment.astimezone(UTC).isoformat()


def cut(found: Sequence[T], limit: int) -> tuple[Sequence[T], T | None]:
    """A page of what was found with one more than ``limit``, and its last item when there are more."""
    return (found[:limit], found[limit - 1]) if len(found) > limit else (found, None)


def whole(items: Mapping[str, T] | Sequence[T]) -> Page[T]:
    """A list that is never long."""
    return Page(data=list(items.values()) if isinstance(items, Mapping) else list(items))


def _wrong() -> Refused:
    return Refused(422, "This is no cursor of this list.", pointer="cursor")
