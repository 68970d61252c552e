"""The text of a clean body: its paragraphs of prose, and how long it takes to read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import regex

from bot.sanitize import bounded, parsed, plain

WORDS_A_MINUTE = 230
CHARACTERS_A_MINUTE = 500
"""Of Chinese and Japanese, which put no space between words."""

_CJK = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_WORD = regex.compile(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’.,:-]*")
_ENDED = regex.compile(r"[.!?…:;。！？؟।][\"'”’»」』)\]]*$")
_NOT_PROSE = {"figure", "figcaption", "table", "pre", "blockquote", "cite", "h2", "h3", "h4", "li"}
_PSEUDO_HEADING_WORDS = 12
_HEADINGS = ("h2", "h3", "h4")


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph of a body, or, where ``heading``, the line above some."""

    text: str
    heading: bool = False


def standing(body: str) -> Any:
    """A clean body as an lxml element, without what the newsroom struck out: that it no longer says."""
    root = parsed(bounded(body))
    for struck in list(root.iter("s")):
        struck.drop_tree()
    return root


def paragraphs(body: str) -> tuple[str, ...]:
    """The paragraphs of prose in a clean body, as plain text, in order.

    Headings, captions, tables, code, quotations set apart (such as posts of social networks) and paragraphs that are
    one link (embedded videos) are not prose. A body that has only lists or quotations gives those.
    """
    root = standing(body)
    prose = tuple(_texts(element for element in root.iter("p") if _is_prose(element)))
    if prose:
        return prose
    if root.find(".//p") is None and root.find(".//li") is None:
        return (
            tuple(_texts([root]))
            if not len(root) or not root.xpath("./*[self::h2 or self::h3 or self::figure]")
            else ()
        )
    return tuple(_texts(each for each in root.iter("li", "p") if not _within(each, {"figure", "figcaption", "table"})))


def passages(body: str) -> tuple[Passage, ...]:
    """The paragraphs of prose, and the headings between them, in order; lists as paragraphs, an item each."""
    root = standing(body)
    found: list[Passage] = []
    for element in root.iter("p", "li", *_HEADINGS):
        heading = element.tag in _HEADINGS or (element.tag == "p" and _is_heading(element))
        if heading or _is_prose(element) or _is_item(element):
            found += [Passage(text, heading) for text in _texts([element])]
    # Text without any element is one paragraph.
    return tuple(found) or tuple(Passage(text) for text in paragraphs(body))


def reading_minutes(body: str) -> int:
    """Whole minutes, at least 1: 230 words a minute, or 500 characters of Chinese or Japanese."""
    text = plain(body)
    characters = len(_CJK.findall(text))
    words = len(_WORD.findall(_CJK.sub(" ", text)))
    return max(1, round(words / WORDS_A_MINUTE + characters / CHARACTERS_A_MINUTE))


def _is_prose(element: Any) -> bool:
    if _within(element, _NOT_PROSE):
        return False
    text = " ".join(element.text_content().split())
    return not any(_is(element, text, tag) for tag in ("a", "strong", "b"))


def _is_heading(element: Any) -> bool:
    text = " ".join(element.text_content().split())
    return not _within(element, _NOT_PROSE) and any(_is(element, text, tag) for tag in ("strong", "b"))


def _is_item(element: Any) -> bool:
    return element.tag == "li" and not _within(element, _NOT_PROSE) and element.find(".//li") is None


def _is(element: Any, text: str, tag: str) -> bool:
    """Whether all of the paragraph stands in one ``tag``: a link, or bold words that serve as a heading."""
    inner = element.findall(f".//{tag}")
    if len(inner) != 1 or " ".join(inner[0].text_content().split()) != text:
        return False
    return tag == "a" or (len(text.split()) <= _PSEUDO_HEADING_WORDS and not _ENDED.search(text))


def _within(element: Any, tags: set[str]) -> bool:
    return any(ancestor.tag in tags for ancestor in element.iterancestors())


def _texts(elements: Iterable[Any]) -> Iterable[str]:
    for element in elements:
        for line_end in element.iter("br"):
            line_end.tail = f" {line_end.tail or ''}"
        # Not through ``plain``: what looks like a tag here was written as text.
        text = " ".join(element.text_content().split())
        if text:
            yield text
