"""A post as its followers will see it, near enough to judge it by: text with its links, card, pictures, counts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import regex
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.editions.compose import Outlet
from bot.editions.counting import fits, length, size
from bot.model import Counting, Limits, Newsroom, Post, Rendition

_NAMES = {
    "x": "X",
    "linkedin": "LinkedIn",
    "teams": "Microsoft Teams",
    "ntfy": "ntfy",
    "webhook": "Webhook",
}
_COUNTS = {
    Counting.WEIGHTED: "as X counts them",
    Counting.UTF16: "in UTF-16",
    Counting.THREADS: "emoji by their bytes",
}
_SHOWN = 30
"""Characters of an address that Mastodon shows; X shows about as many."""
_MOST = 10_000
"""Characters of a payload that a page shows."""


@dataclass(frozen=True, slots=True)
class Span:
    """A run of a post's text as it is shown: ``kind`` is ``link``, ``hashtag`` or "" (words)."""

    text: str
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostView:
    """One post for the eye. ``kind`` is the channel's type, ``network`` its name as people know it.

    ``used`` is the text's length as the network counts it; ``facts`` are what else an editor wants to know of it.
    ``payload`` is what goes on the wire, "" where it is not known.
    """

    channel: str
    kind: str
    network: str
    subject: str
    account: str
    post: Post
    limits: Limits
    lines: tuple[tuple[Span, ...], ...]
    used: int
    size: int
    fits: bool
    facts: tuple[str, ...]
    domain: str
    letter: str
    payload: str = ""

    @property
    def counter(self) -> str:
        """``281 of 300 characters, 290 of 3,000 bytes``."""
        limits, counts = self.limits, []
        if limits.characters is not None or limits.size is None:
            most = f" of {limits.characters:,}" if limits.characters is not None else ""
            how = _COUNTS.get(limits.counting, "")
            counts.append(f"{self.used:,}{most} characters{f' {how}' if how else ''}")
        if limits.size is not None:
            counts.append(f"{self.size:,} of {limits.size:,} bytes")
        return ", ".join(counts)


def network_name(kind: str) -> str:
    """``mastodon`` → ``Mastodon``."""
    return _NAMES.get(kind, kind[:1].upper() + kind[1:])


def view(
    rendition: Rendition, outlet: Outlet, newsroom: Newsroom, *, account: str = "", payload: Any = None
) -> PostView:
    """``rendition``, a post's, as the channel of ``outlet`` shows it; ``account`` is who posts, where that is known."""
    post = rendition.post
    assert post is not None
    limits = outlet.limits
    return PostView(
        channel=rendition.channel,
        kind=outlet.kind,
        network=network_name(outlet.kind),
        subject=rendition.subject,
        account=account or rendition.channel,
        post=post,
        limits=limits,
        lines=tuple(tuple(_spans(line, post, short=limits.url is not None)) for line in post.text.split("\n")),
        used=length(post.text, limits, warning=post.warning),
        size=size(post.text, limits),
        fits=fits(post.text, limits, warning=post.warning),
        facts=tuple(_facts(post, limits)),
        domain=(urlsplit(post.url).hostname or newsroom.site).removeprefix("www."),
        letter=regex.sub(r"^(?:the|die|der|das|le|la|el|il)\s+", "", newsroom.name, flags=regex.IGNORECASE)[:1].upper(),
        payload=_json(payload) if payload is not None else "",
    )


def page(views: Sequence[PostView], newsroom: Newsroom, title: str, folders: Sequence[Path]) -> str:
    """A page of its own with ``views``: it loads nothing but the pictures that the posts show."""
    template = _environment(tuple(folders)).get_template("posts/page.html.j2")
    return template.render(views=views, newsroom=newsroom, title=title)


@cache
def _environment(folders: tuple[Path, ...]) -> Environment:
    return Environment(
        loader=FileSystemLoader([folder / "pages" for folder in folders]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _spans(line: str, post: Post, *, short: bool) -> Iterator[Span]:
    """``short``: where an address counts the same whatever its length, the network shows its beginning only."""
    marked = {each: "hashtag" for each in post.hashtags if each}
    if post.url:
        marked[post.url] = "link"
    if not marked:
        yield Span(line)
        return
    known = "|".join(regex.escape(each) for each in sorted(marked, key=len, reverse=True))
    for part in regex.split(rf"((?<![\w#])(?:{known})(?!\w))", line):
        if part:
            kind = marked.get(part, "")
            yield Span(_beginning(part) if short and kind == "link" else part, kind)


def _beginning(url: str) -> str:
    shown = regex.sub(r"^https?://(?:www\.)?", "", url)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _facts(post: Post, limits: Limits) -> Iterator[str]:
    if post.parts > 1:
        yield f"Part {post.part} of {post.parts} of a thread"
    elif post.answers:
        yield "A reply"
    if post.warning:
        yield f"Folded behind “{post.warning}”"
    if post.language:
        yield f"Language: {post.language}"
    if post.url and post.url in post.text and limits.url is not None:
        yield f"The link counts {limits.url}"
    if post.pictures:
        yield "Shows pictures of its own"
    elif post.card and post.card.url:
        yield "The link has a card" if limits.card else "The network may make a card of the page it links to"


def _json(payload: Any) -> str:
    text = json.dumps(payload, ensure_ascii=False, indent=2)
    return text if len(text) <= _MOST else f"{text[:_MOST]}\n…"
