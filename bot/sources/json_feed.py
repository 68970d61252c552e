"""JSON Feed 1 and 1.1 (https://www.jsonfeed.org/version/1.1/, checked 2026-11-24): bytes → items. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.articles.body import text_body
from bot.articles.dates import parse_date
from bot.articles.url import absolute_url, image_url
from bot.errors import SourceError
from bot.model import Image
from bot.sanitize import plain
from bot.sources.feed_parse import MAX_ITEMS, ParsedFeed
from bot.sources.item import Item, guid_from

VERSION = "https://jsonfeed.org/version/1"


def is_json_feed(data: bytes) -> bool:
    """Whether ``data`` looks like JSON rather than XML."""
    return data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def parse_json_feed(data: bytes, *, url: str) -> ParsedFeed:
    """Reads a feed that came from ``url``. Raises ``SourceError`` for what is no JSON Feed."""
    try:
        feed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise SourceError("begins like JSON but is not; open its URL in a browser to see what it is") from error
    if not isinstance(feed, dict) or not str(feed.get("version", "")).startswith(VERSION):
        raise SourceError(f'is JSON, but no JSON Feed: its "version" does not begin with {VERSION}')
    items = feed.get("items")
    base = absolute_url(_text(feed, "home_page_url"), url) or url
    return ParsedFeed(
        items=tuple(_item(each, base, feed) for each in items[:MAX_ITEMS] if isinstance(each, dict))
        if isinstance(items, list)
        else (),
        language=_text(feed, "language"),
        title=plain(_text(feed, "title")),
        hub=next((_text(each, "url") for each in _list(feed, "hubs") if _is_websub(each)), ""),
        own_url=_text(feed, "feed_url"),
    )


def _is_websub(hub: object) -> bool:
    return isinstance(hub, dict) and _text(hub, "type").lower() == "websub" and bool(_text(hub, "url"))


def _item(item: Mapping[str, Any], base: str, feed: Mapping[str, Any]) -> Item:
    # The specification asks readers to make an id that is a number a string.
    guid = _text(item, "id") or (str(item["id"]) if isinstance(item.get("id"), int) else "")
    link = _text(item, "url") or _text(item, "external_url")
    image = image_url(_text(item, "image") or _text(item, "banner_image"), base)
    terms = [term for term in _list(item, "tags") if isinstance(term, str)]
    return Item(
        guid=guid_from(guid),
        url=absolute_url(link, base) or link,
        title=_text(item, "title"),
        excerpt=_text(item, "summary"),
        content=_text(item, "content_html") or text_body(_text(item, "content_text")),
        published=parse_date(item.get("date_published") or item.get("date_modified")),
        updated=parse_date(item.get("date_modified")),
        authors=_authors(item) or _authors(feed),
        sections=terms,
        tags=terms,
        language=_text(item, "language"),
        image=Image(url=image) if image else None,
    )


def _authors(holder: Mapping[str, Any]) -> tuple[str, ...]:
    each = [*_list(holder, "authors"), holder.get("author")]
    return tuple(_text(author, "name") for author in each if isinstance(author, dict) and _text(author, "name"))


def _text(holder: Mapping[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""


def _list(holder: Mapping[str, Any], key: str) -> list[Any]:
    value = holder.get(key)
    return value if isinstance(value, list) else []
