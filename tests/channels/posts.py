"""What the tests of channels that post share: a post, its parcel, and a channel over its fake."""

from __future__ import annotations

import io
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pytest
from PIL import Image

from bot.channels.base import kinds
from bot.clock import Clock, SetClock
from bot.errors import DeliveryError
from bot.http import Http
from bot.model import Card, Newsroom, Parcel, Post, PostPicture, Rendition
from bot.settings import Table
from bot.settings.tables import HttpTable
from bot.store import Store
from bot.testing import KEYS, NOW
from bot.testing.networks import Network
from tests.channels.trial import Stage

URL = "https://record.example/ferry?utm_source=x&utm_medium=social"
TITLE = "Ferry back"
POST = Post(
    text=f"{TITLE}\n\nThe ferry sails again. 🛥️ 渡し船\n\n{URL}",
    url=URL,
    card=Card(url=URL, title=TITLE, description="The ferry sails again."),
    language="en",
)
BARE = replace(POST, card=None, data={"story": {"title": TITLE}})
"""As it is composed for a network that makes its own card."""
HOSTILE = (
    "*bold* _it_ ~no~ `code` <b>x</b> &amp; @channel @everyone <!here> <@U1> [a](https://evil.example) {{DATE(1)}}"
)
"""A headline with the markup and the pings of every network."""
HOSTILE_POST = Post(
    text=f"{HOSTILE}\n\n{HOSTILE}\n\n{URL}", url=URL, card=Card(url=URL, title=HOSTILE, description=HOSTILE)
)
TOKEN = "abcdefghijklmnopqrstuvwxyz"


@dataclass
class Around:
    """What a channel is given."""

    http: Http
    clock: Clock
    store: Store | None = None
    newsroom: Newsroom = field(default_factory=lambda: Newsroom(name="The Record", url="https://record.example"))
    keys: Any = KEYS


def parcel(post: Post = POST, *, token: str = TOKEN, slot: datetime = NOW) -> Parcel:
    rendition = Rendition(channel="news", post=post)
    return Parcel(token=token, edition="k7f3q9xdabcd", schedule="morning", slot=slot, rendition=rendition)


def served_by(stage: tuple[str, Stage], network: Network) -> str:
    """Puts ``network`` on the server that the tests share; returns its base URL."""
    base, serving = stage
    serving.app = network.app()
    return base


@asynccontextmanager
async def opened(
    kind: str, clock: SetClock, *, store: Store | None = None, timeout: str = "5s", **options: Any
) -> AsyncIterator[Any]:
    """The channel ``news`` of ``kind`` with these options."""
    cls = kinds()[kind]
    checked: Table = cls.Options.model_validate(options)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with (
        Http(HttpTable.model_validate({"allow_loopback": True, "timeout": timeout}), tls=tls, clock=clock) as http,
        cls("news", checked, Around(http, clock, store)) as channel,
    ):
        yield channel


async def refusal(sending: Any, secret: str) -> DeliveryError:
    """The error of ``sending``: one line, which never holds ``secret``."""
    with pytest.raises(DeliveryError) as raised:
        await sending
    assert "\n" not in str(raised.value)
    assert secret not in str(raised.value) + repr(raised.value)
    return raised.value


def pictured(url: str, text: str = POST.text, alt: str = "The ferry at the pier") -> Post:
    """A post that shows a picture of its own."""
    return replace(BARE, text=text, pictures=(PostPicture(url=url, alt=alt),))


def photograph(width: int = 1200, height: int = 800) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(held, "PNG")
    return held.getvalue()
