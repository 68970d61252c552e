"""A site before it is a source: what is found behind an address, and the first articles it would bring."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from bot.articles.language import forget_languages
from bot.errors import SourceError
from bot.http import Http
from bot.model import Article, Phrase
from bot.sources.base import Visit, kinds
from bot.sources.discovery import Found, discover

SHOWN = 5
"""Articles that are shown of it."""
LATELY = timedelta(days=7)
LONGEST_KEY = 40
_NOT_KEY = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class FirstLook:
    """``newest`` articles of what was ``found``; ``lately`` counts those of the last week among the ``total``.

    ``whole``: most of them bring their full text themselves.
    """

    found: Found
    newest: tuple[Article, ...]
    total: int
    lately: int
    whole: bool
    warnings: tuple[str, ...] = ()

    @property
    def table(self) -> dict[str, Any]:
        """What would stand in ``[sources.KEY]``."""
        return {"type": self.found.type, "url": self.found.url}


async def first_look(http: Http, url: str, now: datetime) -> FirstLook:
    """Looks what is behind ``url``, and reads it once.

    Keeps nothing. Raises ``FetchError`` (``BlockedAddress`` for one inside) or ``SourceError``, which say what to do.
    """
    found = await discover(http, url)
    cls = kinds()[found.type]
    # Not the pages behind it: who only looks must not have to wait for fifty of them.
    quick: dict[str, Any] = {"full_text": False} if found.type == "feed" else {"per_page": 20}
    source = cls("new", cls.Options.model_validate({"url": found.url, **quick}))
    try:
        collected = await source.collect(http, Visit(now=now))
    finally:
        forget_languages()
    if not collected.articles:
        raise SourceError(Phrase("%(url)s: it can be read, but there is no article in it yet", url=found.url))
    ordered = sorted(collected.articles, key=lambda each: each.published, reverse=True)
    return FirstLook(
        found=found,
        newest=tuple(ordered[:SHOWN]),
        total=len(ordered),
        lately=sum(each.published >= now - LATELY for each in ordered),
        whole=sum(len(each.body) > _WHOLE for each in ordered) * 2 > len(ordered),
        warnings=collected.warnings,
    )


_WHOLE = 1500
"""Characters of a body that is more than an excerpt."""


def key_for(found: Found, taken: Mapping[str, object]) -> str:
    """A key for what was found that none of ``taken`` is: its host's name, numbered where that is taken."""
    host = (urlsplit(found.url).hostname or "").removeprefix("www.")
    # Of an address that is a number nobody knows what it is.
    words = "" if host.rpartition(".")[2].isdecimal() else host.rpartition(".")[0] or host
    name = _NOT_KEY.sub("-", words).strip("-")[:LONGEST_KEY].strip("-") or "site"
    return next(key for key in (name, *(f"{name}-{number}" for number in range(2, 10_000))) if key not in taken)
