import base64
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks.webhooks import Webhook
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from bot.clock import SetClock
from bot.demo.receiver import Receiver
from bot.errors import SettingsError

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
BODY = '{"text": "Drüben, 47 pups"}'


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    hook = Receiver(tmp_path, SECRET, SetClock(NOW))
    return TestClient(Starlette(routes=[Route("/hook", hook.receive, methods=["POST"])]))


def signed(webhook_id: str = "d1", body: str = BODY, at: datetime = NOW, secret: str = SECRET) -> dict[str, str]:
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(webhook_id, at, body),
    }


def test_a_signed_post_is_kept(client: TestClient, tmp_path: Path) -> None:
    answer = client.post("/hook", content=BODY.encode(), headers=signed())
    assert (answer.status_code, answer.json()) == (200, {"id": "d1", "status": "stored"})
    assert json.loads((tmp_path / "d1.json").read_text("utf-8")) == json.loads(BODY)


def test_the_same_post_again_is_kept_once(client: TestClient, tmp_path: Path) -> None:
    client.post("/hook", content=BODY.encode(), headers=signed())
    other = '{"text": "another"}'
    again = client.post("/hook", content=other.encode(), headers=signed(body=other))
    assert (again.status_code, again.json()["status"]) == (200, "known")
    assert json.loads((tmp_path / "d1.json").read_text("utf-8")) == json.loads(BODY)


def test_one_right_signature_among_several_is_enough(client: TestClient) -> None:
    headers = signed()
    headers["webhook-signature"] = f"v1,AAAA v1a,xyz {headers['webhook-signature']}"
    assert client.post("/hook", content=BODY.encode(), headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        signed(secret="whsec_" + base64.b64encode(b"x" * 32).decode()),
        signed(body=BODY + " "),
        signed(at=NOW - timedelta(minutes=6)),
        signed(at=NOW + timedelta(minutes=6)),
        {**signed(), "webhook-id": "d2"},
        {**signed(), "webhook-timestamp": "now"},
        {**signed(), "webhook-signature": ""},
        {},
    ],
    ids=["secret", "body", "old", "ahead", "id", "no time", "no signature", "nothing"],
)
def test_a_bad_signature_is_refused(client: TestClient, tmp_path: Path, headers: dict[str, str]) -> None:
    assert client.post("/hook", content=BODY.encode(), headers=headers).status_code == 401
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("webhook_id", ["../d1", ".d1", "a b", "x" * 200])
def test_an_id_that_is_no_file_name_is_refused(client: TestClient, tmp_path: Path, webhook_id: str) -> None:
    assert client.post("/hook", content=BODY.encode(), headers=signed(webhook_id)).status_code == 400
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_json_is_refused(client: TestClient) -> None:
    assert client.post("/hook", content=b"hello", headers=signed(body="hello")).status_code == 400


def test_what_is_too_large_is_refused(client: TestClient) -> None:
    assert client.post("/hook", content=b"x" * 1_000_001, headers=signed()).status_code == 413


def test_a_secret_that_is_none_is_refused_without_showing_it(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        Receiver(tmp_path, "whsec_not base64!", SetClock(NOW))
    assert "not base64!" not in str(caught.value)
