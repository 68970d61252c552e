"""A strict fake of Discord: a webhook, its messages, and the threads of its channel.

After https://discord.com/developers/docs/resources/webhook, /topics/rate-limits and
/topics/opcodes-and-status-codes, read in github.com/discord/discord-api-docs of 2026-08-06 (checked 2026-11-29).
The size of a webhook's buckets (5 in 2 s, 30 in 60 s) is documented nowhere: from memory. Without ``?wait=true`` a
message that is not saved gives no error, as the page warns.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.discord_form import SUPPRESS_EMBEDS, card, form_errors, pings, seen
from bot.testing.networks.posted import Picture, Posted, picture
from bot.testing.networks.rates import Reading, Window

HOOK_ID = "223704706495545344"
HOOK_TOKEN = "3d89bb7572e0fb30d8128367b3b1b44fecd1726de135cbe28a41f8b2f777c372"
CHANNEL = "199737254929760256"
_EPOCH = datetime.fromisoformat("2015-01-01T00:00:00+00:00")
_LARGEST_FILE = 10 * 1024 * 1024
SAMPLE = {"url": "{base}{hook}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


@network
class Discord(Network):
    """Posts have the message's id; ``card`` is the first embed, unless embeds are suppressed.

    Their ``fields``: ``links`` (label, URL), ``pings`` (whom the message called: a newsroom's should call nobody),
    ``content``, ``embeds``, ``thread``, ``flags``. ``threads`` are those of the channel.
    """

    kind = "discord"

    def __init__(self, clock: Clock = system_clock, *, burst: int = 5, seconds: float = 2, minute: int = 30) -> None:
        super().__init__(clock)
        self._token = HOOK_TOKEN
        self._burst, self._minute = Window(burst, seconds), Window(minute, 60)
        self.threads = {"199737254929760257"}

    @property
    def credentials(self) -> dict[str, str]:
        return {"hook": f"/api/webhooks/{HOOK_ID}/{self._token}", "thread": min(self.threads)}

    def revoke(self) -> None:
        self._token = ""

    def endpoints(self) -> Sequence[Endpoint]:
        found: list[Endpoint] = []
        for root in ("/api/webhooks/{id}/{token}", "/api/v{version:int}/webhooks/{id}/{token}"):
            found += [("GET", root, self._about), ("POST", root, self._execute)]
            message = root + "/messages/{message}"
            found += [("GET", message, self._get), ("PATCH", message, self._patch), ("DELETE", message, self._delete)]
        return found

    def after(self, call: Call, answer: Response) -> None:
        if "/webhooks/" in call.path and answer.status_code not in (401, 404):
            answer.headers.update(self._headers(self._burst.read(self.clock())))

    def _about(self, call: Call) -> Response:
        self._known(call)
        about = {"id": HOOK_ID, "type": 1, "name": "The Port Alder Record", "channel_id": CHANNEL, "token": self._token}
        return JSONResponse({**about, "application_id": None, "avatar": None})

    def _execute(self, call: Call) -> Response:
        self._known(call)
        self._limited()
        thread = self._thread(call)
        waits = call.query.get("wait", "").lower() in ("true", "1")
        try:
            asked = _body(call)
            _valid(asked, call)
        except Refused:
            if waits:
                raise
            return Response(status_code=204)
        content = str(asked.get("content") or "")
        text, links = seen(content)
        post = self.publish(
            Posted(
                id=self._snowflake(),
                text=text,
                when=self.clock(),
                account=HOOK_ID,
                pictures=_pictures(call, asked),
                raw=call.body,
                fields={"thread": thread, "flags": asked.get("flags") or 0, **_fields(asked, content, links)},
                **_card(asked, asked.get("flags") or 0),
            )
        )
        return JSONResponse(self._message(post)) if waits else Response(status_code=204)

    def _get(self, call: Call) -> Response:
        return JSONResponse(self._message(self._own(call)))

    def _patch(self, call: Call) -> Response:
        post = self._own(call)
        self._limited()
        asked = _body(call)
        merged = {"embeds": post.fields["embeds"], "content": post.fields["content"], **asked}
        _valid(merged, call, sent=bool(post.pictures))
        flags = post.fields["flags"] if asked.get("flags") is None else asked["flags"]
        content = str(merged.get("content") or "")
        text, links = seen(content)
        # Without allowed_mentions in the edit, the default counts, whatever the message was made with.
        fields = {**post.fields, "flags": flags, **_fields(merged, content, links)}
        pictures = post.pictures + _pictures(call, asked)  # Files are added to those that are there.
        seen_now = {"text": text, "fields": fields, "pictures": pictures, **_card(merged, flags)}
        changed = self.edit(post.id, raw=call.body, **seen_now)
        return JSONResponse(self._message(changed))

    def _delete(self, call: Call) -> Response:
        self.remove(self._own(call).id)
        return Response(status_code=204)

    def _known(self, call: Call) -> None:
        if call.parts["id"] != HOOK_ID or not self._token:
            raise Refused(404, {"message": "Unknown Webhook", "code": 10015})
        if call.parts["token"] != self._token:
            raise Refused(401, {"message": "Invalid Webhook Token", "code": 50027})

    def _thread(self, call: Call) -> str:
        thread = call.query.get("thread_id", "")
        if thread and thread not in self.threads:
            raise Refused(400, {"message": "Unknown Channel", "code": 10003})
        return thread

    def _own(self, call: Call) -> Posted:
        self._known(call)
        found = self.find(call.parts["message"])
        if found is None or found.fields["thread"] != call.query.get("thread_id", ""):
            raise Refused(404, {"message": "Unknown Message", "code": 10008})
        return found

    def _limited(self) -> None:
        now = self.clock()
        burst, minute = self._burst.read(now), self._minute.read(now)
        if burst.allowed and minute.allowed:
            self._burst.take(now)
            self._minute.take(now)
            return
        full = burst if not burst.allowed else minute
        wait = round(max(0.001, (full.reset - now).total_seconds()), 3)
        raise Refused(
            429,
            {"message": "You are being rate limited.", "retry_after": wait, "global": False},
            {"Retry-After": str(math.ceil(wait)), "X-RateLimit-Scope": "user", **self._headers(full)},
        )

    def _headers(self, reading: Reading) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(reading.limit),
            "X-RateLimit-Remaining": str(reading.remaining),
            "X-RateLimit-Reset": f"{reading.reset.timestamp():.3f}",
            "X-RateLimit-Reset-After": f"{(reading.reset - self.clock()).total_seconds():.3f}",
            "X-RateLimit-Bucket": "3d5c7b7a8c2f",
        }

    def _snowflake(self) -> str:
        age = int((self.clock() - _EPOCH).total_seconds() * 1000)
        return str((age << 22) + self.number())

    def _reactions(self, id: str) -> dict[str, Any]:
        """All of one emoji, and the field only where there is one (/resources/message, and from memory)."""
        count = self.reacted(id, "likes")
        thumb = {"id": None, "name": "\N{THUMBS UP SIGN}"}
        details = {"burst": 0, "normal": count}
        return {"reactions": [{"emoji": thumb, "count": count, "count_details": details, "me": False}]} if count else {}

    def _message(self, post: Posted) -> dict[str, Any]:
        return {
            "id": post.id,
            "type": 0,
            "channel_id": post.fields["thread"] or CHANNEL,
            "webhook_id": HOOK_ID,
            "content": post.fields["content"],
            "embeds": [] if post.fields["flags"] & SUPPRESS_EMBEDS else post.fields["embeds"],
            "attachments": [{"id": str(number), "description": each.alt} for number, each in enumerate(post.pictures)],
            "flags": post.fields["flags"],
            "timestamp": post.when.isoformat(),
            **self._reactions(post.id),
            "edited_timestamp": post.edited.isoformat() if post.edited else None,
            "author": {"id": HOOK_ID, "username": "The Port Alder Record", "bot": True},
        }


def _body(call: Call) -> dict[str, Any]:
    found = call.json
    if call.content_type == "multipart/form-data":
        try:
            found = json.loads(call.fields.get("payload_json", "{}"))
        except ValueError:
            found = None
    if not isinstance(found, dict):
        raise Refused(400, {"message": "The request body contains invalid JSON.", "code": 50109})
    return found


def _valid(asked: Mapping[str, Any], call: Call, *, sent: bool = False) -> None:
    if errors := form_errors(asked):
        raise Refused(400, {"message": "Invalid Form Body", "code": 50035, "errors": errors})
    if not (str(asked.get("content") or "").strip() or asked.get("embeds") or call.files or sent):
        raise Refused(400, {"message": "Cannot send an empty message", "code": 50006})
    if any(len(each.data) > _LARGEST_FILE for each in call.files.values()):
        raise Refused(413, {"message": "Request entity too large", "code": 40005})


def _pictures(call: Call, asked: Mapping[str, Any]) -> tuple[Picture, ...]:
    alts = {f"files[{each.get('id')}]": str(each.get("description") or "") for each in asked.get("attachments") or []}
    found = [picture(each.data, alt=alts.get(name, "")) for name, each in call.files.items()]
    return tuple(each for each in found if each)


def _card(asked: Mapping[str, Any], flags: int) -> dict[str, Any]:
    embeds = asked.get("embeds") or []
    return {"card": card(embeds[0]) if embeds and not flags & SUPPRESS_EMBEDS else None}


def _fields(asked: Mapping[str, Any], content: str, links: Sequence[tuple[str, str]]) -> dict[str, Any]:
    called = pings(content, asked.get("allowed_mentions"))
    return {"content": content, "links": links, "pings": called, "embeds": asked.get("embeds") or []}
