"""A strict fake of a Matrix homeserver with one room that a bot has joined.

After https://spec.matrix.org/latest/client-server-api/, read in github.com/matrix-org/matrix-spec of 2026-07-21
(checked 2026-11-29), and what Synapse 1.163 was measured to do (social.md, 2026-11-23): the same txnId with the same
token gives the same event, 413 above 65,536 bytes, 429 with ``retry_after_ms`` and Retry-After. Synapse's own rate of
messages is a burst of 10 and one more every 5 s (from memory). A message without ``msgtype`` or ``body`` passes
Synapse; here it is M_BAD_JSON, for the specification requires both.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.matrix_html import Shown, shown
from bot.testing.networks.posted import Picture, Posted, picture
from bot.testing.networks.rates import Drip

SERVER = "record.example"
USER = f"@record:{SERVER}"
ROOM = f"!pqDzUrRkVxWbLmNcTa:{SERVER}"
ALIAS = f"#news:{SERVER}"
ACCESS_TOKEN = "syt_cmVjb3Jk_pKzTqWnRvXbLmYcDaEfG_1x2y3Z"
LARGEST_EVENT = 65_536
_HTML = "org.matrix.custom.html"
SAMPLE = {"homeserver": "{base}", "token": "{token}", "room": "{alias}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


@dataclass
class _Event:
    id: str
    type: str
    content: dict[str, Any]
    when: datetime
    transaction: str = ""
    token: str = ""
    redacted: bool = False
    sender: str = USER


@network
class Matrix(Network):
    """Posts have the event's id. ``fields``: ``links`` (label, URL), ``msgtype``, ``breaches`` (what clients drop).

    ``trouble`` is "", "forbidden" (the bot lacks the power to send) or "left" (it was removed from the room).
    """

    kind = "matrix"

    def __init__(
        self,
        clock: Clock = system_clock,
        *,
        token: str = ACCESS_TOKEN,
        burst: int = 10,
        seconds: float = 5.0,
        largest_upload: int = 50 * 1024 * 1024,
    ) -> None:
        super().__init__(clock)
        self._token = token
        self._pace = Drip(burst, seconds)
        self._largest_upload = largest_upload
        self._events: list[_Event] = []
        self._sent: dict[tuple[str, str], str] = {}
        self.media: dict[str, Picture] = {}
        self.trouble = ""

    @property
    def credentials(self) -> dict[str, str]:
        return {"token": self._token, "user": USER, "room": ROOM, "alias": ALIAS}

    def revoke(self) -> None:
        self._token = ""

    def endpoints(self) -> Sequence[Endpoint]:
        v3 = "/_matrix/client/v3"
        room = f"{v3}/rooms/{{room}}"
        return [
            ("GET", "/_matrix/client/versions", self._versions),
            ("GET", f"{v3}/account/whoami", self._whoami),
            ("GET", f"{v3}/joined_rooms", self._joined),
            ("GET", f"{v3}/directory/room/{{alias}}", self._alias),
            ("PUT", f"{room}/send/{{type}}/{{txn}}", self._send),
            ("PUT", f"{room}/redact/{{event}}/{{txn}}", self._redact),
            ("GET", f"{room}/messages", self._messages),
            ("GET", f"{room}/event/{{event}}", self._event),
            ("POST", "/_matrix/media/v3/upload", self._upload),
        ]

    def _versions(self, _: Call) -> Response:
        return JSONResponse({"versions": ["v1.11", "v1.18"]})

    def _whoami(self, call: Call) -> Response:
        self._signed(call)
        return JSONResponse({"user_id": USER, "device_id": "RECORDBOT", "is_guest": False})

    def _joined(self, call: Call) -> Response:
        self._signed(call)
        return JSONResponse({"joined_rooms": [] if self.trouble == "left" else [ROOM]})

    def _alias(self, call: Call) -> Response:
        if call.parts["alias"] != ALIAS:
            raise _error(404, "M_NOT_FOUND", f"Room alias {call.parts['alias']} not found")
        return JSONResponse({"room_id": ROOM, "servers": [SERVER]})

    def _send(self, call: Call) -> Response:
        self._in_room(call)
        if done := self._sent.get((self._token, call.parts["txn"])):
            return JSONResponse({"event_id": done})
        content = _content(call)
        if self.trouble == "forbidden":
            raise _error(403, "M_FORBIDDEN", "You don't have permission to post that to the room.")
        if call.parts["type"] == "m.room.message":
            _check(content)
        event = self._made(call.parts["type"], content, call.parts["txn"])
        if len(_canonical(self._as_json(event))) > LARGEST_EVENT:
            raise _error(413, "M_TOO_LARGE", "event too large")
        self._limited()
        self._keep(event)
        if event.type == "m.room.message":
            self._show(event, call)
        return JSONResponse({"event_id": event.id})

    def _redact(self, call: Call) -> Response:
        self._in_room(call)
        if done := self._sent.get((self._token, call.parts["txn"])):
            return JSONResponse({"event_id": done})
        found = self._known(call.parts["event"])
        self._limited()
        event = self._made("m.room.redaction", {"redacts": found.id, **_content(call)}, call.parts["txn"])
        self._keep(event)
        found.redacted, found.content = True, {}
        if self.find(found.id):
            self.remove(found.id)
        return JSONResponse({"event_id": event.id})

    def _messages(self, call: Call) -> Response:
        self._in_room(call)
        if call.query.get("dir") not in ("b", "f"):
            raise _error(400, "M_INVALID_PARAM", "Query parameter 'dir' must be one of ['b', 'f']")
        back = call.query["dir"] == "b"
        events = self._events[::-1] if back else self._events
        at = re.fullmatch(r"t([0-9]{1,9})", call.query.get("from", "t0"))
        if at is None:
            raise _error(400, "M_INVALID_PARAM", "from parameter is invalid")
        start = int(at.group(1))
        end = start + max(1, min(1000, call.number("limit", 10)))
        chunk = [self._as_json(each, own=True) for each in events[start:end]]
        more = {"end": f"t{end}"} if end < len(events) else {}
        return JSONResponse({"chunk": chunk, "start": f"t{start}", **more})

    def _event(self, call: Call) -> Response:
        self._in_room(call)
        return JSONResponse(self._as_json(self._known(call.parts["event"]), own=True))

    def _upload(self, call: Call) -> Response:
        self._signed(call)
        if len(call.body) > self._largest_upload:
            raise _error(413, "M_TOO_LARGE", "Upload request body is too large")
        address = f"mxc://{SERVER}/{hashlib.sha256(call.body + bytes([self.number() % 256])).hexdigest()[:24]}"
        found = picture(call.body, url=address)
        self.media[address] = found or Picture(content_type=call.content_type, data=call.body, url=address)
        return JSONResponse({"content_uri": address})

    def _signed(self, call: Call) -> None:
        if not call.bearer:
            raise _error(401, "M_MISSING_TOKEN", "Missing access token")
        if call.bearer != self._token:
            raise _error(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", soft_logout=False)

    def _in_room(self, call: Call) -> None:
        self._signed(call)
        if call.parts["room"] != ROOM or self.trouble == "left":
            raise _error(403, "M_FORBIDDEN", f"User {USER} not in room {call.parts['room']}")

    def _limited(self) -> None:
        now = self.clock()
        reading = self._pace.take(now)
        if not reading.allowed:
            wait = max(0.001, (reading.reset - now).total_seconds())
            raise Refused(
                429,
                {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests", "retry_after_ms": math.ceil(wait * 1000)},
                {"Retry-After": str(math.ceil(wait))},
            )

    def _made(self, kind: str, content: dict[str, Any], transaction: str) -> _Event:
        digest = hashlib.sha256(_canonical([self.number(), kind, content])).hexdigest()[:40]
        return _Event(f"${digest}", kind, content, self.clock(), transaction, self._token)

    def _keep(self, event: _Event) -> None:
        self._events.append(event)
        self._sent[self._token, event.transaction] = event.id

    def _known(self, identity: str) -> _Event:
        found = next((each for each in self._events if each.id == identity), None)
        if found is None:
            raise _error(404, "M_NOT_FOUND", "Event not found.")
        return found

    def _as_json(self, event: _Event, *, own: bool = False) -> dict[str, Any]:
        found: dict[str, Any] = {
            "event_id": event.id,
            "type": event.type,
            "room_id": ROOM,
            "sender": event.sender,
            "origin_server_ts": int(event.when.timestamp() * 1000),
            "content": event.content,
        }
        if own and event.token == self._token:  # Who sent it is told under what transaction, and nobody else.
            found["unsigned"] = {"transaction_id": event.transaction}
        return found

    def _show(self, event: _Event, call: Call) -> None:
        relation = _object(event.content, "m.relates_to")
        new = _object(event.content, "m.new_content")
        edited = self.find(str(relation.get("event_id"))) if relation.get("rel_type") == "m.replace" else None
        if edited and new:
            self.edit(edited.id, raw=call.body, **self._seen(new))
            return
        # An edit of what is not there is shown as a message of its own: that is what its fallback is for.
        root = relation.get("event_id", "") if relation.get("rel_type") == "m.thread" else ""
        reply = str(_object(relation, "m.in_reply_to").get("event_id", root))
        seen = self._seen(event.content)
        self.publish(Posted(id=event.id, when=event.when, account=ROOM, reply_to=reply, raw=call.body, **seen))

    def _seen(self, content: Mapping[str, Any]) -> dict[str, Any]:
        found = shown(content["formatted_body"]) if content.get("format") == _HTML else Shown(content["body"])
        breaches, pictures = list(found.breaches), []
        named = list(found.images)
        if content["msgtype"] == "m.image":
            named.append((str(content.get("url") or ""), content["body"] if "filename" not in content else ""))
            found.text = "" if "filename" not in content else found.text
        for address, alt in named:
            if address in self.media:
                held = self.media[address]
                pictures.append(Picture(alt, held.content_type, held.data, address, held.width, held.height))
            else:
                breaches.append(f"no such file: {address!r}")
        fields = {"links": tuple(found.links), "msgtype": content["msgtype"], "breaches": tuple(breaches)}
        return {"text": found.text, "pictures": tuple(pictures), "fields": fields}


def _content(call: Call) -> dict[str, Any]:
    try:
        found = json.loads(call.body)
    except ValueError as error:
        raise _error(400, "M_NOT_JSON", "Content not JSON.") from error
    if not isinstance(found, dict):
        raise _error(400, "M_BAD_JSON", "Content must be a JSON object.")
    _no_floats(found)
    return found


def _no_floats(value: Any) -> None:
    """Canonical JSON has whole numbers only, within ±2^53."""
    if isinstance(value, float) or (isinstance(value, int) and abs(value) >= 2**53):
        raise _error(400, "M_BAD_JSON", f"Bad JSON value: {type(value).__name__}")
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in children:
        _no_floats(each)


def _check(content: Mapping[str, Any]) -> None:
    for name in ("msgtype", "body"):
        if not isinstance(content.get(name), str):
            raise _error(400, "M_BAD_JSON", f"'{name}' is required and must be a string")
    if content.get("format") == _HTML and not isinstance(content.get("formatted_body"), str):
        raise _error(400, "M_BAD_JSON", "'formatted_body' is required with a format")
    if new := _object(content, "m.new_content"):
        _check(new)


def _object(content: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """What is there as an object; clients pass over anything else."""
    found = content.get(name)
    return found if isinstance(found, dict) else {}


def _canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8", "surrogatepass")


def _error(status: int, code: str, message: str, **more: Any) -> Refused:
    return Refused(status, {"errcode": code, "error": message, **more})
