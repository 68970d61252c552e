"""Posts of WordPress's REST API → items. Pure.

https://developer.wordpress.org/rest-api/reference/posts/ (checked 2026-11-24, and on WordPress 6.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import unescape
from typing import Any
from urllib.parse import urlencode, urljoin

from bot.articles.dates import parse_date
from bot.articles.pictures import caption_and_credit, pixels
from bot.articles.url import absolute_url, image_url
from bot.errors import SourceError
from bot.model import Article, Image
from bot.sanitize import plain
from bot.sources.item import Item, article_of, guid_from

FIELDS = (
    *("id", "guid", "status", "link", "date_gmt", "modified_gmt", "title", "excerpt", "content", "sticky", "meta"),
    *("lang", "jetpack_featured_media_url", "_links", "_embedded"),
)
EMBED = "author,wp:featuredmedia,wp:term"
LARGEST = 1600
"""The largest width asked of a featured picture, in pixels; WordPress keeps several sizes of each."""

# Where themes and plug-ins keep what an editor writes below the headline.
_STANDFIRSTS = ("subtitle", "standfirst", "deck", "_subtitle", "secondary_title", "kia_subtitle")
_API = "https://api.w.org/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """What a list of posts says. ``ids`` are the post ids by GUID of all that are public, ``closed`` the GUIDs of
    those that ask for a password or are not published.
    """

    articles: tuple[Article, ...]
    ids: dict[str, int]
    closed: tuple[str, ...]
    warnings: tuple[str, ...]


def api_root(link_header: str, page: bytes, base: str) -> str:
    """The API's root that a page names, in its ``Link`` header or its head; "" if it names none."""
    for match in re.finditer(r"<([^<>]+)>\s*;([^<]*)", link_header):
        if _API in match[2]:
            return absolute_url(match[1], base)
    for tag in re.findall(r"<link\b[^>]{0,1000}>", page[:300_000].decode("utf-8", "replace"), re.IGNORECASE):
        href = re.search(r"href=[\"']([^\"']+)[\"']", tag)
        if _API in tag.replace(href[0] if href else "", "") and href:
            return absolute_url(unescape(href[1]), base)
    return ""


def page_language(page: bytes) -> str:
    """The ``lang`` of a page; "" without one."""
    match = re.search(rb"<html\b[^>]{0,500}?\blang=[\"']?([A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)", page[:20_000], re.I)
    return match[1].decode() if match else ""


def endpoint(root: str, path: str, **parameters: str | int) -> str:
    """The address of ``path`` below the API's root, which may be a path or ``?rest_route=/``."""
    query = urlencode(parameters, safe=",:")
    if "rest_route=" in root:
        return f"{root.rstrip('/')}/{path}" + (f"&{query}" if query else "")
    return urljoin(root.rstrip("/") + "/", path) + (f"?{query}" if query else "")


def parse_posts(posts: Any, *, source: str, now: datetime, language: str = "") -> Posts:
    """Cleans a page of posts; a bad one is a warning. Raises ``SourceError`` when it is no list of posts."""
    if not isinstance(posts, list):
        raise SourceError("answers with something other than a list of posts")
    articles: dict[str, Article] = {}
    ids: dict[str, int] = {}
    closed: list[str] = []
    warnings: list[str] = []
    for post in posts:
        if not isinstance(post, dict) or not isinstance(post.get("id"), int):
            warnings.append("a post without an id is left out")
            continue
        guid = guid_of(post)
        if not is_public(post):
            closed.append(guid)
            continue
        ids[guid] = post["id"]
        try:
            articles[guid] = article_of(_item(post, guid), source=source, now=now, language=language)
        except SourceError as error:
            warnings.append(f"post {post['id']} is left out: {error}")
    return Posts(articles=tuple(articles.values()), ids=ids, closed=tuple(closed), warnings=tuple(warnings))


def guid_of(post: dict[str, Any]) -> str:
    """A post's GUID, which WordPress never changes; its link when the API hides it."""
    return guid_from(unescape(_rendered(post, "guid")) or _text(post, "link")) or f"post-{post['id']}"


def is_public(post: dict[str, Any]) -> bool:
    """Whether everybody may read a post: published, and no password asked."""
    parts = (post.get("content"), post.get("excerpt"))
    asks = any(isinstance(part, dict) and part.get("protected") for part in parts)
    return post.get("status", "publish") == "publish" and not asks


def _item(post: dict[str, Any], guid: str) -> Item:
    meta = post.get("meta")
    # PHP writes an empty mapping as [].
    fields = meta if isinstance(meta, dict) else {}
    return Item(
        guid=guid,
        url=_text(post, "link"),
        title=_rendered(post, "title"),
        standfirst=next((_text(fields, name) for name in _STANDFIRSTS if _text(fields, name).strip()), ""),
        excerpt=_rendered(post, "excerpt"),
        content=_rendered(post, "content"),
        published=parse_date(post.get("date_gmt")),
        updated=parse_date(post.get("modified_gmt")),
        authors=[_text(author, "name") for author in _embedded(post, "author")],
        sections=list(_terms(post, "category")),
        tags=list(_terms(post, "post_tag")),
        language=_text(post, "lang"),
        image=_picture(post),
        pinned=post.get("sticky") is True,
    )


def _embedded(post: dict[str, Any], relation: str) -> Iterator[dict[str, Any]]:
    """What is embedded; what may not be seen stands there as an error with a ``code``."""
    embedded = post.get("_embedded")
    found = embedded.get(relation) if isinstance(embedded, dict) else None
    for each in found if isinstance(found, list) else ():
        for one in each if isinstance(each, list) else [each]:
            if isinstance(one, dict) and "code" not in one:
                yield one


def _terms(post: dict[str, Any], taxonomy: str) -> Iterator[str]:
    for term in _embedded(post, "wp:term"):
        if term.get("taxonomy") == taxonomy and term.get("slug") != "uncategorized":
            yield _text(term, "name")


def _picture(post: dict[str, Any]) -> Image | None:
    for media in _embedded(post, "wp:featuredmedia"):
        details = media.get("media_details")
        details = details if isinstance(details, dict) else {}
        best = {"source_url": media.get("source_url"), "width": details.get("width"), "height": details.get("height")}
        sizes = details.get("sizes")
        if (pixels(best["width"]) or 0) > LARGEST and isinstance(sizes, dict):
            fitting = [size for size in sizes.values() if isinstance(size, dict) and _fits(size, best)]
            best = max(fitting, key=lambda size: pixels(size.get("width")) or 0, default=best)
        url = image_url(str(best.get("source_url") or ""))
        if url and str(media.get("mime_type") or "image/").startswith("image/"):
            caption, credit = caption_and_credit(_rendered(media, "caption"))
            return Image(
                url=url,
                alt=plain(_text(media, "alt_text")),
                caption=caption,
                credit=credit,
                width=pixels(best.get("width")),
                height=pixels(best.get("height")),
            )
    url = image_url(_text(post, "jetpack_featured_media_url"))
    return Image(url=url) if url else None


def _fits(size: dict[str, Any], full: dict[str, Any]) -> bool:
    """Whether a size is a smaller copy, not a crop."""
    width, height = pixels(size.get("width")), pixels(size.get("height"))
    full_width, full_height = pixels(full.get("width")), pixels(full.get("height"))
    if not (width and height and full_width and full_height) or width > LARGEST:
        return False
    return abs(width / height - full_width / full_height) < 0.02


def _rendered(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    return _text(value, "rendered") if isinstance(value, dict) else ""


def _text(holder: dict[str, Any], key: str) -> str:
    value = holder.get(key)
    return value if isinstance(value, str) else ""
