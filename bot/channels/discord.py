"""Posts to a channel of Discord, through a webhook.

https://discord.com/developers/docs/resources/webhook#execute-webhook (also edit and delete of a webhook's message),
/resources/message#embed-object-embed-limits, /topics/rate-limits (checked 2026-11-23, research of the networks). The
size of a webhook's buckets, 30 a minute, is documented nowhere: from memory.

``wait=true`` always: without it a message that is not saved gives no error. Nobody is ever called: ``allowed_mentions``
is empty. A webhook can read a message by its id only, so what became of a lost answer nobody can tell.

How the channel's members reacted stands in the message (``reactions``: an emoji and its ``count`` each; /resources/
webhook#get-webhook-message and /resources/message#reaction-object, checked 2026-11-29; that the field is left out of
one without any: from memory). Replies are messages like all others: nobody counts them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.exchange import Exchange, Refusal, Told, advised
from bot.channels.fit import fitting
from bot.channels.parts import parts_of
from bot.channels.pictures import made_fit
from bot.editions.counting import graphemes
from bot.editions.escaping import escaped
from bot.editions.graphemes import Room, shortened
from bot.errors import ChannelRefused, DeliveryError, SettingsError
from bot.http import Upload
from bot.model import Card, Counting, Idempotency, Limits, Markup, Parcel, Phrase, Post, Reactions, Receipt, figure
from bot.settings import PostTable, Table, secret_variable

_CONTENT, _TITLE, _DESCRIPTION, _ALT = 2000, 256, 4096, 1024
_EMBEDS = 6000
_FILE = 8_000_000
_PIXELS = 2048
_HOOK = re.compile(r"/api/(v\d+/)?webhooks/\d+/[\w-]+")
_UNKNOWN_WEBHOOK, _UNKNOWN_CHANNEL = 10015, 10003


class DiscordOptions(PostTable):
    """A webhook of a channel (Edit channel → Integrations → Webhooks)."""

    url: SecretStr = Field(description="The webhook's address: who knows it can post.")
    thread: str = Field("", pattern=r"^\d{0,20}$", description="The id of a thread of the channel, to post there.")


@kind("discord")
class DiscordChannel(Unopened):
    """One webhook."""

    Options: ClassVar[type[Table]] = DiscordOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "discord"
    connections = 1
    at_once: ClassVar[int] = 5
    # A webhook may do thirty things a minute.
    measures: ClassVar[Mapping[timedelta, int]] = {timedelta(minutes=1): 5}

    def __init__(self, name: str, options: DiscordOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when the address is none of a webhook."""
        self.limits = Limits(
            # The link gets two signs more.
            characters=_CONTENT - 2,
            counting=Counting.UTF16,
            markup=Markup.MARKDOWN,
            marked_up=True,
            images=4,
            image_size=_FILE,
            alt=_ALT,
            card=True,
        )
        self.rules = options.rules
        self.pace = options.pace((timedelta(minutes=1), 30))
        self._around = around
        self._variable = secret_variable(name, "url")
        self._url = options.url.get_secret_value().strip()
        parts = urlsplit(self._url)
        if parts.scheme not in ("http", "https") or not _HOOK.fullmatch(parts.path):
            raise SettingsError(
                f"channels.{name}: {self._variable} is no webhook's address; copy it from Discord again"
            )
        self._url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self._thread = options.thread
        secrets = [parts.path, parts.path.rpartition("/")[2]]
        self._exchange = Exchange(around.http, around.clock, self._url, judge=self._judged, secrets=secrets)

    async def send(self, parcel: Parcel) -> Receipt:
        """Posts once; ``Receipt.id`` is the message's id."""
        payload = self.payload(parcel)
        files = await self._files(payload)
        body: dict[str, Any] = {"form": {"payload_json": _written(payload)}, "files": files}
        if not files:
            body = {"json": payload}
        told = await self._exchange.ask("POST", self._address(wait="true"), repeatable=False, **body)
        self._exchange.named(told, told.data.get("id"))
        return self._receipt(told)

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The message; each of its ``attachments`` stands with the address of its picture as ``file``."""
        post = fitting(parcel, self.limits, self._exchange.server)
        spoiler = "SPOILER_" if post.sensitive else ""
        attachments = [
            {
                "id": number,
                "filename": f"{spoiler}{number + 1}.jpg",
                "description": shortened(each.alt, Room(_ALT, None)),
                "file": each.url,
            }
            for number, each in enumerate(post.pictures[: self.limits.images])
        ]
        return {**self._message(post), **({"attachments": attachments} if attachments else {})}

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Changes text and card; pictures stay as they are."""
        post = fitting(parcel, self.limits, self._exchange.server)
        told = await self._exchange.ask("PATCH", self._address(id), repeatable=True, json=self._message(post))
        return self._receipt(told)

    async def remove(self, id: str) -> None:
        """Deletes the message."""
        try:
            await self._exchange.ask("DELETE", self._address(id), repeatable=True)
        except DeliveryError as error:
            if error.code != 404 or isinstance(error, ChannelRefused):
                raise

    async def measure(self, ids: Sequence[str]) -> Mapping[str, Reactions | None]:
        """Asks for each by itself: all emoji together are its likes."""
        found: dict[str, Reactions | None] = {}
        for id in ids:
            if not (id.isascii() and id.isdigit()):
                continue
            try:
                told = await self._exchange.ask("GET", self._address(id), repeatable=True)
            except DeliveryError as error:
                if error.code != 404 or isinstance(error, ChannelRefused):
                    raise
                found[id] = None
                continue
            if str(told.data.get("id", "")) != id:
                said = f"{self._exchange.server} answers with another message than was asked for"
                raise DeliveryError(said, permanent=False, code=told.status, server=self._exchange.server)
            found[id] = Reactions(likes=_reacted(told.data.get("reactions", [])))
        return found

    async def check(self) -> str:
        """Asks for the webhook's name; nothing is posted."""
        told = await self._exchange.ask("GET", self._url, repeatable=True)
        name = str(told.data.get("name") or "")[:80]
        return Phrase("%(server)s knows the webhook “%(name)s”", server=self._exchange.server, name=name)

    def _message(self, post: Post) -> dict[str, Any]:
        card = post.card if post.card and post.card.url else None
        words = _beside_card(post) if card else post.text
        content = escaped(words, Markup.MARKDOWN, [post.url])
        if card and post.url:
            # Else Discord would put a card of its own beside ours.
            content = content.replace(post.url, f"<{post.url}>", 1)
        if _units(content) > _CONTENT:
            said = f"the post is longer than the {_CONTENT:,} characters that {self._exchange.server} takes, escaped"
            raise DeliveryError(said, permanent=True, server=self._exchange.server)
        embeds = [_embed(card, words, sensitive=post.sensitive)] if card else []
        return {"content": content, "embeds": embeds, "allowed_mentions": {"parse": []}}

    async def _files(self, payload: dict[str, Any]) -> dict[str, Upload]:
        """The pictures as they are uploaded; ``payload`` then names those that were to be had, by number."""
        files: dict[str, Upload] = {}
        kept = []
        for each in payload.pop("attachments", []):
            made = await made_fit(each.pop("file"), self._around, longest=_PIXELS, size=_FILE)
            if made is not None:
                files[f"files[{each['id']}]"] = Upload(name=each["filename"], kind="image/jpeg", content=made)
                kept.append(each)
        if kept:
            payload["attachments"] = kept
        return files

    def _address(self, message: str = "", *, wait: str = "") -> str:
        path = f"{self._url}/messages/{re.sub(r'[^0-9]', '', message)}" if message else self._url
        query = [f"{name}={value}" for name, value in (("wait", wait), ("thread_id", self._thread)) if value]
        return f"{path}?{'&'.join(query)}" if query else path

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        code = refusal.data.get("code")
        if refusal.status in (401, 403) or code == _UNKNOWN_WEBHOOK:
            anew = Phrase("make a new webhook and put its address into %(variable)s", variable=self._variable)
            said = advised(refusal.said, anew)
            return ChannelRefused(said, code=refusal.status, server=refusal.server)
        if code == _UNKNOWN_CHANNEL:
            said = advised(refusal.said, Phrase("compare the thread's id"))
            return ChannelRefused(said, code=refusal.status, server=refusal.server)
        return None

    def _receipt(self, told: Told) -> Receipt:
        return Receipt(
            server=self._exchange.server, code=told.status, id=str(told.data.get("id") or ""), quota=told.quota
        )


