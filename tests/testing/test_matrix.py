"""The fake of Matrix refuses what a homeserver refuses, and shows what clients show."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.testing import NOW
from bot.testing.networks.matrix import ACCESS_TOKEN, ALIAS, ROOM, Matrix
from bot.testing.networks.matrix_html import shown

ROOMS = f"/_matrix/client/v3/rooms/{quote(ROOM, safe='')}"
HTML = "org.matrix.custom.html"


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def matrix(clock: SetClock) -> Matrix:
    return Matrix(clock)


@pytest.fixture
def client(matrix: Matrix) -> TestClient:
    return TestClient(matrix.app(), headers={"authorization": f"Bearer {ACCESS_TOKEN}"})


def send(client: TestClient, txn: str = "t1", **content: Any) -> httpx.Response:
    body = {"msgtype": "m.notice", "body": "Ferry is back", **content}
    return client.put(f"{ROOMS}/send/m.room.message/{txn}", json=body)


def test_a_message_is_seen_as_its_html(client: TestClient, matrix: Matrix) -> None:
    link = '<a href="https://a.example/?a=1&amp;b=2">Read on</a>'
    markup = f"<h3>Ferry</h3><p>is <b>back</b> &amp; late<br>today</p>{link}"
    answer = send(client, format=HTML, formatted_body=markup)
    (post,) = matrix.visible
    assert answer.json() == {"event_id": post.id}
    assert post.text == "Ferry\nis back & late\ntoday\nRead on"
    assert post.fields["links"] == (("Read on", "https://a.example/?a=1&b=2"),)
    assert post.fields["breaches"] == ()


@pytest.mark.parametrize(
    ("markup", "text", "breach"),
    [
        ("<font color='red'>x</font>", "x", "<font>"),
        ("<script>x()</script>y", "y", "<script>"),
        ("<p onclick='x()'>y</p>", "y", "onclick"),
        ("<a href='/ferry'>y</a>", "y", "absolute"),
        ("<a href='javascript:x'>y</a>", "y", "absolute"),
        ("<img src='https://a.example/a.jpg'>y", "y", "mxc"),
        ("<b>y", "y", "not closed"),
        ("<b><i>y</b></i>", "y", "wrong tag"),
        ("<code class='big'>y</code>", "y", "language-"),
        ("<div>" * 101 + "y" + "</div>" * 101, "y", "100 deep"),
    ],
)
def test_html_that_clients_do_not_show_is_told(markup: str, text: str, breach: str) -> None:
    found = shown(markup)
    assert found.text == text
    assert any(breach in each for each in found.breaches)
    assert not found.links


def test_the_same_transaction_is_the_same_event(client: TestClient, matrix: Matrix) -> None:
    first, again, other = send(client, "t1"), send(client, "t1", body="changed"), send(client, "t2")
    assert first.json() == again.json() != other.json()
    assert [each.text for each in matrix.visible] == ["Ferry is back"] * 2


def test_another_token_is_another_transaction(clock: SetClock) -> None:
    matrix = Matrix(clock)
    for token in ("one", "two"):
        matrix._token = token
        client = TestClient(matrix.app(), headers={"authorization": f"Bearer {token}"})
        assert send(client, "t1").status_code == 200
    assert len(matrix.visible) == 2


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        ({"body": 5}, 400, "M_BAD_JSON"),
        ({"msgtype": None}, 400, "M_BAD_JSON"),
        ({"format": HTML}, 400, "M_BAD_JSON"),
        ({"ratio": 1.5}, 400, "M_BAD_JSON"),
        ({"body": "é" * 32_700}, 413, "M_TOO_LARGE"),
    ],
)
def test_a_wrong_event_is_refused(
    client: TestClient, matrix: Matrix, content: dict[str, Any], status: int, code: str
) -> None:
    answer = send(client, **content)
    assert (answer.status_code, answer.json()["errcode"]) == (status, code)
    assert matrix.posts == []
    assert send(client, body="é" * 32_500).status_code == 200


def test_a_body_that_is_no_json(client: TestClient) -> None:
    answer = client.put(f"{ROOMS}/send/m.room.message/t1", content=b"{")
    assert answer.json()["errcode"] == "M_NOT_JSON"


def test_a_message_is_edited(client: TestClient, matrix: Matrix) -> None:
    number = send(client, body="Fery").json()["event_id"]
    relation = {"rel_type": "m.replace", "event_id": number}
    new = {"msgtype": "m.notice", "body": "Ferry"}
    assert send(client, "t2", body="* Ferry", **{"m.new_content": new, "m.relates_to": relation}).status_code == 200
    assert [(each.id, each.text, bool(each.edited)) for each in matrix.visible] == [(number, "Ferry", True)]


def test_an_edit_of_nothing_is_seen_as_its_fallback(client: TestClient, matrix: Matrix) -> None:
    relation = {"rel_type": "m.replace", "event_id": "$other"}
    send(
        client, body="* Ferry", **{"m.new_content": {"msgtype": "m.notice", "body": "Ferry"}, "m.relates_to": relation}
    )
    assert [each.text for each in matrix.visible] == ["* Ferry"]


def test_a_reply_names_its_event(client: TestClient, matrix: Matrix) -> None:
    first = send(client).json()["event_id"]
    send(client, "t2", **{"m.relates_to": {"m.in_reply_to": {"event_id": first}}})
    send(client, "t3", **{"m.relates_to": {"rel_type": "m.thread", "event_id": first}})
    assert [each.reply_to for each in matrix.visible] == ["", first, first]


def test_a_message_is_redacted(client: TestClient, matrix: Matrix) -> None:
    number = send(client).json()["event_id"]
    answer = client.put(f"{ROOMS}/redact/{quote(number)}/t2", json={"reason": "withdrawn"})
    assert answer.status_code == 200 and matrix.visible == []
    assert client.get(f"{ROOMS}/event/{quote(number)}").json()["content"] == {}
    assert client.put(f"{ROOMS}/redact/$no/t3", json={}).json()["errcode"] == "M_NOT_FOUND"


def test_read_back_tells_the_transaction(client: TestClient) -> None:
    for number in range(3):
        send(client, f"t{number}", body=f"post {number}")
    page = client.get(f"{ROOMS}/messages?dir=b&limit=2").json()
    assert [each["unsigned"]["transaction_id"] for each in page["chunk"]] == ["t2", "t1"]
    rest = client.get(f"{ROOMS}/messages?dir=b&limit=2&from={page['end']}").json()
    assert [each["content"]["body"] for each in rest["chunk"]] == ["post 0"] and "end" not in rest
    assert client.get(f"{ROOMS}/messages").json()["errcode"] == "M_INVALID_PARAM"


def test_a_picture_is_uploaded_and_shown(client: TestClient, matrix: Matrix) -> None:
    held = io.BytesIO()
    Image.new("RGB", (20, 10), "teal").save(held, "PNG")
    upload = client.post("/_matrix/media/v3/upload?filename=a.png", content=held.getvalue())
    address = upload.json()["content_uri"]
    send(client, msgtype="m.image", body="A ferry", url=address)
    (post,) = matrix.visible
    assert (post.pictures[0].alt, post.pictures[0].width, post.fields["breaches"]) == ("A ferry", 20, ())
    send(client, "t2", msgtype="m.image", body="x", url="mxc://record.example/none")
    assert matrix.visible[1].fields["breaches"] == ("no such file: 'mxc://record.example/none'",)


def test_an_upload_that_is_too_large(clock: SetClock) -> None:
    client = TestClient(Matrix(clock, largest_upload=10).app(), headers={"authorization": f"Bearer {ACCESS_TOKEN}"})
    answer = client.post("/_matrix/media/v3/upload", content=b"x" * 11)
    assert (answer.status_code, answer.json()["errcode"]) == (413, "M_TOO_LARGE")


def test_too_many_events_wait(client: TestClient, clock: SetClock) -> None:
    assert [send(client, f"t{number}").status_code for number in range(11)] == [200] * 10 + [429]
    clock.advance(seconds=2)
    full = send(client, "t11")
    assert full.json()["errcode"] == "M_LIMIT_EXCEEDED"
    assert (full.json()["retry_after_ms"], full.headers["retry-after"]) == (3000, "3")
    assert send(client, "t9").status_code == 200
    clock.advance(seconds=3)
    assert send(client, "t11").status_code == 200


def test_who_where_and_how(client: TestClient) -> None:
    assert client.get("/_matrix/client/v3/account/whoami").json()["user_id"] == "@record:record.example"
    assert client.get("/_matrix/client/v3/joined_rooms").json() == {"joined_rooms": [ROOM]}
    assert client.get(f"/_matrix/client/v3/directory/room/{quote(ALIAS)}").json()["room_id"] == ROOM
    assert client.get("/_matrix/client/v3/directory/room/%23no:record.example").status_code == 404


@pytest.mark.parametrize("trouble", ["forbidden", "left"])
def test_a_bot_posts_only_where_it_may(client: TestClient, matrix: Matrix, trouble: str) -> None:
    matrix.trouble = trouble
    answer = send(client)
    assert (answer.status_code, answer.json()["errcode"]) == (403, "M_FORBIDDEN")


def test_an_alias_is_no_room_to_send_to(client: TestClient) -> None:
    answer = client.put(f"/_matrix/client/v3/rooms/{quote(ALIAS)}/send/m.room.message/t1", json={})
    assert answer.json()["errcode"] == "M_FORBIDDEN"


def test_a_token_that_is_missing_or_revoked(client: TestClient, matrix: Matrix) -> None:
    none = TestClient(matrix.app()).get("/_matrix/client/v3/account/whoami")
    assert (none.status_code, none.json()["errcode"]) == (401, "M_MISSING_TOKEN")
    matrix.revoke()
    assert (send(client).status_code, send(client).json()["errcode"]) == (401, "M_UNKNOWN_TOKEN")
