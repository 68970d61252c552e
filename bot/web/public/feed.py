"""RSS 2.0 (rssboard.org/rss-specification, with the Best Practices Profile; checked 2026-11-26)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

_ATOM = "http://www.w3.org/2005/Atom"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
register_namespace("atom", _ATOM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry; its texts are plain. ``url`` is its name for ever, too."""

    title: str
    url: str
    description: str
    category: str
    published: datetime


def feed(*, title: str, description: str, language: str, page: str, address: str, items: Sequence[Item]) -> bytes:
    """The feed at ``address``, of what ``page`` shows to people. Foreign texts lose what XML cannot hold."""
    root = Element("rss", version="2.0")
    channel = SubElement(root, "channel")
    for name, text in (("title", title), ("link", page), ("description", description), ("language", language)):
        _put(channel, name, text)
    SubElement(channel, f"{{{_ATOM}}}link", href=address, rel="self", type="application/rss+xml")
    for each in items:
        item = SubElement(channel, "item")
        _put(item, "title", each.title)
        _put(item, "link", each.url)
        # Readers' programs take a description for HTML.
        _put(item, "description", each.description.replace("&", "&amp;").replace("<", "&lt;"))
        _put(item, "category", each.category)
        SubElement(item, "guid", isPermaLink="true").text = each.url
        _put(item, "pubDate", format_datetime(each.published.astimezone(UTC), usegmt=True))
    made: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def _put(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = _NOT_XML.sub("", text)
