"""Who is called by a surname alone, since the article gave the full name before: "Reyes", after "Ida Reyes"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import regex

from bot.stories.common import COMMON

_NAME = r"\p{Lu}[\p{L}\p{M}]*(?:[’'-]\p{Lu}[\p{L}\p{M}]+)*"
_PARTICLES = r"(?:\s(?:de|del|della|di|da|dos|van|von|der|den|la|le|el|al|bin|ben)){0,2}"
_RUN = regex.compile(rf"{_NAME}(?:{_PARTICLES}\s{_NAME})*")
_LOWER = regex.compile(r"\b\p{Ll}[\p{L}\p{M}]+")
_TITLES = frozenset(
    (
        "Mr",
        "Mrs",
        "Ms",
        "Miss",
        "Dr",
        "Prof",
        "Sir",
        "Dame",
        "Lord",
        "Lady",
        "Rev",
        "Sgt",
        "M",
        "Mme",
        "Sr",
        "Sra",
        "Don",
    )
)
_ALL_NOUNS = ("de", "lb")
"""Languages that write every noun with a capital: there a capital tells no name."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a sentence names, and the surnames among it that only an earlier one gave in full."""

    named: frozenset[str]
    short: frozenset[str]


def names(texts: Sequence[str], title: str, tag: str) -> tuple[Names, ...]:
    """The names of each sentence of an article, in order. Who stands in its ``title`` is known to the reader.

    Of a script without capitals, and of German, there are none. ``tag`` is a BCP 47 tag.
    """
    if tag.replace("_", "-").split("-")[0].casefold() in _ALL_NOUNS:
        return tuple(Names(frozenset(), frozenset()) for _ in texts)
    # "Alder Police" is no surname where "police" stands elsewhere.
    words = {word for text in texts for word in _LOWER.findall(text)}
    known = set(_last(_runs(title)))
    full: set[str] = set()
    found = []
    for text in texts:
        runs = tuple(_runs(text))
        alone = {run[0] for run in runs if len(run) == 1}
        found.append(Names(frozenset(_last(runs)), frozenset((alone & full) - known)))
        full.update(run[-1] for run in runs if len(run) > 1 and run[-1].casefold() not in words)
    return tuple(found)


def _runs(text: str) -> Iterable[tuple[str, ...]]:
    for match in _RUN.finditer(text):
        parts = [part for part in match[0].split() if part[0].isupper()]
        while parts and (parts[0].casefold() in COMMON or parts[0] in _TITLES):
            parts = parts[1:]
        if parts:
            yield tuple(parts)


def _last(runs: Iterable[tuple[str, ...]]) -> Iterable[str]:
    return (run[-1] for run in runs)
