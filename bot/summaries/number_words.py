"""Numbers written as words: what they are worth, in English, German, French, Spanish, Chinese and Japanese.

"One" and its like are left out where they stand alone: they are articles and pronouns more often than numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import regex


@dataclass(frozen=True, slots=True)
class NumberWords:
    """``cardinals`` below a hundred, ``ordinals``, ``hundreds``, ``scales`` from a thousand on; ``links`` join them."""

    cardinals: Mapping[str, int]
    hundreds: Mapping[str, int] = field(default_factory=dict)
    scales: Mapping[str, int] = field(default_factory=dict)
    ordinals: Mapping[str, int] = field(default_factory=dict)
    links: frozenset[str] = frozenset()
    articles: frozenset[str] = frozenset()

    def knows(self, word: str) -> bool:
        return word in self.cardinals or word in self.hundreds or word in self.scales

    def value(self, words: Sequence[str]) -> Decimal:
        """What ``words`` say together, e.g. three hundred (and) five."""
        total, below = 0, 0
        for word in words:
            if word in self.scales:
                total, below = total + max(below, 1) * self.scales[word], 0
                # 2 mil millones
                if total and word in _AGAIN and total % self.scales[word]:
                    total *= self.scales[word]
            elif word in self.hundreds:
                worth = self.hundreds[word]
                below = max(below, 1) * worth if worth == 100 else below + worth
            elif word in ("vingt", "vingts") and below % 100 == 4:
                below += 76
            else:
                below += self.cardinals.get(word, 0)
        return Decimal(total + below)


_AGAIN = frozenset({"millones"})


def _counted(text: str, start: int, step: int = 1) -> dict[str, int]:
    return {word: start + place * step for place, words in enumerate(text.split()) for word in words.split("/")}


_BILLION = 10**9
ENGLISH = NumberWords(
    cardinals={
        **_counted("zero", 0),
        **_counted("two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen", 2),
        **_counted("sixteen seventeen eighteen nineteen", 16),
        **_counted("twenty thirty forty fifty sixty seventy eighty ninety", 20, 10),
        "dozen": 12,
        "one": 1,
    },
    hundreds={"hundred": 100},
    scales={"thousand": 1000, "million": 10**6, "billion": _BILLION, "trillion": 10**12, "lakh": 10**5, "crore": 10**7},
    ordinals={
        **_counted("second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth", 2),
        **_counted("fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth", 14),
    },
    links=frozenset({"and"}),
    articles=frozenset({"a", "one"}),
)
FRENCH = NumberWords(
    cardinals={
        **_counted("deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize", 2),
        **_counted("vingt/vingts trente quarante cinquante soixante", 20, 10),
        **_counted("septante huitante/octante nonante", 70, 10),
        "zéro": 0,
        "un": 1,
        "une": 1,
        "douzaine": 12,
    },
    hundreds={"cent": 100, "cents": 100},
    scales={"mille": 1000, "million": 10**6, "millions": 10**6, "milliard": _BILLION, "milliards": _BILLION},
    ordinals=_counted("deuxième/seconde troisième quatrième cinquième sixième septième huitième neuvième dixième", 2),
    links=frozenset({"et"}),
    articles=frozenset({"un", "une"}),
)
SPANISH = NumberWords(
    cardinals={
        **_counted("dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince", 2),
        **_counted("dieciséis diecisiete dieciocho diecinueve veinte veintiuno/veintiún veintidós veintitrés", 16),
        **_counted("veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve treinta", 24),
        **_counted("cuarenta cincuenta sesenta setenta ochenta noventa", 40, 10),
        "cero": 0,
        "un": 1,
        "una": 1,
        "uno": 1,
        "docena": 12,
    },
    hundreds={
        **_counted("cien/ciento doscientos/doscientas trescientos/trescientas cuatrocientos/cuatrocientas", 100, 100),
        **_counted("quinientos/quinientas seiscientos/seiscientas setecientos/setecientas", 500, 100),
        **_counted("ochocientos/ochocientas novecientos/novecientas", 800, 100),
    },
    scales={"mil": 1000, "millón": 10**6, "millones": 10**6, "billón": 10**12, "billones": 10**12},
    ordinals=_counted("segundo/segunda tercer/tercero/tercera cuarto/cuarta quinto/quinta sexto/sexta", 2),
    links=frozenset({"y"}),
    articles=frozenset({"un", "una"}),
)
GERMAN = NumberWords(
    cardinals={"dutzend": 12},
    scales={
        "tausend": 1000,
        "million": 10**6,
        "millionen": 10**6,
        "milliarde": _BILLION,
        "milliarden": _BILLION,
        "billion": 10**12,
        "billionen": 10**12,
    },
    articles=frozenset({"eine", "einer", "ein"}),
)
LANGUAGES: Mapping[str, NumberWords] = {"en": ENGLISH, "fr": FRENCH, "es": SPANISH, "de": GERMAN}
NONE = NumberWords(cardinals={})

_GERMAN_UNITS = {
    **_counted("null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn", 0),
    **_counted("sechzehn siebzehn achtzehn neunzehn", 16),
}
_GERMAN_TENS = _counted("zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig", 20, 10)
_GERMAN_NUMBER = regex.compile(
    r"(?:(?P<thousands>[\p{L}]*?)tausend)?(?:(?P<hundreds>\p{L}*?)hundert)?(?:und)?"
    r"(?:(?P<unit>ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)und)?(?P<tens>\p{L}*)"
)
_LONGEST = 60


def german(word: str) -> int | None:
    """``zweihundertfünfunddreißig`` → 235; None for what is no number, and for "ein" and its like."""
    if len(word) > _LONGEST or (word.startswith("ein") and len(word) <= 5):
        return None
    found = _GERMAN_NUMBER.fullmatch(word)
    if not found:
        return None
    total = 0
    for group, worth in (("thousands", 1000), ("hundreds", 100)):
        if found[group] is not None:
            times = 1 if not found[group] else _GERMAN_UNITS.get(found[group]) or german(found[group])
            if times is None:
                return None
            total += times * worth
    unit, tens = found["unit"], found["tens"]
    if tens in _GERMAN_TENS:
        return total + _GERMAN_TENS[tens] + (_GERMAN_UNITS[unit] if unit else 0)
    if unit or (tens and tens not in _GERMAN_UNITS) or not (tens or total):
        return None
    return total + (_GERMAN_UNITS[tens] if tens else 0)


_KANJI = {**_counted("〇/零 一 二/两/兩 三 四 五 六 七 八 九", 0)}
_KANJI_SMALL = {"十": 10, "百": 100, "千": 1000}
KANJI_LARGE = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8, "兆": 10**12}


def kanji(text: str) -> Decimal | None:
    """``三百五十`` → 350, ``1億2000万`` → 120,000,000, ``二〇二六`` → 2026; digits and their marks are ASCII."""
    total, section, number = Decimal(0), Decimal(0), ""
    for mark in text:
        if mark.isascii():
            number += mark.replace(",", "")
        elif mark in _KANJI:
            number += str(_KANJI[mark])
        elif mark in _KANJI_SMALL or mark in KANJI_LARGE:
            if number.count(".") > 1 or number == ".":
                return None
            worth = Decimal(number) if number else None
            if mark in _KANJI_SMALL:
                section += (1 if worth is None else worth) * _KANJI_SMALL[mark]
            else:
                section += worth or 0
                total, section = total + (section or 1) * KANJI_LARGE[mark], Decimal(0)
            number = ""
        else:
            return None
    if number.count(".") > 1 or number == ".":
        return None
    return total + section + (Decimal(number) if number else 0)
