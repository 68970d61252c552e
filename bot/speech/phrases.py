"""What lower layers say (``bot.model.Phrase``), in the editor's language."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Literal

from babel.dates import format_date, format_time, get_datetime_format
from babel.lists import format_list
from babel.numbers import format_decimal
from babel.units import format_unit

from bot.errors import BroadsheetError
from bot.model import Phrase, said_by
from bot.model.phrase import Fact, Several, Way, largest
from bot.speech.catalog import catalog, direction, locale, spoken
from bot.speech.desk_words import at_the_desk

_HOUR = "HH:mm"
_SEMICOLON = {"ja": "；", "ar": "؛ "}


def told(text: str) -> str:
    """``text`` in the editor's language, and without commands, where it is a phrase; else as it stands."""
    if not isinstance(text, Phrase) or (spoken() == "en" and not _commands(text)):
        return str(text)
    words = catalog(spoken())
    if own := at_the_desk(text):
        found = words.gettext(own)
    elif text.many:
        found = words.ngettext(text.template, text.many, text.number)
    else:
        found = words.gettext(text.template)
    return str(found % {name: _fact(fact) for name, fact in text.facts.items()})


def _commands(text: Phrase) -> bool:
    """Whether the desk says it, or a phrase within it, in words of its own."""
    within = (each for fact in text.facts.values() for each in (fact.each if isinstance(fact, Several) else (fact,)))
    return bool(at_the_desk(text)) or any(_commands(each) for each in within if isinstance(each, Phrase))


def told_error(error: BroadsheetError) -> str:
    """What an error says."""
    return told(said_by(error))


def capital(said: str) -> str:
    """What is said in the course of a line, at the beginning of one."""
    return f"{said[:1].upper()}{said[1:]}"


def ended(said: str) -> str:
    """What is said, with a full stop at its end."""
    words = told(said).strip()
    stop = "" if not words or words.endswith((".", "!", "?", "。", "”", "؟")) else "。" if spoken() == "ja" else "."
    return f"{words}{stop}"


def sentence(said: str) -> str:
    """What is said in the course of a line, as it stands by itself: with a capital, and a full stop at its end."""
    return capital(ended(said))


def moment(at: datetime) -> str:
    """``Tuesday, 24 November 2026, 07:00 GMT``: all of it, in the zone that ``at`` bears."""
    return f"{_day_and_hour(at, 'full')} {at:%Z}"


def paragraph(sentences: Iterable[str]) -> str:
    """Sentences one after the other, as the language sets them."""
    return ("" if spoken() == "ja" else " ").join(map(told, sentences))


def _day_and_hour(at: datetime, length: Literal["long", "full"]) -> str:
    pattern = str(get_datetime_format("medium", locale=locale())).replace("'", "")
    hour, day = format_time(at, _HOUR, locale=locale()), format_date(at, length, locale=locale())
    return pattern.replace("{0}", hour).replace("{1}", day)


def _fact(fact: Fact) -> str:
    match fact:
        case Several():
            return _several(fact)
        case datetime():
            return _day_and_hour(fact, "long")
        case time():
            return format_time(fact, _HOUR, locale=locale())
        case timedelta():
            number, unit = largest(fact)
            return str(format_unit(number, f"duration-{unit}", "long", locale=locale()))
        case float():
            return format_decimal(fact, "#,##0.0", locale=locale())
        case int():
            return format_decimal(fact, locale=locale())
    return _apart(fact)


def _apart(text: str) -> str:
    """A fact in a sentence that is read from the right: a name or a piece of code keeps its own direction."""
    if isinstance(text, Phrase) or direction() == "ltr":
        return told(text)
    # FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE (UAX #9, 2.4): a fact holds none of its own.
    return f"\u2068{text}\u2069"


def _several(fact: Several) -> str:
    words = [_apart(each) for each in fact.each]
    if fact.way is Way.APART:
        # Each may be a list itself, and hold an "and".
        return _SEMICOLON.get(spoken(), "; ").join(words)
    return format_list(words, "or" if fact.way is Way.OR else "standard", locale=locale())
