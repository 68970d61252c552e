"""The order of blocks: divisions and loose text become paragraphs, so that no two of them run into one another."""

from __future__ import annotations

from typing import Any

import lxml.html
from lxml import etree

_RENAMED = dict(
    pair.split(":")
    for pair in (
        *("h1:h2", "h5:h4", "h6:h4", "dl:ul", "dt:li", "dd:li", "menu:ul", "dir:ul", "summary:h4"),
        *("del:s", "strike:s", "kbd:code", "samp:code", "tt:code", "tfoot:tbody"),
    )
)
_BOXES = {
    *("div", "section", "article", "main", "header", "footer", "aside", "address", "center", "details", "fieldset"),
    *("noscript", "hgroup", "form"),
}
# An element that gives way to what it holds. All of them go at once: lxml's ``drop_tag`` counts all siblings each time.
_GIVES_WAY = "gives-way"
_BLOCKS = (
    _BOXES
    | {_GIVES_WAY}
    | {"p", "ul", "ol", "li", "table", "figure", "figcaption", "blockquote", "h2", "h3", "h4", "pre", "hr"}
)
_EMPTY_GOES = (
    "p",
    "h2",
    "h3",
    "h4",
    "li",
    "ul",
    "ol",
    "blockquote",
    "figure",
    "figcaption",
    "table",
    "a",
    "em",
    "strong",
)
_SOURCE_WORDS = 15
_KEEPS = {"img", "hr", "td", "th"}
"""What makes an element worth keeping although it has no text."""


def settle_blocks(root: Any) -> None:
    """Turns an lxml tree of any HTML into a flat order of the blocks that ``bot.sanitize`` admits."""
    for element in root.iter():
        if element.tag in _RENAMED:
            element.tag = _RENAMED[element.tag]
    _settle_figures(root)
    _free_blocks(root)
    for box in reversed(list(root.iter(*_BOXES))):
        if next(box.iterancestors("figure", "figcaption"), None) is None:
            _wrap_loose(box)
        box.tag = _GIVES_WAY
    etree.strip_tags(root, _GIVES_WAY)
    for quote in list(root.iter("blockquote")):
        _settle_source(quote)
        _wrap_loose(quote)
    _wrap_loose(root)
    for paragraph in list(root.iter("p")):
        _settle_picture(paragraph)
    drop_empty(root)


def drop_empty(root: Any) -> None:
    """Removes elements without text and pictures, the innermost first."""
    for element in reversed(list(root.iter(*_EMPTY_GOES))):
        if not element.text_content().strip() and next(element.iter(*_KEEPS), None) is None:
            element.drop_tree()
    for figure in root.iter("figure"):
        figure.text = (figure.text or "").strip()
        for child in figure:
            child.tail = (child.tail or "").strip()


def _settle_figures(root: Any) -> None:
    """Galleries are figures of figures, or lists of pictures; captions of old themes are paragraphs with a class."""
    for element in list(root.iter("div", "ul", "p")):
        names = (element.get("class") or "").split()
        if "gallery-item" in names or "wp-caption" in names:
            element.tag = "figure"
        elif "wp-caption-text" in names or "gallery-caption" in names:
            element.tag = "figcaption"
    for element in list(root.iter("li")):
        names = (element.get("class") or "").split()
        if "gallery-icon" in names:
            element.drop_tag()
        elif "wp-caption-text" in names or "gallery-caption" in names:
            element.tag = "figcaption"
    for figure in list(root.iter("figure")):
        if figure.find(".//figure") is not None:
            for label in figure.findall("figcaption"):
                label.tag = "p"
            figure.tag = "div"
        elif figure.find(".//table") is not None:
            figure.tag = "div"
    for label in list(root.iter("figcaption")):
        if next(label.iterancestors("figure"), None) is None:
            label.tag = "p"
    for quote in root.iter("blockquote"):
        for element in quote.findall(".//footer"):
            element.tag = "cite"


def _free_blocks(root: Any) -> None:
    """Blocks inside paragraphs, links and emphasis: the outer element gives way."""
    for element in list(
        root.iter("p", "a", "span", "font", "strong", "b", "em", "i", "u", "s", "h2", "h3", "h4", "label")
    ):
        if element.tag == _GIVES_WAY:
            continue
        if any(inner is not element and inner.tag in _BLOCKS for inner in element.iter()):
            if element.tag == "p":
                element.tag = "div"
            elif element.tag in ("h2", "h3", "h4"):
                for inner in list(element.iter(*_BLOCKS)):
                    if inner is not element and inner.tag != "figure":
                        inner.tag = _GIVES_WAY
            else:
                element.tag = _GIVES_WAY
    etree.strip_tags(root, _GIVES_WAY)


def _wrap_loose(box: Any) -> None:
    """Puts each run of text and inline elements that stands directly in ``box`` into a paragraph of its own."""
    children = list(box)
    parts: list[Any] = [box.text or ""]
    for child in children:
        parts += [child, child.tail or ""]
        child.tail = None
    box.text = None
    for child in children:
        box.remove(child)
    run: list[Any] = []
    breaks = 0
    for part in parts:
        if isinstance(part, str):
            run.append(part)
            breaks = breaks if not part.strip() else 0
        elif part.tag == "br":
            breaks += 1
            run.append(part)
            if breaks > 1:
                _flush(box, run)
        elif part.tag in _BLOCKS or (part.tag == "cite" and box.tag == "blockquote"):
            _flush(box, run)
            box.append(part)
            breaks = 0
        else:
            run.append(part)
            breaks = 0
    _flush(box, run)


def _flush(box: Any, run: list[Any]) -> None:
    while run and (not run[-1].strip() if isinstance(run[-1], str) else run[-1].tag == "br"):
        run.pop()
    while run and (not run[0].strip() if isinstance(run[0], str) else run[0].tag == "br"):
        run.pop(0)
    if run:
        paragraph = lxml.html.Element("p")
        last = None
        for part in run:
            if not isinstance(part, str):
                paragraph.append(part)
                last = part
            elif last is not None:
                last.tail = (last.tail or "") + part
            else:
                paragraph.text = (paragraph.text or "") + part
        box.append(paragraph)
    run.clear()


def _settle_source(quote: Any) -> None:
    """A short line left loose below the paragraphs of a quotation is who said it."""
    last = quote[-1] if len(quote) else None
    if last is not None and last.tag == "p" and 0 < len((last.tail or "").split()) <= _SOURCE_WORDS:
        cite = lxml.html.Element("cite")
        cite.text, last.tail = last.tail.strip(" —–-\n\t"), None
        quote.append(cite)


def _settle_picture(paragraph: Any) -> None:
    """A paragraph of nothing but one picture is a figure."""
    lonely = len(list(paragraph.iter("img"))) == 1 and not paragraph.text_content().strip()
    if lonely and next(paragraph.iterancestors("figure", "li", "td"), None) is None:
        paragraph.tag = "figure"
