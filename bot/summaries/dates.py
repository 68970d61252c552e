"""The dates of a text: weekdays, months and days, however the language writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import regex
from babel import Locale, UnknownLocaleError

from bot.summaries.reading import Reading, Token, fold

_BETWEEN = frozenset({"de", "of", "the", "del", "le", "den", "dem", "der", "am", ".", ","})
_ENDS = frozenset({"st", "nd", "rd", "th", "er", "º", "ª"})
_NUMERIC = regex.compile(r"(?P<a>\d{1,4})(?P<mark>[./-])(?P<b>\d{1,2})(?P=mark)(?P<c>\d{1,4})")
# Words before a date of which only figures are left.
_AMERICAN = frozenset({"en"})
_SHORTEST = 3
_WIDE = {"年": "year", "月": "month", "日": "day", "号": "day", "號": "day"}
_WIDE_WEEKDAYS = {mark: place for place, mark in enumerate("月火水木金土日")}
_CHINESE_WEEKDAYS = {mark: place for place, mark in enumerate("一二三四五六日天")}
# English words that are months only with a capital.
_ALSO_WORDS = frozenset({"may", "march", "mar", "dec", "sat", "sun", "wed", "mon", "jan"})


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as the text gives it; ``weekday`` counts from Monday, 0. ``first`` and ``last`` are its tokens."""

    first: int
    last: int
    year: int | None = None
    month: int | None = None
    day: int | None = None
    weekday: int | None = None

    def within(self, other: Day) -> bool:
        """Whether ``other`` says at least as much, and nothing else."""
        mine = (self.year, self.month, self.day, self.weekday)
        theirs = (other.year, other.month, other.day, other.weekday)
        return all(one is None or one == two for one, two in zip(mine, theirs, strict=True))


def days(reading: Reading) -> list[Day]:
    """All dates in the order of the text: ``Monday``, ``February 7, 2025``, ``7 février``, ``2025-02-07``, ``2月7日``.

    A year alone is a number.
    """
    return list(_days(reading))


def published(moment: date) -> Day:
    """The day on which an article appeared, as if it said so."""
    return Day(0, 0, moment.year, moment.month, moment.day, moment.weekday())


def _days(reading: Reading) -> Iterator[Day]:
    months, weekdays = _names(reading.language)
    tokens, place = reading.tokens, 0
    while place < len(tokens):
        found = _at(reading, tokens, place, months, weekdays)
        if found:
            yield found
        place = found.last + 1 if found else place + 1


def _at(
    reading: Reading, tokens: Sequence[Token], place: int, months: Mapping[str, int], weekdays: Mapping[str, int]
) -> Day | None:
    token = tokens[place]
    if token.kind == "number":
        return _numeric(reading, place) or _wide(tokens, place) or _day_month(tokens, place, months)
    if token.kind == "word":
        if token.folded in weekdays and _is_name(token):
            return Day(place, place, weekday=weekdays[token.folded])
        if token.folded in months and _is_name(token, month=True, before=tokens[place + 1 : place + 2]):
            return _month_day(tokens, place, months[token.folded])
    if token.kind == "wide":
        return _wide_weekday(tokens, place)
    return None


def _is_name(token: Token, *, month: bool = False, before: Sequence[Token] = ()) -> bool:
    if token.folded not in _ALSO_WORDS:
        return True
    sure = bool(before) and before[0].kind == "number"
    return token.capital and (not token.opens or (month and sure))


