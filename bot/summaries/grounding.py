"""The gate: what a machine wrote about an article says nothing in numbers, dates, names or quotations that it does not.

It is a check of words. What it promises and what it cannot see stands in docs/llm.md, with what was measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from bot.articles.text import standing
from bot.model import Article
from bot.summaries import form
from bot.summaries.dates import Day, days, published
from bot.summaries.names import Names
from bot.summaries.numbers import Figure, figures, spelt
from bot.summaries.quotations import Quotations
from bot.summaries.reading import Reading, read
from bot.summaries.support import Support

LONGEST_TEXT = 2_000
"""Characters of a machine's text that are looked at; a longer one is refused for its length alone."""
LONGEST_ARTICLE = 60_000
"""Characters of an article's text that are looked at."""
MOST_NUMBERS = 60
"""Numbers of a machine's text that are looked for; each one more is refused."""
MOST_OFFENCES = 12
_BLOCKS = ("p", "div", "li", "td", "th", "pre", "br", "blockquote", "figure", "figcaption", "h2", "h3", "h4")
_BREAK = "\u2029"
_SHOWN = 120


@dataclass(frozen=True, slots=True)
class Offence:
    """One thing that a text must not say. ``what`` is ``number``, ``date``, ``name``, ``quotation``, ``sentence``,

    ``address``, ``mention``, ``language``, ``length``, ``markup`` or ``commentary``; ``text`` is the offending string.
    ``sure``: False for a name that may be an ordinary word in capitals, and for a number that the article has, perhaps
    of something else. A machine must not write it either.
    """

    what: str
    text: str
    sure: bool = field(default=True, compare=False)

    @property
    def said(self) -> str:
        return f"{_SAID[self.what]}: “{self.text}”" if self.text else _SAID[self.what]


_SAID = {
    "number": "a number that the article does not have, or not of this",
    "date": "a date that the article does not have",
    "name": "a name that the article does not have",
    "quotation": "a quotation that the article does not have in these words, or not of this speaker",
    "sentence": "a sentence whose words are hardly the article's",
    "address": "an address that is not the article's own",
    "mention": "an account's name, which a network makes a link of",
    "language": "another language than the article's",
    "length": "empty, or longer than asked for",
    "markup": "markup, a line end or an invisible mark",
    "commentary": "talk about the article instead of its news",
}


@dataclass(frozen=True)
class Ground:
    """An article, read once, that any number of texts can be held against. Bounded in time by the two limits above."""

    article: Article

    def offences(self, text: str, *, characters: int, post: bool = False) -> tuple[Offence, ...]:
        """What ``text``, which may have so many ``characters``, says or does that it must not; () when all is well.

        A ``post`` mentions no account either.

        Never raises, whatever ``text`` holds.
        """
        if not text.strip() or len(text) > min(characters, LONGEST_TEXT):
            return (Offence("length", f"{len(text)} characters, at most {characters}"),)
        found = dict.fromkeys(replace(each, text=each.text[:_SHOWN]) for each in self._found(text, post))
        return tuple(found)[:MOST_OFFENCES]

    def facts(self, text: str) -> tuple[Offence, ...]:
        """What a person's ``text`` says that the article does not: numbers, dates, names, quotations, and sentences of
        other words. How it says it is the person's own business. Never raises, whatever ``text`` holds.
        """
        reading = read([text[:LONGEST_TEXT]], self.article.language)
        found = dict.fromkeys(self._facts(reading))
        return tuple(found)[:MOST_OFFENCES]

    def _found(self, text: str, post: bool) -> Iterator[Offence]:
        said = self._said
        for address in form.addresses(text, self.article.url, said):
            yield Offence("address", address)
        for mention in form.mentions(text) if post else ():
            yield Offence("mention", mention)
        for mark in form.markup(text, said):
            yield Offence("markup", mark)
        for phrase in form.commentary(text, said):
            yield Offence("commentary", phrase)
        # The article's own address is no sentence to look into.
        own = self.article.url
        reading = read([text.replace(own, " ") if own else text], self.article.language)
        tag = form.strange_language(reading, self._reading, self._vocabulary, self.article.language)
        if tag:
            yield Offence("language", tag)
        yield from self._facts(reading)

    def _facts(self, reading: Reading) -> Iterator[Offence]:
        dated = days(reading)
        known = [*self._days, published(self.article.published)]
        for day in dated:
            if not any(day.within(each) for each in known):
                yield Offence("date", _span(reading, day))
        for number, figure in enumerate(figures(reading, _taken(dated))):
            if number >= MOST_NUMBERS or not self._support.bears(reading, figure):
                sure = number >= MOST_NUMBERS or self._support.contradicts(reading, figure)
                yield Offence("number", spelt(reading, figure), sure)
        for name in self._names.missing(_without(reading, dated)):
            yield Offence("name", name.text, name.sure)
        for quotation in self._quotations.missing(reading):
            yield Offence("quotation", quotation)
        for sentence in self._support.unsupported(reading):
            yield Offence("sentence", sentence)

    @cached_property
    def _blocks(self) -> Sequence[str]:
        return told(self.article)

    @cached_property
    def _said(self) -> str:
        return " ".join(self._blocks)

    @cached_property
    def _reading(self) -> Reading:
        return read(self._blocks, self.article.language)

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset(token.folded for token in self._reading.tokens)

    @cached_property
    def _days(self) -> Sequence[Day]:
        return days(self._reading)

    @cached_property
    def _figures(self) -> Sequence[Figure]:
        # Its dates' numbers too: a day of the month may be said without its month.
        return figures(self._reading)

    @cached_property
    def _names(self) -> Names:
        return Names(self._reading)

    @cached_property
    def _quotations(self) -> Quotations:
        return Quotations(self._reading)

    @cached_property
    def _support(self) -> Support:
        return Support(self._reading, self._figures, figures(self._reading, _taken(self._days)))


def told(article: Article) -> tuple[str, ...]:
    """All that the article says, a paragraph each: title, standfirst, byline, text, captions, tables; not what it
    struck out.
    """
    root = standing(article.body)
    for element in root.iter(*_BLOCKS):
        element.text = f"{_BREAK}{element.text or ''}"
        element.tail = f"{_BREAK}{element.tail or ''}"
    image = article.image
    shown = (image.alt, image.caption, image.credit) if image else ()
    texts = (
        article.title,
        article.standfirst,
        ", ".join(article.authors),
        *root.text_content()[:LONGEST_ARTICLE].split(_BREAK),
        *shown,
    )
    return tuple(clean for text in texts if (clean := " ".join(text.split())))


def _taken(dated: Sequence[Day]) -> frozenset[int]:
    return frozenset(place for day in dated for place in range(day.first, day.last + 1))


def _without(reading: Reading, dated: Sequence[Day]) -> Reading:
    """The reading with its dates as marks: the name of a month is no name, nor part of one."""
    taken = _taken(dated)
    tokens = tuple(
        replace(token, kind="mark", text=",") if place in taken and token.kind != "wide" else token
        for place, token in enumerate(reading.tokens)
    )
    return Reading(reading.text, tokens, reading.language)


def _span(reading: Reading, day: Day) -> str:
    first, last = reading.tokens[day.first], reading.tokens[day.last]
    return reading.text[first.start : last.start + len(last.text)]
