"""Whether a number is said of the same thing in two texts, and whether a sentence's words come from its article.

A changed number may stand elsewhere in the article: so it is looked for where the words around it are.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.summaries.numbers import Figure
from bot.summaries.reading import Reading, Token

REACH = 12
"""Words on either side of a number that say what it is of."""
WINDOW = 45
"""Words on either side of a number in the article: about three sentences."""
_BESIDE = 4
_VERBATIM = 6
"""Words in a row, a number among them: then it is the article's own phrase."""
_CONTENT = 3
MOST_FIGURES = 1_000
"""Places in an article where one number is looked for."""
_STEM = 5
BEST = 0.92
"""A number's place must fit its words at least so well as that of the number in the article that fits them best."""
LEAST = 0.12
PLAIN = 0.24
"""Another number's place that fits the words so well, and better, is the one that is meant."""
UNSUPPORTED = 0.34
"""Share of a sentence's words that must be the article's."""


@dataclass(frozen=True)
class Support:
    """An article's reading and its figures, for asking whether a number of a text is said of the same thing here.

    ``rivals`` are the figures that are no part of a date.
    """

    reading: Reading
    figures: Sequence[Figure]
    rivals: Sequence[Figure]

    def bears(self, text: Reading, figure: Figure) -> bool:
        """Whether the article has the number, of the same unit, near the words that ``text`` has around it."""
        places = [each for each in self.figures if each.same(figure)][:MOST_FIGURES]
        if not places:
            return False
        if any(self._verbatim(text, figure, each) for each in places):
            return True
        if self._counts_otherwise(text, figure):
            return False
        best, other, whole = self._fits(text, figure, places)
        return not whole or (best >= LEAST * whole and best >= BEST * other)

    def contradicts(self, text: Reading, figure: Figure) -> bool:
        """Whether a number that is not borne is surely wrong: the article has none such, or another for the same thing.

        Else the article has the number, and too few words around it tell of what.
        """
        places = [each for each in self.figures if each.same(figure)][:MOST_FIGURES]
        if not places or self._counts_otherwise(text, figure):
            return True
        best, other, whole = self._fits(text, figure, places)
        return best < BEST * other and other >= PLAIN * whole

    def _fits(self, text: Reading, figure: Figure, places: Sequence[Figure]) -> tuple[float, float, float]:
        """How well the words around ``figure`` fit the best of its ``places``, that of another number, and at most."""
        around = [(stem, weight * self._rarity(stem)) for stem, weight in _around(text.tokens, figure)]
        rivals = [each for each in self.rivals if each.unit == figure.unit and not each.same(figure)][:MOST_FIGURES]
        best = max(self._fit(around, each) for each in places)
        other = max((self._fit(around, each) for each in rivals), default=0.0)
        return best, other, sum(weight for _, weight in around)

    def _counts_otherwise(self, text: Reading, figure: Figure) -> bool:
        """Whether the article counts with another number what stands right behind this one: 3 workers, 22,000 mills."""
        noun = _next(text.tokens, figure)
        if not noun:
            return False
        counted = [each for each in self._counted.get(noun, ()) if each.unit == figure.unit]
        return bool(counted) and not self._near(noun, figure)

    def _near(self, noun: str, figure: Figure) -> bool:
        """Whether the noun stands soon after the number, other words between them."""
        tokens = self.reading.tokens
        behind = (tokens[each.last + 1 : each.last + 1 + _BESIDE] for each in self.figures if each.same(figure))
        return any(stemmed(token.folded) == noun for near in behind for token in near)

    @cached_property
    def _counted(self) -> Mapping[str, Sequence[Figure]]:
        counted: dict[str, list[Figure]] = defaultdict(list)
        for each in self.rivals[:MOST_FIGURES]:
            counted[_next(self.reading.tokens, each)].append(each)
        return counted

    def unsupported(self, text: Reading) -> list[str]:
        """The sentences of which most words are not the article's in any form, and a text without any word."""
        if all(token.kind == "mark" for token in text.tokens) and text.text not in self.reading.text:
            return [text.text]
        found: dict[int, list[Token]] = defaultdict(list)
        for token in text.tokens:
            if token.kind in ("word", "wide") and is_content(token):
                found[token.sentence].append(token)
        return [
            text.text[tokens[0].start : tokens[-1].start + len(tokens[-1].text)]
            for tokens in found.values()
            if self._share(tokens) < UNSUPPORTED
        ]

    def _share(self, tokens: Sequence[Token]) -> float:
        return sum(stemmed(each.folded) in self._index for each in tokens) / len(tokens)

    @cached_property
    def _index(self) -> Mapping[str, Sequence[int]]:
        index: dict[str, list[int]] = defaultdict(list)
        for place, token in enumerate(self.reading.tokens):
            if token.kind != "mark":
                index[stemmed(token.folded)].append(place)
        return index

    def _rarity(self, stem: str) -> float:
        return 1 / (1 + math.log(max(1, len(self._index.get(stem, ())))))

    def _fit(self, around: Sequence[tuple[str, float]], each: Figure) -> float:
        total = 0.0
        for stem, weight in around:
            away = self._away(stem, each)
            if away <= WINDOW:
                total += weight / (1 + away / 8)
        return total

    def _away(self, stem: str, each: Figure) -> int:
        places = self._index.get(stem)
        if not places:
            return WINDOW + 1
        at = bisect_left(places, each.first)
        near = places[max(0, at - 1) : at + 2]
        away = [each.first - place if place < each.first else place - each.last for place in near]
        return min((steps for steps in away if steps > 0), default=WINDOW + 1)

    def _verbatim(self, text: Reading, figure: Figure, each: Figure) -> bool:
        """Whether the phrase around the number stands here in the same words, or its sentence ends on both sides."""
        before, begun = _equal(text.tokens, figure.first, self.reading.tokens, each.first, -1)
        after, ended = _equal(text.tokens, figure.last, self.reading.tokens, each.last, 1)
        return (begun and ended) or before + after >= _VERBATIM


