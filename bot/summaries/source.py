"""An article's text in numbered sentences, and on which of them a text rests. Pure.

Words are compared, not meanings: a sentence rests on those that hold most of its rarer words.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from bot.articles.text import paragraphs
from bot.model import Article
from bot.summaries.reading import read
from bot.summaries.sentences import split_sentences
from bot.summaries.support import is_content, stemmed

MOST = 500
"""Sentences of an article that are looked at; a longer text is a book, or hostile."""
_RESTS = 0.34
"""Share of its words, the rare ones counting more, that a sentence must find in the one it rests on."""
_ADDS = 0.25
"""Share that a second one must add to the first."""
NEAR = 0.2
"""Share from which on a sentence is about the same as another."""


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
    return SourceText(article).paragraphs


def rests_on(text: str, article: Article) -> tuple[Rest, ...]:
    """On which sentences of ``source_of(article)`` each sentence of ``text`` rests, at most two each."""
    source = SourceText(article)
    return tuple(
        Rest(number, start, end, source.under(text[start:end]))
        for number, (start, end) in enumerate(spans(text, article.language), start=1)
    )


def spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of ``text`` stand in it."""
    end = 0
    for sentence in split_sentences(text, language):
        start = text.index(sentence, end)
        end = start + len(sentence)
        yield start, end


@dataclass(frozen=True)
class SourceText:
    """An article's text, read once, that any number of sentences can be held against."""

    article: Article

    @cached_property
    def paragraphs(self) -> tuple[tuple[SourceSentence, ...], ...]:
        """The standfirst, if any, and the paragraphs, each as its numbered sentences."""
        tag, number = self.article.language, 0
        texts = (self.article.standfirst, *paragraphs(self.article.body))
        told: list[tuple[SourceSentence, ...]] = []
        for text in texts:
            sentences = split_sentences(" ".join(text.split()), tag)[: MOST - number]
            if sentences:
                told.append(tuple(SourceSentence(number + at, each) for at, each in enumerate(sentences, start=1)))
                number += len(sentences)
        return tuple(told)

    def under(self, sentence: str) -> tuple[int, ...]:
        """The numbers of the one or two sentences on which ``sentence`` rests, in the article's order."""
        words = self._stems(sentence)
        best = self._best(words, words)
        if best is None or best[1] < _RESTS:
            return ()
        first = best[0]
        second = self._best(words - self._held[first - 1], words)
        return tuple(sorted({first, second[0]})) if second and second[1] >= _ADDS else (first,)

    def nearest(self, sentence: str, without: str = "") -> SourceSentence | None:
        """The sentence that is most about the same as ``sentence``, its words ``without`` left out of it."""
        words = self._stems(sentence.replace(without, " ") if without else sentence)
        best = self._best(words, words)
        return self._sentences[best[0] - 1] if best and best[1] >= NEAR else None

    def _best(self, words: frozenset[str], of: frozenset[str]) -> tuple[int, float] | None:
        """The sentence with the most of ``words``, and how much of all that ``of`` weighs that is."""
        whole = sum(map(self._weight, of))
        shares = ((sum(map(self._weight, words & held)), -number) for number, held in enumerate(self._held, start=1))
        share, number = max(shares, default=(0.0, 0))
        return (-number, share / whole) if whole and share else None

    def _weight(self, stem: str) -> float:
        return 1 / (1 + math.log(max(1, self._often[stem])))

    def _stems(self, text: str) -> frozenset[str]:
        tokens = read([text], self.article.language).tokens
        return frozenset(stemmed(token.folded) for token in tokens if is_content(token))

    @cached_property
    def _sentences(self) -> Sequence[SourceSentence]:
        return tuple(islice((each for part in self.paragraphs for each in part), MOST))

    @cached_property
    def _held(self) -> Sequence[frozenset[str]]:
        return tuple(self._stems(each.text) for each in self._sentences)

    @cached_property
    def _often(self) -> Counter[str]:
        return Counter(stem for held in self._held for stem in held)
