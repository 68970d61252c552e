"""A strict fake of an ntfy server with one topic that only its owner's token may publish to.

After https://docs.ntfy.sh/publish/ and /subscribe/api/ and server/server.go, errors.go and types.go in
github.com/binwiederhier/ntfy of 2025-07-13 (checked 2026-11-29); updates and deletions by sequence id, since v2.16,
after that page of 2026-01-15 (checked 2026-11-29); titles of 1 KB (40057) and tags of 512 bytes (40058) since v2.28
(social.md, 2026-11-23). The code of a wrong sequence id is from memory.

An update is a message of the same sequence, a deletion an event of its own: both stay in the cache beside the first
message, and clients show the last one of a sequence.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.posted import Picture, Posted
from bot.testing.networks.rates import Drip

TOPIC = "port-alder-record"
CLOSED_TOPIC = "someone-elses"
ACCESS_TOKEN = "tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"
_NAME = re.compile(r"[-_A-Za-z0-9]{1,64}")
_DISALLOWED = {"docs", "static", "file", "app", "metrics", "account", "settings", "signup", "login", "v1"}
_KEPT = timedelta(hours=12)
_URL = re.compile(r"https?://[^\s/]+\S*")
_FIELDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(
        ("topic", "title", "message", "click", "icon", "attach", "filename", "delay", "email", "call"), str
    ),
    **dict.fromkeys(("cache", "firebase", "sequence_id"), str),
    "priority": int,
    "tags": list,
    "actions": list,
    "markdown": bool,
}
SAMPLE = {"server": "{base}", "topic": "{topic}", "token": "{token}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


@dataclass(frozen=True)
class _Kept:
    when: datetime
    message: Mapping[str, Any]


@network
class Ntfy(Network):
    """Posts have the id ``TOPIC/MESSAGE`` of the first of their sequence; their text is title, a line break, message.

    ``url`` is what a tap opens. ``fields``: ``title``, ``message``, ``tags``, ``priority``, ``actions`` (label, URL),
    ``markdown``, ``attached`` (a message too long is a file: its notification only says so). ``delay``, ``email``
    and ``call`` are taken and not acted on.
    """

    kind = "ntfy"

    def __init__(
        self,
        clock: Clock = system_clock,
        *,
        token: str = ACCESS_TOKEN,
        burst: int = 60,
        seconds: float = 5.0,
        message: int = 4096,
        title: int = 1024,
        tags: int = 512,
    ) -> None:
        super().__init__(clock)
        self._token = token
        self._pace = Drip(burst, seconds)
        self._message, self._title, self._tags = message, title, tags
        self._cache: list[_Kept] = []
        self._shown: dict[str, str] = {}

    @property
    def credentials(self) -> dict[str, str]:
        return {"token": self._token, "topic": TOPIC, "closed_topic": CLOSED_TOPIC}

    def revoke(self) -> None:
        self._token = ""

    def endpoints(self) -> Sequence[Endpoint]:
        return [
            ("POST", "/", self._publish_json),
            ("PUT", "/", self._publish_json),
            ("GET", "/v1/health", lambda _: JSONResponse({"healthy": True})),
            ("GET", "/{topic}/json", self._poll),
            ("GET", "/{topic}/auth", self._auth),
            ("PUT", "/{topic}/{sequence}/clear", self._clear),
            ("DELETE", "/{topic}/{sequence}", self._delete),
        ]

    def _publish_json(self, call: Call) -> Response:
        self._limited()
        if len(call.body) > max(self._message, 32_768):
            raise _error(413, 41303, "JSON body too large")
        asked = _asked(call)
        topic = asked["topic"]
        self._may(call, topic)
        return JSONResponse(self._notify(call, topic, asked))

    def _notify(self, call: Call, topic: str, asked: Mapping[str, Any]) -> dict[str, Any]:
        title, tags = asked.get("title") or "", [str(each) for each in asked.get("tags") or []]
        if len(title.encode()) > self._title:
            raise _error(400, 40057, "invalid request: title is too large")
        if len(",".join(tags).encode()) > self._tags:
            raise _error(400, 40058, "invalid request: tags are too large")
        priority = asked.get("priority") or 3
        if not 1 <= priority <= 5:
            raise _error(400, 40007, "invalid priority parameter")
        attach, icon = asked.get("attach") or "", asked.get("icon") or ""
        if attach and not _URL.fullmatch(attach):
            raise _error(400, 40013, "invalid request: attachment URL is invalid")
        if icon and not _URL.fullmatch(icon):
            raise _error(400, 40021, "invalid request: icon URL is invalid")
        actions = _actions(asked.get("actions") or [])
        sequence = asked.get("sequence_id") or ""
        if sequence and not _NAME.fullmatch(sequence):
            raise _error(400, 40049, "invalid request: sequence ID invalid")
        text, attachment = self._body(asked.get("message") or "", attach, asked.get("filename") or "", call.base)
        told = {"title": title, "message": text, "tags": tags, "click": asked.get("click"), "icon": icon}
        told["priority"] = priority if asked.get("priority") else None
        told |= {"actions": asked.get("actions"), "attachment": attachment, "sequence_id": sequence}
        told["content_type"] = "text/markdown" if asked.get("markdown") else None
        message = self._kept(topic, "message", told, cached=asked.get("cache") not in ("no", "false", "0"))
        seen: dict[str, Any] = {
            "text": "\n".join(part for part in (title, text) if part),
            "url": asked.get("click") or "",
            "pictures": (Picture(url=attach),) if attach else (),
            "raw": call.body,
            "fields": {
                "title": title,
                "message": text,
                "tags": tuple(tags),
                "priority": priority,
                "actions": actions,
                "markdown": bool(asked.get("markdown")),
                "attached": bool(attachment) and not attach,
            },
        }
        key = f"{topic}/{sequence or message['id']}"
        if key in self._shown:
            self.edit(self._shown[key], **seen)
        else:  # A sequence that was deleted begins anew: clients show another notification.
            self._shown[key] = f"{topic}/{message['id']}"
            self.publish(Posted(id=self._shown[key], when=self.clock(), account=topic, **seen))
        return message

    def _body(self, text: str, attach: str, filename: str, base: str) -> tuple[str, dict[str, Any] | None]:
        if attach:
            name = filename or attach.rpartition("/")[2]
            return text or f"You received a file: {name}", {"name": name, "url": attach}
        if len(text.encode()) <= self._message:
            return text or "triggered", None
        name = filename or "attachment.txt"
        held = {"name": name, "type": "text/plain; charset=utf-8", "size": len(text.encode())}
        return f"You received a file: {name}", {**held, "url": f"{base}/file/{self.number():012d}.txt"}

    def _poll(self, call: Call) -> Response:
        self._limited()
        self._may(call, call.parts["topic"], to="read")
        if call.query.get("poll") not in ("1", "true"):
            raise _error(400, 40000, "this fake answers polls only: ?poll=1")
        found = self._since(call.query.get("since", "all"), call.parts["topic"])
        if wanted := call.query.get("id"):
            found = [each for each in found if each["id"] == wanted]
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in found)
        return Response(lines, media_type="application/x-ndjson")

    def _since(self, since: str, topic: str) -> list[Mapping[str, Any]]:
        now = self.clock()
        kept = [each.message for each in self._cache if now - each.when < _KEPT and each.message["topic"] == topic]
        if since in ("all", ""):
            return kept
        if since == "latest":
            return kept[-1:]
        if match := re.fullmatch(r"(\d+)([smh])", since):
            seconds = int(match.group(1)) * {"s": 1, "m": 60, "h": 3600}[match.group(2)]
            return [each for each in kept if each["time"] >= now.timestamp() - seconds]
        if since.isdecimal():
            return [each for each in kept if each["time"] >= int(since)]
        if not re.fullmatch(r"[A-Za-z0-9]{12}", since):
            raise _error(400, 40008, "invalid since parameter")
        ids = [each["id"] for each in kept]
        return kept[ids.index(since) + 1 :] if since in ids else kept

    def _auth(self, call: Call) -> Response:
        self._may(call, call.parts["topic"], to="read")
        return JSONResponse({"success": True})

    def _clear(self, call: Call) -> Response:
        return self._event(call, "message_clear")

    def _delete(self, call: Call) -> Response:
        answer = self._event(call, "message_delete")
        if shown := self._shown.pop(f"{call.parts['topic']}/{call.parts['sequence']}", None):
            self.remove(shown)
        return answer

    def _event(self, call: Call, event: str) -> Response:
        self._limited()
        topic, sequence = call.parts["topic"], call.parts["sequence"]
        if not _NAME.fullmatch(sequence):
            raise _error(400, 40049, "invalid request: sequence ID invalid")
        self._may(call, topic)
        return JSONResponse(self._kept(topic, event, {"sequence_id": sequence}))

    def _kept(self, topic: str, event: str, told: Mapping[str, Any], *, cached: bool = True) -> dict[str, Any]:
        now = self.clock()
        message = {"id": f"fAkE{self.number():08d}", "time": int(now.timestamp()), "event": event, "topic": topic}
        message["expires"] = int((now + _KEPT).timestamp())
        message |= {name: value for name, value in told.items() if value}
        if cached:
            self._cache.append(_Kept(now, message))
        return message

    def _may(self, call: Call, topic: str, *, to: str = "write") -> None:
        if not _NAME.fullmatch(topic):
            raise _error(400, 40009, "invalid request: topic invalid")
        if topic in _DISALLOWED:
            raise _error(400, 40010, "invalid request: topic name is not allowed")
        anonymous = "authorization" not in call.headers
        if not anonymous and (not self._token or call.bearer != self._token):
            raise _error(401, 40101, "unauthorized")
        if topic != TOPIC or (anonymous and to == "write"):  # Everyone may read the topic, as its followers do.
            raise _error(403, 40301, "forbidden")

    def _limited(self) -> None:
        now = self.clock()
        reading = self._pace.take(now)
        if not reading.allowed:
            wait = str(max(1, math.ceil((reading.reset - now).total_seconds())))
            raise _error(429, 42901, "limit reached: too many requests", {"Retry-After": wait})


def _asked(call: Call) -> Mapping[str, Any]:
    try:
        asked = json.loads(call.body.decode("utf-8", "strict"))
    except ValueError as error:
        raise _error(400, 40024, "invalid request: request body must be valid JSON") from error
    if not isinstance(asked, dict) or not asked.get("topic"):
        raise _error(400, 40017, "invalid request: request body must be message JSON")
    for name, value in asked.items():
        wanted = _FIELDS.get(name)  # The server, written in Go, ignores what it does not know and refuses a wrong type.
        if wanted and value is not None and (not isinstance(value, wanted) or (wanted is int and value is True)):
            raise _error(400, 40024, "invalid request: request body must be valid JSON")
    return asked


def _actions(found: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    if len(found) > 3:
        raise _error(400, 40018, "invalid request: actions invalid, only 3 actions allowed")
    for each in found:
        kind = each.get("action") if isinstance(each, dict) else None
        if kind not in ("view", "http", "broadcast", "copy") or not each.get("label"):
            raise _error(400, 40018, "invalid request: actions invalid, parameter 'action' or 'label' is wrong")
        if kind in ("view", "http") and not each.get("url"):
            raise _error(
                400, 40018, f"invalid request: actions invalid, parameter 'url' is required for action '{kind}'"
            )
    return tuple((each["label"], str(each.get("url") or "")) for each in found)


def _error(status: int, code: int, message: str, headers: Mapping[str, str] | None = None) -> Refused:
    body = {"code": code, "http": status, "error": message, "link": "https://ntfy.sh/docs/publish/"}
    return Refused(status, body, headers)
