"""Source ``feed``: RSS, Atom or JSON Feed at a URL."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from typing import ClassVar

from pydantic import Field, StrictBool, field_validator
from pydantic_core import PydanticCustomError

from bot.articles.url import absolute_url, canonical_url, identity_key
from bot.errors import SourceError
from bot.http import Http
from bot.model import Article
from bot.settings import Table
from bot.sources.base import OUTLET, Collected, Hub, Known, Retrieval, Visit, kind
from bot.sources.feed_parse import ParsedFeed, parse_feed
from bot.sources.full_text import FullTexts, Read, full_texts
from bot.sources.item import Item, article_of
from bot.sources.json_feed import is_json_feed, parse_json_feed
from bot.sources.websub import hub_of

ACCEPT = "application/feed+json, application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"
MAX_BYTES = 8_000_000
PARSE_SECONDS = 30
# WordPress's feeds list posts that ask for a password, with its form in place of the text.
_PASSWORD_FORM = "post-password-form"
LANGUAGE = r"^([A-Za-z]{2,3}(-[A-Za-z0-9]+)*)?$"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedArticles:
    """The articles of one feed, and by GUID the ``items`` they were made of. ``undated`` are moments of first sight;
    ``oldest`` is None when the feed cannot tell what was withdrawn; ``present`` are the identities of all its items,
    of bad ones too.
    """

    articles: tuple[Article, ...]
    items: Mapping[str, Item]
    present: frozenset[str]
    undated: Mapping[str, datetime]
    oldest: datetime | None
    warnings: tuple[str, ...]


class FeedOptions(Table):
    """A feed."""

    url: str = Field(description="The feed's own address, e.g. https://news.example/feed/.")
    language: str = Field("", pattern=LANGUAGE, description="Language of its articles (BCP 47), if it says none.")
    full_text: StrictBool = Field(
        True,
        description="Whether the page of an article is fetched where the feed has no more than an excerpt of it.",
    )
    websub: StrictBool = Field(
        True,
        description="Whether the hub that the feed names (WebSub) is asked to tell of its news at once; only where "
        "`newsroom.public_url` is https and not this machine's own.",
    )
    outlet: str = OUTLET

    @field_validator("url")
    @classmethod
    def _is_url(cls, value: str) -> str:
        # Not the settings' own kind of URL: many feeds end in a slash that must stay.
        if not absolute_url(value):
            raise PydanticCustomError("url", 'a URL starts with https:// (or http://): "https://news.example/feed/"')
        return value


@kind("feed")
class Feed:
    """Reads a feed with conditional GET; a known article that is missing among newer ones is gone."""

    Options: ClassVar[type[Table]] = FeedOptions

    def __init__(self, name: str, options: FeedOptions) -> None:
        self._name = name
        self._options = options

    async def collect(self, http: Http, visit: Visit) -> Collected:
        """Raises ``FetchError`` or ``SourceError``."""
        before = visit.retrieval
        cursor = _read_cursor(before.cursor)
        headers = {"Accept": ACCEPT}
        if before.etag:
            headers["If-None-Match"] = before.etag
        if before.last_modified:
            headers["If-Modified-Since"] = before.last_modified
        answer = await http.get(self._options.url, headers=headers, max_bytes=MAX_BYTES)
        if answer.status == 304:
            hub = None if self._options.websub else Hub()
            return Collected(unchanged=True, retrieval=replace(before, moved_to=answer.moved_to), hub=hub)
        try:
            async with asyncio.timeout(PARSE_SECONDS):
                parsed = await asyncio.to_thread(
                    parse, answer.body, url=answer.url, content_type=answer.headers.get("content-type", "")
                )
                found = await asyncio.to_thread(
                    articles,
                    parsed,
                    source=self._name,
                    now=visit.now,
                    language=self._options.language,
                    first_seen=cursor.seen,
                )
        except TimeoutError as error:
            raise SourceError(f"sources.{self._name}: takes longer than {PARSE_SECONDS} s to read") from error
        except SourceError as error:
            raise SourceError(f"sources.{self._name}: {canonical_url(answer.url)} {error}") from error
        texts = await self._full_texts(http, visit, found, parsed.language, cursor.read)
        return Collected(
            articles=tuple(texts.articles),
            gone=vanished(visit.known, found),
            doubtful=True,
            retrieval=Retrieval(
                # While pages are left the feed is read whole: a 304 would hide them.
                etag="" if texts.left else answer.headers.get("etag", ""),
                last_modified="" if texts.left else answer.headers.get("last-modified", ""),
                cursor=_Cursor(found.undated, texts.read).told(),
                moved_to=answer.moved_to,
            ),
            hub=hub_of(answer.headers.get("link", ""), answer.url, parsed) if self._options.websub else Hub(),
            warnings=tuple(f"sources.{self._name}: {warning}" for warning in (*found.warnings, *texts.warnings)),
        )

    async def _full_texts(
        self, http: Http, visit: Visit, found: FeedArticles, language: str, before: Mapping[str, Read]
    ) -> FullTexts:
        if not self._options.full_text:
            return FullTexts(articles=list(found.articles))
        return await full_texts(
            http,
            found.articles,
            found.items,
            source=self._name,
            now=visit.now,
            language=language or self._options.language,
            before=before,
            known=frozenset(each.guid for each in visit.known),
        )


def parse(data: bytes, *, url: str, content_type: str = "") -> ParsedFeed:
    """Reads a feed of any kind. Raises ``SourceError``."""
    if is_json_feed(data):
        return parse_json_feed(data, url=url)
    return parse_feed(data, url=url, content_type=content_type)


def articles(
    feed: ParsedFeed, *, source: str, now: datetime, language: str = "", first_seen: Mapping[str, datetime]
) -> FeedArticles:
    """Cleans the items of a feed; a bad one is a warning. An undated one is dated by when it was first seen."""
    made: dict[str, Article] = {}
    items: dict[str, Item] = {}
    present: set[str] = set()
    undated: dict[str, datetime] = {}
    warnings = [] if feed.well_formed else [f"the feed is not well formed ({feed.note}); all that could be read was"]
    for number, item in enumerate(feed.items, 1):
        guid = item.guid or canonical_url(item.url)
        present |= {guid, identity_key(item.url)}
        if not guid:
            warnings.append(f"item {number} is left out: it has neither a GUID nor a link")
            continue
        if _PASSWORD_FORM in item.content or _PASSWORD_FORM in item.excerpt:
            continue
        if guid in made:
            warnings.append(f"item {number} is left out: an item before it has the same GUID {guid[:120]}")
            continue
        if not item.published:
            undated[guid] = min(first_seen.get(guid, now), now)
        try:
            dated = replace(item, guid=guid, published=item.published or undated[guid])
            items[guid] = dated
            made[guid] = article_of(dated, source=source, now=now, language=feed.language or language)
        except SourceError as error:
            warnings.append(f"item {number} is left out: {error}")
    oldest = None if undated or not feed.well_formed else _reach(feed.items)
    return FeedArticles(
        articles=tuple(made.values()),
        items=items,
        present=frozenset(present - {""}),
        undated=undated,
        oldest=oldest,
        warnings=tuple(warnings),
    )


def vanished(known: Sequence[Known], found: FeedArticles) -> tuple[str, ...]:
    """The known articles that the feed, from its oldest item on, no longer has.

    An empty feed withdraws nothing, nor does one in another order than time.
    """
    oldest = found.oldest
    if oldest is None:
        return ()
    return tuple(
        each.guid
        for each in known
        if each.published > oldest
        and each.guid not in found.present
        and (not each.url or identity_key(each.url) not in found.present)
    )


def _reach(items: Sequence[Item]) -> datetime | None:
    """How far back a feed reaches that is sorted by time of publication or update; None of any other.

    One item at the front may be pinned: it says nothing about that.
    """
    moments = [
        (item.published, max(item.published, item.updated or item.published)) for item in items if item.published
    ]
    for rest in (moments, moments[1:]):
        for by in (0, 1):
            column = [each[by] for each in rest]
            if column and all(above >= below for above, below in pairwise(column)):
                return min(each[1] for each in rest)
    return None


@dataclass(frozen=True, slots=True)
class _Cursor:
    """What is kept between visits: when undated items were seen first, and which pages were read."""

    seen: Mapping[str, datetime]
    read: Mapping[str, Read]

    def told(self) -> str:
        seen = {guid: moment.isoformat() for guid, moment in self.seen.items()}
        return json.dumps({"seen": seen, "read": {guid: [each.digest, each.tried] for guid, each in self.read.items()}})


def _read_cursor(cursor: str) -> _Cursor:
    try:
        kept = json.loads(cursor or "{}")
        # A store of 0.1 holds the moments alone.
        seen = kept.get("seen", {} if "read" in kept else kept)
        return _Cursor(
            {guid: datetime.fromisoformat(moment) for guid, moment in seen.items()},
            {guid: Read(str(digest), int(tried)) for guid, (digest, tried) in kept.get("read", {}).items()},
        )
    except (ValueError, AttributeError, TypeError):
        return _Cursor({}, {})
