"""The questions WordPress's ``GET /wp-json/wp/v2/posts`` takes, and its answers to wrong ones.

Parameters after https://developer.wordpress.org/rest-api/reference/posts/#list-posts (checked 2026-11-24).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

from bot.demo.articles import TownArticle

_ORDERS = {
    "date": lambda article: (article.published, article.id),
    "modified": lambda article: (article.modified, article.id),
    "id": lambda article: article.id,
    "slug": lambda article: article.slug,
    "title": lambda article: article.title,
}


class RestError(Exception):
    """WordPress's JSON error: HTTP status, a stable code, a sentence."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}

    @classmethod
    def parameter(cls, name: str, why: str) -> Self:
        return cls(400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: why})


@dataclass(frozen=True, slots=True, kw_only=True)
class PostQuery:
    """A checked question. ``after`` and ``modified_after`` exclude the moment they name."""

    page: int = 1
    per_page: int = 10
    orderby: str = "date"
    descending: bool = True
    after: datetime | None = None
    before: datetime | None = None
    modified_after: datetime | None = None
    include: tuple[int, ...] = ()
    embed: bool = False
    fields: tuple[str, ...] = ()

    @classmethod
    def parse(cls, pairs: Sequence[tuple[str, str]], timezone: str) -> Self:
        """Reads the query string's pairs. ``timezone`` is the site's. Raises ``RestError`` as WordPress does."""
        given = dict(pairs)
        orderby = given.get("orderby", "date")
        if orderby not in {*_ORDERS, "include"}:
            raise RestError.parameter("orderby", f"orderby is not one of {', '.join(_ORDERS)}, and include.")
        order = given.get("order", "desc")
        if order not in {"asc", "desc"}:
            raise RestError.parameter("order", "order is not one of asc and desc.")
        if given.get("status", "publish") != "publish":
            raise RestError.parameter("status", "Status is forbidden.")
        return cls(
            page=_number(given, "page", 1, None),
            per_page=_number(given, "per_page", 10, 100),
            orderby=orderby,
            descending=order == "desc",
            after=_moment(given, "after", timezone),
            before=_moment(given, "before", timezone),
            modified_after=_moment(given, "modified_after", timezone),
            include=_ids(pairs),
            embed="_embed" in given,
            fields=tuple(field for field in given.get("_fields", "").split(",") if field),
        )

    def select(self, articles: Sequence[TownArticle]) -> list[TownArticle]:
        """All articles that answer the question, in its order, over all pages."""
        chosen = [
            article
            for article in articles
            if (not self.include or article.id in self.include)
            and (self.after is None or article.published > self.after)
            and (self.before is None or article.published < self.before)
            and (self.modified_after is None or article.modified > self.modified_after)
        ]
        if self.orderby == "include":
            return sorted(chosen, key=lambda article: self.include.index(article.id) if self.include else 0)
        return sorted(chosen, key=_ORDERS[self.orderby], reverse=self.descending)

    def cut(self, post: dict[str, Any]) -> dict[str, Any]:
        """``post`` with the ``_fields`` asked for: ``id`` or, within an object, ``title.rendered``."""
        if not self.fields:
            return post
        kept: dict[str, Any] = {}
        for field in self.fields:
            name, _, inner = field.partition(".")
            if inner and isinstance(post.get(name), dict) and inner in post[name]:
                kept.setdefault(name, {})[inner] = post[name][inner]
            elif not inner and name in post:
                kept[name] = post[name]
        return kept


def _number(given: Mapping[str, str], name: str, default: int, most: int | None) -> int:
    text = given.get(name, str(default))
    value = int(text) if re.fullmatch(r"[0-9]{1,6}", text) else 0
    if value < 1 or (most is not None and value > most):
        limits = f"between 1 (inclusive) and {most} (inclusive)" if most else "greater than or equal to 1"
        raise RestError.parameter(name, f"{name} must be {limits}")
    return value


def _moment(given: Mapping[str, str], name: str, timezone: str) -> datetime | None:
    """An ISO 8601 time; without offset it is the site's, as in WordPress."""
    if name not in given:
        return None
    try:
        moment = datetime.fromisoformat(given[name].replace(" ", "+"))
    except ValueError as error:
        raise RestError.parameter(name, "Invalid date.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(timezone))


def _ids(pairs: Sequence[tuple[str, str]]) -> tuple[int, ...]:
    listed = ",".join(value for key, value in pairs if key in ("include", "include[]"))
    parts = [part.strip() for part in listed.split(",") if part.strip()]
    if not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise RestError.parameter("include", "include[0] is not of type integer.")
    return tuple(int(part) for part in parts)
