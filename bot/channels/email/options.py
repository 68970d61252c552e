"""The keys of a channel of the type ``email``."""

from __future__ import annotations

import ssl
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bot.settings import Duration, MailAddress, Sender, Table, parse_duration, parse_sender

VERP_TOKEN = 26
"""Characters of a delivery token; VERP puts ``+`` and one of them behind the local part (RFC 5321: 64 at most)."""


class EmailOptions(Table):
    """An SMTP submission server and who sends through it."""

    sender: Sender = Field(alias="from", description='Who the mail is from: `"The Record <briefing@record.example>"`.')
    reply_to: MailAddress | None = Field(None, description="Where answers go; to `from` when left out.")
    bounces: MailAddress | None = Field(
        None,
        description="Where bounces go: the envelope sender becomes `LOCAL+TOKEN@DOMAIN` with each delivery's token; "
        "the address of `from` when left out.",
    )
    host: str = Field(min_length=1, description="The submission server's name.")
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
    connections: int = Field(4, ge=1, le=100, description="Connections at once.")
    per_connection: int = Field(100, ge=1, description="Messages over one connection; then a new one is made.")
    timeout: Duration = Field(
        parse_duration("60s"),
        gt=timedelta(0),
        # Five times as long must stay well below the lease of a delivery (bot.delivery.engine.LEASE).
        le=parse_duration("60s"),
        description="Longest wait for an answer, at most 60s; five times as long after a message.",
    )
    unsubscribe_mailto: MailAddress | None = Field(
        None, description="An address that takes unsubscribe mails, named beside the one-click link."
    )
    list_id: str = Field(
        "",
        pattern=r"^([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+)?$",
        max_length=200,
        description="List-Id (RFC 2919); AUDIENCE.HOST of the newsroom when left out. It must never change.",
    )
    precedence: bool = Field(True, description="Whether mails carry `Precedence: bulk`.")

    @field_validator("sender")
    @classmethod
    def _plain_sender(cls, value: str) -> str:
        return _only_ascii(value, parse_sender(value)[1])

    @field_validator("bounces", "reply_to", "unsubscribe_mailto")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        return None if value is None else _only_ascii(value, value)

    @field_validator("bounces")
    @classmethod
    def _room_for_a_token(cls, value: str | None) -> str | None:
        if value and len(value.rpartition("@")[0]) + 1 + VERP_TOKEN > 64:
            raise PydanticCustomError("bounces", "the part before the @ has at most 37 characters, for a token follows")
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

    @property
    def address(self) -> str:
        """The address of ``from``."""
        return parse_sender(self.sender)[1]


def is_loopback(host: str) -> bool:
    """Whether ``host`` can only be this machine."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _only_ascii(value: str, address: str) -> str:
    if not address.rpartition("@")[0].isascii():
        raise PydanticCustomError("address", "an address of ours has only ASCII before the @, so that all can answer")
    return value
