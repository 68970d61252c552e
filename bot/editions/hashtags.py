"""An article's tags as hashtags, and which of them stand in a text. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import regex

from bot.editions.counting import graphemes
from bot.editions.environment import one_line
from bot.model import PostRules

_LONGEST = 64
"""Grapheme clusters; Bluesky's ``tag`` feature takes no more, and nobody reads them."""
_HASHTAG = regex.compile(r"(?<![\w#&/])#(?=\w*\p{L})[\w\p{M}]+")
_MARKS = regex.compile(r"^\p{M}+")
_LETTER = regex.compile(r"\p{L}")
_WORD = regex.compile(r"[\p{L}\p{M}\p{N}]+")


@dataclass(frozen=True, slots=True)
class Tag:
    """An article's tag: as an editor's map knows it, and as a hashtag ("" where it makes none)."""

    folded: str
    hashtag: str


def tags_of(tags: Iterable[str]) -> tuple[Tag, ...]:
    """``City Council`` is ``#CityCouncil``: its words begin with capitals, so that screen readers tell them apart.

    What no network links, such as a bare number, makes no hashtag.
    """
    return tuple(Tag(one_line(tag).casefold(), _joined(tag)) for tag in tags)


def hashtags(tags: Iterable[Tag], rules: PostRules) -> tuple[str, ...]:
    """At most ``rules.hashtags`` of ``tags``, by the editor's names where there are any; none twice, in any case."""
    made: dict[str, str] = {}
    for tag in tags:
        if len(made) >= rules.hashtags:
            break
        own = rules.hashtag_names.get(tag.folded)
        hashtag = tag.hashtag if own is None else f"#{own.removeprefix('#')}" if own else ""
        if hashtag:
            made.setdefault(hashtag.casefold(), hashtag)
    return tuple(made.values())


def standing(wanted: Sequence[str], text: str, url: str) -> tuple[str, ...]:
    """Those of the hashtags ``wanted`` that stand in ``text`` whole, and not only in its link ``url``."""
    there = set(found(text, url)) if wanted else ()
    return tuple(each for each in wanted if each in there)


def found(text: str, url: str = "") -> Iterator[str]:
    """All that networks would take for hashtags in ``text``, apart from its link ``url``."""
    bare = text.replace(url, " ") if url else text
    for match in _HASHTAG.finditer(bare):
        yield match[0]


def _joined(tag: str) -> str:
    words = _WORD.findall(unicodedata.normalize("NFC", one_line(tag)))
    joined = "".join(word[:1].upper() + word[1:] for word in words)
    joined = unicodedata.normalize("NFC", _MARKS.sub("", joined))
    return f"#{joined}" if _LETTER.search(joined) and graphemes(joined) <= _LONGEST else ""
