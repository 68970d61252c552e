"""What a summary takes or leaves as one: a sentence, or the sentences that a quotation holds together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.summaries.quotes import Quotes, quotes
from bot.summaries.sentences import split_sentences

_WIDE_ENDS = "。！？｡」』）"
_LONGEST_QUOTATION = 10
"""Sentences. A mark that has no partner by then is a slip of the pen, or an inch."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Sentences that a quotation holds together; mostly one. ``whole`` is false where the quotation is not."""

    sentences: tuple[str, ...]
    text: str
    whole: bool


def units(texts: Iterable[str], language: str) -> Iterator[Unit]:
    """The units of paragraphs, in order; ``language`` is a BCP 47 tag. No unit reaches over two paragraphs."""
    for text in texts:
        held: list[str] = []
        for sentence in split_sentences(text, language):
            held.append(sentence)
            state = quotes(spaced(held))
            if state is not Quotes.OPEN:
                yield Unit(tuple(held), spaced(held), state is Quotes.WHOLE)
                held = []
            elif len(held) == _LONGEST_QUOTATION:
                yield from _pieces(held)
                held = []
        # A quotation that goes on in the next paragraph.
        yield from _pieces(held)


def spaced(parts: Sequence[str]) -> str:
    """Sentences as one text: a space between them, none after the wide marks of Chinese and Japanese."""
    text = ""
    for part in parts:
        text += " " * gap(text) + part
    return text


def gap(before: str) -> int:
    """How many spaces stand between ``before`` and a sentence after it: 1 or 0."""
    return 0 if not before or before[-1] in _WIDE_ENDS else 1


def _pieces(sentences: Sequence[str]) -> Iterator[Unit]:
    return (Unit((sentence,), sentence, False) for sentence in sentences)
