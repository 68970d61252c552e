"""The fake of ntfy refuses what ntfy refuses, and shows what its clients show."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks.ntfy import ACCESS_TOKEN, CLOSED_TOPIC, TOPIC, Ntfy


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def ntfy(clock: SetClock) -> Ntfy:
    return Ntfy(clock)


@pytest.fixture
def client(ntfy: Ntfy) -> TestClient:
    return TestClient(ntfy.app(), headers={"authorization": f"Bearer {ACCESS_TOKEN}"})


def publish(client: TestClient, **asked: Any) -> httpx.Response:
    return client.post("/", json={"topic": TOPIC, **asked})


def poll(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(f"/{TOPIC}/json", params={"poll": 1, **query})
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_notification_is_seen_with_its_link_and_picture(client: TestClient, ntfy: Ntfy) -> None:
    view = {"action": "view", "label": "Read on", "url": "https://a.example/ferry"}
    answer = publish(
        client,
        title="Ferry",
        message="It is back",
        click=view["url"],
        attach="https://a.example/a.jpg",
        tags=["ferry"],
        actions=[view],
    )
    assert answer.status_code == 200
    (post,) = ntfy.visible
    assert (post.id, post.text, post.url) == (f"{TOPIC}/{answer.json()['id']}", "Ferry\nIt is back", view["url"])
    assert (post.pictures[0].url, post.fields["actions"]) == ("https://a.example/a.jpg", (("Read on", view["url"]),))


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"title": "é" * 513}, 40057),
        ({"tags": ["a" * 256, "b" * 256]}, 40058),
        ({"priority": 6}, 40007),
        ({"priority": "high"}, 40024),
        ({"tags": "a,b"}, 40024),
        ({"attach": "a.jpg"}, 40013),
        ({"icon": "a.png"}, 40021),
        ({"topic": "no topic"}, 40009),
        ({"topic": "docs"}, 40010),
        ({"topic": ""}, 40017),
        ({"sequence_id": "a/b"}, 40049),
        ({"actions": [{"action": "view", "label": "x", "url": "https://a.example"}] * 4}, 40018),
        ({"actions": [{"action": "view", "label": "x"}]}, 40018),
        ({"actions": [{"action": "jump", "label": "x", "url": "https://a.example"}]}, 40018),
    ],
)
def test_a_wrong_message_has_its_code(client: TestClient, ntfy: Ntfy, asked: dict[str, Any], code: int) -> None:
    answer = publish(client, **{"message": "x", **asked})
    assert (answer.status_code, answer.json()["code"], answer.json()["http"]) == (400, code, 400)
    assert ntfy.posts == []


def test_what_is_just_allowed_is_taken(client: TestClient, ntfy: Ntfy) -> None:
    publish(client, title="é" * 512, message="é" * 2048, tags=["a" * 256, "b" * 255], priority=5)
    assert ntfy.visible[0].fields["message"] == "é" * 2048


def test_a_message_that_is_too_long_becomes_a_file(client: TestClient, ntfy: Ntfy) -> None:
    answer = publish(client, title="Ferry", message="é" * 2049)
    assert answer.json()["attachment"]["size"] == 4098
    assert ntfy.visible[0].text == "Ferry\nYou received a file: attachment.txt"
    assert ntfy.visible[0].fields["attached"]


def test_an_empty_message_is_triggered(client: TestClient, ntfy: Ntfy) -> None:
    publish(client)
    assert ntfy.visible[0].text == "triggered"


def test_a_body_that_is_no_json_or_too_large(client: TestClient) -> None:
    assert client.post("/", content=b"{").json()["code"] == 40024
    assert client.post("/", content=b'{"topic": "\xff"}').json()["code"] == 40024
    large = publish(client, message="a" * 33_000)
    assert (large.status_code, large.json()["code"]) == (413, 41303)


def test_a_sequence_is_updated_and_deleted(client: TestClient, ntfy: Ntfy) -> None:
    publish(client, message="Fery", sequence_id="story-1")
    publish(client, message="Ferry", sequence_id="story-1")
    assert [(each.text, bool(each.edited)) for each in ntfy.visible] == [("Ferry", True)]
    assert client.delete(f"/{TOPIC}/story-1").json()["event"] == "message_delete"
    assert ntfy.visible == []
    assert [each["event"] for each in poll(client)] == ["message", "message", "message_delete"]
    publish(client, message="Agian", sequence_id="story-1")
    publish(client, message="Again", sequence_id="story-1")
    assert [each.text for each in ntfy.visible] == ["Again"]


def test_the_id_of_a_message_is_its_sequence(client: TestClient, ntfy: Ntfy) -> None:
    number = publish(client, message="Fery").json()["id"]
    publish(client, message="Ferry", sequence_id=number)
    assert [each.text for each in ntfy.visible] == ["Ferry"]
    assert client.put(f"/{TOPIC}/{number}/clear").json()["event"] == "message_clear"


def test_the_same_call_posts_twice(client: TestClient, ntfy: Ntfy) -> None:
    publish(client, message="x")
    publish(client, message="x")
    assert len(ntfy.visible) == 2


def test_a_message_that_is_not_cached_is_not_read_back(client: TestClient, ntfy: Ntfy) -> None:
    publish(client, message="x", cache="no")
    assert len(ntfy.visible) == 1 and poll(client) == []


def test_read_back_gives_what_is_kept(client: TestClient, clock: SetClock) -> None:
    first = publish(client, message="one").json()["id"]
    clock.advance(hours=1)
    publish(client, message="two")
    assert [each["message"] for each in poll(client)] == ["one", "two"]
    assert [each["message"] for each in poll(client, since=first)] == ["two"]
    assert [each["message"] for each in poll(client, since="10m")] == ["two"]
    assert [each["message"] for each in poll(client, since="latest")] == ["two"]
    clock.advance(hours=11, seconds=1)
    assert [each["message"] for each in poll(client)] == ["two"]


def test_who_may_publish(client: TestClient, ntfy: Ntfy) -> None:
    nobody = TestClient(ntfy.app())
    assert publish(nobody, message="x").json()["code"] == 40301
    assert nobody.get(f"/{TOPIC}/json?poll=1").status_code == 200
    assert client.post("/", json={"topic": CLOSED_TOPIC, "message": "x"}).status_code == 403
    ntfy.revoke()
    revoked = publish(client, message="x")
    assert (revoked.status_code, revoked.json()["code"]) == (401, 40101)


def test_sixty_at_once_and_then_one_every_five_seconds(client: TestClient, clock: SetClock) -> None:
    assert {publish(client, message="x").status_code for _ in range(60)} == {200}
    full = publish(client, message="x")
    assert (full.status_code, full.json()["code"], full.headers["retry-after"]) == (429, 42901, "5")
    clock.advance(seconds=5)
    assert [publish(client, message="x").status_code for _ in range(2)] == [200, 429]
