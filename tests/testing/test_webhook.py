"""The fake receiver of webhooks takes what is signed, once, and refuses the rest."""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Signer
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.errors import UsageError
from bot.testing import NOW
from bot.testing.networks.webhook import PATH, SECRET, Webhook

POST = {
    "type": "story.post",
    "timestamp": "2026-11-24T07:00:00+00:00",
    "data": {
        "text": "Ferry is back",
        "url": "https://a.example/ferry",
        "title": "Ferry",
        "language": "en",
        "image": {"url": "https://a.example/a.jpg", "alt": "A ferry"},
    },
}


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOW)


@pytest.fixture
def webhook(clock: SetClock) -> Webhook:
    return Webhook(clock)


@pytest.fixture
def client(webhook: Webhook) -> TestClient:
    return TestClient(webhook.app(), follow_redirects=False)


def send(
    client: TestClient, sent: Any = POST, webhook_id: str = "d1", at: datetime = NOW, secret: str = SECRET
) -> httpx.Response:
    body = sent if isinstance(sent, str) else json.dumps(sent)
    headers = {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Signer(secret).sign(webhook_id, at, body),
    }
    return client.post(PATH, content=body.encode(), headers=headers)


def test_a_signed_post_is_seen_once(client: TestClient, webhook: Webhook) -> None:
    assert send(client).json() == {"id": "d1", "status": "stored"}
    assert send(client, {**POST, "type": "changed"}).json() == {"id": "d1", "status": "known"}
    (post,) = webhook.visible
    assert (post.id, post.text, post.url) == ("d1", "Ferry is back", "https://a.example/ferry")
    assert post.fields["type"] == "story.post"
    assert post.card and post.card.thumbnail and post.card.thumbnail.alt == "A ferry"


@pytest.mark.parametrize("off", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_a_time_that_is_off_is_refused(client: TestClient, webhook: Webhook, off: timedelta) -> None:
    assert send(client, at=NOW + off).status_code == 401
    assert webhook.posts == []


def test_a_forged_signature_is_refused(client: TestClient, webhook: Webhook) -> None:
    assert send(client, secret="whsec_" + base64.b64encode(b"x" * 32).decode()).status_code == 401
    assert client.post(PATH, json=POST).status_code == 401
    assert webhook.posts == []


@pytest.mark.parametrize(
    "sent",
    [
        "no JSON",
        "[]",
        {**POST, "type": ""},
        {**POST, "type": "story post"},
        {**POST, "timestamp": "today"},
        {**POST, "timestamp": "2026-11-24T07:00:00"},
        {**POST, "data": "text"},
    ],
)
def test_what_makes_no_sense_is_refused(client: TestClient, webhook: Webhook, sent: Any) -> None:
    assert send(client, sent).status_code == 400
    assert webhook.posts == []


def test_an_id_that_names_a_path_is_refused(client: TestClient) -> None:
    assert send(client, webhook_id="../x").status_code == 400


def test_a_body_of_20_kb_is_too_large(client: TestClient) -> None:
    large = {**POST, "data": {"text": "a" * 20_000}}
    assert send(client, large).status_code == 413


def test_ten_a_second(client: TestClient, clock: SetClock) -> None:
    answers = [send(client, webhook_id=f"d{number}") for number in range(11)]
    assert [each.status_code for each in answers] == [200] * 10 + [429]
    assert answers[-1].headers["retry-after"] == "1"
    clock.advance(seconds=1)
    assert send(client, webhook_id="d11").status_code == 200


@pytest.mark.parametrize(("trouble", "status"), [("gone", 410), ("moved", 308), ("full", 507)])
def test_trouble_has_its_status(client: TestClient, webhook: Webhook, trouble: str, status: int) -> None:
    webhook.trouble = trouble
    assert send(client).status_code == status


def test_a_secret_that_changed_is_refused(client: TestClient, webhook: Webhook) -> None:
    webhook.revoke()
    assert send(client).status_code == 401


def test_a_secret_that_is_none_is_not_repeated() -> None:
    with pytest.raises(UsageError, match="whsec_ and base64") as raised:
        Webhook(secret="hunter2!")
    assert "hunter2" not in str(raised.value)
