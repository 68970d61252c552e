"""The fake of a PDS refuses what a PDS refuses, and shows what a client shows."""

from __future__ import annotations

import io
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks.bluesky import APP_PASSWORD, DID, HANDLE, Bluesky

POST = "app.bsky.feed.post"
KEY = "3jzfcijpj2z2a"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def bluesky(clock: SetClock) -> Bluesky:
    return Bluesky(clock)


@pytest.fixture
def client(bluesky: Bluesky) -> TestClient:
    client = TestClient(bluesky.app())
    client.headers["authorization"] = f"Bearer {sign_in(client).json()['accessJwt']}"
    return client


def call(client: TestClient, name: str, **asked: Any) -> httpx.Response:
    return client.post(f"/xrpc/com.atproto.{name}", json=asked)


def sign_in(client: TestClient, password: str = APP_PASSWORD) -> httpx.Response:
    return call(client, "server.createSession", identifier=HANDLE, password=password)


def record(text: str = "Ferry is back", **fields: Any) -> dict[str, Any]:
    return {"$type": POST, "text": text, "createdAt": "2026-11-24T07:00:00.000Z", "langs": ["en"], **fields}


def put(client: TestClient, value: dict[str, Any], key: str = KEY) -> httpx.Response:
    return call(client, "repo.putRecord", repo=DID, collection=POST, rkey=key, record=value)


def facet(start: int, end: int, **feature: str) -> dict[str, Any]:
    kind = {"uri": "link", "tag": "tag", "did": "mention"}[next(iter(feature))]
    features = [{"$type": f"app.bsky.richtext.facet#{kind}", **feature}]
    return {"index": {"byteStart": start, "byteEnd": end}, "features": features}


def external(**fields: Any) -> dict[str, Any]:
    about = {"uri": "https://a.example/ferry", "title": "Ferry", "description": "It is back", **fields}
    return {"$type": "app.bsky.embed.external", "external": about}


def upload(client: TestClient, size: int = 0) -> dict[str, Any]:
    held = io.BytesIO()
    Image.new("RGB", (20, 10), "teal").save(held, "PNG")
    body = held.getvalue() + b"\0" * max(0, size - len(held.getvalue()))
    answer = client.post("/xrpc/com.atproto.repo.uploadBlob", content=body, headers={"content-type": "image/png"})
    blob: dict[str, Any] = answer.json()["blob"]
    return blob


def test_a_post_is_seen_with_its_links_tags_and_card(client: TestClient, bluesky: Bluesky) -> None:
    text = "Café ☕ news https://a.example/a #news"
    facets = [facet(15, 34, uri="https://a.example/a"), facet(35, 40, tag="news")]
    answer = put(client, record(text, facets=facets, embed=external(thumb=upload(client))))
    assert (answer.status_code, answer.json()["validationStatus"]) == (200, "valid")
    (post,) = bluesky.visible
    assert (post.id, post.text, post.language) == (f"at://{DID}/{POST}/{KEY}", text, "en")
    assert post.fields["links"] == (("https://a.example/a", "https://a.example/a"),)
    assert post.fields["tags"] == (("#news", "news"),)
    assert post.card and post.card.thumbnail and (post.card.title, post.card.thumbnail.width) == ("Ferry", 20)


def test_a_label_is_a_warning(client: TestClient, bluesky: Bluesky) -> None:
    labels = {"$type": "com.atproto.label.defs#selfLabels", "values": [{"val": "graphic-media"}]}
    put(client, record(labels=labels))
    assert bluesky.visible[0].warning == "graphic-media"


def test_facets_are_not_checked_and_the_damage_is_seen(client: TestClient, bluesky: Bluesky) -> None:
    facets = [facet(4, 9999, uri="https://a.example/a")]
    assert put(client, record("Café ☕", facets=facets)).status_code == 200
    (post,) = bluesky.visible
    assert post.text == "Caf\ufffd\ufffd ☕"
    assert post.fields["links"] == (("\ufffd ☕", "https://a.example/a"),)


def test_a_link_without_a_facet_is_dead_text(client: TestClient, bluesky: Bluesky) -> None:
    put(client, record("see https://a.example/a"))
    assert bluesky.visible[0].fields["links"] == ()


FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("a" * 300, 200),
        ("a" * 301, 400),
        (FAMILY * 120, 200),
        (FAMILY * 121, 400),
        ("क्षि" * 200, 200),
        ("渡" * 300, 200),
    ],
)
def test_a_text_has_300_graphemes_and_3000_bytes(client: TestClient, text: str, status: int) -> None:
    assert put(client, record(text)).status_code == status


