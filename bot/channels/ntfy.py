"""Posts to a topic of ntfy: a notification on every phone that follows it.

https://docs.ntfy.sh/publish/#publish-as-json, #limitations, #updating-deleting-notifications and
https://docs.ntfy.sh/subscribe/api/ (checked 2026-11-29; the limit of the title in the research of the networks,
2026-11-23).

A message longer than 4,096 bytes would become an attached file: none is sent. There is no key by which the server
knows a repeat, so a lost answer is looked for among the messages that the server still has. Since ntfy 2.16 a message
has a sequence: phones show the last one of it. It is the delivery's token, so a post can be changed and taken down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, StrictInt

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.exchange import Exchange, Refusal, Told, advised
from bot.channels.fit import fitting
from bot.channels.parts import parts_of
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown
from bot.model import Idempotency, Limits, Parcel, Phrase, Post, Receipt
from bot.settings import PostTable, Table, Url, secret_variable

_TITLE, _MESSAGE = 1024, 4096
_SKEW = timedelta(minutes=1)
_MESSAGE_ID = re.compile(r"[A-Za-z0-9]{12}")
_KEPT = timedelta(hours=11)
"""A server keeps messages for twelve hours unless it is set otherwise."""


class NtfyOptions(PostTable):
    """A topic, and the token of a user who may publish to it."""

    server: Url = Field("https://ntfy.sh", description="The server.")
    topic: str = Field(pattern=r"^[-_A-Za-z0-9]{1,64}$", description="What followers subscribe to.")
    token: SecretStr | None = Field(None, description="An access token (`tk_…`), where the topic is not open to all.")
    priority: StrictInt = Field(3, ge=1, le=5, description="From 1 (silent) to 5 (rings until it is seen).")
    tags: tuple[Annotated[str, Field(pattern=r"^[^\s,]{1,40}$")], ...] = Field(
        (), max_length=10, description="Words below the message; a name such as `newspaper` becomes an emoji."
    )


@kind("ntfy")
class NtfyChannel(Unopened):
    """One topic."""

    Options: ClassVar[type[Table]] = NtfyOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "ntfy"
    connections = 1

    def __init__(self, name: str, options: NtfyOptions, around: Surroundings) -> None:
        self.limits = Limits(size=_MESSAGE, card=True)
        self.rules = options.rules
        # ntfy.sh takes 250 messages a day of who pays nothing; a server of one's own a burst of 60, and one in 5 s.
        public = urlsplit(options.server).hostname == "ntfy.sh"
        self.pace = options.pace((timedelta(minutes=5), 60), *([(timedelta(days=1), 250)] if public else []))
        self._around = around
        self._server = options.server.rstrip("/")
        self._options = options
        self._variable = secret_variable(name, "token")
        token = options.token.get_secret_value() if options.token else ""
        self._signed = {"Authorization": f"Bearer {token}"} if token else {}
        self._exchange = Exchange(around.http, around.clock, options.server, judge=self._judged, secrets=[token])

    async def send(self, parcel: Parcel) -> Receipt:
        """Publishes once. ``Receipt.id`` is the sequence; of a server that has none, the message's id."""
        told = await self._publish(self.payload(parcel), repeatable=False)
        self._exchange.named(told, told.data.get("id"))
        return self._receipt(told)

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The message. A tap on it opens the article; the picture is fetched by the phones, from its address."""
        post = fitting(parcel, self.limits, self._exchange.server)
        title, message = _told(post)
        picture = _picture(post)
        return {
            "topic": self._options.topic,
            "message": message,
            "sequence_id": parcel.token,
            **({"title": title} if title else {}),
            **({"click": post.url} if post.url else {}),
            **({"attach": picture} if picture else {}),
            **({"tags": list(self._options.tags)} if self._options.tags else {}),
            **({"priority": self._options.priority} if self._options.priority != 3 else {}),
        }

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Publishes the sequence anew: phones show this in the place of the old one, and may ring again."""
        message = {**self.payload(parcel), "sequence_id": self._sequence(id)}
        return self._receipt(await self._publish(message, repeatable=True))

    async def remove(self, id: str) -> None:
        """Takes the notification off the phones that are reached."""
        url = f"{self._server}/{self._options.topic}/{quote(self._sequence(id), safe='')}"
        try:
            await self._exchange.ask("DELETE", url, repeatable=True, headers=self._signed)
        except DeliveryError as error:
            if error.code != 404:
                raise

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        """Looks for the same sequence, else the same message, among those that the server still has."""
        wanted, since = self.payload(parcel), int((began - _SKEW).timestamp())
        # All of them too: the server's clock may be far off ours, and a sequence is known whenever it came.
        for kept in (await self._messages(since), await self._messages("all")):
            messages = [each for each in kept.rows if each.get("event") == "message" and _text(each, "id")]
            for each in messages:
                recent = isinstance(each.get("time"), int) and each["time"] >= since
                same = recent and all(each.get(key) == wanted.get(key) for key in ("message", "title", "click"))
                if each.get("sequence_id") == parcel.token or same:
                    return self._receipt(Told(kept.status, each, kept.headers, kept.body, kept.quota), "already there")
        if self._around.clock() - began > _KEPT or not messages:
            said = f"{self._exchange.server} keeps no messages of that time; look whether it came, on a phone"
            raise OutcomeUnknown(said, server=self._exchange.server)
        return None

    async def check(self) -> str:
        """Reads the topic: the token is good, or none is needed. Whether it may publish only a post shows."""
        await self._messages("30s")
        return Phrase(
            "%(server)s lets us read %(topic)s; only a post shows whether we may write",
            server=self._exchange.server,
            topic=self._options.topic,
        )

    async def _messages(self, since: int | str) -> Told:
        url = f"{self._server}/{self._options.topic}/json?poll=1&since={since}"
        return await self._exchange.ask("GET", url, repeatable=True, headers=self._signed)

    async def _publish(self, message: Mapping[str, Any], *, repeatable: bool) -> Told:
        return await self._exchange.ask("POST", self._server, repeatable=repeatable, json=message, headers=self._signed)

    def _sequence(self, id: str) -> str:
        if _MESSAGE_ID.fullmatch(id):
            said = f"{self._exchange.server} cannot change what it sent: that needs ntfy 2.16"
            raise DeliveryError(said, permanent=True, server=self._exchange.server)
        return id

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        if refusal.status in (401, 403):
            able = Phrase(
                "put a token that may publish to %(topic)s into %(variable)s",
                topic=self._options.topic,
                variable=self._variable,
            )
            said = advised(refusal.said, able)
            return ChannelRefused(said, code=refusal.status, server=refusal.server)
        return None

    def _receipt(self, told: Told, text: str = "") -> Receipt:
        id = _text(told.data, "sequence_id") or _text(told.data, "id")
        return Receipt(server=self._exchange.server, code=told.status, text=text, id=id, quota=told.quota)


def _told(post: Post) -> tuple[str, str]:
    """Title and message: the headline once, and no link, which a tap opens."""
    parts = parts_of(post)
    whole = f"{parts.headline}\n\n{parts.body}".strip("\n")
    if not parts.headline or not parts.body or len(parts.headline.encode()) > _TITLE:
        return "", whole or post.text
    return parts.headline, parts.body


def _picture(post: Post) -> str:
    """The address of the post's picture: a sensitive one is not put on locked screens."""
    if post.sensitive:
        return ""
    return post.pictures[0].url if post.pictures else post.card.image_url if post.card else ""


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
