from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks import Webhook

from bot.channels.acting import perform
from bot.channels.base import kinds
from bot.channels.webhook import WebhookChannel, WebhookOptions
from bot.clock import SetClock, system_clock
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy, SettingsError
from bot.http import Http
from bot.model import Card, Newsroom, Parcel, Post, PostAct, Rendition
from bot.settings.tables import HttpTable
from bot.standard_webhooks import LARGEST
from bot.testing import KEYS, NOW, settings

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


class Receiver:
    """A real server on loopback that answers ``status`` and keeps what it was posted."""

    def __init__(self) -> None:
        self.status = 200
        self.headers: dict[str, str] = {}
        self.wait = 0.0
        self.got: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                time.sleep(outer.wait)
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/hooks/s3cr3t-path"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    opened = Receiver()
    yield opened
    opened.close()


@dataclass
class Surroundings:
    http: Http
    clock: Any
    store: Any = None
    newsroom: Newsroom = field(default_factory=lambda: Newsroom(name="The Record", url="https://record.example"))
    keys: Any = KEYS


def parcel(post: Post | None = None, **fields: Any) -> Parcel:
    given = post or Post(
        text="Fähre fährt wieder\n\nhttps://record.example/ferry",
        url="https://record.example/ferry",
        card=Card(
            url="https://record.example/ferry",
            title="Fähre fährt wieder",
            description="Ab Montag.",
            image_url="https://record.example/ferry.jpg",
            image_alt="Eine Fähre",
        ),
        language="de",
        data={"hashtags": ["#Fähre"], "story": {"title": "Fähre fährt wieder", "authors": ["Ines Okafor"]}},
    )
    parcel = Parcel(
        token="abcdefghijklmnopqrstuvwxyz",
        edition="k7f3q9xdabcd",
        schedule="morning",
        name="Morning briefing",
        slot=NOW,
        rendition=Rendition(channel="hook", post=given),
    )
    return replace(parcel, **fields)


