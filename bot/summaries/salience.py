"""How much a sentence tells of its article: where it stands, what it shares with the rest, the top and the title.

Nothing is learnt from a corpus: terms are weighed within the article (tf-idf over its sentences), so it works for a
newsroom's first article and in any script. The weights were tuned on half of one English set (docs/summaries.md).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import regex

from bot.stories.vocabulary import terms
from bot.summaries.quotes import begins_with_speech
from bot.summaries.units import Unit

POSITION = 0.33
"""What each factor of e further down costs: a news text tells the most at its top."""
CENTRALITY = 1.0
"""What being most like the whole article is worth."""
TOP = 0.2
"""What being like the first three sentences is worth: the news, wherever it is told again."""
TITLE = 1.0
"""What naming all of the title's terms is worth."""
NUMBER = 0.2
LENGTH = 0.15
"""What fifteen terms are worth: below that, a sentence has little room to tell something."""
THIN = 0.3
"""What having fewer than four terms costs: "Republicans jumped on the story." """
LENGTHY = 0.2
"""What each hundred characters over two hundred cost: they keep other sentences out."""
QUOTATION = 0.7
"""What beginning with a quotation costs: it comments what was told before."""

_FIRST, _FEW_TERMS, _ENOUGH_TERMS = 3, 4, 15
_LONG = 200
_NUMBER = regex.compile(r"\p{N}")

Vector = Mapping[str, float]
"""Weights of terms, of length 1, or empty."""


@dataclass(frozen=True, slots=True)
class Telling:
    """A unit as it is weighed. ``centrality`` is 1 for the sentence most like the article."""

    vector: Vector
    centrality: float
    score: float


def tellings(told: Sequence[Unit], title: str) -> tuple[Telling, ...]:
    """Each of ``told``, the units of one article in order, with what it is worth. ``title`` may be ""."""
    bags = [Counter(terms(unit.text)) for unit in told]
    vectors = _weighed(bags)
    whole, top = _sum(vectors), _sum(vectors[:_FIRST])
    # Without itself, or a long sentence would be like the article by being most of it.
    shared = [_product(vector, whole) - sum(weight * weight for weight in vector.values()) for vector in vectors]
    most = max(shared, default=0.0) or 1.0
    size = _length(top)
    headline = set(terms(title))
    return tuple(
        Telling(
            vector,
            shared[at] / most,
            CENTRALITY * shared[at] / most
            - POSITION * math.log(1 + at)
            + TOP * _product(vector, top) / size
            + TITLE * len(headline & bag.keys()) / (len(headline) or 1)
            + NUMBER * (_NUMBER.search(unit.text) is not None)
            + LENGTH * min(bag.total(), _ENOUGH_TERMS) / _ENOUGH_TERMS
            - THIN * (bag.total() < _FEW_TERMS)
            - LENGTHY * max(0, len(unit.text) - _LONG) / 100
            - QUOTATION * (begins_with_speech(unit.text)),
        )
        for at, (unit, bag, vector) in enumerate(zip(told, bags, vectors, strict=True))
    )


def likeness(one: Vector, other: Vector) -> float:
    """The cosine of two vectors: 1 for the same terms, 0 for none in common."""
    return _product(one, other) if len(one) <= len(other) else _product(other, one)


def _weighed(bags: Sequence[Counter[str]]) -> list[Vector]:
    holders = Counter(term for bag in bags for term in bag)
    vectors: list[Vector] = []
    for bag in bags:
        weights = {
            term: (1 + math.log(count)) * math.log((len(bags) + 1) / holders[term]) for term, count in bag.items()
        }
        size = _length(weights)
        vectors.append({term: weight / size for term, weight in weights.items()})
    return vectors


def _sum(vectors: Iterable[Vector]) -> Vector:
    whole: dict[str, float] = {}
    for vector in vectors:
        for term, weight in vector.items():
            whole[term] = whole.get(term, 0.0) + weight
    return whole


def _product(one: Vector, other: Vector) -> float:
    return sum(weight * other[term] for term, weight in one.items() if term in other)


def _length(vector: Vector) -> float:
    return math.sqrt(sum(weight * weight for weight in vector.values())) or 1.0
