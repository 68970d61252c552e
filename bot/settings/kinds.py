"""The kinds of values a setting can have: durations, rates, timezones, cron expressions, addresses, colours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationInfo
from pydantic_core import PydanticCustomError

from bot.model import Phrase, said_by
from bot.settings.address import is_address


class Table(BaseModel):
    """A table of the configuration: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_LONGEST_RATE = timedelta(days=31)


def parse_duration(value: Any) -> timedelta:
    """``"90s"``, ``"30m"``, ``"3h"``, ``"2d"``, ``"1w"`` or a number of seconds. Raises ``ValueError``."""
    try:
        duration = _duration(value)
    except OverflowError as error:
        raise ValueError(Phrase("no duration is as long as that")) from error
    if duration < timedelta(0):
        raise ValueError(Phrase("a duration is not negative"))
    return duration


def parse_keeping(value: Any) -> timedelta | None:
    """How long something is kept, a day at least: a duration, or None for ``"forever"``. Raises ``ValueError``."""
    if value is None or value == "forever":
        return None
    try:
        kept = parse_duration(value)
    except ValueError as error:
        raise ValueError(Phrase('%(what)s, or "forever"', what=said_by(error))) from error
    if kept < timedelta(days=1):
        # Not even 0, which one reader takes for "nothing" and another for "no limit".
        raise ValueError(Phrase('at least 1d; "forever" keeps it without a limit'))
    return kept


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return timedelta(seconds=value)
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", value) if isinstance(value, str) else None
    if not match:
        raise ValueError(Phrase('a duration is a number with a unit: "90s", "30m", "3h", "2d", "1w"'))
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def duration_text(duration: timedelta) -> str:
    """The shortest way to write ``duration`` in a setting, e.g. ``3h``."""
    seconds = int(duration.total_seconds())
    for unit, size in reversed(_UNITS.items()):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``number`` in any ``period`` (whole seconds)."""

    number: int
    period: timedelta

    def __str__(self) -> str:
        time = duration_text(self.period)
        return f"{self.number}/{time[1:] if time in ('1s', '1m', '1h', '1d', '1w') else time}"


def parse_rates(value: Any) -> tuple[Rate, ...]:
    """``"10/s"``, ``"600/m"``, ``"20000/h"``, ``"500/15m"``, or a list of them that all hold. Raises ``ValueError``."""
    rates = tuple(_rate(each) for each in (value if isinstance(value, list | tuple) else [value]))
    periods = [each.period for each in rates]
    twice = next((each for each in rates if periods.count(each.period) > 1), None)
    if twice:
        raise ValueError(f"two rates for one time, {' and '.join(str(r) for r in rates if r.period == twice.period)}")
    return rates


def _rate(value: Any) -> Rate:
    if isinstance(value, Rate):
        return value
    match = (
        re.fullmatch(r"\s*([0-9]{1,12})\s*/\s*([0-9]{0,7})\s*([smhdw])\s*", value) if isinstance(value, str) else None
    )
    if not match:
        raise ValueError(
            Phrase('a rate is a number and a time, "10/s", "600/m", "20000/h", "500/15m", "50000/d", or a list')
        )
    rate = Rate(int(match[1]), timedelta(seconds=int(match[2] or 1) * _UNITS[match[3]]))
    if rate.number < 1 or rate.period < timedelta(seconds=1):
        raise ValueError(f'"{value.strip()}": a rate is at least one in a second or longer')
    if rate.period > _LONGEST_RATE:
        raise ValueError(f'"{value.strip()}": a rate is for at most {duration_text(_LONGEST_RATE)}')
    return rate


def _check(kind: str, function: Any) -> BeforeValidator:
    def validate(value: Any) -> Any:
        try:
            return function(value)
        except (ValueError, TypeError) as error:
            raise PydanticCustomError(kind, "{reason}", {"reason": said_by(error)}) from error

    return BeforeValidator(validate)


def at_least(shortest: timedelta) -> AfterValidator:
    """What a ``Duration`` must not be shorter than: one of nothing makes a loop that never rests."""

    def validate(duration: timedelta) -> timedelta:
        if duration < shortest:
            reason = Phrase("at least %(shortest)s", shortest=duration_text(shortest))
            raise PydanticCustomError("duration", "{reason}", {"reason": reason})
        return duration

    return AfterValidator(validate)


def _timezone(value: Any) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise ValueError(Phrase('a timezone is an IANA name such as "Europe/Berlin" or "America/New_York"')) from error
    return str(value)


def _cron(value: Any) -> str:
    try:
        CronSim(value, datetime.now(UTC))
    except (CronSimError, TypeError, AttributeError) as error:
        raise ValueError(
            Phrase('cron takes five fields, minute hour day month weekday: "0 7 * * 1-5" is 07:00 on weekdays')
        ) from error
    return str(value)


_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def parse_days(value: Any) -> str:
    """``"mon-fri"``, ``"sat,sun"`` → a cron's fifth field, ``1,2,3,4,5``; "" → ``*``. Raises ``ValueError``."""
    found: set[int] = set()
    for part in value.lower().replace(" ", "").split(",") if isinstance(value, str) and value.strip() else []:
        first, dash, last = part.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError(Phrase('days are "mon", "tue", "wed", "thu", "fri", "sat", "sun": "mon-fri", "sat,sun"'))
        begin = _DAYS.index(first)
        # "fri-mon" goes over the end of the week.
        found |= {(begin + step) % 7 for step in range((_DAYS.index(last) - begin) % 7 + 1 if dash else 1)}
    return ",".join(str((day + 1) % 7) for day in sorted(found)) or "*"


