"""What a text quotes: whether the words stand so in its article, in quotation marks, and beside who said them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from bot.summaries.reading import Reading, Token

_PAIRS = {
    "“": "”“",
    "„": "“”",
    "«": "»",
    "»": "«",
    "‹": "›",
    "›": "‹",
    "‘": "’",
    '"': '"',
    "'": "'",
    "「": "」",
    "『": "』",
}
_MARKS = frozenset("“”„«»「」『』\"‘’‹›'")
MOST = 20
"""Quotations of a text that are looked for; each one more is refused."""
_NEAR = 1
"""Sentences between a quotation and who said it, at most."""
_SPEAKER_WITHIN = 12
"""Tokens; further away a name is somebody else's."""
_SCARE = 2
"""Words. So few in quotation marks are a term, a title, an irony: somebody's words, but not a statement."""


@dataclass(frozen=True, slots=True)
class Quoted:
    """A stretch in quotation marks: its tokens ``first`` to ``last``, the marks left out."""

    first: int
    last: int


def quoted(reading: Reading) -> list[Quoted]:
    """All quotations; one that no mark ends goes on to the end of its text."""
    found: list[Quoted] = []
    opened, closers = -1, ""
    for place, token in enumerate(reading.tokens):
        if token.kind != "mark":
            continue
        if opened >= 0 and token.text in closers:
            if place > opened + 1:
                found.append(Quoted(opened + 1, place - 1))
            opened = -1
        elif opened < 0 and token.text in _PAIRS and _opens(reading, place):
            opened, closers = place, _PAIRS[token.text]
    if 0 <= opened < len(reading.tokens) - 1:
        found.append(Quoted(opened + 1, len(reading.tokens) - 1))
    return found


@dataclass(frozen=True)
class Quotations:
    """An article's reading, for asking whether what another text quotes was said in it."""

    reading: Reading

    def missing(self, text: Reading) -> list[str]:
        """The quotations of ``text`` that are not here word for word in quotation marks, or of another speaker."""
        every = quoted(text)
        return [
            text.text[text.tokens[each.first].start : _end(text.tokens[each.last])]
            for number, each in enumerate(every)
            if number >= MOST or not self._stands(text, each, every)
        ]

    @cached_property
    def _words(self) -> Sequence[int]:
        """The places of tokens that are words."""
        return [place for place, token in enumerate(self.reading.tokens) if token.kind != "mark"]

    @cached_property
    def _index(self) -> Mapping[str, Sequence[int]]:
        index: dict[str, list[int]] = defaultdict(list)
        for number, place in enumerate(self._words):
            index[self.reading.tokens[place].folded].append(number)
        return index

    def _stands(self, text: Reading, each: Quoted, every: Sequence[Quoted]) -> bool:
        parts = list(_parts(text.tokens[each.first : each.last + 1]))
        if not parts:
            return True
        whole = [word for part in parts for word in part]
        speaker = _speaker(text, each, every) if len(whole) > _SCARE else ()
        return any(
            all(any(self._fits(found, part, speaker) for found in self._runs(part)) for part in cut)
            for cut in ([whole], parts)
        )

    def _runs(self, part: Sequence[str]) -> Iterator[int]:
        words, tokens = self._words, self.reading.tokens
        for start in self._index.get(part[0], ()):
            if start + len(part) <= len(words) and all(
                tokens[words[start + offset]].folded == word for offset, word in enumerate(part)
            ):
                yield start

    def _fits(self, start: int, part: Sequence[str], speaker: Sequence[str]) -> bool:
        words, tokens = self._words, self.reading.tokens
        first, last = words[start], words[start + len(part) - 1]
        if len(part) > _SCARE and not self._inside(first, last):
            return False
        if not speaker:
            return True
        near = range(tokens[first].sentence - _NEAR, tokens[last].sentence + _NEAR + 1)
        return any(sentence in self._sentences.get(word, ()) for word in speaker for sentence in near)

    @cached_property
    def _sentences(self) -> Mapping[str, Collection[int]]:
        sentences: dict[str, set[int]] = defaultdict(set)
        for token in self.reading.tokens:
            sentences[token.folded].add(token.sentence)
        return sentences

    def _inside(self, first: int, last: int) -> bool:
        at = bisect_right(self._begins, last) - 1
        if at >= 0 and self._quoted[at].last >= first:
            return True
        beside = (self.reading.tokens[place].text for place in (first - 1, last + 1, last + 2) if self._is(place))
        return any(text in _MARKS for text in beside)

    def _is(self, place: int) -> bool:
        return 0 <= place < len(self.reading.tokens)

    @cached_property
    def _quoted(self) -> Sequence[Quoted]:
        return quoted(self.reading)

    @cached_property
    def _begins(self) -> Sequence[int]:
        return [each.first for each in self._quoted]


def _parts(tokens: Sequence[Token]) -> Iterator[list[str]]:
    """The words of a quotation, cut between its sentences, and where "…" says that some words were left out."""
    part: list[str] = []
    sentence = tokens[0].sentence
    for token in tokens:
        if token.sentence != sentence:
            sentence = token.sentence
            if part:
                yield part
            part = []
        if token.kind != "mark":
            part.append(token.folded)
        elif token.text == "." and _is_ellipsis(tokens, token):
            if part:
                yield part
            part = []
    if part:
        yield part


def _is_ellipsis(tokens: Sequence[Token], token: Token) -> bool:
    # NFKC makes three points of "…".
    return any(other.text == "." and other.start == token.start + 1 for other in tokens)


def _speaker(text: Reading, each: Quoted, every: Sequence[Quoted]) -> Sequence[str]:
    """The words of the name that stands nearest to a quotation, outside it, in its sentence."""
    sentences = (text.tokens[each.first].sentence, text.tokens[each.last].sentence)
    inside = [range(other.first - 1, other.last + 2) for other in every]
    near: list[tuple[int, int]] = []
    for place, token in enumerate(text.tokens):
        if token.sentence not in sentences or token.kind != "word" or not token.capital or len(token.folded) < 2:
            continue
        if token.folded in _NO_SPEAKERS.split() or any(place in span for span in inside):
            continue
        away = each.first - place if place < each.first else place - each.last
        if away <= _SPEAKER_WITHIN:
            near.append((away, place))
    if not near:
        return ()
    _, nearest = min(near)
    run = [nearest]
    for step in (-1, 1):
        place = nearest + step
        while 0 <= place < len(text.tokens) and text.tokens[place].capital:
            run.append(place)
            place += step
    return [text.tokens[place].folded for place in run]


_NO_SPEAKERS = "the a an he she they it we in on at but and as i his her their this that"


def _opens(reading: Reading, place: int) -> bool:
    token = reading.tokens[place]
    before = reading.text[token.start - 1] if token.start else " "
    if token.text == '"':
        # Behind a letter or a stop it closes, and behind a figure it is an inch.
        return before.isspace() or before in "([—–-/"
    if token.text == "'":
        # An apostrophe: the players' union, the '90s.
        return not before.isalnum() and reading.text[token.start + 1 : token.start + 2].isalpha()
    return token.text in "„「『" or not before.isalnum()


def _end(token: Token) -> int:
    return token.start + len(token.text)
