"""The numbers of a text: what each is worth, and of what. ``$14.1bn``, ``14,1 Milliarden Dollar`` and so on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import regex

from bot.summaries.number_words import KANJI_LARGE, LANGUAGES, NONE, NumberWords, german, kanji
from bot.summaries.reading import Reading, Token

CLOCK = "clock"
ORDINAL = "ordinal"
PERCENT = "%"
_COMMA = "de fr es it pt nl ru uk pl cs sk sl hr sr tr sv da nb nn no fi hu ro bg el id vi ca eu gl"
"""Languages that write a decimal comma."""
_LONG = "de fr es it pt nl pl sv da nb no fi"
"""Languages in which a billion is a million millions."""
_SCALES = {
    word: Decimal(10) ** power
    for power, words in {
        3: "thousand k tsd tausend mille mil ألف آلاف тыс",
        5: "lakh",
        6: "million millions mn mio millionen millón millones milhões مليون млн",
        7: "crore",
        9: "bn mrd milliarde milliarden milliard milliards مليار مليارات млрд",
        12: "trillion trillions trn tn billón billones billionen تريليون",
    }.items()
    for word in words.split()
}
_UNITS = {
    word: unit
    for unit, words in {
        PERCENT: "% percent pct prozent porcentaje procent パーセント",
        "$": "$ dollar dollars usd us$ dólar dólares دولار دولارا ドル 美元",
        "€": "€ euro euros eur يورو ユーロ 欧元",
        "£": "£ pound pounds sterling gbp pfund livres libras 英镑 ポンド",
        "¥": "¥ yen jpy yens 円 日元",
        "cny": "yuan cny renminbi 元 人民币",
        "inr": "₹ rupees rupee inr",
        "chf": "chf franken",
    }.items()
    for word in words.split()
}
_CENTS = frozenset({"cent", "hundert", "ciento", "cento", "hundred", "المئة", "المائة"})
_PER = frozenset({"per", "pour", "por", "pro", "في"})
_WIDE_UNITS = sorted((word for word in _UNITS if regex.match(r"[\p{Han}\p{Katakana}]", word)), key=len, reverse=True)
_ORDINAL_ENDS = frozenset({"st", "nd", "rd", "th", "er", "ère", "ème", "e", "è", "º", "ª"})
_WIDE_NUMBER = regex.compile(r"[〇零一二两兩三四五六七八九十百千万萬億亿兆]")
# A single sign is a number only where something is counted: 三菱 and 一部 are none.
_COUNTER = regex.compile(
    r"[人年月日円元个個名件回台歳岁割倍隻只基本时時分位党社軒戸点歩号世校度次票席]|[かカヶケ][所国月]|パ|つ"
)
_LONGEST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Figure:
    """A number. ``values`` are what it may be worth (``5m`` is five million or five metres); ``unit`` is "" when none.

    ``first`` and ``last`` are the places of its tokens, its currency, scale and per cent sign included.
    """

    values: frozenset[Decimal]
    unit: str
    first: int
    last: int

    def same(self, other: Figure) -> bool:
        return self.unit == other.unit and not self.values.isdisjoint(other.values)


def figures(reading: Reading, taken: frozenset[int] = frozenset()) -> list[Figure]:
    """All numbers in the order of the text, but for the tokens ``taken``, which are dates, say."""
    return list(_figures(reading, taken))


def spelt(reading: Reading, figure: Figure) -> str:
    """The number as it stands in the text."""
    first, last = reading.tokens[figure.first], reading.tokens[figure.last]
    return reading.text[first.start : last.start + len(last.text)]


def decimal(raw: str, language: str) -> Decimal | None:
    """``1.056,5`` or ``1,056.5``: where a mark may be either, the language decides. None for what is no number."""
    raw = raw.replace("'", "").replace("’", "").replace("٬", "").replace("٫", ".")
    if len(raw) > _LONGEST_DIGITS:
        return None
    marks = {mark for mark in raw if not mark.isdigit()}
    if len(marks) == 2:
        point = max(marks, key=raw.rfind)
        other = (marks - {point}).pop()
        raw = raw.replace(other, "").replace(point, ".") if raw.count(point) == 1 else raw.translate({44: "", 46: ""})
    elif len(marks) == 1:
        mark = marks.pop()
        whole, _, rest = raw.rpartition(mark)
        grouping = "." if language in _COMMA.split() else ","
        grouped = len(rest) == 3 and 0 < len(whole) <= 3 and whole != "0" and mark == grouping
        raw = raw.replace(mark, "" if raw.count(mark) > 1 or grouped else ".")
    try:
        return Decimal(raw)
    except InvalidOperation:
        return None


def _figures(reading: Reading, taken: frozenset[int]) -> Iterator[Figure]:
    tokens, words = reading.tokens, LANGUAGES.get(reading.language, NONE)
    place = 0
    while place < len(tokens):
        found = None if place in taken else _at(tokens, place, reading.language, words)
        if found:
            yield found
            place = found.last + 1
        else:
            place += 1


def _at(tokens: Sequence[Token], place: int, language: str, words: NumberWords) -> Figure | None:
    token = tokens[place]
    if token.kind == "number":
        return _digits(tokens, place, language)
    if token.kind == "wide" and _WIDE_NUMBER.match(token.text):
        return _wide(tokens, place)
    if token.kind == "word":
        return _words(tokens, place, language, words)
    return None


def _digits(tokens: Sequence[Token], place: int, language: str) -> Figure | None:
    raw = tokens[place].text
    if ":" in raw:
        return Figure(frozenset({_clock(raw)}), CLOCK, place, place)
    if _follows(tokens, place + 1) and (tokens[place + 1].text in KANJI_LARGE or tokens[place + 1].text in "十百千"):
        return _wide(tokens, place)
    value = decimal(raw, language)
    if value is None:
        # Several points: a version, an address. It must stand in the article as it is.
        return Figure(frozenset({Decimal(-1)}), raw, place, place)
    return _measured(tokens, place, place, value, language)


def _wide(tokens: Sequence[Token], place: int) -> Figure | None:
    last = place
    while _follows(tokens, last + 1) and (
        tokens[last + 1].kind == "number" or _WIDE_NUMBER.match(tokens[last + 1].text)
    ):
        last += 1
    raw = "".join(token.text for token in tokens[place : last + 1])
    after = "".join(token.text for token in tokens[last + 1 : last + 3] if token.kind == "wide")
    if not raw[0].isdigit() and (last == place or raw in "千万億兆") and not _COUNTER.match(after):
        return None
    if not raw[0].isdigit() and raw[0] in "百千万億兆亿萬" and not _COUNTER.match(after):
        return None
    value = kanji(raw)
    return None if value is None else _with_unit(tokens, place, last, value)


def _words(tokens: Sequence[Token], place: int, language: str, words: NumberWords) -> Figure | None:
    token = tokens[place]
    if token.folded in words.ordinals:
        return Figure(frozenset({Decimal(words.ordinals[token.folded])}), ORDINAL, place, place)
    if language == "de" and token.folded not in words.scales and (spelled := german(token.folded)) is not None:
        return _measured(tokens, place, place, Decimal(spelled), language)
    if not words.knows(token.folded):
        return None
    said, last = [token.folded], place
    while (ahead := _next_number_word(tokens, last, words)) is not None:
        said.append(tokens[ahead].folded)
        last = ahead
    if len(said) == 1 and (said[0] in words.articles or said[0] in words.scales or said[0] in words.hundreds):
        return None
    if len(said) == 2 and (ending := _ordinal(said[1], words)) is not None:
        nth = Decimal(words.cardinals.get(said[0], 0) + ending)
        return Figure(frozenset({nth}), ORDINAL, place, last)
    return _measured(tokens, place, last, words.value(said), language)


def _ordinal(word: str, words: NumberWords) -> int | None:
    # "First" alone says in what order things are told.
    return 1 if word == "first" and words.ordinals else words.ordinals.get(word)


def _next_number_word(tokens: Sequence[Token], last: int, words: NumberWords) -> int | None:
    ahead = last + 1
    if _follows(tokens, ahead) and tokens[ahead].text == "-":
        ahead += 1
    elif _follows(tokens, ahead) and tokens[ahead].folded in words.links:
        # "Two and three" are two numbers; "a hundred and three" is one.
        big = tokens[last].folded in words.hundreds or tokens[last].folded in words.scales
        tens = words.cardinals.get(tokens[last].folded, 0) >= 20
        if not (big or (tens and "and" not in words.links)):
            return None
        ahead += 1
    if not _follows(tokens, ahead):
        return None
    folded, before = tokens[ahead].folded, words.cardinals.get(tokens[last].folded)
    if folded in words.scales or folded in words.hundreds:
        return ahead
    if folded in words.cardinals or (tokens[ahead - 1].text == "-" and _ordinal(folded, words)):
        smaller = before is None or before >= 20 or (before == 4 and folded.startswith("vingt")) or before == 10
        return ahead if smaller and folded not in ("dozen", "douzaine", "docena", "dutzend") else None
    return None


def _measured(tokens: Sequence[Token], first: int, last: int, value: Decimal, language: str) -> Figure:
    """The number with its sign, scale and unit."""
    values = {value}
    ahead = last + 1
    if _follows(tokens, ahead) and tokens[ahead].text == "-" and _follows(tokens, ahead + 1):
        ahead += 1
    if _follows(tokens, ahead):
        word = tokens[ahead].folded
        scale = Decimal(10) ** 12 if word in ("billion", "billions", "billionen") else _SCALES.get(word)
        if word in ("billion", "billions") and language not in _LONG.split():
            scale = Decimal(10) ** 9
        if scale:
            values, last = {value * scale}, ahead
            again = tokens[ahead + 1].folded if _follows(tokens, ahead + 1) else ""
            if word == "mil" and again in ("millones", "milhões"):
                values, last = {value * Decimal(10) ** 9}, ahead + 1
        elif word in ("m", "b", "t") and _attached(tokens, ahead):
            worth = {"m": Decimal(10) ** 6, "b": Decimal(10) ** 9, "t": Decimal(10) ** 12}[word]
            values, last = {value, value * worth}, ahead
        elif word in _ORDINAL_ENDS and _attached(tokens, ahead):
            return Figure(frozenset(values), ORDINAL, first, ahead)
    return _with_unit(tokens, first, last, *values)


def _with_unit(tokens: Sequence[Token], first: int, last: int, *values: Decimal) -> Figure:
    unit = ""
    before = tokens[first - 1] if first and tokens[first - 1].sentence == tokens[first].sentence else None
    if before and (before.folded in _UNITS or before.text in "$€£¥₹₽₩") and before.folded not in (PERCENT, "percent"):
        # "$" also where a country's letters stand before it.
        unit, first = _UNITS.get(before.folded, before.text), first - 1
    ahead = last + 1
    if not unit and _follows(tokens, ahead):
        wide = "".join(token.text for token in tokens[ahead : ahead + 5] if token.kind == "wide")
        known = next((word for word in _WIDE_UNITS if wide.startswith(word)), "")
        after = tokens[ahead].folded
        if known:
            unit, last = _UNITS[known], last + len(known)
        elif after in _PER and _follows(tokens, ahead + 1) and tokens[ahead + 1].folded in _CENTS:
            unit, last = PERCENT, ahead + 1
        elif after in _UNITS:
            unit, last = _UNITS[after], ahead
        elif tokens[ahead].text in "$€£¥₹₽₩%‰°" and tokens[ahead].kind == "mark":
            unit, last = tokens[ahead].text, ahead
        elif after in ("-", "de", "d", "of") and _follows(tokens, ahead + 1) and tokens[ahead + 1].folded in _UNITS:
            unit, last = _UNITS[tokens[ahead + 1].folded], ahead + 1
    sign = tokens[first - 1] if first else None
    if sign and sign.text in "-−" and sign.sentence == tokens[first].sentence and _loose(tokens, first - 1):
        return Figure(frozenset(-value for value in values), unit, first - 1, last)
    return Figure(frozenset(values), unit, first, last)


def _clock(raw: str) -> Decimal:
    parts = [int(part) for part in regex.split(r"\D+", raw)[:4] if len(part) <= 9]
    return sum((Decimal(part) * Decimal(60) ** -place for place, part in enumerate(parts)), Decimal(0)).normalize()


def _follows(tokens: Sequence[Token], place: int) -> bool:
    """Whether there is a token at ``place``, in the sentence of the one before."""
    return place < len(tokens) and (place == 0 or tokens[place].sentence == tokens[place - 1].sentence)


def _attached(tokens: Sequence[Token], place: int) -> bool:
    before = tokens[place - 1]
    return before.start + len(before.text) == tokens[place].start


def _loose(tokens: Sequence[Token], place: int) -> bool:
    """A sign belongs to a number only at its very front, after a space: 2-1 is a score."""
    if not _attached(tokens, place + 1):
        return False
    return place == 0 or not _follows(tokens, place) or not _attached(tokens, place) or tokens[place - 1].text in "(["