def _days(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(Phrase('days are one text: "mon-fri", or "sat,sun"'))
    parse_days(value)
    return value.lower()


def _times(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(Phrase('times are a list of wall times: ["08:10", "17:30"]'))
    found = [_wall_time(each) for each in value]
    twice = next((each for each in found if found.count(each) > 1), "")
    if twice:
        raise ValueError(Phrase('"%(time)s" stands there twice; name each time once', time=twice))
    return tuple(sorted(found))


def _wall_time(value: Any) -> str:
    match = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", value.strip()) if isinstance(value, str) else None
    if isinstance(value, time) and not (value.second or value.microsecond):
        return f"{value:%H:%M}"
    if not match:
        raise ValueError(Phrase('a time is a wall time of 24 hours, "08:10" or "17:30"'))
    return f"{int(match[1]):02}:{match[2]}"


def _url(value: Any) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(Phrase('a URL starts with https:// (or http://): "https://news.example"'))
    return str(value).rstrip("/")


def parse_sender(value: Any) -> tuple[str, str]:
    """``"The Record <briefing@record.example>"`` → (name, address). Raises ``ValueError``."""
    name, address = parseaddr(value if isinstance(value, str) else "")
    if not is_address(address):
        raise ValueError(
            Phrase('a sender is an address, with a name before it: "The Record <briefing@record.example>"')
        )
    return name, address


def _sender(value: Any) -> str:
    parse_sender(value)
    return str(value)


def _address(value: Any) -> str:
    if not (isinstance(value, str) and is_address(value.strip())):
        raise ValueError(Phrase('a mail address: "corrections@record.example"'))
    return value.strip()


def _network(value: Any) -> str:
    try:
        return str(ip_network(value))
    except (ValueError, TypeError) as error:
        raise ValueError(Phrase('an address or a network: "127.0.0.1", "10.0.0.0/8", "fd00::/8"')) from error


def _origin(value: Any) -> str:
    parts = urlsplit(value) if isinstance(value, str) else None
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(
            Phrase('an origin is scheme and host, and a port where it has one: "https://portalderrecord.example"')
        )
    if parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValueError(Phrase('an origin has no path and no name: "https://portalderrecord.example"'))
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _colour(value: Any) -> str:
    if not (isinstance(value, str) and re.fullmatch(r"#[0-9A-Fa-f]{6}", value)):
        raise ValueError(Phrase('a colour is six hexadecimal digits: "#0B5D4B"'))
    return value.upper()


def _local_path(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str | Path) or not str(value).strip():
        raise PydanticCustomError("path", 'a path on this machine: "articles" or "/srv/articles"')
    root = (info.context or {}).get("root")
    return Path(root) / value if root else Path(value)


def _optional(function: Any) -> Any:
    return lambda value: value if value in ("", None) else function(value)


LocalPath = Annotated[Path, BeforeValidator(_local_path)]
"""A path; a relative one starts at the folder that holds the configuration folder, wherever a command is called."""
Duration = Annotated[timedelta, _check("duration", parse_duration)]
Keeping = Annotated[timedelta | None, _check("duration", parse_keeping)]
"""How long something is kept; None is for ever."""
Rates = Annotated[tuple[Rate, ...], _check("rate", parse_rates)]
"""One rate, or a list of rates that all hold; ``()`` is no limit."""
Timezone = Annotated[str, _check("timezone", _timezone)]
Cron = Annotated[str, _check("cron", _cron)]
OptionalCron = Annotated[str, _check("cron", _optional(_cron))]
Days = Annotated[str, _check("days", _days)]
"""Days of the week as ``parse_days`` reads them; "" is every day."""
WallTimes = Annotated[tuple[str, ...], _check("times", _times)]
"""Wall times ``HH:MM``, each once, in order."""
Url = Annotated[str, _check("url", _url)]
Sender = Annotated[str, _check("sender", _sender)]
MailAddress = Annotated[str, _check("address", _address)]
OptionalMailAddress = Annotated[str, _check("address", _optional(_address))]
Network = Annotated[str, _check("network", _network)]
Origin = Annotated[str, _check("origin", _origin)]
"""What browsers send as ``Origin``: a host name in ASCII."""
Colour = Annotated[str, _check("colour", _colour)]
OptionalUrl = Annotated[str, _check("url", _optional(_url))]
OptionalColour = Annotated[str, _check("colour", _optional(_colour))]
OptionalTimezone = Annotated[str, _check("timezone", _optional(_timezone))]
