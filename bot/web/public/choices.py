"""The fields of the preferences page: what is offered, and what of it a reader has or asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from babel import Locale
from markupsafe import Markup

from bot.audience.preferences import Asked, is_timezone, offer, pause_bounds, paused
from bot.audience.words import languages
from bot.editions.wording import Wording
from bot.model import Consent, Preferences
from bot.web.public.reader import Reader
from bot.web.public.zones import city, zones


@dataclass(frozen=True, slots=True)
class Option:
    """One thing to choose."""

    value: str
    name: str
    chosen: bool = False
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """What is chosen for one audience. ``schedules`` is empty where there is nothing to choose."""

    audience: str
    name: str
    topics: Sequence[Option] = ()
    schedules: Sequence[Option] = ()
    wrong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """The whole form. ``wrong`` says of a field what is wrong with it."""

    groups: Sequence[Group]
    hours: Sequence[Option]
    zones: Sequence[tuple[str, Sequence[Option]]]
    languages: Sequence[Option]
    paused_until: str
    first: date
    last: date
    wrong: dict[str, Markup] = field(default_factory=dict)


def stored(reader: Reader) -> Asked:
    """What the reader has, as the form would send it."""
    installation = reader.site.installation
    topics, schedules = {}, {}
    for each in reader.state.current:
        offered = offer(installation.settings, each.audience)
        topics[each.audience] = each.preferences.topics or offered.topics
        schedules[each.audience] = (
            offered.schedules if each.preferences.schedules is None else each.preferences.schedules
        )
    own = _own(reader)
    until = paused(own, installation.newsroom, installation.clock())
    return Asked(
        topics=topics,
        schedules=schedules,
        hour="" if own.hour is None else str(own.hour),
        timezone=own.timezone,
        language=own.language,
        paused_until=until.isoformat() if until else "",
    )


def choices(reader: Reader, asked: Asked, wrong: frozenset[str]) -> Choices:
    """The form with what was ``asked`` filled in; ``wrong`` as ``bot.audience.preferences.prefer`` says it."""
    installation, words, wording = reader.site.installation, reader.voice.words, reader.voice.wording
    newsroom = installation.newsroom
    zone = asked.timezone if asked.timezone and is_timezone(asked.timezone) else newsroom.timezone
    first, last = pause_bounds(zone, installation.clock())
    said = {key: words.say(f"{key}_wrong") for key in wrong & {"hour", "timezone", "language"}}
    if "paused_until" in wrong:
        said["paused_until"] = words.say("pause_wrong", first=day_of(first, wording), last=day_of(last, wording))
    return Choices(
        groups=[_group(reader, audience, asked, wrong) for audience in _ordered(reader)],
        hours=[
            Option("", words.plain("hour_default"), asked.hour == ""),
            *(Option(str(hour), _hour(hour, wording), asked.hour == str(hour)) for hour in range(24)),
        ],
        zones=_zones(reader, asked),
        languages=_languages(newsroom.language, asked),
        paused_until=asked.paused_until,
        first=first,
        last=last,
        wrong=said,
    )


def agreed_on(consent: Consent, wording: Wording) -> str:
    """The day of a consent, as ``day_of``."""
    day = consent.evidence.day if consent.evidence else None
    return day_of(day, wording) if day else wording.day(consent.at)


def day_of(day: date, wording: Wording) -> str:
    """``14 December 2026``."""
    return wording.day(datetime(day.year, day.month, day.day, 12, tzinfo=wording.zone))


def _hour(hour: int, wording: Wording) -> str:
    return wording.time(datetime(2026, 1, 1, hour, tzinfo=wording.zone))


def _own(reader: Reader) -> Preferences:
    """Hour, zone, language and pause are the reader's, and the same for all audiences: the link's tells them."""
    here = [each for each in reader.state.current if each.audience == reader.link.audience]
    return next((each.preferences for each in (*here, *reader.state.current)), Preferences())


def _ordered(reader: Reader) -> list[str]:
    return sorted(
        (each.audience for each in reader.state.current), key=lambda each: (each != reader.link.audience, each)
    )


def _group(reader: Reader, audience: str, asked: Asked, wrong: frozenset[str]) -> Group:
    settings = reader.site.installation.settings
    offered = offer(settings, audience)
    topics = asked.topics.get(audience, ())
    wanted = asked.schedules.get(audience, offered.schedules)
    # One that the reader gets anyway is no choice; one that they do not get is.
    choose = len(offered.schedules) > 1 or any(each not in wanted for each in offered.schedules)
    return Group(
        audience=audience,
        name=reader.site.audience(audience),
        topics=[Option(each, each, each in topics) for each in offered.topics],
        schedules=[
            Option(each, settings.schedules[each].name, each in wanted, settings.schedules[each].description)
            for each in offered.schedules
            if choose
        ],
        wrong=f"schedules:{audience}" in wrong,
    )


def _zones(reader: Reader, asked: Asked) -> list[tuple[str, Sequence[Option]]]:
    words, newsroom = reader.voice.words, reader.site.installation.newsroom
    language = words.language.split("-")[0]
    default = words.plain("timezone_default", place=city(newsroom.timezone, language))
    first = [Option("", default, asked.timezone in ("", newsroom.timezone))]
    known = {zone for _, cities in zones(language) for zone, _ in cities}
    if asked.timezone not in known and is_timezone(asked.timezone):
        first.append(Option(asked.timezone, city(asked.timezone, language), not first[0].chosen))
    return [
        ("", first),
        *(
            (part, [Option(zone, name, zone == asked.timezone and not first[0].chosen) for zone, name in cities])
            for part, cities in zones(language)
        ),
    ]


def _languages(newsroom: str, asked: Asked) -> list[Option]:
    base = newsroom.split("-")[0].lower()
    chosen = asked.language or base
    listed = [Option(each, _autonym(each), each == chosen) for each in languages()]
    if base not in languages():
        listed.insert(0, Option("", _autonym(base), not asked.language))
    return listed


def _autonym(language: str) -> str:
    name = Locale.parse(language).get_display_name(language) or language
    return name[:1].upper() + name[1:]