@pytest.mark.parametrize(
    "fields",
    [
        {"text": None},
        {"createdAt": "2026-11-24"},
        {"createdAt": "2026-13-24T07:00:00Z"},
        {"createdAt": "2026-11-24T07:00:00"},
        {"langs": ["en", "de", "fr", "es"]},
        {"langs": ["English!"]},
        {"tags": ["a"] * 9},
        {"tags": ["a" * 65]},
        {"facets": [{"index": {"byteStart": 0}, "features": []}]},
        {"facets": [{"index": {"byteStart": -1, "byteEnd": 2}, "features": []}]},
        {"facets": [facet(0, 2, uri="no address")]},
        {"facets": [facet(0, 2, tag="a" * 65)]},
        {"labels": {"values": [{"val": "graphic-media"}]}},
        {"embed": {"external": {}}},
        {"embed": external(title=None)},
        {"embed": external(uri="ferry")},
        {"embed": external(thumb="https://a.example/a.jpg")},
        {"embed": external(thumb={"$type": "blob", "ref": {"$link": "bafkreino"}, "mimeType": "image/png", "size": 1})},
        {"reply": {"root": {"uri": "at://x", "cid": "y"}}},
        {"$type": "app.bsky.feed.like"},
    ],
)
def test_a_record_against_its_lexicon_is_refused(client: TestClient, bluesky: Bluesky, fields: dict[str, Any]) -> None:
    answer = put(client, record(**fields) if "text" not in fields else {**record(), **fields})
    assert (answer.status_code, answer.json()["error"]) == (400, "InvalidRequest")
    assert bluesky.posts == []


def test_a_thumb_has_a_million_bytes_and_an_image_two(client: TestClient) -> None:
    assert put(client, record(embed=external(thumb=upload(client, 1_000_000)))).status_code == 200
    large = put(client, record(embed=external(thumb=upload(client, 1_000_001))))
    assert large.status_code == 400 and "blob too big (maximum 1000000" in large.json()["message"]

    def images(*found: dict[str, Any]) -> int:
        return put(client, record(embed={"$type": "app.bsky.embed.images", "images": list(found)})).status_code

    blob = upload(client)
    assert images(*[{"image": blob, "alt": ""}] * 4) == 200
    assert images(*[{"image": blob, "alt": ""}] * 5) == 400
    assert images({"image": blob}) == 400
    assert images({"image": upload(client, 2_000_001), "alt": "x"}) == 400
    assert images({"image": blob, "alt": "x", "aspectRatio": {"width": 0, "height": 1}}) == 400


def test_pictures_are_seen_with_their_alt_text(client: TestClient, bluesky: Bluesky) -> None:
    image = {"image": upload(client), "alt": "A ferry", "aspectRatio": {"width": 2, "height": 1}}
    put(client, record(embed={"$type": "app.bsky.embed.images", "images": [image]}))
    assert [(each.alt, each.width) for each in bluesky.visible[0].pictures] == [("A ferry", 20)]


def test_what_is_no_picture_is_no_thumb(client: TestClient) -> None:
    answer = client.post("/xrpc/com.atproto.repo.uploadBlob", content=b"text", headers={"content-type": "text/plain"})
    assert put(client, record(embed=external(thumb=answer.json()["blob"]))).status_code == 400


def test_the_same_record_again_changes_nothing(client: TestClient, bluesky: Bluesky) -> None:
    first, again = put(client, record()).json(), put(client, record()).json()
    assert first["cid"] == again["cid"] and "commit" in first and "commit" not in again
    assert len(bluesky.visible) == 1 and bluesky.visible[0].edited is None


def test_a_changed_record_is_an_edit_in_silence(client: TestClient, bluesky: Bluesky) -> None:
    first, changed = put(client, record("Fery")).json(), put(client, record("Ferry")).json()
    assert first["cid"] != changed["cid"]
    assert [(each.text, bool(each.edited)) for each in bluesky.visible] == [("Ferry", True)]


def test_create_twice_under_one_key_is_a_server_error(client: TestClient, bluesky: Bluesky) -> None:
    asked = {"repo": DID, "collection": POST, "record": record()}
    assert call(client, "repo.createRecord", **asked, rkey=KEY).status_code == 200
    again = call(client, "repo.createRecord", **asked, rkey=KEY)
    assert (again.status_code, again.json()["error"]) == (500, "InternalServerError")
    keys = {call(client, "repo.createRecord", **asked).json()["uri"] for _ in range(2)}
    assert len(keys) == 2 and len(bluesky.visible) == 3


@pytest.mark.parametrize("key", ["article-123", "3jzfcijpj2z2", "zzzzzzzzzzzzz", "3jzfcijpj2z21"])
def test_the_key_of_a_post_is_a_tid(client: TestClient, key: str) -> None:
    answer = put(client, record(), key)
    assert answer.status_code == 400 and "Invalid TID string" in answer.json()["message"]


