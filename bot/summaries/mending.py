"""What an article says in the place of something that it does not say, where one thing differs. Pure."""

from __future__ import annotations

from difflib import get_close_matches

from bot.summaries.dates import days
from bot.summaries.grounding import Offence
from bot.summaries.numbers import Figure, figures, spelt
from bot.summaries.reading import Reading, read
from bot.summaries.source import SourceSentence
from bot.summaries.support import is_content, stemmed

_ALIKE = 0.8
"""How alike a name must be to one of the article, of 1, to be a slip of it."""
_CLEARLY = 1.5
"""How much better than any other a figure must fit the words around the wrong one."""


def mending(offence: Offence, sentence: str, near: SourceSentence, language: str) -> str:
    """What ``near``, a sentence of the article, has where ``sentence`` has ``offence``; "" when that is not sure.

    Nothing is sure where more than one thing could be meant.
    """
    said, source = read([sentence], language), read([near.text], language)
    found: list[str] = []
    if offence.what == "number":
        found = _figures(offence.text, said, source)
    elif offence.what == "date":
        found = [source.text[source.tokens[each.first].start : _end(source, each.last)] for each in days(source)]
    elif offence.what == "name" and " " not in offence.text:
        names = {token.text for token in source.tokens if token.capital and token.kind == "word"}
        found = get_close_matches(offence.text, sorted(names), n=2, cutoff=_ALIKE)
    found = list(dict.fromkeys(found))
    return found[0] if len(found) == 1 and found[0] != offence.text else ""


def _figures(wrong: str, said: Reading, source: Reading) -> list[str]:
    told = figures(said)
    figure = next((each for each in told if spelt(said, each) == wrong), None)
    if figure is None:
        return []
    dated = {place for day in days(source) for place in range(day.first, day.last + 1)}
    right = [each for each in told if each is not figure]
    able = [
        each
        for each in figures(source)
        if each.unit == figure.unit and each.first not in dated and not any(each.same(other) for other in right)
    ]
    fits = sorted(((_fit(said, figure, source, each), spelt(source, each)) for each in able), reverse=True)
    if len(fits) > 1 and fits[0][0] < _CLEARLY * fits[1][0]:
        return [text for _, text in fits]
    return [text for _, text in fits[:1]]


def _fit(said: Reading, wrong: Figure, source: Reading, right: Figure) -> float:
    """How much the two are said beside the same words; never 0, so that of two without any none is the better."""
    around, there = _around(said, wrong), _around(source, right)
    return 0.01 + sum(weight * there[stem] for stem, weight in around.items() if stem in there)


def _around(reading: Reading, figure: Figure) -> dict[str, float]:
    """The words of the figure's sentence, those near it weighing more."""
    found: dict[str, float] = {}
    for place, token in enumerate(reading.tokens):
        away = figure.first - place if place < figure.first else place - figure.last
        if away > 0 and is_content(token) and token.sentence == reading.tokens[figure.first].sentence:
            stem = stemmed(token.folded)
            found[stem] = max(found.get(stem, 0.0), 1 / (1 + away))
    return found


def _end(reading: Reading, place: int) -> int:
    token = reading.tokens[place]
    return token.start + len(token.text)
