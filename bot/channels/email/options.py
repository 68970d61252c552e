"""The keys of a channel of the type ``email``."""

from __future__ import annotations

import re
from typing import Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from bot.channels.email.fields import ascii_domain, ascii_url
from bot.channels.email.server_options import ServerOptions
from bot.settings import MailAddress, Rates, Sender, is_address, parse_sender

VERP_TOKEN = 26
"""Characters of a delivery token; VERP puts ``+`` and one of them behind the local part (RFC 5321: 64 at most)."""
SELECTOR_RULE = "a selector has letters, digits, hyphens and dots, as in a domain name"


class EmailOptions(ServerOptions):
    """Who sends mail, and through which SMTP submission server; or through several, each in a table of its own."""

    sender: Sender = Field(alias="from", description='Who the mail is from: `"The Record <briefing@record.example>"`.')
    reply_to: MailAddress | None = Field(None, description="Where answers go; to `from` when left out.")
    bounces: MailAddress | None = Field(
        None,
        description="Where bounces go: the envelope sender becomes `LOCAL+TOKEN@DOMAIN` with each delivery's token; "
        "the address of `from` when left out.",
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
    list_help: str = Field(
        "",
        max_length=400,
        description="List-Help (RFC 2369): an https page on what readers get and how to change it, or an address that "
        "a person answers; `reply_to` when left out.",
    )
    list_owner: MailAddress | None = Field(
        None, description="List-Owner (RFC 2369): whom readers reach in person; `reply_to` when left out."
    )
    cfbl_address: MailAddress | None = Field(
        None,
        description="Where providers send complaints that follow RFC 9477 (experimental): an address at the domain of "
        "`from` or below it. Mails then carry CFBL-Address and, as CFBL-Feedback-ID, the delivery's token.",
    )
    precedence: bool = Field(True, description="Whether mails carry `Precedence: bulk`.")
    domain_rates: dict[str, Rates] = Field(
        {},
        description='The most to each provider of mailboxes, e.g. `{ "gmail.com" = "1000/h", "*" = "600/m" }`; `*` is '
        "each other one. Well-known domains of one provider count together.",
    )
    servers: dict[str, ServerOptions] = Field({}, description="Several servers, in place of `host`.")

    # DKIM (docs/dkim.md). What belongs together is held together in bot.channels.email.dkim.configured.
    dkim_selector: str = Field(
        "",
        description="Signs mails (DKIM) with an RSA key: the selector under which its public key stands in the DNS. "
        "`broadsheet keys dkim` makes both. Leave it out where your relay signs.",
    )
    dkim_key: SecretStr | None = Field(None, description="The private RSA key, PEM.")
    dkim_ed25519_selector: str = Field(
        "",
        description="A second signature beside it, with an Ed25519 key: its selector.",
    )
    dkim_ed25519_key: SecretStr | None = Field(None, description="The private Ed25519 key, PEM.")
    dkim_domain: str = Field(
        "",
        max_length=253,
        description="The domain that signs: that of `from` (when left out) or a parent of it, for DMARC.",
    )

    @model_validator(mode="after")
    def _some_server(self) -> Self:
        if bool(self.host) == bool(self.servers):
            raise PydanticCustomError("servers", "needs a host, or servers in tables of their own, and not both")
        if odd := [name for name in self.servers if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", name)]:
            # It is part of an environment variable's name.
            raise PydanticCustomError(
                "servers", "servers.{name}: a name has letters, digits, - and _", {"name": repr(odd[0])}
            )
        # An unused password in the environment does no harm, and a rate that nobody keeps does.
        idle = (self.model_fields_set & ServerOptions.model_fields.keys()) - {"password"}
        if self.servers and idle:
            raise PydanticCustomError(
                "servers", "{key} is a server's own: it stands in [channels.….servers.NAME]", {"key": sorted(idle)[0]}
            )
        if unnamed := [name for name, each in self.servers.items() if not each.host]:
            raise PydanticCustomError("servers", "servers.{name}.host is missing", {"name": unnamed[0]})
        if self.servers and not any(each.weight for each in self.servers.values()):
            raise PydanticCustomError("servers", "one of the servers needs a weight above 0")
        return self

    @property
    def all_servers(self) -> dict[str, ServerOptions]:
        """The servers by name; the only one is called ``main``."""
        return self.servers or {"main": self}

    @field_validator("sender")
    @classmethod
    def _plain_sender(cls, value: str) -> str:
        return _only_ascii(value, parse_sender(value)[1])

    @field_validator("bounces", "reply_to", "unsubscribe_mailto", "list_owner", "cfbl_address")
    @classmethod
    def _plain_address(cls, value: str | None) -> str | None:
        return None if value is None else _only_ascii(value, value)

    @field_validator("bounces")
    @classmethod
    def _room_for_a_token(cls, value: str | None) -> str | None:
        if value and len(value.rpartition("@")[0]) + 1 + VERP_TOKEN > 64:
            raise PydanticCustomError("bounces", "the part before the @ has at most 37 characters, for a token follows")
        return value

    @field_validator("list_help")
    @classmethod
    def _page_or_address(cls, value: str) -> str:
        try:
            if value.startswith("https://"):
                return ascii_url(value)
            if not value or is_address(value):
                return value
        except ValueError:
            pass
        raise PydanticCustomError("list_help", 'an https:// page or an address: "https://record.example/newsletters"')

    @field_validator("cfbl_address")
    @classmethod
    def _of_our_domain(cls, value: str | None, info: ValidationInfo) -> str | None:
        if not value or "sender" not in info.data:
            return value
        ours, theirs = _domain(parse_sender(info.data["sender"])[1]), _domain(value)
        if theirs != ours and not theirs.endswith(f".{ours}"):
            raise PydanticCustomError(
                "cfbl_address", "is at {ours}, the domain of from, or below it (RFC 9477 §3.1)", {"ours": ours}
            )
        return value

    @field_validator("dkim_domain")
    @classmethod
    def _aligned(cls, value: str, info: ValidationInfo) -> str:
        if not value or "sender" not in info.data:
            return value
        ours = _domain(parse_sender(info.data["sender"])[1])
        domain = _domain(f"x@{value}")
        if not (f".{ours}".endswith(f".{domain}") and "." in domain):
            raise PydanticCustomError(
                "dkim_domain", "is {ours}, the domain of from, or a parent of it, or DMARC fails", {"ours": ours}
            )
        return domain

    @field_validator("dkim_selector", "dkim_ed25519_selector")
    @classmethod
    def _sound_selector(cls, value: str) -> str:
        if value and not is_selector(value):
            raise PydanticCustomError("selector", SELECTOR_RULE)
        return value

    @field_validator("dkim_ed25519_selector")
    @classmethod
    def _own_record(cls, value: str, info: ValidationInfo) -> str:
        if value and value.lower() == info.data.get("dkim_selector", "").lower():
            raise PydanticCustomError("selector", "each key stands in the DNS under a selector of its own")
        return value

    @property
    def signing_domain(self) -> str:
        """The domain of DKIM signatures, in A-labels. Raises ``ValueError`` when that of ``from`` is no domain."""
        return self.dkim_domain or _domain(self.address)

    @property
    def address(self) -> str:
        """The address of ``from``."""
        return parse_sender(self.sender)[1]


def is_selector(value: str) -> bool:
    """Whether ``value`` can be a DKIM selector (RFC 6376 §3.1) of a length that leaves room for the domain."""
    label = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
    return len(value) <= 100 and re.fullmatch(rf"{label}(\.{label})*", value) is not None


def _domain(address: str) -> str:
    return ascii_domain(address).rpartition("@")[2].lower()


def _only_ascii(value: str, address: str) -> str:
    if not address.rpartition("@")[0].isascii():
        raise PydanticCustomError("address", "an address of ours has only ASCII before the @, so that all can answer")
    return value
