"""What networks show of a page of ours that somebody shares (Open Graph, ogp.me; checked 2026-11-29)."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from bot.audience.links import image_url
from bot.editions.card import SIZE
from bot.editions.environment import one_line
from bot.model import Newsroom

_TITLE, _DESCRIPTION = 300, 500


def sharing(*, newsroom: Newsroom, url: str, title: str, description: str, card: str = "") -> Markup:
    """The ``meta`` elements of the page at ``url``; ``card`` is the name of its share card, "" without."""
    said = _properties(newsroom, url, one_line(title)[:_TITLE], one_line(description)[:_DESCRIPTION], card)
    return Markup("").join(Markup('<meta property="{}" content="{}">').format(*each) for each in said if each[1])


def with_sharing(page: str, *, newsroom: Newsroom, url: str, title: str, description: str, card: str = "") -> str:
    """An edition's public ``page`` with them in its head."""
    made = sharing(newsroom=newsroom, url=url, title=title, description=description, card=card)
    return page.replace("</head>", f"{made}</head>", 1)


def _properties(newsroom: Newsroom, url: str, title: str, description: str, card: str) -> Iterator[tuple[str, str]]:
    yield "og:type", "article"
    yield "og:site_name", newsroom.name
    yield "og:url", url
    yield "og:title", title
    yield "og:description", description
    if card:
        yield "og:image", image_url(newsroom, card)
        yield "og:image:width", str(SIZE[0])
        yield "og:image:height", str(SIZE[1])
        yield "og:image:alt", f"{title}, {newsroom.name}"
        yield "twitter:card", "summary_large_image"
