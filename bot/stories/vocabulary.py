"""What a newsroom's openings (title, standfirst, first words) say: the rarer a word, the more it tells of an event."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from html import unescape
from itertools import chain

from bot.stories.common import COMMON

LENGTH = 50
"""Terms of an opening. The threshold of ``bot.stories.events`` depends on it."""

STEM = 6
"""Letters of a word that count: "elect", "elected" and "electing" are one term, without a grammar of any language."""

ALONE = 0.6
"""What a term weighs that no other opening holds, of its full weight: it can join nothing, only keep apart."""

FEWEST = 100
"""An archive with fewer openings is reckoned as if it had so many, the rest saying nothing of what it says."""

_HEAD, _CHARACTERS, _ENOUGH = 3000, 16, 11
_ASIDE = re.compile(r"<(figure|table|blockquote|pre|h[1-6]|ul|ol)\b.*?(?:</\1>|$)", re.DOTALL)
_ASIDES = re.compile(r"<(?:f|t|bl|pr|h|ul|ol)")
_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"[\w\u0300-\u036f\u064b-\u065f\u0900-\u0e4e]+")
_UNSPACED = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\uf900-\ufaff]+"
)
_ONLY_HIRAGANA = re.compile(r"[\u3040-\u309f]+")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """How many openings there were, and in how many of them each term stood."""

    openings: int = 0
    holders: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, openings: Iterable[Collection[str]]) -> Vocabulary:
        """What these openings say; each names a term once."""
        return cls().with_more(openings)

    def with_more(self, openings: Iterable[Collection[str]]) -> Vocabulary:
        """This and more openings, counted together; each names a term once."""
        known = list(openings)
        holders = Counter(self.holders)
        holders.update(chain.from_iterable(known))
        return Vocabulary(self.openings + len(known), holders)

    def weight(self, holders: int) -> float:
        """How much a term tells that so many openings hold: log of all ÷ those (inverse document frequency)."""
        told = math.log((max(self.openings, FEWEST) + 1) / (holders + 0.5))
        return told * ALONE if holders <= 1 and self.openings >= FEWEST else max(told, 0.0)


def opening(headline: list[str], standfirst: str, body: str) -> list[str]:
    """The terms of an article's beginning, ``LENGTH`` at most, and once more those of its title, the ``headline``.

    A term is the stem of a word, or two characters where a script puts no space between words. What stands in any
    article, such as "the" and "Monday", is none. ``body`` is clean HTML, or its beginning.
    """
    found = headline + terms(standfirst) if standfirst else headline
    if len(found) < LENGTH and body:
        text = _text(body)
        first = _first(text, LENGTH - len(found))
        found = found + terms(first)
        if len(found) < LENGTH:
            found = found + terms(text[len(first) :])
    return found[:LENGTH] + headline[:LENGTH]


def _first(text: str, terms: int) -> str:
    """Mostly enough of ``text`` for so many terms, up to the end of a word."""
    if len(text) <= terms * _ENOUGH:
        return text
    end = text.rfind(" ", 0, terms * _ENOUGH)
    return text[:end] if end > 0 else text


def _text(body: str) -> str:
    head = body[:_HEAD]
    if _ASIDES.search(head):
        head = _ASIDE.sub(" ", head)
    head = _TAG.sub(" ", head)[: LENGTH * _CHARACTERS]
    return unescape(head) if "&" in head else head


def terms(text: str) -> list[str]:
    """The terms of a text, in order."""
    words = _WORD.findall(text.casefold())
    if not text.isascii() and _UNSPACED.search(text):
        return [term for word in words for term in _split(word)]
    return [word[:STEM] for word in words if word not in COMMON]


def _split(word: str) -> list[str]:
    """The terms of a word with characters of an unspaced script in it: each two that stand side by side."""
    terms: list[str] = []
    at = 0
    for run in _UNSPACED.finditer(word):
        terms += [word[at : run.start()]] if run.start() > at else []
        characters = run[0]
        pairs = [characters[each : each + 2] for each in range(len(characters) - 1)] or [characters]
        terms += [pair for pair in pairs if not _ONLY_HIRAGANA.fullmatch(pair)]
        at = run.end()
    return terms + ([word[at:]] if at < len(word) else [])
