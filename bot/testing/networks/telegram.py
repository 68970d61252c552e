"""A strict fake of Telegram's Bot API: channels and groups that a bot posts to.

After https://core.telegram.org/bots/api (checked 2026-11-29) and the limits of https://core.telegram.org/bots/faq (one
message a second to a chat, 20 a minute to a group, 30 a second in all; from memory). What ``description`` says is
documented nowhere: from memory, and from issues that quote it. There is no idempotency: the same call posts twice.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from bot.clock import Clock, system_clock
from bot.testing.networks.base import Endpoint, Network, network
from bot.testing.networks.call import Call, Refused
from bot.testing.networks.posted import Picture, Posted, picture
from bot.testing.networks.rates import Moving
from bot.testing.networks.telegram_html import Entity, Unparsable, given, parse_html, trimmed, units

_URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]]")
TOKEN = "110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw"
_DELETABLE = timedelta(hours=48)
SAMPLE = {"chat": "{chat}", "token": "{token}", "api": "{base}"}
"""What a newsroom sets to post here (bot.testing.networks.sample)."""


@dataclass
class Chat:
    """Where a bot may post. ``kind`` is channel or supergroup; ``trouble`` is "", "kicked" or "no rights"."""

    id: int
    title: str
    kind: str
    username: str = ""
    trouble: str = ""
    moved_to: int = 0
    """A group that became a supergroup answers with its new id."""
    sent: int = 0
    each_second: Moving = field(default_factory=lambda: Moving(1, 1))
    each_minute: Moving = field(default_factory=lambda: Moving(20, 60))


@network
class Telegram(Network):
    """Posts have the id ``CHAT/MESSAGE`` and, as ``url``, the link whose preview is shown.

    Their ``fields``: ``chat``, ``links`` (label, URL), ``entities``, ``silent``.
    """

    kind = "telegram"

    def __init__(
        self,
        clock: Clock = system_clock,
        *,
        token: str = TOKEN,
        text: int = 4096,
        caption: int = 1024,
        a_second: int = 30,
    ) -> None:
        super().__init__(clock)
        self._token = token
        self._text, self._caption = text, caption
        self._all = Moving(a_second, 1)
        self.channel = Chat(-1001436591873, "The Port Alder Record", "channel", username="portalderrecord")
        self.group = Chat(-1001297364502, "Record readers", "supergroup")
        self.chats = {each.id: each for each in (self.channel, self.group)}

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "token": self._token,
            "chat": f"@{self.channel.username}",
            "chat_id": str(self.channel.id),
            "group_id": str(self.group.id),
        }

    def revoke(self) -> None:
        self._token = ""

    def endpoints(self) -> Sequence[Endpoint]:
        return [(verb, "/bot{token}/{name}", self._method) for verb in ("GET", "POST")]

    def _method(self, call: Call) -> Response:
        if not re.fullmatch(r"\d+:[A-Za-z0-9_-]{30,}", call.parts["token"]):
            raise _error(404, "Not Found")
        if call.parts["token"] != self._token:
            raise _error(401, "Unauthorized")
        methods = {
            "getme": self._me,
            "getchat": self._chat,
            "getchatmember": self._member,
            "sendmessage": self._send_message,
            "sendphoto": self._send_photo,
            "editmessagetext": self._edit_text,
            "editmessagecaption": self._edit_caption,
            "deletemessage": self._delete,
        }
        if call.parts["name"].lower() not in methods:
            raise _error(404, "Not Found")
        return JSONResponse({"ok": True, "result": methods[call.parts["name"].lower()](call)})

    def _me(self, _: Call) -> Any:
        return self._me_json()

    def _chat(self, call: Call) -> Any:
        return _chat_json(self._where(_asked(call)))

    def _member(self, call: Call) -> Any:
        asked = _asked(call)
        if str(asked.get("user_id")) != self._token.partition(":")[0]:
            raise _error(400, "Bad Request: PARTICIPANT_ID_INVALID")
        chat = self._where(asked)
        return {"status": "administrator", "user": self._me_json(), "can_post_messages": chat.kind == "channel"}

    def _send_message(self, call: Call) -> Any:
        asked = _asked(call)
        chat = self._where(asked)
        text, entities = self._parsed(asked, "text")
        reply_to = self._reply(chat, asked)
        preview = _preview(asked, text, entities)
        return self._post(chat, call, asked, text, entities, url=preview, reply_to=reply_to)

    def _send_photo(self, call: Call) -> Any:
        asked = _asked(call)
        chat = self._where(asked)
        text, entities = self._parsed(asked, "caption")
        return self._post(
            chat, call, asked, text, entities, pictures=(_photo(call, asked),), reply_to=self._reply(chat, asked)
        )

    def _edit_text(self, call: Call) -> Any:
        asked = _asked(call)
        post = self._posted(asked, "message to edit not found")
        if post.pictures:
            raise _error(400, "Bad Request: there is no text in the message to edit")
        text, entities = self._parsed(asked, "text")
        return self._change(call, post, text, entities, url=_preview(asked, text, entities))

    def _edit_caption(self, call: Call) -> Any:
        asked = _asked(call)
        post = self._posted(asked, "message to edit not found")
        if not post.pictures:
            raise _error(400, "Bad Request: there is no caption in the message to edit")
        text, entities = self._parsed(asked, "caption")
        return self._change(call, post, text, entities, url="")

    def _delete(self, call: Call) -> Any:
        asked = _asked(call)
        post = self._posted(asked, "message to delete not found")
        if self.clock() - post.when > _DELETABLE:
            raise _error(400, "Bad Request: message can't be deleted for everyone")
        self.remove(post.id)
        return True

    def _where(self, asked: Mapping[str, Any]) -> Chat:
        wanted = str(asked.get("chat_id", "")).strip()
        if not wanted:
            raise _error(400, "Bad Request: chat_id is empty")
        found = next(
            (
                each
                for each in self.chats.values()
                if wanted == str(each.id) or (each.username and wanted.lower() == f"@{each.username}".lower())
            ),
            None,
        )
        if found is None:
            raise _error(400, "Bad Request: chat not found")
        if found.moved_to:
            raise _error(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                parameters={"migrate_to_chat_id": found.moved_to},
            )
        if found.trouble == "kicked":
            raise _error(403, f"Forbidden: bot was kicked from the {found.kind} chat")
        if found.trouble:
            raise _error(400, f"Bad Request: need administrator rights in the {found.kind} chat")
        return found

    def _parsed(self, asked: Mapping[str, Any], name: str) -> tuple[str, tuple[Entity, ...]]:
        raw = asked.get(name, "")
        if not isinstance(raw, str):
            raise _error(400, f'Bad Request: field "{name}" must be of type String')
        mode = str(asked.get("parse_mode", "")).lower()
        entities: tuple[Entity, ...] = ()
        own = _parsed_json(asked, "entities" if name == "text" else "caption_entities")
        try:
            if mode == "html":
                raw, entities = parse_html(raw)
            elif own is not None:
                entities = given(raw, own)
        except Unparsable as error:
            raise _error(400, f"Bad Request: can't parse entities: {error}") from error
        if mode not in ("", "html"):  # Markdown of either kind is refused rather than guessed at.
            raise _error(400, "Bad Request: unsupported parse_mode")
        raw, entities = trimmed(raw, entities)
        if name == "text" and not raw:
            raise _error(400, "Bad Request: message text is empty")
        if units(raw) > (self._text if name == "text" else self._caption):
            raise _error(400, f"Bad Request: message {'caption ' if name == 'caption' else ''}is too long")
        return raw, entities

    def _reply(self, chat: Chat, asked: Mapping[str, Any]) -> str:
        wanted = _object(asked, "reply_parameters")
        if not wanted:
            return ""
        found = self.find(f"{chat.id}/{wanted.get('message_id')}")
        if found is None and not wanted.get("allow_sending_without_reply"):
            raise _error(400, "Bad Request: message to be replied not found")
        return found.id if found else ""

    def _posted(self, asked: Mapping[str, Any], otherwise: str) -> Posted:
        found = self.find(f"{self._where(asked).id}/{asked.get('message_id')}")
        if found is None:
            raise _error(400, f"Bad Request: {otherwise}")
        return found

    def _post(
        self,
        chat: Chat,
        call: Call,
        asked: Mapping[str, Any],
        text: str,
        entities: tuple[Entity, ...],
        *,
        url: str = "",
        reply_to: str = "",
        pictures: tuple[Picture, ...] = (),
    ) -> Any:
        self._flood(chat)
        chat.sent += 1
        post = self.publish(
            Posted(
                id=f"{chat.id}/{chat.sent}",
                text=text,
                when=self.clock(),
                account=f"@{chat.username}" if chat.username else str(chat.id),
                url=url,
                pictures=pictures,
                reply_to=reply_to,
                raw=call.body,
                fields={
                    "chat": chat.id,
                    "links": links(text, entities),
                    "entities": _listed(entities),
                    "silent": bool(asked.get("disable_notification")),
                },
            )
        )
        return self._message(post)

    def _change(self, call: Call, post: Posted, text: str, entities: tuple[Entity, ...], *, url: str) -> Any:
        if (post.text, post.fields["entities"], post.url) == (text, _listed(entities), url):
            raise _error(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message",
            )
        fields = {**post.fields, "links": links(text, entities), "entities": _listed(entities)}
        return self._message(self.edit(post.id, text=text, url=url, raw=call.body, fields=fields))

    def _flood(self, chat: Chat) -> None:
        now = self.clock()
        limits = [self._all, chat.each_second, *([chat.each_minute] if chat.kind != "channel" else [])]
        full = [reading.reset for reading in (each.read(now) for each in limits) if not reading.allowed]
        if full:
            wait = max(1, math.ceil((max(full) - now).total_seconds()))
            raise _error(429, f"Too Many Requests: retry after {wait}", parameters={"retry_after": wait})
        for each in limits:
            each.take(now)

    def _message(self, post: Posted) -> dict[str, Any]:
        chat = self.chats[post.fields["chat"]]
        found: dict[str, Any] = {
            "message_id": int(post.id.rpartition("/")[2]),
            "date": int(post.when.timestamp()),
            "chat": _chat_json(chat),
        }
        found["sender_chat" if chat.kind == "channel" else "from"] = (
            _chat_json(chat) if chat.kind == "channel" else self._me_json()
        )
        if post.edited:
            found["edit_date"] = int(post.edited.timestamp())
        entities = post.fields["entities"]
        if post.pictures:
            size = post.pictures[0]
            found["photo"] = [{"file_id": f"photo{self.number()}", "width": size.width, "height": size.height}]
            return {**found, "caption": post.text, "caption_entities": entities}
        return {**found, "text": post.text, "entities": entities}

    def _me_json(self) -> dict[str, Any]:
        number = int(self._token.partition(":")[0])
        return {"id": number, "is_bot": True, "first_name": "Record", "username": "record_bot"}


def links(text: str, entities: Sequence[Entity]) -> tuple[tuple[str, str], ...]:
    """What a reader can follow, in order: (label, URL). A bare address in the text is one too."""
    raw = text.encode("utf-16-le", "surrogatepass")
    found = []
    for each in entities:
        if each.type == "text_link":
            label = raw[each.offset * 2 : (each.offset + each.length) * 2].decode("utf-16-le", "replace")
            found.append((each.offset, label, each.url))
    taken = [(each.offset, each.offset + each.length) for each in entities if each.type in ("text_link", "code", "pre")]
    for match in _URL.finditer(text):
        offset = units(text[: match.start()])
        if not any(start <= offset < end for start, end in taken):
            found.append((offset, match.group(), match.group()))
    return tuple((label, url) for _, label, url in sorted(found))


def _listed(entities: Sequence[Entity]) -> list[dict[str, object]]:
    return [each.as_json() for each in entities]


def _asked(call: Call) -> dict[str, Any]:
    if call.content_type == "application/json" and not isinstance(call.json, dict):
        raise _error(400, "Bad Request: can't parse JSON object")
    return {**call.query, **call.fields}


def _parsed_json(asked: Mapping[str, Any], name: str) -> Any:
    found = asked.get(name)
    if isinstance(found, str) and found:  # In a form, an object is written as JSON.
        try:
            return json.loads(found)
        except ValueError as error:
            raise _error(400, f"Bad Request: can't parse {name}") from error
    return None if found == "" else found


def _object(asked: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = _parsed_json(asked, name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise _error(400, f"Bad Request: object expected as {name}")
    return found


def _preview(asked: Mapping[str, Any], text: str, entities: Sequence[Entity]) -> str:
    wanted = _object(asked, "link_preview_options")
    if wanted.get("is_disabled") is True:
        return ""
    if wanted.get("prefer_small_media") and wanted.get("prefer_large_media"):
        raise _error(400, "Bad Request: prefer_small_media and prefer_large_media exclude each other")
    if wanted.get("url"):
        return str(wanted["url"])
    return next((url for _, url in links(text, entities)), "")


def _photo(call: Call, asked: Mapping[str, Any]) -> Picture:
    wanted = str(asked.get("photo", ""))
    name = wanted.removeprefix("attach://") if wanted.startswith("attach://") else "photo"
    if name in call.files:
        data = call.files[name].data
        if len(data) > 10_485_760:
            raise _error(
                400, f"Bad Request: file of size {len(data)} bytes is too big for a photo; the maximum size is 10485760"
            )
        found = picture(data)
        if found is None:
            raise _error(400, "Bad Request: IMAGE_PROCESS_FAILED")
        narrow, wide = sorted((found.width, found.height))
        if narrow + wide > 10_000 or wide > 20 * narrow:
            raise _error(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
        return found
    if re.match(r"https?://[^/\s]+\.[^/\s]+", wanted):
        return Picture(url=wanted)
    raise _error(
        400,
        "Bad Request: there is no photo in the request"
        if not wanted
        else "Bad Request: wrong remote file identifier specified: Wrong string length",
    )


def _chat_json(chat: Chat) -> dict[str, Any]:
    found = {"id": chat.id, "title": chat.title, "type": chat.kind}
    return {**found, "username": chat.username} if chat.username else found


def _error(code: int, description: str, parameters: Mapping[str, Any] | None = None) -> Refused:
    body = {"ok": False, "error_code": code, "description": description}
    return Refused(code, {**body, "parameters": dict(parameters)} if parameters else body)
