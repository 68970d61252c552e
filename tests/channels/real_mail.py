"""A real digest as one reader gets it: the shipped template compiled, merged, headed and signed, nothing left out."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from typing import Any

from bot.channels.email import EmailChannel, EmailOptions
from bot.channels.email.signing_key import SigningKey
from bot.clock import SetClock
from bot.editions.digest import compile_email
from bot.editions.sample import sample_digest
from bot.http import Http
from bot.model import Email, Newsroom, Parcel, Recipient, Rendition
from bot.settings import checked, shipped
from bot.settings.tables import HttpTable
from bot.testing import KEYS, NOW
from bot.tokens import delivery_token, edition_id

EDITION = edition_id(KEYS, "morning", "2026-11-24T07:00")
LANGUAGES = ("en", "de", "fr", "es", "ja", "ar")
READER = "ines@readers.test"
NEWSROOM = Newsroom(
    name="The Port Alder Record",
    url="https://record.example",
    address="14 Quay Street, Port Alder 40217",
    corrections_to="corrections@record.example",
    public_url="https://news.record.example",
)
RSA = SigningKey.new("record.example", "news")
ED25519 = SigningKey.new("record.example", "news-e", ed25519=True)
EVERYTHING = {
    "from": "The Port Alder Récord <briefing@record.example>",
    "host": "127.0.0.1",
    "security": "none",
    "reply_to": "desk@record.example",
    "bounces": "bounces@record.example",
    "unsubscribe_mailto": "out@record.example",
    "list_help": "https://record.example/newsletters",
    "list_owner": "editor@record.example",
    "cfbl_address": "complaints@record.example",
    "dkim_selector": "news",
    "dkim_key": RSA.pem,
    "dkim_ed25519_selector": "news-e",
    "dkim_ed25519_key": ED25519.pem,
}
"""Every option that adds a field, and both keys."""
HTTP = Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


@dataclass
class Around:
    newsroom: Newsroom
    http: Any = HTTP
    keys: Any = KEYS
    clock: Any = field(default_factory=lambda: SetClock(NOW))
    store: Any = None


def channel(newsroom: Newsroom = NEWSROOM, **options: Any) -> EmailChannel:
    """A channel with ``EVERYTHING``, changed by ``options``; None leaves one out."""
    table = {key: value for key, value in {**EVERYTHING, **options}.items() if value is not None}
    return EmailChannel(
        "mail", checked(EmailOptions, table, file="broadsheet.toml", at="channels.mail"), Around(newsroom)
    )


@cache
def digest(language: str = "en") -> Email:
    """The shipped template's own sample, in ``language``."""
    sample = sample_digest((shipped("templates"),), newsroom=replace(NEWSROOM, language=language))
    return compile_email(replace(sample, edition=EDITION))


def parcel(email: Email | None = None, *, token: str = "", **recipient: Any) -> Parcel:
    whom = {"subscriber": 7, "address": READER, "audience": "readers", "name": "Zoë Okafor", **recipient}
    return Parcel(
        token=token or delivery_token(KEYS, EDITION, "mail", "", whom["subscriber"]),
        edition=EDITION,
        schedule="morning",
        slot=NOW,
        rendition=Rendition(channel="mail", email=email or digest()),
        recipient=Recipient(**whom),
    )


def message(language: str = "en", **options: Any) -> bytes:
    """The bytes that go out."""
    return channel(**options).compose(parcel(digest(language)))


def read(raw: bytes) -> EmailMessage:
    """What a mail program makes of it."""
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not found.defects
    return found


def head_of(raw: bytes) -> list[bytes]:
    """The header's lines, folded as they are."""
    return raw.partition(b"\r\n\r\n")[0].split(b"\r\n")


def fields_of(raw: bytes, name: str) -> list[str]:
    """All fields of that name, unfolded."""
    unfolded = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode("ascii").split("\r\n")
    return [line.partition(": ")[2] for line in unfolded if line.lower().startswith(f"{name.lower()}:")]
