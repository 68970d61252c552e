"""Posts to a channel or chat of Microsoft Teams by a workflow's webhook, as an Adaptive Card.

Checked 2026-11-29:
https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook (28 KB, four
requests a second), …/connectors-using (workflows take Adaptive Cards only; a workflow belongs to one person),
https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features (a ``RichTextBlock`` knows no Markdown),
https://learn.microsoft.com/microsoftteams/platform/task-modules-and-cards/cards/cards-format (``msteams.width``).
That what is above about 21 KB may be lost was measured by others (msteams_hermes), not by us.

A workflow answers 202 before it posts: a receipt says that it was told to post, not that the post stands there. It has
no id, and can be neither read back, changed nor taken down by us.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StrictInt

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.exchange import Exchange, Refusal, advised
from bot.channels.fit import fitting
from bot.channels.parts import host_of, parts_of
from bot.errors import ChannelRefused, DeliveryError, SettingsError
from bot.model import Counting, Idempotency, Limits, Parcel, Phrase, Post, Receipt
from bot.settings import PostTable, Table, secret_variable

LARGEST = 21_000
"""Bytes of the message."""
_CHARACTERS = 4000
_DATES = re.compile(r"\{(?=\{(?:DATE|TIME)\()", re.IGNORECASE)


class TeamsOptions(PostTable):
    """A workflow "Post to a channel when a webhook request is received"."""

    url: SecretStr = Field(description="The workflow's address. Who knows it can post.")
    hashtags: StrictInt = Field(0, ge=0, le=30, description="How many of an article's tags become hashtags at most.")


@kind("teams")
class TeamsChannel(Unopened):
    """One workflow. Its owner leaves, and it posts no more: give it a second one."""

    Options: ClassVar[type[Table]] = TeamsOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "teams"
    connections = 1

    def __init__(self, name: str, options: TeamsOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when the address is none."""
        self._variable = secret_variable(name, "url")
        self._url = options.url.get_secret_value()
        if not re.match(r"https?://[^\s/]+/", self._url) or not urlsplit(self._url).hostname:
            raise SettingsError(f"channels.{name}: {self._variable} is no address; copy it from the workflow again")
        self.limits = Limits(characters=_CHARACTERS, counting=Counting.UTF16, size=12_000, images=1, card=True)
        self.rules = options.rules
        self.pace = options.pace((timedelta(seconds=1), 4))
        address = urlsplit(self._url)
        secrets = [self._url, f"{address.path}?{address.query}", address.path]
        self._exchange = Exchange(around.http, around.clock, self._url, judge=self._judged, secrets=secrets)
        self._server = self._exchange.server

    async def send(self, parcel: Parcel) -> Receipt:
        """Tells the workflow to post, once. A 202 is no proof that the post stands there."""
        told = await self._exchange.ask("POST", self._url, repeatable=False, json=self.payload(parcel))
        said = "taken by the workflow" if told.status == 202 else ""
        return Receipt(server=self._server, code=told.status, text=said, quota=told.quota)

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The message with its card."""
        message = message_of(fitting(parcel, self.limits, self._server))
        size = len(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
        if size > LARGEST:
            raise DeliveryError(
                f"the post's card has {size:,} bytes, more than the {LARGEST:,} that Teams surely shows",
                permanent=True,
                server=self._server,
            )
        return message

    async def check(self) -> str:
        """Says what would be done: a workflow takes any request for a post."""
        return Phrase("%(server)s is posted to by a workflow; only a post shows whether it works", server=self._server)

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        told = refusal.data.get("error")
        code = str(told.get("code", "")) if isinstance(told, dict) else ""
        off = code in ("WorkflowTriggerIsNotEnabled", "WorkflowNotFound", "FlowNotFound", "TriggerNotFound")
        if refusal.status in (401, 403, 404, 410) or (refusal.status == 400 and off):
            see = Phrase(
                "see in Teams (Workflows) whether it is on and has an owner, and put its address into %(variable)s",
                variable=self._variable,
            )
            return ChannelRefused(advised(refusal.said, see), code=refusal.status, server=self._server)
        return None


def message_of(post: Post) -> dict[str, Any]:
    """``post`` as a message with one Adaptive Card 1.4. What is foreign in it is read as no markup."""
    parts = parts_of(post)
    body: list[dict[str, Any]] = []
    if parts.headline:
        body.append(_words(parts.headline, weight="Bolder", size="Medium"))
    body += [_words(line) for line in parts.body.split("\n") if line.strip()]
    pictures = [(each.url, each.alt) for each in post.pictures[:1]]
    if not pictures and post.card and post.card.image_url:
        pictures = [(post.card.image_url, post.card.image_alt or post.card.title)]
    body += [{"type": "Image", "url": url, "altText": alt, "size": "Stretch"} for url, alt in pictures]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        # Of clients that show no cards; the words stand in the body once.
        "fallbackText": _inert(f"{post.text.split(chr(10), 1)[0][:300]} {post.url}".strip()),
        "body": body,
        "msteams": {"width": "Full"},
    }
    if post.language:
        card["lang"] = post.language
    if post.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": host_of(post.url) or post.url[:60], "url": post.url}]
    return {
        "type": "message",
        "attachments": [
            {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
        ],
    }


def _words(text: str, **style: str) -> dict[str, Any]:
    """A line. Not a ``TextBlock``: that reads Markdown, and no way to escape it is documented."""
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": _inert(text), **style}]}


def _inert(text: str) -> str:
    """``{{DATE(…)}}`` stays as it was written: a zero-width space parts its braces."""
    return _DATES.sub("{\u200b", text)
