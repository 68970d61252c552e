"""A whole web page → the article on it: its text through trafilatura, its data from Open Graph and JSON-LD.

https://ogp.me and https://schema.org/NewsArticle (checked 2026-11-24).
"""

from __future__ import annotations

import codecs
import contextlib
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.articles.dates import parse_date
from bot.articles.embeds import settle_players
from bot.articles.main_text import main_text
from bot.articles.pictures import settle_pictures
from bot.articles.url import absolute_url, image_url
from bot.model import Image
from bot.sanitize import bounded, parsed, plain, tostring

_CHARSET = re.compile(r"charset\s{0,3}=\s{0,3}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_DECLARED = re.compile(r"<meta\b[^>]{0,300}?charset\s{0,3}=\s{0,3}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_ARTICLE = re.compile(r"(?:\w*Article|BlogPosting|Report|Review)$")
_NODES = 10_000
"""Lists and objects of one script's JSON-LD that are looked at; pages with an article have some ten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page says. ``content`` is HTML without the page's furniture, not sanitised yet."""

    url: str = ""
    title: str = ""
    description: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    authors: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    language: str = ""
    image: Image | None = None
    content: str = ""


def is_page(markup: str) -> bool:
    """Whether ``markup`` is a whole page rather than the HTML of an article alone."""
    return bool(re.search(r"<(?:!doctype|html|head|body)\b", markup[:5000], re.IGNORECASE))


def page_markup(data: bytes, content_type: str = "") -> str:
    """The text of a page's bytes: by its mark, its header, what it declares itself, else by a guess. Never raises."""
    declared = _CHARSET.search(content_type) or _DECLARED.search(data[:4000].decode("latin-1"))
    encodings = ["utf-8-sig", declared[1] if declared else "utf-8", "utf-8"]
    if not data.startswith(codecs.BOM_UTF8):
        encodings = encodings[1:]
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except (LookupError, UnicodeError):
            continue
    from trafilatura.utils import decode_file

    return decode_file(data)


def read_page(markup: str, url: str = "") -> Page:
    """Reads a page that came from ``url``. Never raises; what a page does not say stays empty."""
    import trafilatura

    root = _document(markup)
    meta = _meta(root)
    data = next(_linked_data(root), {})
    links = root.xpath("//link[contains(concat(' ', @rel, ' '), ' canonical ')]/@href")
    address = absolute_url(links[0] if links else "", url) or absolute_url(_first(meta, "og:url"), url) or url
    image = image_url(_first(meta, "og:image", "og:image:url", "twitter:image") or _image(data), address)
    language = root.get("lang") or ""
    for body in root.xpath("//body")[:1]:
        settle_players(body, address)
        settle_pictures(body, address)
    guessed = None
    # Foreign code on foreign input: whatever it raises, the page does not say it.
    with contextlib.suppress(Exception):
        guessed = trafilatura.extract_metadata(root, default_url=address or None)
    heading = root.xpath("//h1")
    title = _first(meta, "og:title") or _text(data.get("headline")) or (heading[0].text_content() if heading else "")
    return Page(
        url=address,
        title=plain(title or "".join(root.xpath("//head/title/text()")[:1])),
        description=plain(
            _first(meta, "og:description") or _text(data.get("description")) or _first(meta, "description")
        ),
        published=parse_date(_first(meta, "article:published_time") or _text(data.get("datePublished")))
        or parse_date(guessed.date if guessed else None),
        updated=parse_date(_first(meta, "article:modified_time") or _text(data.get("dateModified"))),
        authors=tuple(_names(data.get("author"))) or tuple(_people(meta)) or _split(guessed.author if guessed else ""),
        sections=tuple(meta.get("article:section", ())) or tuple(_names(data.get("articleSection"))),
        tags=tuple(meta.get("article:tag", ())) or tuple(_names(data.get("keywords"))),
        language=language,
        image=Image(url=image, alt=plain(_first(meta, "og:image:alt", "twitter:image:alt"))) if image else None,
        content=main_text(root, address),
    )


def _document(markup: str) -> Any:
    from lxml import html

    try:
        return html.document_fromstring(bounded(markup))
    except (html.etree.LxmlError, ValueError, AssertionError):
        return html.document_fromstring(f"<html><body>{tostring(parsed(bounded(markup)))}</body></html>")


def _meta(root: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for element in root.iter("meta"):
        name, content = element.get("property") or element.get("name") or "", (element.get("content") or "").strip()
        if name and content:
            found.setdefault(name.lower(), []).append(content)
    return found


def _first(meta: dict[str, list[str]], *names: str) -> str:
    return next((meta[name][0] for name in names if name in meta), "")


def _people(meta: dict[str, list[str]]) -> Iterator[str]:
    for name in [*meta.get("author", ()), *meta.get("article:author", ())]:
        if not name.startswith(("http://", "https://", "/")):
            yield name


def _linked_data(root: Any) -> Iterator[dict[str, Any]]:
    """The articles among a page's JSON-LD, which nests them in lists and graphs."""
    for script in root.xpath("//script[@type='application/ld+json']"):
        try:
            data = json.loads(script.text_content())
        except (ValueError, RecursionError):
            continue
        waiting = deque([data] if isinstance(data, list | dict) else [])
        # Breadth first, as pages mean it: what stands on top before what it holds.
        for _ in range(_NODES):
            if not waiting:
                break
            each = waiting.popleft()
            if isinstance(each, list):
                waiting.extend(item for item in each if isinstance(item, list | dict))
                continue
            if isinstance(graph := each.get("@graph"), list | dict):
                waiting.append(graph)
            if any(_ARTICLE.search(name) for name in _names(each.get("@type"))):
                yield each


def _names(value: Any) -> Iterator[str]:
    """The names in what may be one or several, each a text or something with a ``name``."""
    for each in value if isinstance(value, list) else [value]:
        name = each.get("name") if isinstance(each, dict) else each
        if isinstance(name, str) and name.strip():
            yield name


def _split(names: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in (names or "").split(";") if name.strip())


def _image(data: dict[str, Any]) -> str:
    value = data.get("image")
    value = value[0] if isinstance(value, list) and value else value
    return _text(value.get("url") if isinstance(value, dict) else value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
