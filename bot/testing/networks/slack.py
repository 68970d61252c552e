"""A strict fake of Slack: an incoming webhook, and the methods of the Web API that post, change, delete and read back.

After https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks and the errors of
https://api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks (checked 2026-11-29);
https://docs.slack.dev/reference/methods/chat.postMessage, chat.update, chat.delete (as clients quote them, 2026-11-29)
and conversations.history (from memory);
https://docs.slack.dev/apis/web-api/rate-limits (one message a second to a channel, 429 with Retry-After; from memory).
A webhook says ``ok`` and no id. The Web API says no with HTTP 200, ``{"ok": false, "error": …}``.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.posted import Posted
from bot.testing.networks.rates import Moving
from bot.testing.networks.slack_mrkdwn import BadBlocks, Shown, blocks, mrkdwn, too_long

HOOK = "/services/T024BE7LD/B024BE7LH/cOxvn1xRs2hpsZVdtmYhRm3x"
BOT_TOKEN = "xoxb-2154414720-5034197521-AbCdEfGhIjKlMnOpQrStUvWx"
CHANNEL = "C024BE91L"
_LONGEST = 40_000
"""A text that is longer is cut there, without a word."""
_HOOK_ERRORS = {
    "archived": (410, "channel_is_archived"),
    "prohibited": (403, "action_prohibited"),
    "deleted": (404, "channel_not_found"),
}
_API_ERRORS = {"archived": "is_archived", "prohibited": "restricted_action", "deleted": "channel_not_found"}

SAMPLE = {"channel": "{channel}", "token": "{token}", "api": "{base}/api"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


@network
class Slack(Network):
    """Posts have the id ``CHANNEL/TS``. Their ``fields``: ``links`` (label, URL), ``pings``, ``fallback`` (of notices),
    ``metadata`` (which no reader sees).

    ``trouble`` of the channel is "", "archived", "prohibited", "deleted" or "not in channel" (the bot only).
    """

    kind = "slack"

    def __init__(self, clock: Clock = system_clock, *, hook: str = HOOK, token: str = BOT_TOKEN) -> None:
        super().__init__(clock)
        self._hook, self._token = hook, token
        self._pace = Moving(1, 1)
        self.trouble = ""

    @property
    def credentials(self) -> dict[str, str]:
        return {"hook": self._hook, "token": self._token, "channel": CHANNEL}

    def revoke(self) -> None:
        self._hook = self._token = ""

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            ("POST", "/services/{team}/{bot}/{secret}", self._webhook),
            ("POST", "/api/auth.test", self._test),
            ("GET", "/api/conversations.history", self._history),
            ("POST", "/api/conversations.history", self._history),
            ("POST", "/api/chat.postMessage", self._post_message),
            ("POST", "/api/chat.update", self._update),
            ("POST", "/api/chat.delete", self._delete),
        ]

    def _webhook(self, call: Call) -> Response:
        own = self._hook.rpartition("/")
        if call.path != self._hook:
            known = own[0] and call.path.rpartition("/")[0] == own[0]
            raise Refused(403, "invalid_token") if known else Refused(404, "no_service")
        if self.trouble in _HOOK_ERRORS:
            raise Refused(*_HOOK_ERRORS[self.trouble])
        message = _payload(call)
        try:
            shown, fallback = _message(message)
        except BadBlocks as error:
            raise Refused(400, _word(error)) from error
        if (wait := self._wait()) is not None:
            raise Refused(429, "rate_limited", {"Retry-After": str(wait)})
        self._publish(call, shown, fallback, str(message.get("thread_ts") or ""))
        return PlainTextResponse("ok")

    def _test(self, call: Call) -> Response:
        self._signed(call)
        return JSONResponse({"ok": True, "team": "The Port Alder Record", "user": "record", "user_id": "U024BE7LJ"})

    def _post_message(self, call: Call) -> Response:
        asked = self._signed(call)
        self._channel(asked, by_name=True)
        shown, fallback = self._shown(asked)
        reply_to = str(asked.get("thread_ts") or "")
        if reply_to and self.find(f"{CHANNEL}/{reply_to}") is None:
            raise _no("thread_not_found")
        if (wait := self._wait()) is not None:
            raise Refused(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait)})
        post = self._publish(call, shown, fallback, reply_to, _metadata(asked))
        stamp = post.id.partition("/")[2]
        return JSONResponse({"ok": True, "channel": CHANNEL, "ts": stamp, "message": {"text": fallback, "ts": stamp}})

    def _history(self, call: Call) -> Response:
        if "json" in call.headers.get("content-type", ""):
            # Methods that read take parameters or a form (docs.slack.dev/apis/web-api, read 2026-11-29).
            raise _no("invalid_arguments")
        asked = {**call.query, **self._signed(call)}
        self._channel(asked)
        limit = str(asked.get("limit") or "100")
        if not re.fullmatch(r"[0-9]{1,3}", limit) or not 1 <= int(limit) <= 999:
            raise _no("invalid_limit")
        oldest, latest = str(asked.get("oldest") or ""), str(asked.get("latest") or "")
        found = []
        for post in reversed(self.visible):
            stamp = post.id.partition("/")[2]
            if not post.reply_to and stamp > oldest and (not latest or stamp < latest):
                told = {
                    "type": "message",
                    "ts": stamp,
                    "text": post.fields["fallback"] or post.text,
                    "bot_id": "B024BE7LH",
                }
                if str(asked.get("include_all_metadata")).lower() in ("true", "1") and post.fields["metadata"]:
                    told["metadata"] = post.fields["metadata"]
                found.append(told)
        return JSONResponse({"ok": True, "messages": found[: int(limit)], "has_more": len(found) > int(limit)})

    def _update(self, call: Call) -> Response:
        asked = self._signed(call)
        post = self._own(asked)
        shown, fallback = self._shown(asked)
        self.edit(
            post.id, text=shown.text, pictures=tuple(shown.pictures), raw=call.body, fields=_fields(shown, fallback)
        )
        return JSONResponse({"ok": True, "channel": CHANNEL, "ts": asked["ts"], "text": fallback})

    def _delete(self, call: Call) -> Response:
        asked = self._signed(call)
        self.remove(self._own(asked).id)
        return JSONResponse({"ok": True, "channel": CHANNEL, "ts": asked["ts"]})

    def _signed(self, call: Call) -> Mapping[str, Any]:
        if call.content_type == "application/json" and not isinstance(call.json, dict):
            raise _no("invalid_json")
        asked = dict(call.fields)
        # A token in a JSON body does not count: the Web API takes it from the header, or from a form.
        token = call.bearer or ("" if isinstance(call.json, dict) else str(asked.get("token", "")))
        if not token:
            raise _no("not_authed")
        if token != self._token:
            raise _no("invalid_auth")
        for name in ("blocks", "attachments"):
            if isinstance(asked.get(name), str):
                try:
                    asked[name] = json.loads(asked[name])
                except ValueError as error:
                    raise _no(f"invalid_{name}_format") from error
        return asked

    def _channel(self, asked: Mapping[str, Any], *, by_name: bool = False) -> None:
        if asked.get("channel") not in ((CHANNEL, "#record", "record") if by_name else (CHANNEL,)):
            raise _no("channel_not_found")
        if self.trouble:
            raise _no(_API_ERRORS.get(self.trouble, "not_in_channel"))

    def _own(self, asked: Mapping[str, Any]) -> Posted:
        self._channel(asked)
        found = self.find(f"{CHANNEL}/{asked.get('ts')}")
        if found is None:
            raise _no("message_not_found")
        return found

    def _shown(self, asked: Mapping[str, Any]) -> tuple[Shown, str]:
        try:
            return _message(asked)
        except BadBlocks as error:
            word = _word(error)
            told = {"errors": [str(error)], "response_metadata": {"messages": [f"[ERROR] {error}"]}}
            raise _no(word, **(told if word == "invalid_blocks" else {})) from error

    def _wait(self) -> int | None:
        now = self.clock()
        reading = self._pace.take(now)
        return None if reading.allowed else max(1, math.ceil((reading.reset - now).total_seconds()))

    def _publish(
        self, call: Call, shown: Shown, fallback: str, thread: str, metadata: Mapping[str, Any] | None = None
    ) -> Posted:
        now = self.clock()
        return self.publish(
            Posted(
                id=f"{CHANNEL}/{int(now.timestamp())}.{self.number():06d}",
                text=shown.text,
                when=now,
                account=CHANNEL,
                pictures=tuple(shown.pictures),
                reply_to=f"{CHANNEL}/{thread}" if thread else "",
                raw=call.body,
                fields={**_fields(shown, fallback), "metadata": metadata},
            )
        )


def _payload(call: Call) -> Mapping[str, Any]:
    found = call.json
    if call.content_type == "application/x-www-form-urlencoded":
        try:
            found = json.loads(call.fields.get("payload", ""))
        except ValueError:
            found = None
    if not isinstance(found, dict):
        raise Refused(400, "invalid_payload")
    return found


def _message(asked: Mapping[str, Any]) -> tuple[Shown, str]:
    """What is seen, and the text of notices. Blocks are shown in place of ``text``. Raises ``BadBlocks``."""
    text = asked.get("text") or ""
    if not isinstance(text, str):
        raise BadBlocks("no_text")
    found = asked.get("blocks")
    if not text.strip() and not found:
        raise BadBlocks("no_text")
    fallback = mrkdwn(text[:_LONGEST])
    if not found:
        return (Shown(text[:_LONGEST]) if asked.get("mrkdwn") is False else fallback), fallback.text
    shown = blocks(found)
    if too_long(found):
        raise BadBlocks("msg_blocks_too_long")
    return shown, fallback.text


def _metadata(asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = asked.get("metadata")
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except ValueError as error:
            raise _no("invalid_metadata_format") from error
    if found is None:
        return None
    named = isinstance(found, dict) and isinstance(found.get("event_type"), str)
    if not named or not isinstance(found.get("event_payload"), dict):
        raise _no("invalid_metadata_schema")
    return dict(found)


def _word(error: BadBlocks) -> str:
    return str(error) if re.fullmatch(r"[a-z_]+", str(error)) else "invalid_blocks"


def _fields(shown: Shown, fallback: str) -> dict[str, Any]:
    return {"links": tuple(shown.links), "pings": tuple(shown.pings), "fallback": fallback}


def _no(word: str, **more: Any) -> Refused:
    return Refused(200, {"ok": False, "error": word, **more})
