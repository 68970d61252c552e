"""``[signup]``: the sign-up page, the form on other sites, the API, and how much of it at most."""

from __future__ import annotations

from pydantic import Field, StrictBool

from bot.settings.kinds import Origin, Rates, Table, parse_rates


class SignupTable(Table):
    """How readers subscribe: `/subscribe`, the form on your site, the API. docs/signup.md tells how to use it."""

    headline: str = Field("", description="The sign-up page's headline; a plain one with the newsroom's name without.")
    lead: str = Field("", description="The sentence under it.")
    channel: str = Field(
        "",
        description="Which email channel sends the confirmations: a key of `[channels]`; that of the chosen newsletter "
        "when left out.",
    )
    origins: tuple[Origin, ...] = Field(
        (),
        description="Sites that may show the form in a frame, besides `newsroom.url`, and may call the API.",
    )
    keep_ip: StrictBool = Field(
        False,
        description="Whether the IP address that a consent came from is kept with it, also an imported one. It proves "
        "little, and is personal data.",
    )
    per_network: Rates = Field(
        parse_rates("20/h"),
        min_length=1,
        description="Sign-ups taken from one network (an IPv4 /24, an IPv6 /56); more are told to come back later.",
    )
    per_domain: Rates = Field(
        parse_rates("300/h"),
        min_length=1,
        description="Confirmations sent to one mail domain; more of them wait.",
    )
    mails: Rates = Field(
        parse_rates("1000/h"),
        min_length=1,
        description="Confirmations sent in all; more of them wait. Ten times as many sign-ups are taken.",
    )
