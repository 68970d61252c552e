"""Source ``wordpress``: a site's posts through its REST API, which every WordPress since 4.7 has."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import Field

from bot.errors import FetchError, SourceError
from bot.http import Http
from bot.model import Article
from bot.settings import Table, Url
from bot.sources.base import OUTLET, Collected, Known, Retrieval, Visit, kind
from bot.sources.feed import LANGUAGE
from bot.sources.wordpress_parse import (
    EMBED,
    FIELDS,
    api_root,
    endpoint,
    guid_of,
    is_public,
    page_language,
    parse_posts,
)

OVERLAP = timedelta(hours=26)
"""The API compares dates in the site's local time: a window overlaps the one before by more than any time zone."""

MAX_PAGES = 20
_ASKED_AT_ONCE = 100
_POST_ID = re.compile(r"[?&]p=(\d{1,18})$")


class WordPressOptions(Table):
    """A WordPress site."""

    url: Url = Field(description="The site, e.g. https://news.example, or the root of its REST API.")
    language: str = Field("", pattern=LANGUAGE, description="Language of its posts (BCP 47); left out: what it says.")
    per_page: int = Field(50, ge=1, le=100, description="How many posts are asked for at once.")
    first_days: int = Field(7, ge=0, le=365, description="How many days back the first visit reads.")
    outlet: str = OUTLET


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What is kept between visits: where the API is, when it was read, and the post ids of articles by GUID."""

    url: str = ""
    root: str = ""
    language: str = ""
    since: str = ""
    ids: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: str) -> Memory:
        """What ``written`` wrote; an empty memory for anything else."""
        try:
            memory = cls(**json.loads(cursor or "{}"))
            _ = memory.since and datetime.fromisoformat(memory.since)
            return cls(**{**asdict(memory), "ids": {str(guid): int(post) for guid, post in memory.ids.items()}})
        except (ValueError, TypeError, AttributeError):
            return cls()

    def written(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":"))


@kind("wordpress")
class WordPress:
    """Reads what is new or changed, and asks whether what it knows of the last days is still public."""

    Options: ClassVar[type[Table]] = WordPressOptions

    def __init__(self, name: str, options: WordPressOptions) -> None:
        self._name = name
        self._options = options

    async def collect(self, http: Http, visit: Visit) -> Collected:
        """Raises ``FetchError`` or ``SourceError``."""
        memory = Memory.read(visit.retrieval.cursor)
        warnings: list[str] = []
        found = None
        if memory.root and memory.url == self._options.url:
            try:
                found = await self._posts(http, memory, visit.now, warnings)
            except FetchError as error:
                if error.status != 404:
                    raise
        if found is None:  # the first visit, or the API is no longer where it was
            place = await self._find(http)
            memory = replace(place, since=memory.since, ids=memory.ids) if memory.url == place.url else place
            found = await self._posts(http, memory, visit.now, warnings)
        language = self._options.language or memory.language
        try:
            parsed = await asyncio.to_thread(parse_posts, found, source=self._name, now=visit.now, language=language)
            gone, more = await self._gone(http, memory, visit.known, parsed.ids)
        except SourceError as error:
            raise SourceError(f"sources.{self._name}: {memory.root} {error}") from error
        closed = {each.guid for each in visit.known} & set(parsed.closed)
        kept = {guid: post for guid, post in memory.ids.items() if any(each.guid == guid for each in visit.known)}
        written = Memory(
            url=self._options.url,
            root=memory.root,
            language=memory.language,
            since=visit.now.isoformat(),
            ids=kept | parsed.ids,
        )
        return Collected(
            articles=_by_date(parsed.articles),
            gone=tuple(sorted({*gone, *closed})),
            retrieval=Retrieval(cursor=written.written()),
            warnings=tuple(f"sources.{self._name}: {each}" for each in [*warnings, *parsed.warnings, *more]),
        )

    async def _find(self, http: Http) -> Memory:
        """Finds the API: by the page's own word, else at the two places where it always is."""
        url = self._options.url
        if "/wp-json" in url or "rest_route=" in url:
            return Memory(url=url, root=re.sub(r"/wp/v2(?:/posts)?$", "", url))
        page = await http.get(url)
        root = api_root(page.headers.get("link", ""), page.body, page.url)
        for guess in [] if root else [f"{url}/wp-json/", f"{url}/?rest_route=/"]:
            try:
                posts = (await http.get(endpoint(guess, "wp/v2/posts", per_page=1, _fields="id"))).json()
            except FetchError:
                continue
            if isinstance(posts, list):
                root = guess
                break
        if not root:
            raise SourceError(
                f"sources.{self._name}: {url} has no open WordPress API; "
                f'try type = "feed" with url = "{url}/feed/", or `broadsheet init --url {url}`'
            )
        return Memory(url=url, root=root, language=page_language(page.body))

    async def _posts(self, http: Http, memory: Memory, now: datetime, warnings: list[str]) -> list[dict[str, Any]]:
        posts: dict[int, dict[str, Any]] = {}
        for window in self._windows(memory, now):
            posts |= {post["id"]: post for post in await self._pages(http, memory.root, window, warnings)}
        return list(posts.values())

    def _windows(self, memory: Memory, now: datetime) -> Iterable[dict[str, str]]:
        """Which posts are asked for. A scheduled post keeps the date of its last change when it appears, so that
        "modified after" alone would miss it.
        """
        if not memory.since:
            return [{"after": _iso(now - timedelta(days=self._options.first_days))}]
        since = _iso(datetime.fromisoformat(memory.since) - OVERLAP)
        return [{"after": since}, {"modified_after": since}]

    async def _pages(self, http: Http, root: str, window: dict[str, str], warnings: list[str]) -> list[dict[str, Any]]:
        asked: dict[str, str | int] = {
            **window,
            "per_page": self._options.per_page,
            "orderby": "modified" if "modified_after" in window else "date",
            "order": "desc",
            "status": "publish",
            "_fields": ",".join(FIELDS),
            "_embed": EMBED,
        }
        found: list[dict[str, Any]] = []
        for page in range(1, MAX_PAGES + 1):
            try:
                answer = await http.get(endpoint(root, "wp/v2/posts", page=page, **asked))
            except FetchError as error:
                if page > 1 and error.status == 400:
                    return found  # posts went while we paged, and with them the last page
                raise
            posts = answer.json()
            if not isinstance(posts, list):
                raise SourceError(f"sources.{self._name}: {root} answers with something other than a list of posts")
            found += [post for post in posts if isinstance(post, dict) and isinstance(post.get("id"), int)]
            total = answer.headers.get("x-wp-totalpages", "")
            # Some proxies drop the header: then a page that is not full is the last.
            last = page >= int(total) if total.isdigit() else len(posts) < self._options.per_page
            if last:
                return found
        warnings.append(f"more than {MAX_PAGES * self._options.per_page} posts at once; the oldest were not read")
        return found

    async def _gone(
        self, http: Http, memory: Memory, known: Iterable[Known], seen: dict[str, int]
    ) -> tuple[set[str], list[str]]:
        """The known articles whose posts are no longer public, and warnings."""
        asked = {each.guid: _post_id(each.guid, memory.ids) for each in known if each.guid not in seen}
        ids = {guid: post for guid, post in asked.items() if post is not None}
        numbers = sorted(set(ids.values()))
        public: set[int] = set()
        for start in range(0, len(numbers), _ASKED_AT_ONCE):
            part = numbers[start : start + _ASKED_AT_ONCE]
            address = endpoint(
                memory.root,
                "wp/v2/posts",
                include=",".join(str(number) for number in part),
                per_page=_ASKED_AT_ONCE,
                _fields="id,guid,link,status,content.protected",
            )
            posts = (await http.get(address)).json()
            if not isinstance(posts, list):
                raise SourceError("answers with something other than a list of posts")
            # An id alone could be another site's: the GUID must be that of the article.
            public |= {
                post["id"]
                for post in posts
                if isinstance(post, dict) and is_public(post) and ids.get(guid_of(post)) == post.get("id")
            }
        if numbers and not public and not seen:
            return set(), ["the site lists no posts at all; nothing is withdrawn for that"]
        return {guid for guid, post in ids.items() if post not in public}, []


def _post_id(guid: str, ids: dict[str, int]) -> int | None:
    match = _POST_ID.search(guid)
    return ids.get(guid) or (int(match[1]) if match else None)


def _by_date(articles: Iterable[Article]) -> tuple[Article, ...]:
    return tuple(sorted(articles, key=lambda article: article.published, reverse=True))


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S")
