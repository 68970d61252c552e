"""Posts to a newsroom's own program, as Standard Webhooks 1.0.0.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md (checked 2026-11-24): headers
``webhook-id``, ``webhook-timestamp``, ``webhook-signature``; 2xx is success and a redirect is not. The body is JSON::

    {"type": "edition.post" | "story.post" | "correction.post",
     "timestamp": "2026-11-24T07:00:00+00:00",          the slot, the same on each attempt
     "data": {"edition": ID, "schedule": KEY, "name": "Morning briefing", "slot": as above,
              "text": the whole post, "url": what it links to, "title": …, "description": …,
              "image": {"url": …, "alt": …} | null, "language": "en", "hashtags": ["#Ferry"],
              "story": {"title", "standfirst", "summary", "url", "section", "authors", "tags", "published",
                        "updated"} | null}}

A ``post.edited`` has the same data and ``"edits"``, the webhook-id of the post whose place it takes; a ``post.removed``
has ``{"removes": webhook-id}`` alone: that post must not be shown any more.

A ``correction.post`` has in its data too ``"corrects"``, the webhook-id of the post that said what is not so, and
``"correction": {"said": …, "right": …}``.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, StrictInt

from bot.channels.base import Surroundings, Unopened, kind
from bot.errors import BlockedAddress, ChannelRefused, DeliveryError, FetchError, ServerBusy, SettingsError
from bot.http import Answer, retry_after
from bot.model import Card, Idempotency, Limits, Parcel, Phrase, Post, PostAct, Receipt
from bot.settings import Duration, PostTable, Table, Url, secret_variable
from bot.standard_webhooks import LARGEST, headers, key_of


class WebhookOptions(PostTable):
    """Where to post, and with what secret to sign."""

    url: Url = Field(description="Where posts go, by POST.")
    secret: SecretStr = Field(description="`whsec_` and 24 to 64 bytes in base64, shared with the receiver.")
    timeout: Duration = Field(timedelta(seconds=20), description="Longest wait for the answer.")
    hashtags: StrictInt = Field(30, ge=0, le=30, description="How many of an article's tags become hashtags at most.")
    gap: Duration = Field(timedelta(0), description="Shortest time between two posts.")


@kind("webhook")
class WebhookChannel(Unopened):
    """A receiver of signed JSON."""

    Options: ClassVar[type[Table]] = WebhookOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.KEY
    verified: ClassVar[str] = "2026-11-29"
    template = "webhook"
    connections = 2

    def __init__(self, name: str, options: WebhookOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when the secret is none."""
        self.limits = Limits(size=8000, card=True, thread=True)
        self.rules = options.rules
        self.pace = options.pace()
        self._around = around
        self._url = options.url
        self._timeout = options.timeout.total_seconds()
        self._key = _key(options.secret, f"channels.{name}: {secret_variable(name, 'secret')}")
        # The path is often a secret too.
        self._server = urlsplit(options.url).netloc.rpartition("@")[2]

    async def send(self, parcel: Parcel) -> Receipt:
        """Posts once. The delivery's token is the ``webhook-id``, by which the receiver knows a repeat."""
        return await self._sent(parcel.token, _body(parcel, self._server))

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Tells the receiver that the post ``id`` says something else by now."""
        receipt = await self._sent(parcel.token, _body(parcel, self._server))
        return replace(receipt, id=id)

    async def remove(self, id: str) -> None:
        """Tells the receiver that the post ``id`` must not be shown any more."""
        timestamp = self._around.clock().isoformat()
        event = {"type": "post.removed", "timestamp": timestamp, "data": {"removes": id}}
        await self._sent(f"{id}.removed", _encoded(event))

    async def _sent(self, webhook_id: str, body: bytes) -> Receipt:
        signed = headers([self._key], webhook_id, int(self._around.clock().timestamp()), body)
        try:
            answer = await self._around.http.post(self._url, content=body, headers=signed, timeout=self._timeout)
        except BlockedAddress as error:
            raise ChannelRefused(str(error), server=self._server) from error
        except FetchError as error:
            if error.sent:
                # It may have arrived; but the receiver knows the webhook-id again, so asking once more is harmless.
                raise DeliveryError(str(error), permanent=False, server=self._server) from error
            raise ServerBusy(str(error), server=self._server) from error
        if 200 <= answer.status < 300:
            return Receipt(server=self._server, code=answer.status, id=webhook_id)
        raise self._refused(answer)

    def payload(self, parcel: Parcel) -> Any:
        """The body."""
        return json.loads(_body(parcel, self._server))

    async def check(self) -> str:
        """Says what would be done: the standard knows no request that a receiver must not take for a post."""
        return Phrase(
            "%(server)s is posted to with a good secret; only a post shows whether it answers", server=self._server
        )

    def _refused(self, answer: Answer) -> DeliveryError:
        status = answer.status
        if status in (401, 403):
            return ChannelRefused(
                f"{self._server} does not accept our signature (HTTP {status}); compare the secrets",
                code=status,
                server=self._server,
            )
        if status in (429, 502, 503, 504):
            return ServerBusy(
                f"{self._server} asks us to come later (HTTP {status})",
                code=status,
                retry_after=retry_after(answer.headers, self._around.clock),
                server=self._server,
            )
        # The address is at fault, not the post: that waits.
        if 300 <= status < 400:
            said = f"{self._server} redirects (HTTP {status}), which a webhook must not; put its final address into url"
            return ChannelRefused(said, code=status, server=self._server)
        if status == 410:
            said = f"{self._server} says the webhook is gone for good (HTTP 410); remove the channel or mend its url"
            return ChannelRefused(said, code=status, server=self._server)
        return DeliveryError(
            f"{self._server} did not take the post (HTTP {status})",
            permanent=status < 500 and status not in (408, 425),
            code=status,
            retry_after=retry_after(answer.headers, self._around.clock),
            server=self._server,
        )


def _key(secret: SecretStr, where: str) -> bytes:
    try:
        return key_of(secret.get_secret_value())
    except ValueError as error:
        raise SettingsError(f"{where}: {error}; copy it from the receiver again") from error


def _body(parcel: Parcel, server: str) -> bytes:
    post = parcel.rendition.post
    if post is None:
        raise DeliveryError(f"edition {parcel.edition}: has no post for {server}", permanent=True, server=server)
    slot = parcel.slot.isoformat()
    event: dict[str, Any] = {
        "type": _type(parcel, post),
        "timestamp": slot,
        "data": {
            "edition": parcel.edition,
            "schedule": parcel.schedule,
            "name": parcel.name,
            "slot": slot,
            **_told(post),
        },
    }
    body = _encoded(event)
    if len(body) >= LARGEST:
        # The story's parts repeat what text, title and description say.
        event["data"]["story"] = None
        body = _encoded(event)
    if len(body) >= LARGEST:
        raise DeliveryError(
            f"edition {parcel.edition}: its post is larger than the {LARGEST:,} bytes a webhook may have",
            permanent=True,
            server=server,
        )
    return body


def _type(parcel: Parcel, post: Post) -> str:
    if post.act is PostAct.EDIT:
        return "post.edited"
    return post.data.get("event") or ("story.post" if parcel.rendition.subject else "edition.post")


def _told(post: Post) -> dict[str, Any]:
    story = post.data.get("story") or {}
    # A story without an address has no card, and a title all the same.
    card = post.card or Card(url="", title=story.get("title", ""), description=story.get("summary", ""))
    return {
        "text": post.text,
        "url": post.url,
        "title": card.title,
        "description": card.description,
        "image": {"url": card.image_url, "alt": card.image_alt} if card.image_url else None,
        "language": post.language,
        "hashtags": post.data.get("hashtags", []),
        "story": post.data.get("story"),
        **({"corrects": post.answers, "correction": post.data.get("correction")} if post.answers else {}),
        **({"edits": post.target} if post.act is PostAct.EDIT else {}),
    }


def _encoded(event: dict[str, Any]) -> bytes:
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
