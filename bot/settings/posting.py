"""What every channel that posts may be told in ``[channels.NAME]``, beside what its network needs."""

from __future__ import annotations

import re
from datetime import time, timedelta
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StrictBool, StrictInt, field_validator
from pydantic_core import PydanticCustomError

from bot.model import Pace, PostRules, Quiet
from bot.settings.kinds import Duration, Rates, Table

_HASHTAG = re.compile(r"#?\w{1,100}")
_UTM = re.compile(r"[a-z][a-z0-9_]{0,40}")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*([01]\d|2[0-3]):([0-5]\d)")


def parse_quiet(value: str) -> Quiet | None:
    """``"22:00-06:30"`` → from when until when; "" → None. Raises ``ValueError``."""
    if not value:
        return None
    match = _HOURS.fullmatch(value.strip())
    if not match or match.group(1, 2) == match.group(3, 4):
        raise ValueError('quiet hours are from and until: "22:00-06:30"')
    begin, begin_minute, end, end_minute = map(int, match.groups())
    return Quiet(time(begin, begin_minute), time(end, end_minute))


def _quiet(value: str) -> str:
    try:
        parse_quiet(value)
    except ValueError as error:
        raise PydanticCustomError("quiet", "{reason}", {"reason": str(error)}) from error
    return value


class PostTable(Table):
    """How a channel posts. A network's own table begins with these."""

    hashtags: StrictInt = Field(
        3, ge=0, le=30, description="How many of an article's tags may become hashtags at most; 0 for none."
    )
    hashtag_names: dict[str, str] = Field(
        {},
        description='Hashtags of your own for tags: `{"City Council" = "PortAlderCouncil", "internal" = ""}`; "" for '
        "none. Other tags are joined: `City Council` is `#CityCouncil`.",
    )
    utm: dict[str, str] = Field(
        {},
        description='Parameters that links get, `{"utm_source" = "{network}", "utm_campaign" = "{schedule}"}`. '
        "`{channel}`, `{network}`, `{schedule}` and `{date}` (`2026-11-29`) are filled in. "
        "Empty: links stay as they are.",
    )
    picture: Literal["card", "image", "none"] = Field(
        "card",
        description="An article's picture in the `card` below the text; as an `image` of the post's own, with its "
        "description, where the network takes one; or `none`.",
    )
    warnings: dict[str, str] = Field(
        {},
        description='Tags or sections whose posts are folded behind a warning, and its words: `{"War" = "War, '
        'violence"}`. On networks that know warnings.',
    )
    numbered: StrictBool = Field(False, description="Whether the parts of a thread say their place: `2/5`.")
    gap: Duration = Field(
        timedelta(seconds=30),
        description="Shortest time between two posts: what waited for long is spread, not poured out.",
    )
    rate: Rates = Field(
        (), description='Posts at most, e.g. `"10/h"` or `["10/h", "40/d"]`, beside what the network allows.'
    )
    quiet: Annotated[str, AfterValidator(_quiet)] = Field(
        "",
        description='Hours in which nothing is posted, in the newsroom\'s timezone: `"22:00-06:30"`. What is due then '
        "goes out after them.",
    )
    reactions: StrictBool = Field(
        True,
        description="Whether the network is asked, five times in a week, how followers reacted to each post. On "
        "networks that tell.",
    )

    @field_validator("hashtag_names")
    @classmethod
    def _good_hashtags(cls, value: dict[str, str]) -> dict[str, str]:
        for tag, hashtag in value.items():
            if hashtag and not _HASHTAG.fullmatch(hashtag):
                reason = f'"{hashtag}" for "{tag}" is no hashtag: letters and digits, without spaces'
                raise PydanticCustomError("hashtag", "{reason}", {"reason": reason})
        return value

    @field_validator("utm")
    @classmethod
    def _good_utm(cls, value: dict[str, str]) -> dict[str, str]:
        for name, template in value.items():
            if not _UTM.fullmatch(name):
                reason = f'"{name}" is no parameter: small letters, digits and "_", as in utm_source'
                raise PydanticCustomError("utm", "{reason}", {"reason": reason})
            try:
                template.format(channel="", network="", schedule="", date="")
            except (KeyError, ValueError, IndexError, AttributeError) as error:
                reason = f'"{name}": only {{channel}}, {{network}}, {{schedule}} and {{date}} are filled in'
                raise PydanticCustomError("utm", "{reason}", {"reason": reason}) from error
        return value

    @property
    def rules(self) -> PostRules:
        """How its posts are composed."""
        return PostRules(
            hashtags=self.hashtags,
            hashtag_names=_folded(self.hashtag_names),
            utm=MappingProxyType(dict(self.utm)),
            picture=self.picture,
            warnings=_folded(self.warnings),
            numbered=self.numbered,
            reactions=self.reactions,
        )

    def pace(self, *network: tuple[timedelta, int]) -> Pace:
        """How fast it posts; ``network`` are its network's own limits, (period, number), which hold beside the set."""
        most: dict[timedelta, int] = {}
        for period, number in (*network, *((rate.period, rate.number) for rate in self.rate)):
            most[period] = min(number, most.get(period, number))
        return Pace(gap=self.gap, most=MappingProxyType(most), quiet=parse_quiet(self.quiet))


def _folded(value: dict[str, str]) -> Any:
    return MappingProxyType({key.strip().casefold(): each.removeprefix("#").strip() for key, each in value.items()})
