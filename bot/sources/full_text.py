"""The text of articles that a feed only announces: each page is fetched once, and again when the feed says it changed.

What a page lends is the text, and what the feed leaves out: picture, authors, sections, language. Title, dates and the
editor's own excerpt stay the feed's.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from urllib.parse import urlsplit

import regex

from bot.articles.excerpt import is_cut
from bot.articles.page import Page, page_markup, read_page
from bot.articles.text import paragraphs
from bot.articles.url import canonical_url
from bot.errors import FetchError, SourceError
from bot.http import Http
from bot.model import Article
from bot.sanitize import plain
from bot.sources.item import Item, article_of

MOST = 20
"""Pages of one feed a visit: the rest comes with the next ones, the newest first."""
SECONDS = 90.0
"""For all pages of a visit; ``bot.sources.collect.LONGEST_VISIT`` is for the whole of it."""
MAX_BYTES = 4 << 20
TRIES = 3
"""Visits in which a page is asked for, until its article stays as the feed has it."""
_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
_LETTERS = 200
"""A page with less text than this, or hardly more than the feed has, has none for us: a notice, a teaser, a film."""
_MORE = 1.2
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}]")


@dataclass(frozen=True, slots=True)
class Read:
    """What is kept of an item between visits: its ``digest``, and how often its page was ``tried`` (0: it was read)."""

    digest: str
    tried: int


@dataclass(slots=True)
class FullTexts:
    """What a visit made of the items. ``left`` of their pages wait for the next one."""

    articles: list[Article] = field(default_factory=list)
    read: dict[str, Read] = field(default_factory=dict)
    left: int = 0
    warnings: list[str] = field(default_factory=list)


def lacks_text(article: Article) -> bool:
    """Whether the source gave no more than an excerpt of ``article``."""
    texts = paragraphs(article.body)
    return bool(article.url) and (not texts or is_cut(texts[-1]))


async def full_texts(
    http: Http,
    found: Sequence[Article],
    items: Mapping[str, Item],
    *,
    source: str,
    now: datetime,
    language: str,
    before: Mapping[str, Read],
    known: frozenset[str],
) -> FullTexts:
    """``found`` with the text of their pages, newest first. ``items`` and ``before`` are by GUID.

    An article that is ``known`` and whose page was read is left out while its item stays as it was: the store has it.
    A page that cannot be read costs its text, not the article.
    """
    made = FullTexts()
    until = time.monotonic() + SECONDS
    asked, failed = 0, []
    for article in sorted(found, key=lambda each: each.published, reverse=True):
        if not lacks_text(article):
            made.articles.append(article)
            continue
        digest, last = _digest(items[article.guid]), before.get(article.guid)
        tried = last.tried if last and last.digest == digest else None
        if article.guid in known and tried is not None and tried in (0, TRIES):
            made.read[article.guid] = Read(digest, tried)
            if tried:
                made.articles.append(article)
            continue
        if asked >= MOST or time.monotonic() > until:
            made.left += 1
            made.articles.append(article)
            continue
        asked += 1
        try:
            whole = await _fetched(http, items[article.guid], article, source=source, now=now, language=language)
        except (FetchError, SourceError) as error:
            failed.append(str(error))
            made.read[article.guid] = Read(digest, (tried or 0) + 1)
            made.left += (tried or 0) + 1 < TRIES
            made.articles.append(article)
        else:
            made.read[article.guid] = Read(digest, 0)
            made.articles.append(whole)
    if failed:
        count = "the page of an article" if len(failed) == 1 else f"the pages of {len(failed)} articles"
        made.warnings.append(f"{count} could not be read, so they have the feed's excerpt alone: {failed[0]}")
    return made


async def _fetched(http: Http, item: Item, article: Article, *, source: str, now: datetime, language: str) -> Article:
    answer = await http.get(article.url, headers={"Accept": _ACCEPT}, max_bytes=MAX_BYTES)
    kind = answer.headers.get("content-type", "text/html")
    if "html" not in kind:
        raise SourceError(f"{article.url}: is no web page but {kind.partition(';')[0].strip()[:60]}")
    return await asyncio.to_thread(
        whole, item, article, page_markup(answer.body, kind), url=answer.url, source=source, now=now, language=language
    )


def whole(item: Item, article: Article, markup: str, *, url: str, source: str, now: datetime, language: str) -> Article:
    """``article``, of ``item``, with the text of its page, ``markup`` from ``url``. Pure.

    Raises ``SourceError`` when the page says nothing of it, as a consent form or a home page does.
    """
    page = read_page(markup, url)
    text = plain(page.content)
    if not _speaks_of(page, text, article):
        raise SourceError(f"{article.url}: the page has another title, and its text none of its words")
    if len(text) < max(_LETTERS, len(plain(article.body)) * _MORE):
        return article
    same_site = urlsplit(page.url).hostname == urlsplit(url).hostname
    return article_of(
        replace(
            item,
            url=canonical_url(page.url) if same_site else item.url,
            content=page.content,
            excerpt=item.excerpt or page.description,
            authors=tuple(item.authors) or page.authors,
            sections=tuple(item.sections) or page.sections,
            tags=tuple(item.tags) or page.tags,
            language=item.language or page.language,
            image=item.image or page.image,
        ),
        source=source,
        now=now,
        language=language,
    )


def _speaks_of(page: Page, text: str, article: Article) -> bool:
    wanted = _words(article.title)
    said = _words(page.title) | _words(text)
    return not wanted or len(wanted & said) * 2 >= len(wanted)


def _words(text: str) -> set[str]:
    folded = text.casefold()
    if _UNSPACED.search(folded):
        letters = "".join(_WORD.findall(folded))
        return {letters[place : place + 2] for place in range(len(letters) - 1)}
    return set(_WORD.findall(folded))


def _digest(item: Item) -> str:
    dates = [str(each) for each in (item.published, item.updated)]
    said = "\0".join([item.url, item.title, item.standfirst, item.excerpt, item.content, *dates])
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16]
