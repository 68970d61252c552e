"""The words a digest's frame speaks: phrases, plurals, dates and lists, in the edition's language."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.lists import format_list

from bot.editions.skeleton import by_skeleton

_GLUED = 32
"""Characters of the longest meta item that is never broken."""
_DIGITS = {"arab": 0x0660, "arabext": 0x06F0, "deva": 0x0966, "beng": 0x09E6, "mymr": 0x1040}


@dataclass(frozen=True)
class Wording:
    """Words in ``language``, times in ``zone``. Languages without phrases of their own speak English."""

    language: str
    zone: ZoneInfo
    locale: Locale
    phrases: Mapping[str, Any]
    digits: str

    def parts(self, phrase: str, **values: Any) -> list[Any]:
        """A phrase cut at its braces, values in their places as they came: ``["By ", names]``."""
        pieces = re.split(r"\{(\w+)\}", self.phrases[phrase])
        return [values[piece] if index % 2 else piece for index, piece in enumerate(pieces) if piece]

    def say(self, phrase: str, **values: Any) -> str:
        """A phrase with its values."""
        return "".join(str(part) for part in self.parts(phrase, **values))

    def counted(self, phrase: str, number: int) -> str:
        """``3 stories``: the plural form the language asks for, number and word glued with a no-break space."""
        forms = self.phrases[phrase]
        form: str = forms.get(self.locale.plural_form(number), forms["other"])
        return glued(form.replace("{n}", self.number(number)))

    def number(self, number: int) -> str:
        return self._localised(str(number))

    @property
    def separator(self) -> str:
        """What stands between the items of a meta line; it is the only place where the line breaks."""
        separator: str = self.phrases["separator"]
        return separator

    def long_date(self, moment: datetime) -> str:
        """``Tuesday 24 November 2026``, with no-break spaces inside the date."""
        return self._dated(moment, "long_date")

    def day(self, moment: datetime) -> str:
        """``3 March 2026``: also what the merge field SUBSCRIBED is filled with."""
        return glued(self._dated(moment, "day"))

    def month(self, moment: datetime) -> str:
        """``November 2026``, as a heading."""
        text = by_skeleton("yMMMM", moment.astimezone(self.zone), self.locale)
        return self._localised(text[:1].upper() + text[1:])

    def day_of_month(self, moment: datetime) -> str:
        """``Tue 24``."""
        return glued(self._localised(by_skeleton("Ed", moment.astimezone(self.zone), self.locale)))

    def time(self, moment: datetime) -> str:
        return glued(self._dated(moment, "time"))

    def brief(self, moment: datetime, now: datetime) -> str:
        """The time when it is of today; else the weekday; when older than six days the date."""
        return glued(self._dated(moment, self._age(moment, now, "time", "weekday", "short_day")))

    def published(self, moment: datetime, now: datetime) -> str:
        """As ``brief``, but with the time; of another year the whole date: for bylines."""
        if moment.astimezone(self.zone).year != now.astimezone(self.zone).year and (now - moment).days > 6:
            return self.day(moment)
        return glued(self._dated(moment, self._age(moment, now, "time", "weekday_time", "short_day_time")))

    def listed(self, names: Sequence[str]) -> str:
        """``A, B and C``."""
        return format_list(list(names), locale=self.locale) if names else ""

    def joints(self, count: int) -> list[str]:
        """What stands before each of ``count`` names in a list: ``["", ", ", " and "]``."""
        return format_list(["\0"] * count, locale=self.locale).split("\0")[:-1] if count else []

    def _age(self, moment: datetime, now: datetime, today: str, week: str, older: str) -> str:
        days = (now.astimezone(self.zone).date() - moment.astimezone(self.zone).date()).days
        return today if days == 0 else week if 0 < days < 7 else older

    def _dated(self, moment: datetime, pattern: str) -> str:
        text = format_datetime(moment.astimezone(self.zone), self.phrases[pattern], locale=self.locale)
        return self._localised(text.replace("\u202f", "\u00a0"))

    def _localised(self, text: str) -> str:
        if self.digits not in _DIGITS:
            return text
        zero = _DIGITS[self.digits]
        return re.sub(r"[0-9]", lambda match: chr(zero + int(match[0])), text)


def wording(language: str, timezone: str) -> Wording:
    """The words for an edition in ``language`` (BCP 47) whose times are shown in ``timezone`` (IANA)."""
    catalogue = _catalogue()
    base = language.split("-")[0].lower()
    spoken = base if base in catalogue else "en"
    own = next((name for name in catalogue if name.lower() == language.lower()), spoken)
    phrases = {**catalogue["en"], **catalogue[spoken], **catalogue[own]}
    locale = _locale(language if spoken == base else "en")
    digits = phrases.get("digits", "") if language.lower() == spoken else locale.default_numbering_system
    return Wording(language, ZoneInfo(timezone), locale, phrases, digits)


def spoken(language: str) -> str:
    """The language, or variety of one, whose phrases ``language`` (BCP 47) is given; "" when there are none."""
    named = {name.casefold(): name for name in _catalogue()}
    return named.get(language.casefold()) or named.get(language.split("-")[0].casefold(), "")


def glued(text: str) -> str:
    """``text`` with no-break spaces, so that a number stays with its unit; what is long stays breakable."""
    return text.replace(" ", "\u00a0") if len(text) <= _GLUED else text


def _locale(language: str) -> Locale:
    # A bare "en" reads day before month, as the rest of the world writes English.
    found = Locale.negotiate([language.replace("-", "_"), language.split("-")[0]], _known(), sep="_")
    return Locale.parse("en_GB") if found is None or str(found) == "en" else found


@cache
def _known() -> tuple[str, ...]:
    from babel.localedata import locale_identifiers

    return tuple(locale_identifiers())


@cache
def _catalogue() -> dict[str, dict[str, Any]]:
    return tomllib.loads((Path(__file__).parent / "phrases.toml").read_text("utf-8"))
