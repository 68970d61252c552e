"""What the program says to people, so that it can be said in another language: a template, and the facts in it.

A layer below the screens says it in English, and it is an English text to whoever reads it as one: the command line, a
log, a file. ``bot.speech`` looks its template up in a catalog (``make words`` gathers the templates from the calls of
``Phrase`` and ``plural``, which so must be given literal texts) and writes the facts as the editor's language does.
Templates hold whole sentences, or whole parts of one, since languages order words differently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self
from zoneinfo import ZoneInfo

from bot.model.checked import one_line


class Way(StrEnum):
    """How several things stand in a line."""

    AND = ", "
    """One after the other."""
    APART = "; "
    """One after the other, where each may hold commas."""
    OR = " or "
    """One of them."""
    BOTH = " and "
    """All of them together."""


@dataclass(frozen=True, slots=True)
class Several:
    """Several names, or phrases, as one fact."""

    each: tuple[str, ...]
    way: Way = Way.AND

    def __str__(self) -> str:
        if self.way is not Way.OR:
            return self.way.join(self.each)
        *most, last = self.each
        return f"{', '.join(most)} or {last}" if most else last


Fact = str | int | float | datetime | time | timedelta | Several
"""A number is grouped, one with a fraction has one digit of it; a moment is told in the zone it bears, a duration in
its largest unit."""


class Phrase(str):
    """An English text that remembers its ``template`` and ``facts``.

    ``many`` and ``number`` are those of a template that depends on a number (``plural``), else "" and 1. Texts among
    the facts become one line each, however hostile. What is joined or formatted from it is plain text again.
    """

    __slots__ = ("facts", "many", "number", "template")
    template: str
    many: str
    number: int
    facts: Mapping[str, Fact]

    def __new__(cls, template: str, many: str = "", number: int = 1, /, **facts: Fact) -> Self:
        clean = {name: _clean(fact) for name, fact in facts.items()}
        chosen = many if many and number != 1 else template
        made = super().__new__(cls, chosen % {name: english(fact) for name, fact in clean.items()})
        made.template, made.many, made.number, made.facts = template, many, number, MappingProxyType(clean)
        return made

    def rewritten(self, change: Callable[[str], str]) -> Phrase:
        """The same, each text among its facts as ``change`` has it."""

        def text(said: str) -> str:
            return said.rewritten(change) if isinstance(said, Phrase) else change(said)

        def of(fact: Fact) -> Fact:
            if isinstance(fact, Several):
                return Several(tuple(map(text, fact.each)), fact.way)
            return text(fact) if isinstance(fact, str) else fact

        return self.with_facts(**{name: of(fact) for name, fact in self.facts.items()})

    def with_facts(self, **facts: Fact) -> Phrase:
        """The same with these ``facts`` for those of their names."""
        return Phrase(self.template, self.many, self.number, **{**self.facts, **facts})

    def __getnewargs_ex__(self) -> tuple[tuple[str, str, int], dict[str, Fact]]:
        return (self.template, self.many, self.number), dict(self.facts)

    def __getstate__(self) -> None:
        return None

    def content(self) -> dict[str, Any]:
        """As JSON types."""
        many = {"many": self.many, "number": self.number} if self.many else {}
        return {"template": self.template, **many, "facts": {name: _written(each) for name, each in self.facts.items()}}

    @classmethod
    def from_content(cls, content: Mapping[str, Any]) -> Self:
        facts = {name: _read(each) for name, each in content["facts"].items()}
        return cls(content["template"], content.get("many", ""), content.get("number", 1), **facts)


def plural(number: int, one: str, many: str, /, **facts: Fact) -> Phrase:
    """A phrase that is ``one`` for a number of 1, else ``many``; ``count`` in them is the number."""
    return Phrase(one, many, number, **{"count": number, **facts})


_EACH = "%(each)s"


def several(each: tuple[str, ...], way: Way = Way.AND) -> Phrase:
    """Several names or phrases, and nothing else."""
    return Phrase(_EACH, each=Several(each, way))


def cut(said: str, longest: int) -> str:
    """At most so many characters; a phrase that is no longer stays one."""
    return said if len(said) <= longest else said[:longest]


def said_by(error: Exception) -> str:
    """What an error says: the phrase that was its first argument, where that is one."""
    said = error.args[0] if error.args else ""
    return said if isinstance(said, Phrase) else str(error)


def english(fact: Fact) -> str:
    """A fact as an English text has it."""
    match fact:
        case datetime():
            return f"{fact.day} {fact:%B %Y, %H:%M}"
        case time():
            return f"{fact:%H:%M}"
        case timedelta():
            number, unit = largest(fact)
            return f"{number} {_UNITS[unit]}"
        case float():
            return f"{fact:.1f}"
        case int():
            return f"{fact:,}"
    return str(fact)


_UNITS = {"minute": "min", "hour": "h", "day": "days"}


def largest(duration: timedelta) -> tuple[int, str]:
    """How many whole ones of its largest unit (``minute``, ``hour``, ``day``): days from two on."""
    minutes = max(0, int(duration.total_seconds() // 60))
    if minutes < 60:
        return minutes, "minute"
    return (minutes // 60, "hour") if minutes < 48 * 60 else (minutes // 1440, "day")


def _clean(fact: Fact) -> Fact:
    if isinstance(fact, Several):
        return Several(tuple(each if isinstance(each, Phrase) else one_line(each) for each in fact.each), fact.way)
    return one_line(fact) if isinstance(fact, str) and not isinstance(fact, Phrase) else fact


def _written(fact: Fact) -> Any:
    match fact:
        case Phrase():
            return {"phrase": fact.content()}
        case Several():
            return {"several": [_written(each) for each in fact.each], "way": fact.way.name}
        case datetime():
            zone = fact.tzinfo
            return {"at": fact.isoformat(), "zone": zone.key if isinstance(zone, ZoneInfo) else ""}
        case time():
            return {"time": fact.isoformat()}
        case timedelta():
            return {"seconds": fact.total_seconds()}
    return fact


def _read(written: Any) -> Any:
    match written:
        case {"phrase": content}:
            return Phrase.from_content(content)
        case {"several": each, "way": way}:
            return Several(tuple(map(_read, each)), Way[way])
        case {"at": moment, "zone": zone}:
            at = datetime.fromisoformat(moment)
            return at.astimezone(ZoneInfo(zone)) if zone else at
        case {"time": moment}:
            return time.fromisoformat(moment)
        case {"seconds": seconds}:
            return timedelta(seconds=seconds)
    return written
