"""A post's text taken apart, for networks that show its headline, its words and its link each in a form of its own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.model import Post


@dataclass(frozen=True, slots=True)
class Parts:
    """``headline`` is "" where the text does not begin with one. ``body`` is the rest; it holds the link if ``url``
    stands within a line of it, but not where the link is a line of its own."""

    headline: str
    body: str


def headline_of(post: Post) -> str:
    """The article's title (or its beginning, where it was cut) as the text begins with it; "" when it does not."""
    title = post.card.title if post.card else str((post.data.get("story") or {}).get("title") or "")
    first = post.text.split("\n", 1)[0]
    return first if first and title and title.startswith(first.removesuffix("…").rstrip()) else ""


def without_link(post: Post) -> str:
    """The text without the line that is its link, where the network shows the link in a form of its own."""
    lines = [line for line in post.text.split("\n") if not post.url or line.strip() != post.url]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def parts_of(post: Post) -> Parts:
    """``post`` without the line that is its link: a button, a card or a line of the network's own shows that."""
    headline = headline_of(post)
    words = without_link(post)
    # A headline that is the link itself went with it.
    headline = headline if words.startswith(headline) else ""
    return Parts(headline, words[len(headline) :].strip("\n"))


def host_of(url: str) -> str:
    """The name by which readers know the site of ``url``."""
    return (urlsplit(url).hostname or "").removeprefix("www.")