async def send(
    url: str, sent: Parcel | None = None, *, loopback: bool = True, clock: Any = system_clock, **options: Any
) -> Any:
    table = HttpTable(allow_loopback=loopback, timeout="5s")
    async with Http(table, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        made = WebhookChannel("hook", WebhookOptions(url=url, secret=SECRET, **options), Surroundings(http, clock))
        async with made:
            return await made.send(sent or parcel())


async def failure(url: str, sent: Parcel | None = None, **options: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await send(url, sent, **options)
    assert "\n" not in str(raised.value)
    assert "s3cr3t" not in str(raised.value)
    return raised.value


async def test_the_standards_own_library_verifies_the_post(receiver: Receiver) -> None:
    receipt = await send(receiver.url)
    ((path, headers, body),) = receiver.got
    assert path == "/hooks/s3cr3t-path"
    Webhook(SECRET).verify(body, headers)
    assert headers["webhook-id"] == receipt.id == "abcdefghijklmnopqrstuvwxyz"
    assert headers["content-type"] == "application/json"
    assert receipt.code == 200
    assert "s3cr3t" not in receipt.server


async def test_the_body_tells_the_post_and_its_story(receiver: Receiver) -> None:
    await send(receiver.url)
    assert json.loads(receiver.got[0][2]) == {
        "type": "edition.post",
        "timestamp": "2026-11-24T07:00:00+00:00",
        "data": {
            "edition": "k7f3q9xdabcd",
            "schedule": "morning",
            "name": "Morning briefing",
            "slot": "2026-11-24T07:00:00+00:00",
            "text": "Fähre fährt wieder\n\nhttps://record.example/ferry",
            "url": "https://record.example/ferry",
            "title": "Fähre fährt wieder",
            "description": "Ab Montag.",
            "image": {"url": "https://record.example/ferry.jpg", "alt": "Eine Fähre"},
            "language": "de",
            "hashtags": ["#Fähre"],
            "story": {"title": "Fähre fährt wieder", "authors": ["Ines Okafor"]},
        },
    }


async def test_a_story_without_an_address_keeps_its_title(receiver: Receiver) -> None:
    told = Post(text="x", data={"story": {"title": "Ferry returns", "summary": "From Monday."}})
    await send(receiver.url, parcel(told))
    data = json.loads(receiver.got[0][2])["data"]
    assert (data["title"], data["description"], data["url"]) == ("Ferry returns", "From Monday.", "")


async def test_a_post_of_one_story_has_its_own_type(receiver: Receiver) -> None:
    one = parcel()
    await send(receiver.url, replace(one, rendition=replace(one.rendition, subject="17")))
    assert json.loads(receiver.got[0][2])["type"] == "story.post"


async def test_a_correction_names_the_post_that_it_corrects(receiver: Receiver) -> None:
    told = {"said": "It costs $14 million.", "right": "It costs $1.4 million."}
    corrects = Post(text="Correction", answers="an-earlier-id", data={"event": "correction.post", "correction": told})
    await send(receiver.url, parcel(corrects))
    event = json.loads(receiver.got[0][2])
    assert (event["type"], event["data"]["corrects"], event["data"]["correction"]) == (
        "correction.post",
        "an-earlier-id",
        told,
    )


async def test_each_attempt_has_the_same_id_and_body_and_its_own_time(receiver: Receiver) -> None:
    clock = SetClock(NOW)
    await send(receiver.url, clock=clock)
    clock.advance(hours=1)
    await send(receiver.url, clock=clock)
    (_, first, body), (_, second, again) = receiver.got
    assert body == again
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 3600
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize(
    ("status", "kind", "permanent"),
    [
        (301, ChannelRefused, False),
        (400, DeliveryError, True),
        (401, ChannelRefused, False),
        (403, ChannelRefused, False),
        (404, DeliveryError, True),
        (408, DeliveryError, False),
        (410, ChannelRefused, False),
        (429, ServerBusy, False),
        (500, DeliveryError, False),
        (502, ServerBusy, False),
        (503, ServerBusy, False),
    ],
)
async def test_an_answer_means(receiver: Receiver, status: int, kind: type, permanent: bool) -> None:
    receiver.status = status
    error = await failure(receiver.url)
    assert (type(error), error.permanent, error.code) == (kind, permanent, status)


async def test_a_receiver_says_when_to_come_again(receiver: Receiver) -> None:
    receiver.status, receiver.headers = 429, {"Retry-After": "120"}
    assert (await failure(receiver.url)).retry_after == 120


async def test_no_answer_in_time_is_tried_again_because_the_receiver_knows_the_id(receiver: Receiver) -> None:
    receiver.wait = 0.4
    error = await failure(receiver.url, timeout="0.1s")
    assert not error.permanent
    assert not isinstance(error, OutcomeUnknown)
    assert len(receiver.got) == 1


async def test_a_receiver_that_is_not_there_is_tried_again(unused_tcp_port: int) -> None:
    error = await failure(f"http://127.0.0.1:{unused_tcp_port}/hooks/s3cr3t-path")
    assert isinstance(error, ServerBusy)


async def test_an_internal_address_refuses_the_channel(receiver: Receiver) -> None:
    assert isinstance(await failure(receiver.url, loopback=False), ChannelRefused)
    assert receiver.got == []


async def test_a_post_too_large_leaves_the_storys_parts_out(receiver: Receiver) -> None:
    usual = parcel().rendition.post
    assert usual
    await send(receiver.url, parcel(replace(usual, data={"story": {"tags": ["x" * LARGEST]}})))
    body = receiver.got[0][2]
    assert len(body) < LARGEST
    assert json.loads(body)["data"]["story"] is None


async def test_a_post_too_large_without_them_fails_for_good(receiver: Receiver) -> None:
    assert (await failure(receiver.url, parcel(Post(text="x" * LARGEST)))).permanent
    assert receiver.got == []


async def test_check_posts_nothing(receiver: Receiver) -> None:
    async with Http(HttpTable(allow_loopback=True), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        made = WebhookChannel("hook", WebhookOptions(url=receiver.url, secret=SECRET), Surroundings(http, system_clock))
        assert "good secret" in await made.check()
    assert receiver.got == []


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_c2hvcnQ=", SECRET.removeprefix("whsec_"), "whsec_" + "!" * 40])
def test_a_secret_that_is_none_is_named_but_not_shown(tmp_path: Any, secret: str) -> None:
    own = settings(
        tmp_path,
        '[channels.hook]\ntype = "webhook"\nurl = "https://hooks.example/x"\n',
        environment={"BROADSHEET_HOOK_SECRET": secret},
    )
    with pytest.raises(SettingsError) as raised:
        WebhookChannel("hook", own.table(WebhookOptions, "channels", "hook"), None)  # type: ignore[arg-type]
    assert "BROADSHEET_HOOK_SECRET" in str(raised.value)
    shown = secret.removeprefix("whsec_")
    assert not shown or shown not in str(raised.value)


def test_the_type_is_registered() -> None:
    assert kinds()["webhook"] is WebhookChannel


async def test_a_post_that_says_something_else_by_now_is_told_of_by_its_first_id(receiver: Receiver) -> None:
    table = HttpTable(allow_loopback=True, timeout="5s")
    edited = parcel(Post(text="From Tuesday", act=PostAct.EDIT, target="an-earlier-id"))
    async with Http(table, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        made = WebhookChannel("hook", WebhookOptions(url=receiver.url, secret=SECRET), Surroundings(http, system_clock))
        receipt = await perform(made, edited)
        await made.remove("an-earlier-id")
    assert receipt.id == "an-earlier-id"
    (_, headers, body), (_, others, gone) = receiver.got
    event = json.loads(body)
    assert (event["type"], event["data"]["edits"], event["data"]["text"]) == (
        "post.edited",
        "an-earlier-id",
        "From Tuesday",
    )
    Webhook(SECRET).verify(gone, others)
    assert others["webhook-id"] == "an-earlier-id.removed" != headers["webhook-id"]
    assert (json.loads(gone)["type"], json.loads(gone)["data"]) == ("post.removed", {"removes": "an-earlier-id"})
