"""Files of a folder → items: Markdown with YAML front matter, HTML, and pages scraped as text. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import yaml
from markdown_it import MarkdownIt

from bot.articles.dates import parse_date
from bot.articles.page import is_page, read_page
from bot.articles.page_text import page_text
from bot.articles.pictures import caption_and_credit
from bot.articles.url import image_url
from bot.errors import SourceError
from bot.model import Image
from bot.sanitize import plain
from bot.sources.item import Item

KINDS = {".md": "Markdown", ".html": "HTML", ".htm": "HTML", ".txt": "a page as text"}
_FRONT = re.compile(r"\A---[ \t]*\n(?P<yaml>.{0,50000}?)^(?:---|\.\.\.)[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"\A\s*<h1>(?P<title>.*?)</h1>", re.DOTALL | re.IGNORECASE)


def parse_file(guid: str, data: bytes, *, base_url: str = "") -> Item | None:
    """Reads the file ``guid`` (its path in the folder). None for a draft. Raises ``SourceError``.

    ``base_url`` is the public address of the folder; a file that names no address has that of its path below it.
    """
    stem, dot, ending = guid.rpartition(".")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{guid}: is not UTF-8 (byte {error.start}); save it as UTF-8") from error
    url = f"{base_url.rstrip('/')}/{stem}" if base_url else ""
    text = text.replace("\r\n", "\n")
    if dot + ending.lower() == ".md":
        return _markdown(guid, text, url)
    if dot + ending.lower() == ".txt":
        return _page_text(guid, text, url)
    return _page(guid, text, url) if is_page(text) else _fragment(guid, text, url)


def _markdown(guid: str, text: str, url: str) -> Item | None:
    front: dict[str, Any] = {}
    match = _FRONT.match(text)
    if match:
        try:
            loaded = yaml.safe_load(match["yaml"])
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            where = getattr(error, "problem_mark", None)
            line = f" line {where.line + 2}" if where else ""
            raise SourceError(f"{guid}:{line} the front matter is not YAML; quote texts that hold a colon") from error
        front = {str(key).lower(): value for key, value in loaded.items()} if isinstance(loaded, dict) else {}
    if front.get("draft") is True or front.get("published") is False:
        return None
    content = (
        MarkdownIt("commonmark", {"html": True})
        .enable(["table", "strikethrough"])
        .render(text[match.end() :] if match else text)
    )
    heading = _HEADING.match(content)
    address = _said(front, "url", "canonical", "canonical_url", "permalink", "link")
    if address and not address.startswith(("http://", "https://")):
        address = url.removesuffix(guid.rpartition(".")[0]) + address.lstrip("/") if url else ""
    return Item(
        guid=guid,
        url=address or url,
        title=_said(front, "title", "headline") or (heading["title"] if heading else ""),
        standfirst=_said(front, "standfirst", "description", "summary", "subtitle", "excerpt", "deck"),
        content=content,
        published=_moment(front, "date", "published", "pubdate"),
        updated=_moment(front, "updated", "lastmod", "modified"),
        authors=_list(front, "authors", "author"),
        sections=_list(front, "sections", "section", "categories", "category"),
        tags=_list(front, "tags", "tag", "keywords"),
        language=_said(front, "language", "lang"),
        image=_image(front, address or url),
        pinned=front.get("pinned") is True or front.get("sticky") is True,
    )


def _page(guid: str, text: str, url: str) -> Item:
    page = read_page(text, url)
    return Item(
        guid=guid,
        url=page.url or url,
        title=page.title,
        excerpt=page.description,
        content=page.content,
        published=page.published,
        updated=page.updated,
        authors=page.authors,
        sections=page.sections,
        tags=page.tags,
        language=page.language,
        image=page.image,
    )


def _fragment(guid: str, text: str, url: str) -> Item:
    heading = re.search(r"<h[12]\b[^>]{0,500}>(.{1,2000}?)</h[12]>", text[:20_000], re.IGNORECASE | re.DOTALL)
    return Item(guid=guid, url=url, title=heading[1] if heading else "", content=text)


def _page_text(guid: str, text: str, url: str) -> Item:
    page = page_text(text)
    if not page.title:
        raise SourceError(f"{guid}: has no line that could be its title")
    return Item(
        guid=guid,
        url=page.url or url,
        title=page.title,
        standfirst=page.standfirst,
        content=page.body,
        published=page.published,
        authors=page.authors,
        sections=page.sections,
        image=page.image,
    )


def _said(front: Mapping[str, Any], *names: str) -> str:
    return next(
        (str(front[name]) for name in names if isinstance(front.get(name), str | int | float) and front[name] != ""), ""
    )


def _list(front: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    for name in names:
        value = front.get(name)
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        if isinstance(value, list):
            named = (each.get("name") if isinstance(each, dict) else each for each in value)
            return tuple(str(each) for each in named if isinstance(each, str | int))
    return ()


def _moment(front: Mapping[str, Any], *names: str) -> datetime | None:
    return next((moment for name in names if (moment := parse_date(front.get(name)))), None)


def _image(front: Mapping[str, Any], base: str) -> Image | None:
    value = next((front[name] for name in ("image", "cover", "featured_image") if front.get(name)), None)
    held: Mapping[str, Any] = value if isinstance(value, dict) else {"url": value}
    url = image_url(_said(held, "url", "src"), base)
    if not url:
        return None
    caption, credit = caption_and_credit(_said(held, "caption") or _said(front, "image_caption"))
    return Image(
        url=url,
        alt=plain(_said(held, "alt") or _said(front, "image_alt", "alt")),
        caption=caption,
        credit=plain(_said(held, "credit") or _said(front, "image_credit", "credit")) or credit,
    )
