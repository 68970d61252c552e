"""From a site's address to the source that reads it: its WordPress API, else its feed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urljoin

from bot.articles.url import absolute_url
from bot.errors import BlockedAddress, FetchError, SourceError
from bot.http import Answer, Http
from bot.model import Phrase
from bot.sanitize import plain
from bot.sources.feed import parse
from bot.sources.wordpress_parse import api_root, endpoint, page_language

_FEED_TYPES = {
    "application/rss+xml": 1,
    "application/atom+xml": 0,
    "application/feed+json": 2,
    "application/rdf+xml": 3,
}
_COMMON = ("/feed/", "/rss", "/atom.xml", "/feed.json", "/index.xml", "/rss.xml", "/feed.xml", "/feed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a site offers: ``type`` is a kind of source, ``url`` its option; ``title`` and ``language`` as it says."""

    type: str
    url: str
    title: str = ""
    language: str = ""


async def discover(http: Http, url: str) -> Found:
    """Finds how to read ``url``, a site or a feed. Raises ``FetchError`` or ``SourceError``, which says what to do."""
    address = url if "://" in url else f"https://{url}"
    answer = await http.get(address)
    language = page_language(answer.body)
    found = _as_feed(answer, language) or await _wordpress(http, answer, language)
    if found:
        return found
    linked = feed_links(answer.body, answer.url)
    for candidate in [*linked, *(urljoin(answer.url, path) for path in _COMMON)]:
        try:
            found = _as_feed(await http.get(candidate), language)
        except BlockedAddress:
            raise
        except FetchError:
            continue
        if found:
            return found
    raise SourceError(
        Phrase(
            "%(url)s: neither a WordPress API nor a feed was found; look for an RSS link on the site and give its "
            "address, or read files with a source of type folder",
            url=absolute_url(address),
        )
    )


def feed_links(page: bytes, base: str) -> list[str]:
    """The feeds that a page names (https://blog.whatwg.org/feed-autodiscovery), the best first, comments last."""
    found: list[tuple[bool, int, int, str]] = []
    text = page[:500_000].decode("utf-8", "replace")
    for number, tag in enumerate(re.findall(r"<(?:link|a)\b[^>]{0,2000}>", text, re.IGNORECASE)[:2000]):
        said = {name.lower(): unescape(one or two) for name, one, two in _ATTRIBUTE.findall(tag)}
        kind = said.get("type", "").lower().partition(";")[0].strip()
        if "alternate" in said.get("rel", "").lower().split() and kind in _FEED_TYPES:
            link = absolute_url(said.get("href", ""), base)
            comments = bool(
                re.search(r"comment|kommentar|comentario", f"{link} {said.get('title', '')}", re.IGNORECASE)
            )
            if link:
                found.append((comments, _FEED_TYPES[kind], number, link))
    return list(dict.fromkeys(link for *_, link in sorted(found)))


_ATTRIBUTE = re.compile(r"(?<![\w-])([\w-]{1,40})\s{0,9}=\s{0,9}(?:\"([^\"]*)\"|'([^']*)')")


def _as_feed(answer: Answer, language: str) -> Found | None:
    try:
        feed = parse(answer.body, url=answer.url, content_type=answer.headers.get("content-type", ""))
    except SourceError:
        return None
    return Found(type="feed", url=answer.url, title=feed.title, language=feed.language or language)


async def _wordpress(http: Http, page: Answer, language: str) -> Found | None:
    root = api_root(page.headers.get("link", ""), page.body, page.url)
    guesses = [root] if root else [urljoin(page.url, "/wp-json/")]
    for guess in guesses:
        try:
            posts = await http.get(endpoint(guess, "wp/v2/posts", per_page=1, _fields="id"))
            if not isinstance(posts.json(), list):
                continue
            about = (await http.get(endpoint(guess, "", _fields="name,home"))).json()
        except BlockedAddress:
            raise
        except FetchError:
            continue
        said = about if isinstance(about, dict) else {}
        home = absolute_url(str(said.get("home") or "")) or page.url
        return Found(
            type="wordpress", url=home.rstrip("/"), title=plain(str(said.get("name") or "")), language=language
        )
    return None
