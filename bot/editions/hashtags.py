"""An article's tags as hashtags, and which of them stand in a text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence

import regex

from bot.editions.counting import graphemes
from bot.editions.environment import one_line
from bot.model import PostRules

_LONGEST = 64
"""Grapheme clusters; Bluesky's ``tag`` feature takes no more, and nobody reads them."""
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")


def hashtags(tags: Iterable[str], rules: PostRules) -> tuple[str, ...]:
    """At most ``rules.hashtags`` of ``tags`` as hashtags: ``City Council`` is ``#CityCouncil`` unless a name is set.

    The words of a tag begin with capitals, so that screen readers tell them apart. None twice, whatever its case, and
    none for what no network links, such as a bare number.
    """
    made: dict[str, str] = {}
    for tag in tags:
        if len(made) >= rules.hashtags:
            break
        own = rules.hashtag_names.get(one_line(tag).casefold())
        hashtag = _joined(tag) if own is None else f"#{own.removeprefix('#')}" if own else ""
        if hashtag:
            made.setdefault(hashtag.casefold(), hashtag)
    return tuple(made.values())


def standing(wanted: Sequence[str], text: str, url: str) -> tuple[str, ...]:
    """Those of the hashtags ``wanted`` that stand in ``text`` whole, and not only in its link ``url``."""
    bare = text.replace(url, " ") if url else text
    return tuple(each for each in wanted if regex.search(rf"(?<![\w#&]){regex.escape(each)}(?![\w\p{{M}}])", bare))


def found(text: str, url: str = "") -> Iterator[str]:
    """All that networks would take for hashtags in ``text``, apart from its link ``url``."""
    bare = text.replace(url, " ") if url else text
    for match in regex.finditer(r"(?<![\w#&/])#(?=\w*\p{L})[\w\p{M}]+", bare):
        yield match[0]


def _joined(tag: str) -> str:
    words = _WORD.findall(unicodedata.normalize("NFC", one_line(tag)))
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    joined = unicodedata.normalize("NFC", regex.sub(r"^\p{M}+", "", joined))
    return f"#{joined}" if regex.search(r"\p{L}", joined) and graphemes(joined) <= _LONGEST else ""
