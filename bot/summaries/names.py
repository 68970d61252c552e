"""Names in a text, and whether another text has them. In scripts without capitals, what can be told of them."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise

import regex

from bot.summaries.abbreviations import language
from bot.summaries.reading import Reading, Token

_APART = 6
"""Tokens between two words of one name, at most: ``President Donald J. Trump``."""
_BETWEEN = frozenset(
    {"de", "del", "della", "du", "des", "la", "van", "von", "der", "den", "ter", "al", "bin", "of", "the", "y"}
)
_STEM = 4
"""Letters that two forms of a word share at least."""
_ENDING = 4
_PARTICLES = ("وال", "بال", "كال", "فال", "لل", "ال", "و", "ب", "ك", "ف", "ل")
_CASED = regex.compile(r"[\p{Lu}\p{Ll}\p{Lt}]")
_KATAKANA_RUN = regex.compile(r"[\p{Katakana}ー]{2,}")
# A name of a person or a place shows by what follows it.
_TITLED = regex.compile(
    r"(?P<name>\p{Han}{2,4}?)(?:氏|さん|首相|大統領|総理|知事|市長|町長|村長|議員|大臣|長官|社長|会長|教授|容疑者|被告|選手|監督"
    r"|[県市町村区州](?!長)|先生|女士|小姐|总统|总理|主席|部长|市长|省长|教练|经理|博士|[省县镇](?!长))"
)
_DOTTED = regex.compile(r"[\p{Han}\p{Katakana}ー]{1,12}(?:[·・][\p{Han}\p{Katakana}ー]{1,12})+")
_KEPT_TOGETHER = 2
_HAN_RUN = regex.compile(r"\p{Han}{2,}")
# Words of any news in signs that an article may not have.
_NEWS_WORDS = regex.compile(
    "今回|一方|発表|説明|予定|今後|今年|昨年|来年|以上|以下|以来|現在|初めて|報道|会見|関係者|地元|住民|市民|政府|当局|計画|方針|決定|実施|開始|問題"
    "|今年|去年|明年|表示|宣布|报道|目前|政府|当地|居民|计划|决定|开始|问题|因此|但是|由于|其中|已经|将会|进行|发布"
)
# What any text may begin with, or say in capitals, beside the words sentences often begin with.
_COMMON = {
    "en": "i mr mrs ms dr it's that's he's she's they're there's we're i'm you're more less than so just even yet such "
    "nearly almost around up down out off according only while once under above below across against along amid "
    "within throughout toward towards whether rather due can could may might must shall should will would do does "
    "did has had have is are was were been being be let new first second third hundreds thousands dozens millions "
    "residents people men women children workers members leaders critics supporters experts researchers today "
    "yesterday tomorrow tonight morning evening however although unlike like upon via per plus",
    "de": "man wird werden wurde sind ist war hat haben hatte kann können soll sollen muss müssen",
    "fr": "est sont était a ont avait sera seront faut peut peuvent doit aussi plus moins même",
    "es": "es son era fue ha han había será serán hay puede pueden debe deben más menos sólo",
}
# What newsrooms write in capitals before a text, to say what it is.
_LABELS = {
    "en": "breaking news update updated updates live watch video exclusive analysis opinion comment editor editors "
    "editor's editorial note correction corrections corrected clarification clarified developing interview review "
    "explainer latest new",
    "de": "eilmeldung eil aktuell aktualisiert update korrektur korrigiert berichtigung redaktion anmerkung exklusiv "
    "liveticker live video analyse kommentar meinung interview neu",
    "fr": "dernière minute info infos flash direct vidéo exclusif exclusivité analyse tribune opinion correction "
    "corrigé rectificatif précision rédaction note entretien nouveau",
    "es": "última hora urgente directo vivo vídeo video exclusiva análisis opinión corrección corregido corregida "
    "rectificación aclaración redacción nota actualizado actualización entrevista nuevo",
}
# Common words that stand in names too, or are abbreviations in capitals: they make no phrase of their neighbours.
_ALSO_NAMES = (
    "and at in on upon under over for to it us who may will new first second third last next one two three four five "
    "free people children police all und am an auf bei im zu et sur sous en les le el los las con"
)
_IN_NAMES = _BETWEEN.union(_ALSO_NAMES.split())


@dataclass(frozen=True, slots=True)
class Strange:
    """A name as a text has it, which another has not. ``sure``: False where it may be an ordinary word in capitals."""

    text: str
    sure: bool = True


@dataclass(frozen=True)
class Names:
    """The words of a reading, for asking whether a name of another text is among them."""

    reading: Reading

    def missing(self, text: Reading) -> list[Strange]:
        """The names of ``text`` that are not here, as they stand in ``text``.

        With capitals: each run of words with a capital; two of its words must also stand near each other here. The
        first word of a sentence is a name unless it is a common one, or stands here in any form. Of a phrase in
        capitals, in a text that is not, ordinary words are none, and what stands alone among them is not surely one.
        Without: Arabic, Hebrew, Korean and the like are asked for each word; Chinese and Japanese for names that
        katakana, Latin letters, a middle dot, a title or a place's kind show, and for two signs in a row of which
        neither is here.
        """
        found: dict[str, bool] = {}
        others = ((name, True) for name in (*self._caseless(text), *self._wide(text)))
        for name, sure in (*self._capitals(text), *others):
            found[name] = sure or found.get(name, False)
        return [Strange(name, sure) for name, sure in found.items()]

    @cached_property
    def _places(self) -> Mapping[str, Sequence[int]]:
        places: dict[str, list[int]] = defaultdict(list)
        for place, token in enumerate(self.reading.tokens):
            if token.kind in ("word", "mixed"):
                places[token.folded].append(place)
        return places

    @cached_property
    def _small(self) -> frozenset[str]:
        return frozenset(token.folded for token in self.reading.tokens if token.kind == "word" and not token.capital)

    @cached_property
    def _stems(self) -> Mapping[str, Sequence[str]]:
        stems: dict[str, list[str]] = defaultdict(list)
        for word in self._places:
            stems[word[:_STEM]].append(word)
        return stems

    def _capitals(self, text: Reading) -> Iterator[tuple[str, bool]]:
        starters = frozenset(word.casefold() for word in language(text.language).starters)
        common = starters.union(_COMMON.get(text.language, "").split())
        mixed = any(token.kind == "word" and not token.capital for token in text.tokens)
        for run in _runs(text.tokens):
            for part, sure in self._spoken(run, common, text.language) if mixed else ((run, True),):
                yield from ((name, sure) for name in self._strange(text, part, common))

    def _strange(self, text: Reading, run: Sequence[Token], common: Set[str]) -> Iterator[str]:
        strange = [not self._knows(token, common, text.language) for token in run]
        if any(strange):
            for first, last in _stretches(strange):
                yield _as_written(text, run[first], run[last])
            return
        names = [token for token in run if token.folded in self._places and not self._is_word(token, common)]
        for one, two in pairwise(names):
            if not self._near(one.folded, two.folded):
                yield _as_written(text, one, two)

    def _spoken(self, run: Sequence[Token], common: frozenset[str], tag: str) -> Iterator[tuple[Sequence[Token], bool]]:
        """``run`` without the ordinary words of phrases that are written in capitals, and whether each part is a name.

        Such a phrase has a word in it that names have not, ``BY``, or ordinary words alone: ``BREAKING NEWS``.
        """
        known = common.union(_LABELS.get(tag, "").split(), self._small) - self._abbreviated
        dropped: set[int] = set()
        doubtful: set[int] = set()
        for first, last in _stretches([_shouted(token) for token in run]):
            places = range(first, last + 1)
            words = [run[place].folded for place in places if len(run[place].text) > 1]
            if all(run[place].folded in known for place in places):
                dropped |= {*places}
            elif any(word in known and word in common and word not in _IN_NAMES for word in words):
                ordinary = {place for place in places if run[place].folded in known or self._is_form(run[place].folded)}
                dropped |= ordinary
                doubtful |= {*places} - ordinary
        for first, last in _stretches([place not in dropped for place in range(len(run))]):
            yield run[first : last + 1], first < last or first not in doubtful

    def _is_form(self, word: str) -> bool:
        return word not in self._places and self._has_form_of(word)

    @cached_property
    def _abbreviated(self) -> frozenset[str]:
        """The words that stand here in capitals: ``WHO`` is not the word of a question."""
        return frozenset(token.folded for token in self.reading.tokens if len(token.text) > 1 and _shouted(token))

    def _knows(self, token: Token, common: Set[str], tag: str) -> bool:
        if token.folded in self._places or (token.opens and token.folded in common):
            return True
        if all(part in self._places for part in token.folded.split("'")):
            return True
        if token.kind == "mixed":
            return False
        # Another form of a word that the article has; German writes all its nouns with a capital.
        return (token.opens or tag == "de") and self._has_form_of(token.folded)

    def _has_form_of(self, word: str) -> bool:
        return any(
            _shared(word, known) >= max(_STEM, len(word) - _ENDING, len(known) - _ENDING)
            for known in self._stems.get(word[:_STEM], ())
        )

    def _is_word(self, token: Token, common: Set[str]) -> bool:
        return token.folded in self._small or (token.opens and token.folded in common)

    def _near(self, one: str, two: str) -> bool:
        """Whether the two stand here as parts of one name: with a third part, an initial or a particle between."""
        if one == two:
            return True
        tokens, others = self.reading.tokens, self._places[two]
        for place in self._places[one]:
            at = bisect_right(others, place)
            if at < len(others) and others[at] <= place + _APART and all(map(_binds, tokens[place + 1 : others[at]])):
                return True
        return False

    def _caseless(self, text: Reading) -> Iterator[str]:
        for token in text.tokens:
            caseless = token.kind == "word" and len(token.folded) > 2 and not _CASED.search(token.text)
            if caseless and not self._has_caseless(token.folded):
                yield token.text

    def _has_caseless(self, word: str) -> bool:
        bare = {_bare(word), word}
        return any(each in self._bare_words for each in bare) or any(self._has_form_of(each) for each in bare)

    @cached_property
    def _bare_words(self) -> frozenset[str]:
        return frozenset(self._places) | frozenset(map(_bare, self._places))

    def _wide(self, text: Reading) -> Iterator[str]:
        here = self.reading.text
        for run in _KATAKANA_RUN.findall(text.text):
            if run not in here:
                yield run
        for match in _DOTTED.finditer(text.text):
            if match[0] not in here and match[0].replace("·", "・") not in here.replace("·", "・"):
                yield match[0]
        for match in _TITLED.finditer(text.text):
            if match["name"][-_KEPT_TOGETHER:] not in here:
                yield match[0]
        for run in _HAN_RUN.findall(_NEWS_WORDS.sub(" ", text.text)):
            # Nobody can tell a name from a noun here; what the article has no sign of may be one.
            strange = "".join(" " if sign in self._signs else sign for sign in run)
            yield from (part for part in strange.split() if len(part) >= _KEPT_TOGETHER)

    @cached_property
    def _signs(self) -> Set[str]:
        return frozenset(token.text for token in self.reading.tokens if token.kind == "wide")


def _runs(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    run: list[Token] = []
    for token in tokens:
        joined = bool(run) and token.sentence == run[-1].sentence
        if token.kind in ("word", "mixed") and (token.capital or token.kind == "mixed"):
            if run and not (joined and not token.opens):
                yield run
                run = []
            run.append(token)
        elif not (token.kind == "mark" and token.text in ".-’'" and joined):
            if run:
                yield run
            run = []
    if run:
        yield run


def _shouted(token: Token) -> bool:
    """Whether it is a word in capitals, and no initials."""
    return token.kind == "word" and token.text.isupper() and "." not in token.text


def _stretches(which: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """The first and the last place of each run of ``which`` are so."""
    for so, group in groupby(range(len(which)), which.__getitem__):
        if so:
            places = [*group]
            yield places[0], places[-1]


def _as_written(text: Reading, first: Token, last: Token) -> str:
    return text.text[first.start : last.start + len(last.text)]


def _binds(token: Token) -> bool:
    return token.capital or token.text in ".-’'" or token.folded in _BETWEEN


def _shared(one: str, two: str) -> int:
    return next((place for place, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), min(len(one), len(two)))


def _bare(word: str) -> str:
    """An Arabic word without the article and the particles that are written as one with it."""
    for particle in _PARTICLES:
        if word.startswith(particle) and len(word) - len(particle) > 2:
            return word[len(particle) :]
    return word
