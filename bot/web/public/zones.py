"""The time zones of a list: by part of the world, under the names of their cities in the reader's language."""

from __future__ import annotations

from functools import cache

from babel import Locale
from babel.core import get_global

# UN M.49 codes, under which CLDR has the names.
_AFRICA, _AMERICAS, _ASIA, _EUROPE, _OCEANIA = "002", "019", "142", "150", "009"
_PARTS = {
    "Africa": _AFRICA,
    "America": _AMERICAS,
    "Arctic": _EUROPE,
    "Asia": _ASIA,
    "Atlantic": _EUROPE,
    "Australia": _OCEANIA,
    "Europe": _EUROPE,
    "Indian": _ASIA,
    "Pacific": _OCEANIA,
    "Atlantic/Bermuda": _AMERICAS,
    "Atlantic/South_Georgia": _AMERICAS,
    "Atlantic/Stanley": _AMERICAS,
    "Atlantic/Cape_Verde": _AFRICA,
    "Atlantic/St_Helena": _AFRICA,
    "Indian/Antananarivo": _AFRICA,
    "Indian/Comoro": _AFRICA,
    "Indian/Mahe": _AFRICA,
    "Indian/Mauritius": _AFRICA,
    "Indian/Mayotte": _AFRICA,
    "Indian/Reunion": _AFRICA,
}
"""Where a zone stands: by its own name, else by the first word of it."""


@cache
def zones(language: str) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """(part of the world, ((IANA zone, city), …)), sorted by their names in ``language``."""
    locale = _locale(language)
    found: dict[str, list[tuple[str, str]]] = {}
    for zone in get_global("zone_territories"):
        part = _PARTS.get(zone) or _PARTS.get(zone.split("/")[0])
        if part and "/" in zone:
            found.setdefault(locale.territories.get(part, part), []).append((zone, city(zone, language)))
    return tuple(
        (part, tuple(sorted(each, key=lambda named: named[1].casefold()))) for part, each in sorted(found.items())
    )


def city(zone: str, language: str) -> str:
    """``Europe/Lisbon`` → ``Lisbon``; a zone without a city by its own name."""
    known = _locale(language).time_zones
    for name in (zone, *_old_names().get(zone, ())):
        named = known.get(name, {}).get("city")
        if named:
            return str(named)
    return zone.rsplit("/", 1)[-1].replace("_", " ")


@cache
def _old_names() -> dict[str, list[str]]:
    # CLDR keeps a zone's first name for good: Asia/Kolkata's city stands under Asia/Calcutta.
    names: dict[str, list[str]] = {}
    for old, new in get_global("zone_aliases").items():
        names.setdefault(new, []).append(old)
    return names


def _locale(language: str) -> Locale:
    return Locale.parse(language.split("-")[0])
