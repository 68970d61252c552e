"""A channel before the fake of its network, as the tests of channels meet it."""

from __future__ import annotations

import io
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.base import kinds
from bot.channels.credentials import Credential, closed
from bot.clock import SetClock
from bot.errors import DeliveryError
from bot.http import Http
from bot.model import Card, Newsroom, Parcel, Post, Rendition
from bot.settings.tables import HttpTable
from bot.store import Store
from bot.testing import KEYS, NOW
from bot.testing.networks import NETWORKS, Fault, Network, Posted, made
from bot.testing.networks.sample import credential, options

TOKEN = "abcdefghijklmnopqrstuvwxyz"
URL = "https://record.example/2026/11/ferry"
CARD = Card(url=URL, title="The ferry returns", description="From Monday on.")
POST = Post(
    text=f"Fähre *fährt* <b>wieder</b> & _legt_ an: 14,1 % [sic] {{neu}} 🏳️‍🌈 @everyone\n\n{URL}",
    url=URL,
    card=CARD,
    language="de",
)
OTHER = Post(text=f"Correction: it is $1.4 million.\n\n{URL}", url=URL, card=CARD, language="en")
PICTURE = "/_picture.jpg"


def parcel(post: Post = POST, token: str = TOKEN) -> Parcel:
    rendition = Rendition(channel="outlet", subject="17", post=post)
    return Parcel(token=token, edition="k7f3q9xdabcd", schedule="morning", name="Now", slot=NOW, rendition=rendition)


@dataclass
class Around:
    http: Http
    clock: SetClock
    store: Store
    newsroom: Newsroom = field(default_factory=lambda: Newsroom(name="The Record", url="https://record.example"))
    keys: Any = KEYS


async def _here(host: str, port: int) -> list[str]:
    return ["127.0.0.1"]


class Stage:
    """Serves the fake of the test that runs, and a photograph beside it."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") == PICTURE:
            photo = io.BytesIO()
            Image.effect_noise((640, 420), 60).convert("RGB").save(photo, "JPEG")
            await Response(photo.getvalue(), media_type="image/jpeg")(scope, receive, send)
            return
        await self.app(scope, receive, send)


@dataclass
class Trial:
    """One kind of channel before its fake. ``told`` are options beside the sample's, ``fake`` the fake's."""

    kind: str
    base: str
    stage: Stage
    file: str
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    told: dict[str, Any] = field(default_factory=dict)
    fake: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # A network that fetches pictures itself wants a public name.
        self.picture = f"{self.base.replace('127.0.0.1', 'pictures.record.example')}{PICTURE}"
        self.network: Any = self.fresh()
        self.secrets: list[str] = []

    def fresh(self) -> Network:
        assert self.kind in NETWORKS, f"bot/testing/networks/{self.kind}.py is missing: a fake of the network"
        network = made(self.kind, self.clock, **self.fake)
        self.stage.app = network.app()
        return network

    @asynccontextmanager
    async def channel(self, network: Network | None = None, base: str = "") -> AsyncIterator[Any]:
        network = network or self.network
        cls: Any = kinds()[self.kind]
        told = options(network, base or self.base) | self.told
        store = Store.open(self.file)
        try:
            if account := credential(network, self.base):
                self._connect(store, account)
            table = cls.Options.model_validate(told)
            secret_fields = [name for name in told if isinstance(getattr(table, name), SecretStr)]
            # Of an address that is a secret, what comes behind the host.
            self.secrets = [told[name].removeprefix(base or self.base) for name in secret_fields]
            self.secrets += [account[name] for name in ("access", "refresh", "secret") if account.get(name)]
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            async with (
                Http(HttpTable(allow_loopback=True, timeout="5s"), tls=tls, resolve=_here) as http,
                cls("outlet", table, Around(http, self.clock, store)) as opened,
            ):
                if hasattr(opened, "waits"):  # Between the looks at what is being made.
                    opened.waits = (0,) * 4
                yield opened
        finally:
            store.close()

    def _connect(self, store: Store, account: dict[str, Any]) -> None:
        with store.write() as tx:
            if not tx.channels.get("outlet").credential:
                kept = closed(Credential(**account), KEYS)
                tx.channels.save("outlet", kept, account="record", expires=None, now=NOW, serial=0)

    async def do(self, act: str, *arguments: Any, base: str = "") -> Any:
        async with self.channel(base=base) as channel:
            return await getattr(channel, act)(*arguments)

    async def failure(self, act: str, *arguments: Any, base: str = "") -> DeliveryError:
        with pytest.raises(DeliveryError) as raised:
            await self.do(act, *arguments, base=base)
        self.shows_no_secret(raised.value)
        return raised.value

    def shows_no_secret(self, error: BaseException) -> None:
        assert self.secrets or self.kind == "ntfy" or not options(self.network, self.base)
        shown: BaseException | None = error
        while shown is not None:
            for secret in self.secrets:
                assert secret not in f"{shown} {shown!r}"
            shown = shown.__cause__
        assert "\n" not in str(error)

    async def publishing(self) -> tuple[str, str]:
        """Method and path of the request that makes a post appear: found on a fake of its own."""
        twin = self.fresh()
        seen: list[int] = []
        publish = twin.publish

        def watched(post: Any) -> Any:
            seen.append(len(twin.asked))
            return publish(post)

        twin.publish = watched  # type: ignore[method-assign]
        async with self.channel(twin) as channel:
            await channel.send(parcel())
        asked = twin.asked[seen[0]]
        self.network = self.fresh()
        return asked.method, unquote(asked.path)

    async def meets(self, fault: Fault) -> None:
        """The post's own request meets ``fault``, all before it pass."""
        method, path = await self.publishing()
        self.network.fail(fault, method=method, path=path)

    def seen(self) -> list[Posted]:
        """What followers see now."""
        if self.kind == "teams":
            self.clock.advance(minutes=5)  # A workflow answers before it posts.
        return list(self.network.visible)

    def texts(self) -> list[str]:
        return [each.text for each in self.seen()]
