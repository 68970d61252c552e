"""What tests of channels with an account share: their surroundings, a parcel, a credential in the store."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.channels.credentials import Credential, closed
from bot.clock import Clock
from bot.http import Http
from bot.model import Newsroom, Parcel, Post, Rendition
from bot.settings.tables import HttpTable
from bot.store import Store
from bot.testing import KEYS, NOW
from bot.tokens import KeyRing


@dataclass
class Around:
    """The surroundings of a channel."""

    http: Http
    clock: Clock
    store: Store | None = None
    newsroom: Newsroom = field(default_factory=lambda: Newsroom(name="The Record", url="https://record.example"))
    keys: KeyRing = KEYS


@asynccontextmanager
async def around(clock: Clock, store: Store | None = None, *, seconds: str = "2s") -> AsyncIterator[Around]:
    """Surroundings whose HTTP reaches loopback, and gives up after ``seconds``."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with Http(HttpTable(allow_loopback=True, timeout=seconds), tls=tls) as http:  # type: ignore[arg-type]
        yield Around(http, clock, store)


def parcel(text: str = "The ferry returns", channel: str = "news", **post: Any) -> Parcel:
    rendition = Rendition(channel=channel, post=Post(text=text, **post))
    token = "abcdefghijklmnopqrstuvwxyz"
    return Parcel(token=token, edition="k7f3q9xdabcd", schedule="morning", slot=NOW, rendition=rendition)


def keep(store: Store, channel: str, credential: Credential, keys: KeyRing = KEYS) -> None:
    """Puts ``credential`` into the store, as if an editor had connected the channel at ``NOW``."""
    with store.write() as tx:
        serial = tx.channels.get(channel).serial
        assert tx.channels.save(
            channel,
            closed(credential, keys),
            account=credential.account,
            expires=credential.ends,
            now=NOW,
            serial=serial,
        )
