"""Whatever a channel sends, a fake answers: a body it did not expect is refused, and never breaks it."""

from __future__ import annotations

import base64
import copy
import hashlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks import Network, bluesky, discord, matrix, ntfy, slack, teams, telegram

LINK = "https://a.example/a"
ROOM = quote(matrix.ROOM, safe="")
POST = "app.bsky.feed.post"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63fccff0bf1e00060002fe2e3d6a"
    "fa0000000049454e44ae426082"
)
CID = "bafkrei" + base64.b32encode(hashlib.sha256(PNG).digest()).decode().rstrip("=").lower()
BLOB = {"$type": "blob", "ref": {"$link": CID}, "mimeType": "image/png", "size": len(PNG)}
FACET = {"index": {"byteStart": 0, "byteEnd": 1}, "features": [{"$type": "app.bsky.richtext.facet#link", "uri": LINK}]}
RECORD = {
    "$type": POST,
    "text": "x",
    "createdAt": "2026-11-24T07:00:00Z",
    "langs": ["en"],
    "tags": ["a"],
    "facets": [FACET],
    "labels": {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "graphic-media"}]},
    "reply": {"root": {"uri": "at://a/b/c", "cid": "b" * 30}, "parent": {"uri": "at://a/b/c", "cid": "b" * 30}},
}
EXTERNAL = {
    "$type": "app.bsky.embed.external",
    "external": {"uri": LINK, "title": "x", "description": "", "thumb": BLOB},
}
IMAGES = {
    "$type": "app.bsky.embed.images",
    "images": [{"image": BLOB, "alt": "", "aspectRatio": {"width": 1, "height": 1}}],
}
EMBED = {
    "title": "x",
    "url": LINK,
    "image": {"url": LINK},
    "footer": {"text": "x"},
    "author": {"name": "x"},
    "fields": [{"name": "a", "value": "b"}],
}
BLOCKS = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": {"type": "image", "image_url": LINK}},
    {"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}], "block_id": "a"},
    {"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}]},
    {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "x"}, "url": LINK}]},
]
CARD = {
    "type": "AdaptiveCard",
    "version": "1.4",
    "body": [
        {"type": "ColumnSet", "columns": [{"items": [{"type": "TextBlock", "text": "x"}]}]},
        {"type": "FactSet", "facts": [{"title": "a", "value": "b"}]},
        {"type": "RichTextBlock", "inlines": ["a", {"type": "TextRun", "text": "b"}]},
        {"type": "Image", "url": LINK},
    ],
    "actions": [{"type": "Action.OpenUrl", "title": "x", "url": LINK}],
}
ADAPTIVE = {"type": "message", "attachments": [{"contentType": teams.ADAPTIVE, "content": CARD}]}
EDIT = {"rel_type": "m.replace", "event_id": "$a"}
MESSAGE = {
    "msgtype": "m.image",
    "body": "x",
    "url": "mxc://a/b",
    "m.new_content": {"msgtype": "m.notice", "body": "x"},
    "m.relates_to": EDIT,
}
HTML = {
    "msgtype": "m.notice",
    "body": "x",
    "format": "org.matrix.custom.html",
    "formatted_body": f"<a href='{LINK}'>x</a>",
}

CASES: dict[str, tuple[Callable[[SetClock], Network], str, str, list[dict[str, Any]]]] = {
    "telegram": (
        telegram.Telegram,
        "POST",
        f"/bot{telegram.TOKEN}/sendMessage",
        [
            {
                "chat_id": "@portalderrecord",
                "text": "<b>x</b>",
                "parse_mode": "HTML",
                "link_preview_options": {"url": LINK},
                "reply_parameters": {"message_id": 1},
            },
            {"chat_id": "@portalderrecord", "text": "x", "entities": [{"type": "text_link", "offset": 0, "length": 1}]},
        ],
    ),
    "slack hook": (slack.Slack, "POST", slack.HOOK, [{"text": "x", "blocks": BLOCKS}]),
    "slack bot": (
        slack.Slack,
        "POST",
        "/api/chat.postMessage",
        [{"channel": slack.CHANNEL, "text": "x", "blocks": BLOCKS, "thread_ts": "1"}],
    ),
    "discord": (
        discord.Discord,
        "POST",
        f"/api/webhooks/{discord.HOOK_ID}/{discord.HOOK_TOKEN}?wait=true",
        [
            {
                "content": "x",
                "embeds": [EMBED],
                "allowed_mentions": {"parse": ["users"], "roles": ["1"]},
                "attachments": [{"id": 0, "description": "x"}],
                "flags": 4,
            }
        ],
    ),
    "teams": (
        teams.Teams,
        "POST",
        f"/workflows/{teams.FLOW}/triggers/manual/paths/invoke?api-version=1&sig={teams.SIGNATURE}",
        [ADAPTIVE],
    ),
    "matrix": (
        matrix.Matrix,
        "PUT",
        f"/_matrix/client/v3/rooms/{ROOM}/send/m.room.message/t1",
        [MESSAGE, HTML],
    ),
    "ntfy": (
        ntfy.Ntfy,
        "POST",
        "/",
        [
            {
                "topic": ntfy.TOPIC,
                "title": "x",
                "tags": ["a"],
                "priority": 3,
                "attach": LINK,
                "actions": [{"action": "view", "label": "x", "url": LINK}],
            }
        ],
    ),
    "bluesky": (
        bluesky.Bluesky,
        "POST",
        "/xrpc/com.atproto.repo.putRecord",
        [
            {
                "repo": bluesky.DID,
                "collection": POST,
                "rkey": "3jzfcijpj2z2a",
                "record": {**RECORD, "embed": embed},
            }
            for embed in (EXTERNAL, IMAGES)
        ],
    ),
}

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8)
)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=4), inner, max_size=2)),
)


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inside:
        yield from places(each, (*here, name))


def with_other(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    if not place:
        return other
    changed = copy.deepcopy(value)
    inner = changed
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = other
    return changed


def token(client: TestClient, name: str) -> str:
    if name == "bluesky":
        asked = {"identifier": bluesky.HANDLE, "password": bluesky.APP_PASSWORD}
        return str(client.post("/xrpc/com.atproto.server.createSession", json=asked).json()["accessJwt"])
    return {"matrix": matrix.ACCESS_TOKEN, "ntfy": ntfy.ACCESS_TOKEN}.get(name, slack.BOT_TOKEN)


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_part_that_is_something_else_is_answered(name: str, data: st.DataObject) -> None:
    made, method, path, bodies = CASES[name]
    network = made(SetClock(NOW))
    client = TestClient(network.app())
    client.headers["authorization"] = f"Bearer {token(client, name)}"
    if name == "bluesky":
        client.post("/xrpc/com.atproto.repo.uploadBlob", content=PNG, headers={"content-type": "image/png"})
    body = data.draw(st.sampled_from(bodies))
    place = data.draw(st.sampled_from(list(places(body))))
    answer = client.request(method, path, json=with_other(body, place, data.draw(anything)))
    assert answer.status_code < 500
    assert client.get("/_fake/").status_code == 200
