"""The fake of Discord refuses what Discord refuses, and shows what it shows."""

from __future__ import annotations

import io
import json
from typing import Any

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks.discord import HOOK_ID, HOOK_TOKEN, Discord
from bot.testing.networks.discord_form import seen

HOOK = f"/api/webhooks/{HOOK_ID}/{HOOK_TOKEN}"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def discord(clock: SetClock) -> Discord:
    return Discord(clock)


@pytest.fixture
def client(discord: Discord) -> TestClient:
    return TestClient(discord.app())


def execute(client: TestClient, wait: str = "true", **body: Any) -> httpx.Response:
    return client.post(f"{HOOK}?wait={wait}", json=body)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("**Ferry** is *back* ~~late~~ __now__ ||soon|| `*x*`", "Ferry is back late now soon *x*"),
        (r"2\*3\*4 \_a\_ \# \[x\]", "2*3*4 _a_ # [x]"),
        ("# Ferry\n> said\n-# small\n- one\n- two", "Ferry\nsaid\nsmall\n• one\n• two"),
        ("[Read on](https://a.example/x_y_z) snake_case_name", "Read on snake_case_name"),
        ("<https://a.example/a_b_c>, https://b.example/*x*.", "https://a.example/a_b_c, https://b.example/*x*."),
    ],
)
def test_markdown_is_shown_without_its_markup(markup: str, text: str) -> None:
    assert seen(markup)[0] == text


def test_links_are_found_with_their_labels() -> None:
    found = seen(r"[Read \*on\*](https://a.example/x?b=1&c=2), https://b.example/c.")[1]
    assert found == (("Read *on*", "https://a.example/x?b=1&c=2"), ("https://b.example/c", "https://b.example/c"))


def test_wait_answers_with_the_message(client: TestClient, discord: Discord) -> None:
    about = {"title": "Ferry is back", "url": "https://a.example/ferry", "description": "After **two** weeks."}
    answer = execute(client, content="**Ferry**", embeds=[about], allowed_mentions={"parse": []})
    assert answer.status_code == 200
    (post,) = discord.visible
    assert answer.json()["id"] == post.id
    assert post.text == "Ferry"
    assert post.card and (post.card.title, post.card.description) == ("Ferry is back", "After two weeks.")
    assert client.get(f"{HOOK}/messages/{post.id}").json()["content"] == "**Ferry**"
    assert execute(client, wait="false", content="x").status_code == 204
    assert len(discord.visible) == 2


def embed(**fields: Any) -> dict[str, Any]:
    return {"embeds": [{"title": "x", **fields}]}


def field(name: str = "n", value: str = "v") -> dict[str, str]:
    return {"name": name, "value": value}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"content": "a" * 2001}, "content"),
        ({"content": 5}, "content"),
        ({"content": "x", "username": "Discord News"}, "username"),
        ({"content": "x", "username": "a" * 81}, "username"),
        ({"content": "x", "flags": 64}, "flags"),
        ({"content": "x", "attachments": [{"id": 0, "description": "a" * 1025}]}, "attachments 0"),
        ({"embeds": [{"title": "a"}] * 11}, "embeds"),
        ({"embeds": [{"description": "a" * 3001}] * 2}, "embeds"),
        (embed(title="a" * 257), "embeds 0 title"),
        (embed(description="a" * 4097), "embeds 0 description"),
        (embed(footer={"text": "a" * 2049}), "embeds 0 footer text"),
        (embed(author={"name": "a" * 257}), "embeds 0 author name"),
        (embed(fields=[field()] * 26), "embeds 0 fields"),
        (embed(fields=[field(name="n" * 257)]), "embeds 0 fields 0 name"),
        (embed(fields=[field(value="v" * 1025)]), "embeds 0 fields 0 value"),
        (embed(fields=[field(value="")]), "embeds 0 fields 0 value"),
        (embed(url="record.example"), "embeds 0 url"),
        (embed(image={"url": "data:x"}), "embeds 0 image url"),
        (embed(color=0x1000000), "embeds 0 color"),
        (embed(timestamp="today"), "embeds 0 timestamp"),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, "allowed_mentions parse"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
    ],
)
def test_a_wrong_form_says_where(client: TestClient, discord: Discord, body: dict[str, Any], where: str) -> None:
    answer = execute(client, **body)
    assert (answer.status_code, answer.json()["code"]) == (400, 50035)
    found = answer.json()["errors"]
    for name in where.split():
        found = found[name]
    assert found["_errors"][0]["code"]
    assert discord.posts == []


def test_without_wait_a_message_that_is_not_saved_gives_no_error(client: TestClient, discord: Discord) -> None:
    assert execute(client, wait="false", content="a" * 2001).status_code == 204
    assert discord.posts == []


@pytest.mark.parametrize("body", [{}, {"content": "  \n"}, {"embeds": []}])
def test_an_empty_message_is_refused(client: TestClient, body: dict[str, Any]) -> None:
    assert execute(client, **body).json()["code"] == 50006


