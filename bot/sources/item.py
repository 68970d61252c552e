"""From an item as a source gives it to an article: the cleaning that all kinds of source share. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.articles.body import Body, clean_body
from bot.articles.excerpt import STANDFIRST_CHARACTERS, first_words, hand_written, is_cut
from bot.articles.language import language_of
from bot.articles.text import paragraphs
from bot.articles.url import canonical_url, image_key
from bot.errors import SourceError
from bot.model import Article, Image
from bot.sanitize import plain, without_controls

LEAD_WIDTH = 200
"""A picture known to be narrower, in pixels, is not made the lead of an article that names none."""

_TITLE_CHARACTERS = 500
_NAMES = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item, nothing cleaned. ``title``, ``excerpt`` and ``content`` are HTML or text; ``standfirst`` is the
    editor's own, ``excerpt`` may be cut from ``content``. ``url`` may be relative to nothing and hostile.
    """

    guid: str
    url: str
    title: str = ""
    standfirst: str = ""
    excerpt: str = ""
    content: str = ""
    published: datetime | None = None
    updated: datetime | None = None
    authors: Iterable[str] = ()
    sections: Iterable[str] = ()
    tags: Iterable[str] = ()
    language: str = ""
    image: Image | None = None
    pinned: bool = False


def guid_from(text: str) -> str:
    """What a source says of an item's identity, on one line, at most 1,000 characters, fit to be stored."""
    return " ".join(without_controls(text).split())[:1000]


def article_of(item: Item, *, source: str, now: datetime, language: str = "", link_needed: bool = True) -> Article:
    """The item, cleaned. Without a date it is published ``now``; a future date stays. Raises ``SourceError``."""
    url = canonical_url(item.url)
    if not url and (link_needed or item.url):
        shown = plain(item.url)[:80]
        raise SourceError(f'"{shown}" is not a web address' if shown else "it has no link")
    title = plain(item.title)[:_TITLE_CHARACTERS]
    standfirst = plain(item.standfirst) or hand_written(item.excerpt, item.content)
    content, used_up = item.content, False
    if not plain(content) and not item.standfirst:
        standfirst, used_up = _only_excerpt(item.excerpt, url)
        content = item.excerpt
    body = clean_body(content, url, title=title, standfirst=standfirst, lead=item.image)
    lead = item.image or next((each for each in body.images if (each.width or LEAD_WIDTH) >= LEAD_WIDTH), None)
    if lead and not item.image:
        body = clean_body(content, url, title=title, standfirst=standfirst, lead=lead)
    text = paragraphs(body.html)
    if not title:
        title = first_words(standfirst or " ".join(text[:3]) or plain(body.html))
    if not title:
        raise SourceError("it has neither title nor text")
    published = item.published or now
    return Article(
        source=source,
        guid=item.guid or url,
        url=url,
        title=title,
        published=published.astimezone(UTC),
        updated=item.updated.astimezone(UTC) if item.updated and item.updated > published else None,
        standfirst=standfirst,
        authors=_names(item.authors),
        sections=_names(item.sections),
        tags=_names(item.tags),
        language=language_of(" ".join((title, standfirst, *text[:5])), body.language or item.language or language),
        image=_described(lead, body),
        images=tuple(each for each in body.images if not lead or image_key(each.url) != image_key(lead.url)),
        body="" if used_up else body.html,
        pinned=item.pinned,
    )


def _only_excerpt(excerpt: str, url: str) -> tuple[str, bool]:
    """Of an item without content: its standfirst, and whether nothing is left for the body then."""
    body = clean_body(excerpt, url)
    text = plain(body.html)
    short = len(text) <= STANDFIRST_CHARACTERS and len(paragraphs(body.html)) <= 1 and not is_cut(text)
    return (text, True) if short else ("", False)


def _described(lead: Image | None, body: Body) -> Image | None:
    """The lead picture, with what the body says of it where the source itself says nothing."""
    twin = body.lead
    if lead is None or twin is None:
        return lead
    return replace(
        lead, alt=lead.alt or twin.alt, caption=lead.caption or twin.caption, credit=lead.credit or twin.credit
    )


def _names(names: Iterable[str]) -> tuple[str, ...]:
    cleaned = (plain(name)[:200] for name in names)
    return tuple(dict.fromkeys(name for name in cleaned if name))[:_NAMES]
