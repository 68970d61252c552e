"""Foreign HTML, made harmless once, where it enters: an allow-list over nh3; and foreign text, made one clean line."""

from __future__ import annotations

import html
import re
from typing import Any

import lxml.html
import nh3

TAGS = frozenset(
    {
        *(
            "p",
            "br",
            "a",
            "em",
            "strong",
            "b",
            "i",
            "u",
            "s",
            "sub",
            "sup",
            "ul",
            "ol",
            "li",
            "blockquote",
            "cite",
            "q",
        ),
        *("h2", "h3", "h4", "figure", "figcaption", "img", "table", "thead", "tbody", "tr", "th", "td"),
        *("pre", "code", "hr"),
    }
)
_ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_NUMBERS = {"width", "height", "start", "colspan", "rowspan"}
# What stands in these is never text for a reader.
_DROPPED = {"script", "style", "template", "noscript", "iframe", "object", "svg", "math", "select", "textarea", "title"}

_BLOCK_START = re.compile(r"<(?=/?(?:p|div|br|li|h[1-6]|tr|td|th|blockquote|figcaption|section|article)\b)", re.I)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_TAG_START = re.compile(r"<[a-zA-Z/!?]")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_DATA_URL = re.compile(r"data:[\w/+.;=-]{0,80},[A-Za-z0-9+/=%_-]{100,}")
MAX_CHARACTERS = 2_000_000
_MAX_TAG = 20_000
_MAX_DEPTH = 200
# C0 and C1 controls but tab, line feed, carriage return; lone surrogates, which no encoding can store; noncharacters.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,8})|([0-9]{1,9}));?", re.IGNORECASE)
# Marks that turn the direction of what follows, and characters without width that hide in words. The joiners
# U+200C and U+200D stay: Persian and emoji are spelt with them.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")


def without_controls(text: str) -> str:
    """``text`` without characters that no document may hold; line ends and tabs stay."""
    return _CONTROLS.sub("", text)


def bounded(markup: str) -> str:
    """``markup`` without what makes parsers take minutes; good HTML comes back as it is, but for ``data:`` pictures.

    Measured 2026-11-24: 100,000 nested elements take nh3 33 s, as many attributes of one tag take libxml2 12 s.
    """
    markup = _DATA_URL.sub("", without_controls(markup))[:MAX_CHARACTERS]
    markup = _REFERENCE.sub(_good_reference, markup)
    kept: list[str] = []
    at = 0
    while match := _TAG_START.search(markup, at):
        start = match.start()
        end = markup.find(">", start)
        end = len(markup) if end < 0 else end + 1
        kept.append(markup[at : start if end - start > _MAX_TAG else end])
        at = end
    markup = "".join(kept) + markup[at:]
    depth = deepest = 0
    for tag in _TAG.finditer(markup):
        depth += -1 if tag[1] else tag[2].lower() not in _VOID
        deepest = max(deepest, depth)
    # libxml2 gives up at a depth of 255, in no time; what lies deeper is lost.
    return tostring(parsed(markup)) if deepest > _MAX_DEPTH else markup


def parsed(markup: str) -> Any:
    """``markup`` as an lxml element ``body``. Never raises; call it with what is ``bounded``."""
    try:
        document = lxml.html.document_fromstring(f"<!DOCTYPE html><html><body>{markup}</body></html>")
        return document.xpath("//body")[0]
    except (lxml.etree.LxmlError, IndexError, ValueError, AssertionError):
        return lxml.html.Element("body")


def tostring(body: Any) -> str:
    """The inner HTML of an lxml element."""
    inner = "".join(lxml.html.tostring(child, encoding="unicode") for child in body)
    return html.escape(body.text or "", quote=False) + inner


def sanitized(markup: str, base_url: str = "") -> str:
    """HTML of the tags in ``TAGS`` alone, with http, https and mailto links only.

    Relative addresses are resolved against ``base_url``; without one their attributes are dropped.
    """
    return nh3.clean(
        bounded(markup),
        tags=set(TAGS),
        attributes=_ATTRIBUTES,
        attribute_filter=_attribute,
        clean_content_tags=_DROPPED,
        url_schemes={"http", "https", "mailto"},
        url_relative=("rewrite_with_base", base_url) if base_url else "deny",
        link_rel=None,
        strip_comments=True,
    ).strip()


def plain(text: str) -> str:
    """One line of plain text from HTML or text: safe as a title, a name, a subject.

    Tags go, entities are decoded once, white space is collapsed; control characters and marks that change the
    direction of writing are removed.
    """
    text = _CONTROLS.sub(" ", text)
    if "<" in text:
        text = nh3.clean(_BLOCK_START.sub(" <", bounded(text)), tags=set(), clean_content_tags=_DROPPED - {"title"})
    # Decoding may bring back what was removed: &#8238; is a mark of direction too.
    return " ".join(_UNSEEN.sub("", _CONTROLS.sub(" ", html.unescape(text))).split())


def _good_reference(match: re.Match[str]) -> str:
    """A numeric reference, unless to a control, which lxml reads but refuses to write (128–159 mean Windows-1252)."""
    number = int(match[1], 16) if match[1] else int(match[2])
    control = number > 0x10FFFF or (not 0x80 <= number <= 0x9F and bool(_CONTROLS.match(chr(number))))
    return "" if control else match[0]


def _attribute(tag: str, name: str, value: str) -> str | None:
    if name in _NUMBERS:
        return value if re.fullmatch(r"[0-9]{1,5}", value) else None
    if name == "dir":
        return value if value in ("ltr", "rtl", "auto") else None
    if tag == "img" and name == "src":
        return value if value.lower().startswith(("http:", "https:")) or ":" not in value.partition("/")[0] else None
    return value
