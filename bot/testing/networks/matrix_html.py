"""``org.matrix.custom.html``: what a client shows of a ``formatted_body``, and what it would not show.

After "m.room.message msgtypes" in https://spec.matrix.org/latest/client-server-api/, read in
github.com/matrix-org/matrix-spec of 2026-07-21 (checked 2026-11-29). A server lets any HTML pass; clients drop what the
list does not have.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_TAGS = frozenset(
    [
        "del",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "blockquote",
        "p",
        "a",
        "ul",
        "ol",
        "sup",
        "sub",
        "li",
        "b",
        "i",
        "u",
        "strong",
        "em",
        "s",
        "code",
        "hr",
        "br",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "caption",
        "pre",
        "span",
        "img",
        "details",
        "summary",
    ]
)
_ATTRIBUTES = {
    "span": {"data-mx-bg-color", "data-mx-color", "data-mx-spoiler", "data-mx-maths"},
    "a": {"target", "href"},
    "img": {"width", "height", "alt", "title", "src"},
    "ol": {"start"},
    "code": {"class"},
    "div": {"data-mx-maths"},
}
_VOID = {"br", "hr", "img"}
_BLOCKS = {"p", "div", "blockquote", "ul", "ol", "li", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "tr", "hr", "table"}
_SCHEMES = re.compile(r"(https?|ftp|mailto|magnet):")
_DEEPEST = 100


@dataclass
class Shown:
    """``text`` as read, ``links`` (label, URL), ``images`` (mxc address, alt), and ``breaches`` of the list."""

    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    images: list[tuple[str, str]] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)


class _Client(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.shown = Shown()
        self._open: list[str] = []
        self._parts: list[str] = []
        self._links: list[tuple[int, str]] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            self.shown.breaches.append(f"<{tag}> is not allowed")
            self._unseen += tag in ("script", "style")
            return
        given = {name: value or "" for name, value in attrs}
        for name in given.keys() - _ATTRIBUTES.get(tag, set()):
            self.shown.breaches.append(f"{name} is not allowed on <{tag}>")
        if tag == "code" and not given.get("class", "language-").startswith("language-"):
            self.shown.breaches.append("class of <code> must begin with language-")
        if tag in _BLOCKS or tag == "br":
            self._parts.append("\n")
        if tag == "img":
            self._image(given)
        if tag in _VOID:
            return
        if tag == "a":
            href = given.get("href", "")
            if not _SCHEMES.match(href):
                self.shown.breaches.append(f"<a> leads to no absolute address: {href[:40]!r}")
                href = ""
            self._links.append((len(self._parts), href))
        self._open.append(tag)
        if len(self._open) > _DEEPEST:
            self.shown.breaches.append("tags are nested more than 100 deep")

    def _image(self, given: dict[str, str]) -> None:
        if given.get("src", "").startswith("mxc://"):
            self.shown.images.append((given["src"], given.get("alt", "")))
        else:
            self.shown.breaches.append("<img> shows mxc:// addresses only")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._unseen = max(0, self._unseen - 1)
        if tag not in _TAGS or tag in _VOID:
            return
        if not self._open or self._open[-1] != tag:
            self.shown.breaches.append(f"</{tag}> closes nothing, or the wrong tag")
            if tag not in self._open:
                return
        while self._open and self._open.pop() != tag:
            pass
        if tag == "a":
            start, href = self._links.pop()
            if href:
                self.shown.links.append(("".join(self._parts[start:]).strip(), href))
        if tag in _BLOCKS:
            self._parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._parts.append(data if "pre" in self._open else re.sub(r"\s+", " ", data))

    def finished(self) -> Shown:
        self.close()
        self.shown.breaches += [f"<{tag}> is not closed" for tag in self._open]
        lines = [line.strip() for line in "".join(self._parts).split("\n")]
        self.shown.text = "\n".join(line for line in lines if line)
        return self.shown


def shown(formatted_body: str) -> Shown:
    """What a client makes of it. Blank lines are not kept."""
    client = _Client()
    client.feed(formatted_body)
    return client.finished()