def test_records_are_read_listed_and_deleted(client: TestClient, bluesky: Bluesky) -> None:
    for last in "abc":
        put(client, record(last), KEY[:-1] + last)
    where = {"repo": DID, "collection": POST}
    found = client.get("/xrpc/com.atproto.repo.listRecords", params={**where, "limit": 2}).json()
    assert [each["value"]["text"] for each in found["records"]] == ["c", "b"]
    rest = client.get("/xrpc/com.atproto.repo.listRecords", params={**where, "cursor": found["cursor"]}).json()
    assert [each["value"]["text"] for each in rest["records"]] == ["a"] and "cursor" not in rest
    one = {**where, "rkey": KEY}
    assert client.get("/xrpc/com.atproto.repo.getRecord", params=one).json()["value"]["text"] == "a"
    assert call(client, "repo.deleteRecord", **one).status_code == 200
    gone = client.get("/xrpc/com.atproto.repo.getRecord", params=one)
    assert (gone.status_code, gone.json()["error"]) == (400, "RecordNotFound")
    assert [each.text for each in bluesky.visible] == ["b", "c"]
    put(client, record("anew"))
    assert [each.text for each in bluesky.visible] == ["anew", "b", "c"]


def test_several_writes_are_all_done_or_none(client: TestClient, bluesky: Bluesky) -> None:
    def create(key: str, text: str) -> dict[str, Any]:
        kind = "com.atproto.repo.applyWrites#create"
        return {"$type": kind, "collection": POST, "rkey": key, "value": record(text)}

    wrong = [create(KEY, "one"), create(KEY[:-1] + "b", "a" * 301)]
    assert call(client, "repo.applyWrites", repo=DID, writes=wrong).status_code == 400
    assert bluesky.posts == []
    assert call(client, "repo.applyWrites", repo=DID, writes=[create(KEY, "one")]).status_code == 200
    assert [each.text for each in bluesky.visible] == ["one"]


def test_a_reply_names_its_parent(client: TestClient, bluesky: Bluesky) -> None:
    first = put(client, record()).json()
    named = {"uri": first["uri"], "cid": first["cid"]}
    put(client, record("more", reply={"root": named, "parent": named}), KEY[:-1] + "b")
    assert bluesky.visible[1].reply_to == first["uri"]


def test_an_access_token_lasts_two_hours_and_is_refreshed(client: TestClient, clock: SetClock) -> None:
    session = sign_in(client).json()
    clock.advance(seconds=7200)
    old = put(client, record())
    assert (old.status_code, old.json()["error"]) == (400, "ExpiredToken")
    refresh = {"authorization": f"Bearer {session['refreshJwt']}"}
    url = "/xrpc/com.atproto.server.refreshSession"
    new = client.post(url, headers=refresh)
    assert new.json()["refreshJwt"] != session["refreshJwt"]
    assert client.post(url, headers=refresh).status_code == 200
    client.headers["authorization"] = f"Bearer {new.json()['accessJwt']}"
    assert put(client, record()).status_code == 200
    clock.advance(hours=2)
    assert client.post(url, headers=refresh).json()["error"] == "ExpiredToken"


def test_who_may_not_sign_in_or_write(client: TestClient, bluesky: Bluesky) -> None:
    wrong = sign_in(client, "wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "AuthenticationRequired")
    client.headers["authorization"] = "Bearer x.y.z"
    assert put(client, record()).json()["error"] == "InvalidToken"
    del client.headers["authorization"]
    assert put(client, record()).status_code == 401
    bluesky.revoke()
    assert sign_in(client).status_code == 401


def test_thirty_sign_ins_in_five_minutes(clock: SetClock) -> None:
    client = TestClient(Bluesky(clock).app())
    answers = [sign_in(client) for _ in range(31)]
    assert [each.status_code for each in answers] == [200] * 30 + [429]
    last = answers[-1]
    assert last.json()["error"] == "RateLimitExceeded" and "retry-after" not in last.headers
    assert (last.headers["ratelimit-policy"], last.headers["ratelimit-remaining"]) == ("30;w=300", "0")
    assert int(last.headers["ratelimit-reset"]) == int(NOW.timestamp()) + 300
    clock.advance(seconds=300)
    assert sign_in(client).status_code == 200


def test_writes_cost_points(clock: SetClock) -> None:
    client = TestClient(Bluesky(clock, points_an_hour=8).app())
    client.headers["authorization"] = f"Bearer {sign_in(client).json()['accessJwt']}"
    assert put(client, record()).headers["ratelimit-remaining"] == "5"
    assert put(client, record("changed")).headers["ratelimit-remaining"] == "3"
    assert put(client, record("changed")).status_code == 200
    assert put(client, record(), KEY[:-1] + "b").headers["ratelimit-remaining"] == "0"
    full = put(client, record(), KEY[:-1] + "c")
    assert (full.status_code, full.headers["ratelimit-limit"]) == (429, "8")


def test_a_method_that_is_not_there(client: TestClient) -> None:
    assert client.get("/xrpc/com.atproto.repo.no").status_code == 501
    assert client.get("/xrpc/com.atproto.repo.putRecord").status_code == 400
