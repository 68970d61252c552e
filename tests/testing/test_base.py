"""What every fake promises: faults happen as they were planned, and the page shows what followers see."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import JSONResponse, Response

from bot.clock import SetClock
from bot.errors import UsageError
from bot.testing import NOW
from bot.testing.networks import (
    BREAK,
    DROP,
    HANG,
    Call,
    Card,
    Drip,
    Endpoint,
    Fault,
    Moving,
    Network,
    Picture,
    Posted,
    Window,
    made,
    running,
)
from tests.testing.asking import png

ROOT = Path(__file__).resolve().parents[2]


class Board(Network):
    """A network on which everybody may write."""

    kind = "board"
    largest = 1000

    def endpoints(self) -> list[Endpoint]:
        return [("POST", "/notes", self.write), ("GET", "/notes", self.count)]

    def write(self, call: Call) -> Response:
        self.publish(Posted(id=str(self.number()), text=call.fields["text"], when=self.clock(), raw=call.body))
        return JSONResponse({"ok": True}, 201)

    def count(self, call: Call) -> Response:
        return JSONResponse(len(self.visible))


@pytest.fixture(scope="module")
def board():
    network = Board(SetClock(NOW))
    with running(network) as (base, _), httpx.Client(base_url=base, timeout=1, trust_env=False) as client:
        yield client, network


def before(network: Network) -> int:
    return len(network.posts)


@pytest.mark.parametrize("how", ["json", "data"])
def test_a_post_is_seen_however_its_body_is_written(board, how):
    client, network = board
    assert client.post("/notes", **{how: {"text": "Café ☕"}}).status_code == 201
    assert network.posts[-1].text == "Café ☕"


def test_a_server_that_is_down_does_nothing(board):
    client, network = board
    seen = before(network)
    network.fail(Fault(503, {"Retry-After": "7"}, "busy"), path="/notes")
    answer = client.post("/notes", json={"text": "a"})
    assert (answer.status_code, answer.headers["retry-after"], answer.text) == (503, "7", "busy")
    assert before(network) == seen
    assert client.post("/notes", json={"text": "a"}).status_code == 201


@pytest.mark.parametrize(
    ("fault", "error", "out"),
    [(HANG, httpx.ReadTimeout, 1), (BREAK, httpx.RemoteProtocolError, 1), (DROP, httpx.RemoteProtocolError, 0)],
)
def test_an_answer_may_be_lost_before_or_after_the_work(board, fault, error, out):
    client, network = board
    seen = before(network)
    network.fail(fault)
    with pytest.raises(error):
        client.post("/notes", json={"text": "a"}, timeout=0.2)
    assert before(network) == seen + out


def test_a_gateway_gives_up_on_a_post_that_is_out(board):
    client, network = board
    seen = before(network)
    network.fail(Fault(504, when="after"))
    assert client.post("/notes", json={"text": "a"}).status_code == 504
    assert before(network) == seen + 1
    assert network.asked[-1].status == 201


def test_a_fault_waits_for_its_path_its_method_and_its_number(board):
    client, network = board
    network.fail(Fault(500), times=2, path="/no*", method="post")
    assert client.get("/notes").status_code == 200
    assert [client.post("/notes", json={"text": "a"}).status_code for _ in range(3)] == [500, 500, 201]


def test_faults_are_planned_and_forgotten_over_http(board):
    client, network = board
    assert client.post("/_fake/faults", json={"status": 502, "times": 5}).status_code == 204
    assert client.get("/notes").status_code == 502
    assert client.delete("/_fake/faults").status_code == 204
    assert client.get("/notes").status_code == 200


@pytest.mark.parametrize("wrong", [{"status": 9}, {"when": "never"}, {"colour": 1}, [], {"body": 1}])
def test_a_fault_without_sense_is_refused(board, wrong):
    client, _ = board
    assert client.post("/_fake/faults", json=wrong).status_code == 400
    assert client.get("/notes").status_code == 200


def test_a_body_longer_than_the_network_reads_is_refused(board):
    client, network = board
    seen = before(network)
    assert client.post("/notes", json={"text": "a" * 1000}).status_code == 413
    assert before(network) == seen


def test_the_page_escapes_what_was_posted(board):
    client, network = board
    client.post("/notes", json={"text": "<script>alert(1)</script>"})
    page = client.get("/_fake/").text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert client.get("/_fake/posts").json()[-1]["text"] == "<script>alert(1)</script>"


def test_every_part_of_a_post_is_escaped_and_told(board):
    client, network = board
    evil = '"><script>alert(1)</script>'
    shown = Picture(alt=evil, content_type="image/png", data=png(), url=evil)
    card = Card(url=evil, title=evil, description=evil, thumbnail=shown)
    parts = {"url": evil, "reply_to": evil, "language": evil, "warning": evil}
    network.publish(Posted(id=evil, text=evil, when=NOW, card=card, pictures=(shown,), **parts))
    page = client.get("/_fake/").text
    assert "<script>" not in page
    assert page.count("&lt;script&gt;") >= 10
    told = client.get("/_fake/posts").json()[-1]
    assert told["card"]["thumbnail"]["sha256"] == hashlib.sha256(png()).hexdigest()
    assert told["pictures"][0]["bytes"] == len(png())


def test_what_was_deleted_stays_flagged_and_is_seen_no_more(board):
    client, network = board
    client.post("/notes", json={"text": "gone"})
    last = network.posts[-1]
    network.remove(last.id)
    assert last.id not in [each.id for each in network.visible]
    assert network.posts[-1].deleted == NOW
    assert "<del>" in client.get("/_fake/").text


def test_an_unknown_kind_or_option_is_named():
    with pytest.raises(UsageError, match="no fake of 'myspace'"):
        made("myspace")
    with pytest.raises(UsageError, match="colour"):
        made("mastodon", colour="blue")


def test_a_window_is_free_again_at_once_when_it_ends():
    window = Window(2, 60)
    assert [window.take(NOW).allowed for _ in range(3)] == [True, True, False]
    assert window.take(NOW + timedelta(seconds=59)).reset == NOW + timedelta(seconds=60)
    assert [window.take(NOW + timedelta(seconds=60)).remaining for _ in range(3)] == [1, 0, 0]


def test_a_moving_limit_frees_each_request_by_its_own_age():
    moving = Moving(2, 60)
    assert moving.take(NOW).remaining == 1
    assert moving.take(NOW + timedelta(seconds=30)).remaining == 0
    refused = moving.take(NOW + timedelta(seconds=59))
    assert (refused.allowed, refused.reset) == (False, NOW + timedelta(seconds=60))
    assert moving.take(NOW + timedelta(seconds=60)).allowed
    assert not moving.take(NOW + timedelta(seconds=61)).allowed


def test_a_drip_gives_a_burst_and_then_one_at_a_time():
    drip = Drip(3, 5)
    assert [drip.take(NOW).allowed for _ in range(4)] == [True, True, True, False]
    assert not drip.take(NOW + timedelta(seconds=4)).allowed
    assert drip.read(NOW + timedelta(seconds=4)).reset == NOW + timedelta(seconds=5)
    assert [drip.take(NOW + timedelta(seconds=5)).allowed for _ in range(2)] == [True, False]


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_fake_runs_in_a_process_of_its_own():
    command = [sys.executable, "-m", "bot.testing.networks", "mastodon", "--options", '{"max_characters": 77}']
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        base = process.stdout.readline().strip()
        with httpx.Client(base_url=base, timeout=5, trust_env=False) as client:
            limits = client.get("/api/v2/instance").json()["configuration"]["statuses"]
            assert limits["max_characters"] == 77
            token = client.get("/_fake/credentials").json()["token"]
            headers = {"Authorization": f"Bearer {token}"}
            assert client.post("/api/v1/statuses", data={"status": "Hi"}, headers=headers).status_code == 200
            (post,) = client.get("/_fake/posts").json()
            assert post["text"] == "Hi"
            assert datetime.fromisoformat(post["when"]) <= datetime.now(UTC)
            assert client.post("/_fake/revoke").status_code == 204
            assert client.post("/api/v1/statuses", data={"status": "Hi"}, headers=headers).status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_half_a_request_is_none_and_disturbs_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with running("mastodon") as (base, network):
        address = urlsplit(base)
        with socket.create_connection((address.hostname, address.port)) as line:
            line.sendall(b"POST /api/v1/statuses HTTP/1.1\r\nHost: mastodon\r\nContent-Length: 100\r\n\r\nstatus=Ha")
        assert httpx.get(f"{base}/_fake/", trust_env=False).status_code == 200
        assert network.asked == []
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []
