"""Whatever a channel sends, a fake answers as a network does: it never breaks."""

from __future__ import annotations

import json
from itertools import product

import pytest

from bot.testing.networks import NETWORKS, made
from tests.testing.asking import bearer, png

HEADERS = {"LinkedIn-Version": "202611", "X-Restli-Protocol-Version": "2.0.0", "X-RestLi-Method": "PARTIAL_UPDATE"}
PATIENT = {"mastodon": {"requests": 10**6}, "facebook": {"calls_an_hour": 10**6}}
"""So that no limit hides what is asked."""
JUNK = ["", "x", None, -1, 10**30, True, [], [None], {}, {"a": {"b": None}}, "\x00", "\ud83d"]
NAMES = [
    *("text", "status", "media_ids", "in_reply_to_id", "reply", "media", "spoiler_text", "language", "message", "link"),
    *("attached_media", "commentary", "content", "author", "distribution", "patch", "metadata", "id", "children"),
    *("creation_id", "media_type", "image_url", "description", "grant_type", "code", "limit", "count", "max_results"),
    *("since_id", "max_id", "initializeUploadRequest", "redirect_uris", "client_name", "media_attributes", "url"),
    *("ids", "uris", "id[]", "metric", "fields", "tweet.fields"),
]


def bodies():
    yield {"content": b""}
    yield {"content": b"{", "headers": {"Content-Type": "application/json"}}
    yield {"content": b"\xff=%ff&=&a[]=", "headers": {"Content-Type": "application/x-www-form-urlencoded"}}
    yield {"content": b"--x\r\n\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}
    yield {"content": b"--", "headers": {"Content-Type": "multipart/form-data"}}
    yield {"files": {"file": ("a", png()), "media": ("a", b""), "source": ("a", b"GIF89a")}, "data": {"a": "b"}}
    for junk in JUNK:
        yield {"content": as_json(junk), "headers": {"Content-Type": "application/json"}}
        given = as_json(dict.fromkeys(NAMES, junk))
        yield {"content": given, "headers": {"Content-Type": "application/json"}}
    for junk in ("x", "-1", "1" * 5000, "[", "\x00"):
        yield {"data": dict.fromkeys(NAMES, junk)}


def as_json(value):
    return json.dumps(value).encode()


def queries():
    yield {}
    for junk in ("x", "-1", "1" * 60, "\x00", ""):
        yield dict.fromkeys([*NAMES, "q", "action", "oauth_token", "input_token"], junk)


@pytest.mark.parametrize("kind", sorted(NETWORKS))
def test_no_request_breaks_a_fake(kind, fake):
    client, network = fake(kind, **PATIENT.get(kind, {}))
    client.headers.update({**HEADERS, **bearer(network.credentials.get("token", "none"))})
    broken = []
    for method, path, _ in made(kind).endpoints():
        while "{" in path:
            start, end = path.index("{"), path.index("}")
            name = path[start + 1 : end].partition(":")[0]
            value = {"version": "v25.0", "user": "me", "page": "me"}.get(name, "12345")
            path = path[:start] + value + path[end + 1 :]
        asks = [{}] if method == "GET" else list(bodies())
        for query, given in product(queries() if method == "GET" else [{}], asks):
            answer = client.request(method, path, params=query, **given)
            if answer.status_code == 500:
                broken.append((method, path, query, given))
    assert broken == []
