"""What an answer of a network means for the ledger."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.exchange import Exchange, Refusal
from bot.clock import SetClock
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.http import Http, Upload
from bot.model import Quota
from bot.settings.tables import HttpTable
from bot.testing import NOW

SECRET = "s3cret-token-of-ours"
PATH = "/hooks/very-secret-path"


class Server:
    """Answers every request alike; ``status`` 0 hangs up after the request was read."""

    def __init__(self) -> None:
        self.status = 200
        self.body: Any = {"id": "1"}
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append((self.command, headers, body))
                if outer.status == 0:
                    self.connection.close()
                    return
                told = outer.body if isinstance(outer.body, bytes) else json.dumps(outer.body).encode()
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = do_PUT = do_DELETE = answer

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # hanging up is what one test is about

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}{PATH}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def says(self, status: int, body: Any = b"", **headers: str) -> None:
        self.status, self.body = status, body
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    opened = Server()
    yield opened
    opened.close()


async def ask(server: Server, *, repeatable: bool = False, judge: Any = lambda _: None, **body: Any) -> Any:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    async with Http(HttpTable(allow_loopback=True, timeout="5s"), tls=tls) as http:
        exchange = Exchange(http, SetClock(NOW), server.url, judge=judge, secrets=[SECRET])
        headers = {"Authorization": f"Bearer {SECRET}"}
        return await exchange.ask("POST", f"{server.url}?k={SECRET}", repeatable=repeatable, headers=headers, **body)


async def failure(server: Server, **asked: Any) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await ask(server, **asked)
    error = raised.value
    shown = f"{error} {error!r}"
    assert SECRET not in shown
    assert PATH not in shown
    assert "\n" not in str(error)
    return error


async def test_a_good_answer_is_told_with_its_object_and_what_is_left(server: Server) -> None:
    server.says(201, {"id": "7"}, X_RateLimit_Limit="300", X_RateLimit_Remaining="299", X_RateLimit_Reset="60")
    told = await ask(server, json={"text": "Fähre"})
    assert (told.status, told.data) == (201, {"id": "7"})
    assert told.quota == Quota(remaining=299, limit=300, resets=NOW + timedelta(seconds=60))
    ((_, headers, body),) = server.asked
    assert headers["content-type"] == "application/json"
    assert json.loads(body) == {"text": "Fähre"}


async def test_a_form_with_files_is_sent_as_one(server: Server) -> None:
    await ask(server, form={"description": "A ferry"}, files={"file": Upload("1.jpg", "image/jpeg", b"\xff\xd8")})
    ((_, headers, body),) = server.asked
    assert headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="description"\r\n\r\nA ferry\r\n' in body
    assert b'filename="1.jpg"' in body


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        ([{"id": 1}, "no object", {"id": 2}], [{"id": 1}, {"id": 2}]),
        (b'{"id": 1}\n{"id": 2}\nno json\n', [{"id": 1}, {"id": 2}]),
        (b"", []),
        (b"<html>", []),
    ],
)
async def test_rows_are_those_of_an_array_or_of_lines(server: Server, body: Any, rows: list[Any]) -> None:
    server.says(200, body)
    assert (await ask(server)).rows == rows


@pytest.mark.parametrize(
    ("status", "repeatable", "kind", "permanent"),
    [
        (400, False, DeliveryError, True),
        (401, False, ChannelRefused, False),
        (403, False, DeliveryError, True),
        (404, False, DeliveryError, True),
        (408, False, DeliveryError, False),
        (413, False, DeliveryError, True),
        (422, False, DeliveryError, True),
        (425, False, DeliveryError, False),
        (429, False, ServerBusy, False),
        (429, True, ServerBusy, False),
        (500, False, OutcomeUnknown, False),
        (502, False, OutcomeUnknown, False),
        (503, False, OutcomeUnknown, False),
        (504, False, OutcomeUnknown, False),
        (500, True, DeliveryError, False),
        (502, True, ServerBusy, False),
        (503, True, ServerBusy, False),
        (504, True, ServerBusy, False),
        (301, False, ChannelRefused, False),
        (0, False, OutcomeUnknown, False),
        (0, True, DeliveryError, False),
    ],
)
async def test_a_refusal_means(server: Server, status: int, repeatable: bool, kind: type, permanent: bool) -> None:
    server.says(status)
    error = await failure(server, repeatable=repeatable)
    assert (type(error), error.permanent) == (kind, permanent)
    assert error.server == server.url.split("/")[2]


async def test_a_server_that_says_when_to_come_back_has_not_done_it(server: Server) -> None:
    server.says(503, Retry_After="120")
    error = await failure(server)
    assert isinstance(error, ServerBusy)
    assert error.retry_after == 120


async def test_a_server_that_is_not_there_was_asked_nothing(server: Server) -> None:
    server.close()
    assert type(await failure(server)) is ServerBusy


async def test_an_internal_address_refuses_the_channel(server: Server) -> None:
    async with Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        with pytest.raises(ChannelRefused):
            await Exchange(http, SetClock(NOW), server.url).ask("GET", server.url, repeatable=True)
    assert server.asked == []


@pytest.mark.parametrize(
    ("body", "headers", "wait"),
    [
        ({}, {"Retry_After": "7"}, 7),
        ({"retry_after": 0.35}, {}, 0.35),
        ({"retry_after_ms": 2500}, {}, 2.5),
        ({"retry_after": 3}, {"Retry_After": "7"}, 7),
        ({}, {"RateLimit_Reset": str(int(NOW.timestamp()) + 240)}, 240),
        ({}, {"RateLimit_Reset": "240"}, 240),
        ({}, {"X_RateLimit_Reset": "2026-11-24T07:05:00.000000Z"}, 300),
        ({}, {"X_RateLimit_Reset_After": "1.5"}, 1.5),
        ({}, {"X_Rate_Limit_Reset": str(int(NOW.timestamp()) - 5)}, 0),
        ({"retry_after": True}, {}, None),
        ({"retry_after": -1}, {}, None),
        ({"retry_after": "soon"}, {"RateLimit_Reset": "soon"}, None),
    ],
)
async def test_a_limit_says_how_long_to_wait(server: Server, body: Any, headers: dict[str, str], wait: Any) -> None:
    server.says(429, body, **headers)
    error = await failure(server)
    assert isinstance(error, ServerBusy)
    assert error.retry_after == wait


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "Text character limit of 500 exceeded"}, "Text character limit of 500 exceeded"),
        ({"errcode": "M_TOO_LARGE", "error": "event too large"}, "event too large"),
        ({"error": {"message": "(#368) Blocked", "type": "OAuthException"}}, "(#368) Blocked"),
        ({"errors": [{"message": "one"}, {"message": "two"}]}, "one; two"),
        ({"message": "Invalid\nForm\tBody\x07"}, "Invalid Form Body"),
        (b"invalid_payload", "invalid_payload"),
    ],
)
async def test_an_error_quotes_the_server_in_one_line(server: Server, body: Any, words: str) -> None:
    server.says(400, body)
    assert str(await failure(server)).rstrip().endswith(f"(HTTP 400): {words}")


@pytest.mark.parametrize("body", [b"<html><h1>Bad gateway</h1></html>", b"", {"no": "words"}, b"[1"])
async def test_a_page_is_not_quoted(server: Server, body: Any) -> None:
    server.says(400, body)
    assert str(await failure(server)).endswith("(HTTP 400)")


@pytest.mark.parametrize("before", ["", "x" * 290])
async def test_a_secret_that_the_server_says_back_is_not_shown_not_in_part_either(server: Server, before: str) -> None:
    server.says(400, {"error": f"{before}the token {SECRET} is bad"})
    said = str(await failure(server))
    assert f"{before}the token"[:300] in said
    assert SECRET[:4] not in said


async def test_the_credential_of_a_request_is_hidden_though_nobody_named_it(server: Server) -> None:
    said = 'no: bearer-of-ours, k-of-query, "signature-of-ours" and public'
    server.says(400, {"error": said})
    authorization = 'OAuth oauth_token="bearer-of-ours", oauth_signature="signature-of-ours", v="1.0"'
    async with Http(HttpTable(allow_loopback=True), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        exchange = Exchange(http, SetClock(NOW), server.url)
        with pytest.raises(DeliveryError) as raised:
            url = f"{server.url}?access_token=k-of-query&shown=public"
            await exchange.ask("GET", url, repeatable=True, headers={"Authorization": authorization})
    assert str(raised.value).endswith('no: …, …, "…" and public')


async def test_a_long_answer_is_quoted_in_part(server: Server) -> None:
    server.says(400, {"error": "x" * 5000})
    assert len(str(await failure(server))) < 400


async def test_a_channel_that_knows_its_network_is_asked_first(server: Server) -> None:
    def judge(refusal: Refusal) -> DeliveryError | None:
        return ChannelRefused(refusal.said, code=refusal.status) if refusal.data.get("code") == 10015 else None

    server.says(404, {"message": "Unknown Webhook", "code": 10015})
    assert isinstance(await failure(server, judge=judge), ChannelRefused)
    server.says(404, {"message": "Unknown Message", "code": 10008})
    assert type(await failure(server, judge=judge)) is DeliveryError


async def test_a_whole_answer_that_never_comes_is_unknown_unless_it_may_be_asked_again(server: Server) -> None:
    silent = await asyncio.start_server(lambda reader, writer: reader.read(), "127.0.0.1", 0)
    async with silent:
        server.url = f"http://127.0.0.1:{silent.sockets[0].getsockname()[1]}{PATH}"
        assert type(await failure(server, timeout=0.2)) is OutcomeUnknown
        assert type(await failure(server, timeout=0.2, repeatable=True)) is DeliveryError


@given(st.dictionaries(st.sampled_from(["limit", "remaining", "reset", "reset-after"]), st.text(max_size=30)))
def test_headers_that_are_none_are_no_quota(headers: dict[str, str]) -> None:
    exchange = Exchange(None, SetClock(NOW), "https://x.example")  # type: ignore[arg-type]  # asks nobody
    for prefix in ("ratelimit", "x-ratelimit", "x-rate-limit"):
        quota = exchange.quota({f"{prefix}-{name}": value for name, value in headers.items()})
        assert quota is None or (quota.remaining >= 0 and quota.resets.tzinfo is UTC)


def test_a_reset_far_away_is_a_moment() -> None:
    exchange = Exchange(None, SetClock(NOW), "https://x.example")  # type: ignore[arg-type]  # asks nobody
    quota = exchange.quota({"ratelimit-remaining": "0", "ratelimit-reset": "1795593600"})
    assert quota == Quota(remaining=0, resets=datetime(2026, 11, 25, 8, 0, tzinfo=UTC))


def test_a_reset_beyond_the_end_of_time_is_none() -> None:
    exchange = Exchange(None, SetClock(NOW), "https://api.example")  # type: ignore[arg-type]
    for value in ("9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+12:00"):
        assert exchange.quota({"ratelimit-remaining": "0", "ratelimit-reset": value}) is None


async def test_an_address_that_is_none_is_not_shown() -> None:
    async with Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as http:
        url = f"https://api.example:99999{PATH}"
        with pytest.raises(DeliveryError) as raised:
            await Exchange(http, SetClock(NOW), "https://api.example").ask("POST", url, repeatable=False)
    shown, seen = raised.value, ""
    while shown is not None:
        seen += f"{shown!r}"
        shown = shown.__cause__
    assert PATH not in seen
