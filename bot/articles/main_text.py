"""The main text of a page, by trafilatura, without what stands beside it: captions that became paragraphs, links to
other articles.

trafilatura reads worse when it is asked for pictures, too (measured on its own 990 pages: precision 0.885 instead of
0.907, for captions and teasers come along). So it is asked twice: once for the words, once for where pictures stand.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from lxml import etree

from bot.sanitize import bounded, parsed, tostring

_BLOCKS = ("p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "figcaption", "blockquote", "pre", "td", "th", "div")
_LOST = 0.05
"""Of the words, so many may be missing where the pictures are."""


def main_text(root: Any, address: str) -> str:
    """HTML of the article on a page, not sanitised; "" when there is none. Never raises. ``root`` is not changed."""
    words = _extracted(root, address, pictures=False)
    if not words:
        return ""
    plain = parsed(bounded(words))
    illustrated = _agreeing(_extracted(root, address, pictures=True), plain)
    found = plain if illustrated is None else illustrated
    _drop_teasers(found, address)
    return tostring(found)


def _extracted(root: Any, address: str, *, pictures: bool) -> str:
    # Takes a third of a second to import, which commands that read no page need not pay.
    import trafilatura

    try:
        return (
            trafilatura.extract(
                root,
                url=address or None,
                output_format="html",
                include_comments=False,
                include_formatting=True,
                include_images=pictures,
                include_links=True,
                include_tables=True,
            )
            or ""
        )
    except Exception:  # foreign code on foreign input: whatever it raises, the page simply has no main text
        return ""


def _agreeing(illustrated: str, plain: Any) -> Any:
    """``illustrated`` with no more words than ``plain``; None when it has fewer."""
    if "<img" not in illustrated:
        return None
    known = _flat(plain)
    found = parsed(bounded(illustrated))
    for block in [each for each in found.iter(*_BLOCKS) if not each.xpath("./p | ./li | ./div | ./blockquote")]:
        text = _flat(block)
        if text and text not in known:
            _keep_pictures(block)
    return found if len(_flat(found)) >= len(known) * (1 - _LOST) else None


def _keep_pictures(block: Any) -> None:
    pictures = list(block.iter("img"))
    tail, parent = block.tail, block.getparent()
    if parent is None:
        return
    for picture in pictures:
        picture.tail = None
        block.addprevious(picture)
    block.tail = None
    if tail and tail.strip():
        before = block.getprevious()
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    parent.remove(block)


def _drop_teasers(root: Any, address: str) -> None:
    """Blocks that are nothing but a link to another page of the same site."""
    here = urlsplit(address).hostname
    for block in list(root.iter("p", "li", "h2", "h3", "h4", "h5", "h6")):
        text = _flat(block)
        links = [link for link in block.iter("a") if _flat(link)]
        if len(links) != 1 or _flat(links[0]) != text or block.find(".//img") is not None:
            continue
        if here and urlsplit(links[0].get("href") or "").hostname == here and block.getparent() is not None:
            block.drop_tree()
    etree.strip_elements(root, etree.Comment, with_tail=False)


def _flat(element: Any) -> str:
    return " ".join(element.text_content().split())
