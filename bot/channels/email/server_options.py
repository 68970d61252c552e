"""The keys of one SMTP submission server."""

from __future__ import annotations

import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bot.channels.email.relays import RELAYS
from bot.channels.email.warm_up import WarmUp
from bot.settings import Duration, Rates, Table, parse_duration


class ServerOptions(Table):
    """A submission server."""

    host: str = Field("", description="The submission server's name.")
    port: int = Field(587, ge=1, le=65535, description="587 with `starttls`, 465 with `tls`.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`none` is for a server on this machine only."
    )
    ca_file: str = Field(
        "",
        description="A PEM file: a certificate authority of your own, beside the system's; "
        "a relative path starts where the folder `config/` lies.",
    )
    username: str = Field("", description="The login; without it none is made.")
    password: SecretStr | None = Field(None, description="The login's password.")
    relay: str = Field(
        "",
        description="What kind of server it is, for what it changes in a mail and how it names one: "
        f"{', '.join(f'`{each.name}`' for each in RELAYS)}; told by `host` when left out.",
    )
    sends_from: tuple[str, ...] = Field(
        (),
        description="The public addresses from which its mail reaches receivers, where `check` cannot know them "
        "(behind NAT, or through a smart host): SPF and PTR are tried on them.",
    )
    connections: int = Field(4, ge=1, le=500, description="Connections at once.")
    per_connection: int = Field(100, ge=1, description="Messages over one connection; then a new one is made.")
    rates: Rates = Field(
        (), description='The most it may be given, over all processes: `"10/s"`, or a list: `["600/m", "50000/d"]`.'
    )
    weight: int = Field(
        1, ge=0, le=1000, description="Its share beside other servers; 0: only while no other one takes mail."
    )
    timeout: Duration = Field(
        parse_duration("60s"),
        gt=timedelta(0),
        le=parse_duration("60s"),
        description="Longest wait for an answer, at most 60s; five times as long after a message.",
    )
    warm_up: WarmUp | None = Field(None, description="A new server or domain begins with a little a day.")

    @field_validator("relay")
    @classmethod
    def _known_relay(cls, value: str) -> str:
        known = [each.name for each in RELAYS]
        if value and value not in known:
            raise PydanticCustomError("relay", "one of: {known}", {"known": ", ".join(known)})
        return value

    @field_validator("sends_from")
    @classmethod
    def _public(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            try:
                ip_address(each)
            except ValueError as error:
                raise PydanticCustomError("sends_from", 'IP addresses: ["198.51.100.7"]') from error
        return value

    @field_validator("ca_file")
    @classmethod
    def _readable(cls, value: str, info: ValidationInfo) -> str:
        if not value:
            return value
        file = Path((info.context or {}).get("root") or "") / value
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError) as error:
            raise PydanticCustomError("ca_file", "the path of a PEM file of certificates") from error
        return str(file)

    @field_validator("security")
    @classmethod
    def _plain_text_stays_here(cls, value: str, info: ValidationInfo) -> str:
        host = info.data.get("host", "")
        if value == "none" and host and not is_loopback(host):
            raise PydanticCustomError(
                "security",
                'a server that is not on this machine needs "starttls" or "tls" (host is {host})',
                {"host": host},
            )
        return value


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only be this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
