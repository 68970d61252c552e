"""WebSub: which hub tells of a feed's news, and whether a call is from it. Pure.

W3C Recommendation of 23 January 2018, https://www.w3.org/TR/websub/ §4 and §7.1, its source checked 2026-11-29.
"""

from __future__ import annotations

import hmac
import re

from bot.articles.url import absolute_url
from bot.sources.base import Hub
from bot.sources.feed_parse import ParsedFeed

_LINK = re.compile(r"<([^<>]{1,2000})>\s*;([^<]{0,500})")
_REL = re.compile(r"\brel\s*=\s*(?:\"([^\"]*)\"|([^\s;,\"]+))", re.IGNORECASE)
_LONGEST = 10_000
_METHODS = ("sha512", "sha384", "sha256", "sha1")
"""SHA-1 too: many hubs sign with nothing else, and a forged call would only cause a visit."""


def hub_of(link: str, url: str, feed: ParsedFeed) -> Hub:
    """The hub of a feed that came from ``url``: by its ``Link`` header, else by its own links; none is ``Hub()``.

    Of several the first. The topic is the address that the feed gives itself, else the one it came from.
    """
    told = _links(link)
    hub = absolute_url(told.get("hub", ""), url) or absolute_url(feed.hub, url)
    topic = absolute_url(told.get("self", ""), url) or absolute_url(feed.own_url, url) or url
    return Hub(hub, topic) if hub else Hub()


def is_signed(header: str, secret: str, body: bytes) -> bool:
    """Whether ``X-Hub-Signature`` is that of ``body``, by any method of the Recommendation."""
    method, _, signature = header.strip().partition("=")
    if method.lower() not in _METHODS or not signature.isascii():
        return False
    return hmac.compare_digest(hmac.new(secret.encode(), body, method.lower()).hexdigest(), signature.lower())


def _links(header: str) -> dict[str, str]:
    """By relation, the first address of a ``Link`` header (RFC 8288)."""
    found: dict[str, str] = {}
    for address, parameters in _LINK.findall(header[:_LONGEST]):
        rel = _REL.search(parameters)
        for each in (rel[1] or rel[2] or "").lower().split() if rel else ():
            found.setdefault(each, address.strip())
    return found