def test_all_that_is_allowed_is_taken(client: TestClient) -> None:
    embeds = [{"title": "a" * 256, "description": "b" * 4096, "footer": {"text": "c" * 1648}}]
    assert execute(client, content="é" * 2000, embeds=embeds, flags=4 | 4096).status_code == 200


@pytest.mark.parametrize(
    ("allowed", "called"),
    [
        ({}, ()),
        ({"parse": []}, ()),
        (None, ("user 5678",)),
        ({"parse": ["everyone", "roles"]}, ("role 1234", "@here")),
        ({"users": ["5678"]}, ("user 5678",)),
    ],
)
def test_whom_a_message_calls_is_recorded(client: TestClient, discord: Discord, allowed: Any, called: Any) -> None:
    body = {} if allowed is None else {"allowed_mentions": allowed}
    execute(client, content="@here Hello <@&1234> and <@5678>", **body)
    assert discord.visible[0].fields["pings"] == called


def test_an_edit_that_forgets_allowed_mentions_calls_users(client: TestClient, discord: Discord) -> None:
    number = execute(client, content="x", allowed_mentions={"parse": []}).json()["id"]
    client.patch(f"{HOOK}/messages/{number}", json={"content": "x <@5678>"})
    assert discord.visible[0].fields["pings"] == ("user 5678",)


def test_a_message_is_edited_and_deleted(client: TestClient, discord: Discord) -> None:
    number = execute(client, content="Fery", embeds=[{"title": "kept"}]).json()["id"]
    changed = client.patch(f"{HOOK}/messages/{number}", json={"content": "Ferry"})
    assert changed.json()["content"] == "Ferry" and changed.json()["edited_timestamp"]
    post = discord.visible[0]
    assert post.card and (post.text, post.card.title) == ("Ferry", "kept")
    assert client.patch(f"{HOOK}/messages/{number}", json={"content": "a" * 2001}).json()["code"] == 50035
    assert client.delete(f"{HOOK}/messages/{number}").status_code == 204
    assert client.get(f"{HOOK}/messages/{number}").json()["code"] == 10008
    assert discord.visible == []


def test_suppressed_embeds_are_not_seen(client: TestClient, discord: Discord) -> None:
    execute(client, content="x", embeds=[{"title": "hidden"}], flags=4)
    assert discord.visible[0].card is None


def test_threads_are_known_by_their_id(client: TestClient, discord: Discord) -> None:
    thread = discord.credentials["thread"]
    answer = client.post(f"{HOOK}?wait=true&thread_id={thread}", json={"content": "x"})
    assert answer.json()["channel_id"] == thread
    assert client.get(f"{HOOK}/messages/{answer.json()['id']}").status_code == 404
    assert client.get(f"{HOOK}/messages/{answer.json()['id']}?thread_id={thread}").status_code == 200
    assert client.post(f"{HOOK}?wait=true&thread_id=1", json={"content": "x"}).json()["code"] == 10003


def test_a_picture_is_uploaded_with_its_alt_text(client: TestClient, discord: Discord) -> None:
    held = io.BytesIO()
    Image.new("RGB", (20, 10), "teal").save(held, "PNG")
    body = {"content": "x", "attachments": [{"id": 0, "description": "A ferry", "filename": "a.png"}]}
    files = {"files[0]": ("a.png", held.getvalue(), "image/png")}
    assert client.post(f"{HOOK}?wait=true", data={"payload_json": json.dumps(body)}, files=files).status_code == 200
    assert (discord.visible[0].pictures[0].alt, discord.visible[0].pictures[0].width) == ("A ferry", 20)


def test_a_full_bucket_says_how_long(client: TestClient, clock: SetClock) -> None:
    for left in (4, 3, 2, 1, 0):
        answer = execute(client, content="x")
        assert answer.headers["x-ratelimit-remaining"] == str(left)
        clock.advance(seconds=0.1)
    full = execute(client, content="x")
    assert full.status_code == 429
    assert (full.json()["retry_after"], full.headers["retry-after"]) == (1.5, "2")
    assert full.headers["x-ratelimit-reset-after"] == "1.500"
    clock.advance(seconds=1.5)
    assert execute(client, content="x").status_code == 200


def test_thirty_messages_a_minute(client: TestClient, clock: SetClock) -> None:
    for _ in range(30):
        assert execute(client, content="x").status_code == 200
        clock.advance(seconds=0.5)
    assert execute(client, content="x").json()["retry_after"] == 45


def test_a_webhook_that_is_gone_or_wrong(client: TestClient, discord: Discord) -> None:
    assert client.get(HOOK).json()["name"] == "The Port Alder Record"
    assert client.get(f"/api/v10/webhooks/{HOOK_ID}/{HOOK_TOKEN}").status_code == 200
    assert client.get(f"/api/webhooks/{HOOK_ID}/wrong").status_code == 401
    assert client.get(f"/api/webhooks/1/{HOOK_TOKEN}").json()["code"] == 10015
    discord.revoke()
    gone = execute(client, content="x")
    assert (gone.status_code, gone.json()["code"]) == (404, 10015)
