"""The first weeks of a new domain or server: how many messages it may send on a day.

Mailbox providers distrust who suddenly sends much. Google asks senders to increase the volume slowly, to begin with
engaged readers, and to keep the daily volume even (https://support.google.com/a/answer/81126); SendGrid's automated
warm-up of an address, https://www.twilio.com/docs/sendgrid/ui/sending-email/warming-up-an-ip-address, and Amazon SES's,
https://docs.aws.amazon.com/ses/latest/dg/dedicated-ip-warming.html, take 41 and 45 days (from memory, 2026-11-25: none
of the three pages could be looked at). The defaults reach 100,000 a day after 25 days, between those and the two weeks
that senders with a good list report.
"""

from __future__ import annotations

import math
from datetime import date

from pydantic import Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bot.settings import Table


class WarmUp(Table):
    """A new domain or server sends more each day, until nobody wonders any more."""

    start: date = Field(description="The first day, e.g. `2027-01-11`; before it nothing goes out this way.")
    first: int = Field(200, ge=1, le=1_000_000, description="Messages on the first day.")
    growth: float = Field(1.3, gt=1, le=3, description="How many times as many each day as on the day before.")
    until: int = Field(100_000, ge=1, description="It ends on the day that would allow so many.")

    @field_validator("until")
    @classmethod
    def _more_than_at_first(cls, value: int, info: ValidationInfo) -> int:
        first = info.data.get("first")
        if first is not None and value <= first:
            raise PydanticCustomError("until", "more than `first`, which is {first}", {"first": first})
        return value


def allowance(warm_up: WarmUp, day: date) -> int | None:
    """Messages that may go out on ``day`` (as the newsroom's calendar has it); None: no limit any more."""
    days = (day - warm_up.start).days
    if days < 0:
        return 0
    # Compared as logarithms: after some years the power itself is no number any more.
    if days * math.log(warm_up.growth) >= math.log(warm_up.until / warm_up.first):
        return None
    return int(warm_up.first * warm_up.growth**days)