def _numeric(reading: Reading, place: int) -> Day | None:
    """ISO 8601 and its kin; with the year last, day first but in English, where the month may be first."""
    start = reading.tokens[place].start
    found = _NUMERIC.match(reading.text, start, start + 12)
    if not found:
        return None
    last = place
    while last + 1 < len(reading.tokens) and reading.tokens[last + 1].start < found.end():
        last += 1
    a, b, c = (int(found[part]) for part in "abc")
    if len(found["a"]) == 4:
        year, month, day = a, b, c
    elif len(found["c"]) in (2, 4):
        year = c if len(found["c"]) == 4 else 2000 + c
        month, day = (a, b) if reading.language in _AMERICAN and found["mark"] == "/" else (b, a)
        if month > 12:
            month, day = day, month
    else:
        return None
    return Day(place, last, year, month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


def _wide(tokens: Sequence[Token], place: int) -> Day | None:
    """2025年2月7日, 2月7日, 7日, 2月."""
    parts: dict[str, int] = {}
    last = place
    while last + 1 < len(tokens) and tokens[last].kind == "number" and tokens[last + 1].text in _WIDE:
        part, raw = _WIDE[tokens[last + 1].text], tokens[last].text
        if part in parts or not raw.isdigit() or len(raw) > 4:
            break
        # 3年間, 2日間, 3月ぶり are lengths of time.
        if last + 2 < len(tokens) and tokens[last + 2].text in "間间ぶ":
            break
        parts[part] = int(raw)
        last += 2
    if not parts or set(parts) == {"year"} or not 1 <= parts.get("month", 1) <= 12 or parts.get("day", 1) > 31:
        return None
    return Day(place, last - 1, parts.get("year"), parts.get("month"), parts.get("day"))


def _wide_weekday(tokens: Sequence[Token], place: int) -> Day | None:
    said = "".join(token.text for token in tokens[place : place + 3])
    if said[1:3] == "曜日" and said[0] in _WIDE_WEEKDAYS:
        return Day(place, place + 2, weekday=_WIDE_WEEKDAYS[said[0]])
    if said[:2] in ("星期", "礼拜") and said[2:] in _CHINESE_WEEKDAYS:
        return Day(place, place + 2, weekday=min(_CHINESE_WEEKDAYS[said[2]], 6))
    return None


def _day_month(tokens: Sequence[Token], place: int, months: Mapping[str, int]) -> Day | None:
    day = _number(tokens[place], 31)
    ahead = _skip(tokens, place + 1, _BETWEEN | _ENDS)
    if day is None or ahead >= len(tokens) or tokens[ahead].folded not in months:
        return None
    if tokens[ahead].sentence != tokens[place].sentence or tokens[ahead].kind != "word":
        return None
    year, last = _year(tokens, ahead)
    return Day(place, last, year, months[tokens[ahead].folded], day)


def _month_day(tokens: Sequence[Token], place: int, month: int) -> Day:
    ahead = place + 1
    # "Nov. 23"
    if _same(tokens, place, ahead) and tokens[ahead].text == "." and _same(tokens, place, ahead + 1):
        ahead += 1
    day = _number(tokens[ahead], 31) if _same(tokens, place, ahead) else None
    if day is None:
        year, last = _year(tokens, place)
        return Day(place, last, year, month)
    if _same(tokens, place, ahead + 1) and tokens[ahead + 1].folded in _ENDS:
        ahead += 1
    year, last = _year(tokens, ahead)
    return Day(place, last, year, month, day)


def _year(tokens: Sequence[Token], place: int) -> tuple[int | None, int]:
    ahead = _skip(tokens, place + 1, _BETWEEN)
    if _same(tokens, place, ahead):
        year = _number(tokens[ahead], 2999)
        if year and year > 1000:
            return year, ahead
    return None, place


def _skip(tokens: Sequence[Token], place: int, over: frozenset[str]) -> int:
    start = place
    while place < len(tokens) and place < start + 2 and tokens[place].folded in over:
        place += 1
    return place


def _same(tokens: Sequence[Token], place: int, other: int) -> bool:
    return other < len(tokens) and tokens[place].sentence == tokens[other].sentence


def _number(token: Token, most: int) -> int | None:
    raw = token.text
    return int(raw) if token.kind == "number" and raw.isdigit() and len(raw) <= 4 and 1 <= int(raw) <= most else None


@cache
def _names(language: str) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """The months and weekdays of a language and of English, by CLDR; English alone for one it does not know."""
    months: dict[str, int] = {}
    weekdays: dict[str, int] = {}
    for tag in ("en", language):
        try:
            locale = Locale.parse(tag) if tag else None
        except (UnknownLocaleError, ValueError):
            continue
        if locale is None:
            continue
        for form in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                _enter(months, locale.months[form][width])
                _enter(weekdays, locale.days[form][width])
    months["sept"] = 9
    return months, weekdays


def _enter(names: dict[str, int], known: Mapping[int, str]) -> None:
    for number, name in known.items():
        # Of several words, the last says it all ("يوم"): such names are left to the check of words.
        folded = fold(name.rstrip("."))
        if len(folded) >= _SHORTEST and " " not in folded:
            names.setdefault(folded, number)
