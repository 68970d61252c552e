"""Where a text may end when it is too long: after a sentence, else between words, never where sense is lost. Pure.

Never inside a grapheme cluster, a word, an address, a number, or right behind a number, whose unit would be lost
("$68…" for "$68 billion"); and never in a quotation: a mark of it would stand alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import regex

from bot.editions.graphemes import ELLIPSIS, HANGING, UNSPACED, WHOLE, ends_in_number
from bot.editions.lines import phrases
from bot.summaries.quotes import Quotes, quotes
from bot.summaries.sentences import split_sentences

_PHRASED = 2_000
"""Characters of a text without spaces in which phrases are looked for; it is not cut behind them."""
_LEAST = 12
"""Characters; of fewer nobody learns anything, and they are left out."""
_SPACE = regex.compile(r"\s+")
_SINGLE = (("‘", "’"), ("‚", "‘"), ("‹", "›"), ("›", "‹"))
# Straight single marks: from before a word to behind one. An apostrophe before a word has none that closes it.
_STRAIGHT = regex.compile(r"(?<![\p{L}\p{N}'])'(?=[^\s']).{1,400}?(?<=[^\s'])'(?![\p{L}\p{N}'])", regex.DOTALL)
_JOINS = regex.compile(r"[\p{M}\u200d]")
_LOOSE = regex.compile(r"[\s,;:.…·–—\-(\[{/&+。、，．]+$")


class Cuts:
    """The shorter versions of one text, found once and asked for often; ``language`` is its BCP 47 tag."""

    def __init__(self, text: str, language: str = "") -> None:
        self.text = text
        self._language = language
        self._quoted = tuple(found.span() for found in _STRAIGHT.finditer(text)) if "'" in text else ()
        self._sentences: tuple[str, ...] | None = None
        self._ends: tuple[int, ...] | None = None

    def sentences(self) -> tuple[str, ...]:
        """Its first whole sentences, without "…": all but one, all but two, down to the first."""
        if self._sentences is None:
            self._sentences = tuple(self._whole())
        return self._sentences

    def ends(self) -> tuple[int, ...]:
        """The places between its words, the first first: ``ended`` tells what stands before one."""
        if self._ends is None:
            self._ends = tuple(self._places())
        return self._ends

    def ended(self, place: int) -> str:
        """The text up to ``place`` and "…"; "" when it may not end there, or says too little."""
        for hanging in (_LOOSE, HANGING):
            kept = hanging.sub("", self.text[:place])
            if kept and whole(kept) and not self._in_quotation(len(kept)):
                good = not ends_in_number(kept) and (len(kept) >= _LEAST or UNSPACED.search(kept))
                return kept + ELLIPSIS if good else ""
        return ""

    def _in_quotation(self, place: int) -> bool:
        return any(begin < place < end for begin, end in self._quoted)

    def _whole(self) -> Iterator[str]:
        end, ends = 0, []
        for sentence in split_sentences(self.text, self._language):
            end = self.text.find(sentence, end) + len(sentence)
            ends.append(end)
        for place in reversed(ends[:-1]):
            if whole(self.text[:place]) and not self._in_quotation(place):
                yield self.text[:place]

    def _places(self) -> Iterator[int]:
        starts = {found.start() for found in _SPACE.finditer(self.text)}
        if UNSPACED.search(self.text):
            starts |= set(self._between_phrases())
        spans = iter([found.span() for found in WHOLE.finditer(self.text)])
        inside = next(spans, None)
        for place in sorted(starts):
            while inside and inside[1] <= place:
                inside = next(spans, None)
            if place and not (inside and inside[0] < place):
                yield place

    def _between_phrases(self) -> Iterator[int]:
        end = 0
        for phrase in phrases(self.text[:_PHRASED], self._language):
            unspaced = end and (UNSPACED.match(self.text[end - 1]) or UNSPACED.match(phrase))
            # A phrase that begins with a mark goes on the cluster before it.
            if unspaced and not _JOINS.match(phrase):
                yield end
            end += len(phrase)


def whole(text: str) -> bool:
    """Whether no quotation mark stands alone in ``text``; of single ones, those that are no apostrophe."""
    if quotes(text) is not Quotes.WHOLE:
        return False
    return not any(_open(text, opening, closing) for opening, closing in _SINGLE if opening in text)


def _open(text: str, opening: str, closing: str) -> bool:
    """Whether a single quotation begins before a word, and its closing mark does not stand behind one."""
    begun = [found.end() for found in regex.finditer(rf"(?<![\p{{L}}\p{{N}}]){opening}(?=\S)", text)]
    return bool(begun) and not regex.search(rf"(?<=\S){closing}(?!\p{{L}})", text[begun[-1] :])