def _reacted(reactions: object) -> int | None:
    """How many reactions there are of all emoji; None when one of them is no figure."""
    if not isinstance(reactions, list):
        return None
    counts = [figure(each.get("count")) if isinstance(each, dict) else None for each in reactions]
    return None if None in counts else figure(sum(each or 0 for each in counts))


def _beside_card(post: Post) -> str:
    """What stands above the card, which shows headline and link itself."""
    parts = parts_of(post)
    return parts.body or parts.headline or post.text


def _embed(card: Card, words: str, *, sensitive: bool) -> dict[str, Any]:
    """The card, without what stands above it. Its title and description count together with those of all embeds."""
    description = card.description if card.description not in words else ""
    return {
        "url": card.url,
        "title": _short(card.title, _TITLE),
        **({"description": _short(description, min(_DESCRIPTION, _EMBEDS - _TITLE))} if description else {}),
        **({"image": {"url": card.image_url}} if card.image_url and not sensitive else {}),
    }


def _short(text: str, most: int) -> str:
    """``text`` escaped, within ``most`` units of UTF-16."""
    room = most
    while _units(short := escaped(shortened(text, Room(room, None)), Markup.MARKDOWN)) > most:
        room = min(room, graphemes(text)) - max(1, (_units(short) - most) // 2)
    return short


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _written(payload: dict[str, Any]) -> str:
    return json.dumps(payload, ensure_ascii=False, separators=(",", ":"))