def _equal(mine: Sequence[Token], at: int, theirs: Sequence[Token], other: int, step: int) -> tuple[int, bool]:
    """How many words beside the number are equal, and whether that is all there is in the sentence."""
    sentence, equal = mine[at].sentence, 0
    at, other = at + step, other + step
    while 0 <= at < len(mine) and mine[at].sentence == sentence and equal < _VERBATIM:
        if not 0 <= other < len(theirs) or mine[at].folded != theirs[other].folded:
            return equal, False
        equal += mine[at].kind != "mark"
        at, other = at + step, other + step
    return equal, not (0 <= at < len(mine) and mine[at].sentence == sentence)


def _around(tokens: Sequence[Token], figure: Figure) -> list[tuple[str, float]]:
    found: list[tuple[str, float]] = []
    sentence = tokens[figure.first].sentence
    for side, start in ((-1, figure.first), (1, figure.last)):
        place, steps = start + side, 0
        while 0 <= place < len(tokens) and tokens[place].sentence == sentence and steps < REACH:
            token = tokens[place]
            steps += token.kind != "mark"
            if is_content(token):
                found.append((stemmed(token.folded), 1 / (1 + steps / 3)))
            place += side
    return found


def _next(tokens: Sequence[Token], figure: Figure) -> str:
    """What a number counts, as far as that is the word right behind it; "" else."""
    place = figure.last + 1
    if place < len(tokens) and tokens[place].sentence == tokens[figure.last].sentence and is_content(tokens[place]):
        return stemmed(tokens[place].folded)
    return ""


def is_content(token: Token) -> bool:
    """Whether a word says something of what a text is about."""
    if token.kind == "wide":
        return not "\u3040" <= token.text <= "\u309f"
    return token.kind in ("mixed", "number") or (token.kind == "word" and len(token.folded) >= _CONTENT)


def stemmed(word: str) -> str:
    """A folded word without its endings, roughly: what forms of one word have in common."""
    return word[:_STEM] if len(word) > _STEM else word
