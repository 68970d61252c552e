"""An article's text in numbered sentences, and on which of them a summary rests. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.model import Article


@dataclass(frozen=True, slots=True)
class SourceSentence:
    """A sentence of an article's text; ``number`` counts from 1 over the whole of it."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Rest:
    """A sentence of a summary, at ``start`` to ``end`` of it, and the numbers of the source sentences it rests on.

    ``number`` counts from 1. ``on`` is () when no sentence of the article says what it says.
    """

    number: int
    start: int
    end: int
    on: tuple[int, ...]


def source_of(article: Article) -> tuple[tuple[SourceSentence, ...], ...]:
    """The article's standfirst, if any, and its paragraphs, each as its sentences."""
    raise NotImplementedError


def rests_on(text: str, article: Article) -> tuple[Rest, ...]:
    """On which sentences of ``source_of(article)`` each sentence of ``text`` rests, at most two each.

    Words are compared, not meanings: a sentence rests on those that hold most of its rarer words.
    """
    raise NotImplementedError
