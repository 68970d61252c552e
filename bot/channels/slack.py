"""Posts to a Slack channel: by an app's bot (which can change and take down what it posted), or by an incoming webhook.

Checked 2026-11-29: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and its errors,
https://docs.slack.dev/reference/methods/chat.postMessage, https://docs.slack.dev/reference/block-kit/blocks (limits as
in slack_sdk 3.47: a header of 150 characters, a section of 3,000, an image's ``alt_text`` of 2,000). That a message of
more than about 13,000 characters is refused stands in slackapi/bolt-js#2509 only. One message a second: from memory.

An article's words go out as ``plain_text``, which Slack reads no markup and no ping in; only the link is mrkdwn.
Nothing keeps a message from being posted twice. A bot marks its messages with ``metadata`` that no reader sees, and
looks for the mark in ``conversations.history`` (from memory) when an answer is lost; by a webhook, an editor looks.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self

from pydantic import Field, SecretStr, StrictInt

from bot.channels.base import Surroundings, Unopened, kind
from bot.channels.blocks import ALT, SECTION, message_of
from bot.channels.exchange import Exchange, Refusal, Told, advised, perhaps_posted
from bot.channels.fit import fitting
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy, SettingsError
from bot.model import Counting, Idempotency, Limits, Markup, Parcel, Phrase, Receipt
from bot.settings import PostTable, Table, Url, secret_variable

_EVENT = "broadsheet_post"
_NEWEST = 200
_SKEW = timedelta(minutes=10)
_SETTLED = timedelta(minutes=2)
"""What is not listed by then surely is not there."""
_TOKEN = frozenset(
    ("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "invalid_token", "no_service",
     "no_active_hooks", "team_access_not_granted", "team_disabled", "org_login_required", "access_denied")
)  # fmt: skip
_SCOPE = frozenset(("missing_scope", "no_permission", "not_allowed_token_type", "ekm_access_denied"))
_CLOSED = frozenset(
    ("channel_not_found", "is_archived", "channel_is_archived", "restricted_action", "action_prohibited",
     "posting_to_general_channel_denied")
)  # fmt: skip
_OUTSIDE = "not_in_channel"
_BUSY = frozenset(["ratelimited", "rate_limited", "message_limit_exceeded", "service_unavailable"])
_UNKNOWN = frozenset(["fatal_error", "internal_error", "request_timeout"])
"""Slack says of these that some part of it may have been done."""


class SlackOptions(PostTable):
    """Either an incoming webhook's address, or a bot's token and a channel."""

    channel: str = Field(
        "", pattern=r"^$|^[CGD][A-Z0-9]{5,20}$", description="The channel's id, for a bot: `C024BE91L`, not its name."
    )
    webhook: SecretStr | None = Field(None, description="An incoming webhook's address, of a channel that it names.")
    token: SecretStr | None = Field(None, description="A bot's token, `xoxb-…`, in place of a webhook.")
    api: Url = Field("https://slack.com/api", description="The Web API's address.")
    hashtags: StrictInt = Field(0, ge=0, le=30, description="How many of an article's tags become hashtags at most.")


@kind("slack")
class SlackChannel(Unopened):
    """A channel of a workspace. By a webhook a post has no id, and can be neither changed nor taken down."""

    Options: ClassVar[type[Table]] = SlackOptions
    medium: ClassVar[str] = "post"
    idempotency: ClassVar[Idempotency] = Idempotency.NONE
    verified: ClassVar[str] = ""
    template = "slack"
    connections = 1

    def __new__(cls, name: str, options: SlackOptions, around: Surroundings) -> Self:  # noqa: ARG004
        """A ``SlackBot`` where there is a token: what a channel can, it shows by having the methods."""
        return super().__new__(SlackBot if options.token else cls)  # type: ignore[return-value]

    def __init__(self, name: str, options: SlackOptions, around: Surroundings) -> None:
        """Raises ``SettingsError`` when there are both ways to post, or none."""
        hook, token = (each.get_secret_value() if each else "" for each in (options.webhook, options.token))
        variables = [secret_variable(name, each) for each in ("webhook", "token")]
        if bool(hook) == bool(token):
            raise SettingsError(f"channels.{name}: put either {variables[0]} or {variables[1]} into .env")
        if token and not options.channel:
            raise SettingsError(f"channels.{name}.channel: is missing; a bot must be told where to post (C024BE91L)")
        if hook and not re.match(r"https?://[^\s/]+/", hook):
            raise SettingsError(f"channels.{name}: {variables[0]} is no address; copy the webhook's URL from Slack")
        self.limits = Limits(
            characters=SECTION,
            counting=Counting.UTF16,
            markup=Markup.PLAIN,
            images=1,
            alt=ALT,
            card=True,
            thread=bool(token),
        )
        self.rules = options.rules
        self.pace = options.pace((timedelta(seconds=1), 1))
        self._around = around
        self._channel = options.channel
        self._hook = hook
        self._token = token
        self._variable = variables[1] if token else variables[0]
        self._api = options.api.rstrip("/")
        self._exchange = Exchange(
            around.http, around.clock, hook or options.api, judge=self._judged, secrets=[hook, token]
        )
        self._server = self._exchange.server

    async def send(self, parcel: Parcel) -> Receipt:
        """Posts once; ``Receipt.id`` is ``CHANNEL/TS``, of a reply ``CHANNEL/TS/ROOT``, and "" by a webhook."""
        message = self.payload(parcel)
        try:
            return await self._send(message)
        except DeliveryError as error:
            bare = _without_pictures(message)
            if not error.permanent or "invalid_blocks" not in str(error) or bare == message:
                raise
        # Slack fetches pictures first, and takes no blocks with one that is not to be had: it costs the picture only.
        return await self._send(bare)

    async def _send(self, message: dict[str, Any]) -> Receipt:
        if self._hook:
            told = await self._exchange.ask("POST", self._hook, repeatable=False, json=message)
            # Servers that take Slack's webhooks may say it in JSON.
            if told.body.strip() != b"ok" and True not in (told.data.get("ok"), told.data.get("success")):
                raise OutcomeUnknown(f"{self._server} does not say that it was posted", server=self._server)
            return Receipt(server=self._server, code=told.status, text="ok", quota=told.quota)
        told = await self._ask("chat.postMessage", message)
        self._exchange.named(told, told.data.get("ts"))
        return self._receipt(told, message.get("thread_ts", ""))

    def payload(self, parcel: Parcel) -> dict[str, Any]:
        """The message: its blocks, and the ``text`` of notifications."""
        post = fitting(parcel, self.limits, self._server)
        message = message_of(post, self._server)
        if self._hook:
            return message
        # A reply to a reply hangs below the first one too: Slack's threads have one level.
        reply = {"thread_ts": _root(post.answers)} if post.answers else {}
        mark = {"event_type": _EVENT, "event_payload": {"token": parcel.token}}
        return {"channel": self._channel, **message, **reply, "metadata": mark}

    async def check(self) -> str:
        """Asks who the bot is; of a webhook, says what would be done: only a message shows whether it works."""
        if self._hook:
            return Phrase(
                "%(server)s is posted to by a webhook; only a message shows whether it works", server=self._server
            )
        told = await self._ask("auth.test", {}, repeatable=True)
        return Phrase(
            "%(account)s of %(team)s posts to %(channel)s",
            account=str(told.data.get("user", "")),
            team=str(told.data.get("team", "")),
            channel=self._channel,
        )

    async def _ask(self, method: str, fields: dict[str, Any], *, repeatable: bool = False) -> Told:
        told = await self._exchange.ask(
            "POST",
            f"{self._api}/{method}",
            repeatable=repeatable,
            json=fields,
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json; charset=utf-8"},
        )
        return self._good(told, repeatable=repeatable)

    async def _read(self, method: str, fields: dict[str, str]) -> Told:
        """Only methods that write take JSON (https://docs.slack.dev/apis/web-api, checked 2026-11-29)."""
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"{self._api}/{method}"
        told = await self._exchange.ask("POST", url, repeatable=True, form=fields, headers=headers)
        return self._good(told, repeatable=True)

    def _good(self, told: Told, *, repeatable: bool) -> Told:
        if told.data.get("ok") is True:
            return told
        word = _word(told.data.get("error"))
        if not word and not repeatable:
            raise OutcomeUnknown(f"{self._server} does not say that it was posted", server=self._server)
        raise self._sorted(word, Refusal(told.status, told.data, told.headers, self._said(word), self._server)) or (
            DeliveryError(self._said(word), permanent=bool(word), code=told.status, server=self._server)
        )

    def _judged(self, refusal: Refusal) -> DeliveryError | None:
        # A webhook answers with a bare word, which `said` quotes.
        word = _word(refusal.data.get("error") or refusal.said.rpartition(": ")[2])
        return None if refusal.status >= 500 else self._sorted(word, refusal)

    def _sorted(self, word: str, refusal: Refusal) -> DeliveryError | None:
        """What Slack's word for an error means; None: nothing of its own."""
        if word in _BUSY:
            wait = self._exchange.wait(refusal.headers, refusal.data)
            return ServerBusy(refusal.said, code=refusal.status, retry_after=wait, server=self._server)
        cure = self._cure(word)
        if cure:
            said = advised(refusal.said, cure)
            return ChannelRefused(said, code=refusal.status, server=self._server)
        if word in _UNKNOWN:
            return OutcomeUnknown(perhaps_posted(refusal.said), server=self._server)
        if word == "message_not_found":
            return _Gone(refusal.said, permanent=True, code=refusal.status, server=self._server)
        return None

    def _cure(self, word: str) -> str:
        """What an editor does about it where we, not the message, are refused; "" for any other word."""
        if word == _OUTSIDE:
            return Phrase("invite the bot into %(channel)s (/invite)", channel=self._channel)
        if word in _SCOPE:
            return Phrase("give the app the scope chat:write, and install it again")
        if word in _CLOSED:
            if not self._channel:
                return Phrase("see whether the channel of the webhook is there, and who may post in it")
            return Phrase("see whether %(channel)s is there, and who may post in it", channel=self._channel)
        return Phrase("put a new one into %(variable)s", variable=self._variable) if word in _TOKEN else ""

    def _said(self, word: str) -> str:
        return Phrase(
            "%(server)s refuses it: %(words)s", server=self._server, words=word or Phrase("it does not say why")
        )

    def _receipt(self, told: Told, root: str) -> Receipt:
        channel, stamp = told.data.get("channel"), told.data.get("ts")
        id = "/".join(each for each in (channel, stamp, root) if each) if channel and stamp else ""
        return Receipt(server=self._server, code=told.status, id=id, quota=told.quota)


class SlackBot(SlackChannel):
    """One that posts by a bot's token: what it posted it can find again, change and take down."""

    async def recall(self, parcel: Parcel, began: datetime) -> Receipt | None:
        """Looks for the mark among the channel's messages since then; replies are not among them."""
        if fitting(parcel, self.limits, self._server).answers:
            raise OutcomeUnknown("a reply is not listed; look into the thread", server=self._server)
        asked = {"channel": self._channel, "oldest": f"{(began - _SKEW).timestamp():.6f}", "limit": str(_NEWEST)}
        try:
            told = await self._read("conversations.history", {**asked, "include_all_metadata": "true"})
        except ChannelRefused as error:
            if "missing_scope" not in str(error):
                raise
            said = "Slack lets us not read back; give the app channels:history (groups:history), or look yourself"
            raise OutcomeUnknown(said, server=self._server) from error
        for each in self._exchange.listed(told, "messages"):
            mark = each.get("metadata")
            payload = mark.get("event_payload") if isinstance(mark, dict) else None
            if isinstance(payload, dict) and payload.get("token") == parcel.token:
                id = f"{self._channel}/{each.get('ts')}"
                return Receipt(server=self._server, code=told.status, text="found in the channel", id=id)
        if told.data.get("has_more"):
            raise OutcomeUnknown(
                "too much was said in the channel since; look whether it is there", server=self._server
            )
        wait = (began + _SETTLED - self._around.clock()).total_seconds()
        if wait > 0:
            raise DeliveryError("Slack may not list it yet", permanent=False, retry_after=wait, server=self._server)
        return None

    async def edit(self, id: str, parcel: Parcel) -> Receipt:
        """Changes the message."""
        message = message_of(fitting(parcel, self.limits, self._server), self._server)
        told = await self._ask("chat.update", {**_where(id), **message}, repeatable=True)
        return Receipt(server=self._server, code=told.status, id=id, quota=told.quota)

    async def remove(self, id: str) -> None:
        """Deletes the message."""
        try:
            await self._ask("chat.delete", _where(id), repeatable=True)
        except _Gone:
            return


class _Gone(DeliveryError):
    """The message is not there any more."""


def _without_pictures(message: dict[str, Any]) -> dict[str, Any]:
    blocks = [
        {key: value for key, value in each.items() if key != "accessory"}
        for each in message["blocks"]
        if each["type"] != "image"
    ]
    return {**message, "blocks": blocks}


def _word(value: object) -> str:
    return value if isinstance(value, str) and re.fullmatch(r"[a-z_]{2,60}", value) else ""


def _where(id: str) -> dict[str, str]:
    found = re.fullmatch(r"([A-Z0-9]{5,20})/(\d+\.\d+)(?:/\d+\.\d+)?", id)
    if not found:
        raise DeliveryError(f'"{id[:60]}" names no message of Slack', permanent=True)
    return {"channel": found[1], "ts": found[2]}


def _root(id: str) -> str:
    """The first message of the thread in which ``id`` stands."""
    return id.split("/")[2] if id.count("/") == 2 else _where(id)["ts"]
