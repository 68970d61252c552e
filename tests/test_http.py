from __future__ import annotations

import asyncio
import gzip
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from bot.errors import BlockedAddress, FetchError, UnknownHost
from bot.guard import GuardedBackend, is_public
from bot.http import USER_AGENT, Http
from bot.settings.tables import HttpTable

NO_TRUST = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Server:
    """A real server on loopback; ``routes`` maps paths to what answers, ``seen`` are the requests that came."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.routes: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                length = int(self.headers.get("content-length") or 0)
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append((self.command, self.path, headers, self.rfile.read(length)))
                outer.routes[self.path.partition("?")[0]](self)

            do_POST = do_HEAD = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                pass  # a client that stops early is what several tests are about

        self._server = Quiet(("127.0.0.1", 0), Handler)
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, path: str, status: int = 200, body: bytes = b"", **headers: str) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name.replace("_", "-"), value)
            request.send_header("Content-Length", str(len(body)))
            request.end_headers()
            request.wfile.write(body)

        self.routes[path] = answer
        return self.url(path)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


def client(**options: Any) -> Http:
    own = {key: options.pop(key) for key in ("resolve", "tls", "clock") if key in options}
    # Reading the machine's certificates takes longer than a test; only the test of TLS needs them.
    return Http(HttpTable(**{"allow_loopback": True, "timeout": "5s", **options}), **{"tls": NO_TRUST, **own})


async def get(url: str, http: Http | None = None, **arguments: Any) -> Any:
    async with http or client() as opened:
        return await opened.get(url, **arguments)


async def refused(url: str, http: Http | None = None, **arguments: Any) -> FetchError:
    with pytest.raises(FetchError) as raised:
        await get(url, http, **arguments)
    assert "\n" not in str(raised.value)
    return raised.value


async def test_an_answer_has_status_headers_in_lower_case_and_body(server: Server) -> None:
    url = server.says("/feed", body=b"<rss/>", ETag='W/"1"', Last_Modified="Mon, 23 Nov 2026 07:00:00 GMT")
    answer = await get(url)
    assert (answer.status, answer.url, answer.body, answer.moved_to) == (200, url, b"<rss/>", "")
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.headers["last-modified"] == "Mon, 23 Nov 2026 07:00:00 GMT"


async def test_it_says_who_asks_and_sends_what_it_is_given(server: Server) -> None:
    await get(server.says("/"), headers={"If-None-Match": '"é1"'})
    headers = server.seen[0][2]
    assert headers["user-agent"] == USER_AGENT
    assert headers["accept-encoding"] == "gzip, deflate"
    assert headers["if-none-match"] == '"é1"'
    assert "authorization" not in headers


async def test_not_modified_is_an_answer(server: Server) -> None:
    assert (await get(server.says("/", 304))).status == 304


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 500, 300])
async def test_any_other_status_is_an_error_that_names_it(server: Server, status: int) -> None:
    error = await refused(server.says("/feed", status, b"no"))
    assert error.status == status
    assert str(status) in str(error)
    assert error.gone == (status == 410)
    assert error.retry_after is None


async def test_a_server_that_is_busy_says_when_to_come_back(server: Server) -> None:
    in_an_hour = (NOW + timedelta(hours=1)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    asked = {"/seconds": "120", "/date": in_an_hour, "/nonsense": "soon", "/past": "Mon, 23 Nov 2020 07:00:00 GMT"}
    waits = {}
    for path, value in asked.items():

        def answer(request: BaseHTTPRequestHandler, value: str = value) -> None:
            request.send_response_only(429)  # without Date, so that our clock counts
            request.send_header("Retry-After", value)
            request.send_header("Content-Length", "0")
            request.end_headers()

        server.routes[path] = answer
        waits[path] = (await refused(server.url(path), client(clock=lambda: NOW))).retry_after
    assert waits == {"/seconds": 120, "/date": 3600, "/nonsense": None, "/past": 0}


async def test_a_retry_date_is_measured_by_the_servers_own_clock(server: Server) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response_only(503)
        request.send_header("Date", "Sun, 01 Jan 2017 00:00:00 GMT")
        request.send_header("Retry-After", "Sun, 01 Jan 2017 00:05:00 GMT")
        request.send_header("Content-Length", "0")
        request.end_headers()

    server.routes["/"] = answer
    assert (await refused(server.url("/"))).retry_after == 300


async def test_redirects_are_followed_and_a_permanent_move_is_told(server: Server) -> None:
    end = server.says("/end", body=b"here")
    server.says("/moved", 301, Location="/also")
    server.says("/also", 308, Location=end)
    server.says("/temporary", 302, Location="/moved")
    moved, temporary = await get(server.url("/moved")), await get(server.url("/temporary"))
    assert (moved.body, moved.url, moved.moved_to) == (b"here", end, end)
    assert (temporary.url, temporary.moved_to) == (end, "")


async def test_the_sixth_redirect_is_not_followed(server: Server) -> None:
    for number in range(6):
        server.says(f"/{number}", 302, Location=f"/{number + 1}")
    server.says("/6", body=b"end")
    assert (await get(server.url("/1"))).body == b"end"
    assert "redirects" in str(await refused(server.url("/0")))


async def test_a_redirect_to_an_internal_address_is_refused(server: Server) -> None:
    for path, target in {"/lan": "http://10.0.0.1/", "/metadata": "http://169.254.169.254/latest/meta-data/"}.items():
        error = await refused(server.says(path, 302, Location=target))
        assert isinstance(error, BlockedAddress)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://news.example/", "javascript:alert(1)", "http://["])
async def test_a_redirect_to_another_scheme_is_refused(server: Server, target: str) -> None:
    await refused(server.says("/", 302, Location=target))


async def test_a_redirect_to_another_site_does_not_take_credentials_along(server: Server) -> None:
    other = Server()
    try:
        url = server.says("/", 302, Location=other.says("/"))
        await get(url, headers={"Authorization": "Bearer key", "X-Key": "key", "If-None-Match": '"1"'})
        headers = other.seen[0][2]
        assert "authorization" not in headers
        assert "x-key" not in headers
        assert headers["if-none-match"] == '"1"'
    finally:
        other.close()


async def test_cookies_are_not_kept(server: Server) -> None:
    url = server.says("/", Set_Cookie="session=1; Path=/")
    async with client() as http:
        await http.get(url)
        await http.get(url)
    assert "cookie" not in server.seen[1][2]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://localhost/",
        "http://127.1/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://10.1.2.3/",
        "http://100.100.100.200/",
        "http://169.254.169.254/",
        "http://192.88.99.1/",
        "http://[fe80::1]/",
        "http://[fd00:ec2::254]/",
        "http://[2002:7f00:1::]/",
        "http://[2001::1]/",
    ],
)
async def test_an_internal_address_is_refused_however_it_is_written(url: str) -> None:
    assert isinstance(await refused(url, client(allow_loopback=False)), BlockedAddress)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::8a"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


async def test_allowing_loopback_allows_nothing_else() -> None:
    for url in ("http://10.0.0.1/", "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://169.254.169.254/"):
        assert isinstance(await refused(url), BlockedAddress)


async def test_one_internal_address_among_several_refuses_the_name() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", "10.0.0.1"]

    assert isinstance(await refused("http://news.example/", client(resolve=resolve)), BlockedAddress)


async def test_a_name_that_changes_its_address_is_checked_at_each_connection(server: Server) -> None:
    answers = ["127.0.0.1", "192.168.1.1"]

    async def resolve(host: str, port: int) -> list[str]:
        return [answers.pop(0)]

    server.says("/", body=b"first")
    url = f"http://rebinding.example:{server.port}/"
    async with client(resolve=resolve) as http:
        assert (await http.get(url)).body == b"first"
        with pytest.raises(BlockedAddress):
            await http.get(url)
    assert answers == []
    assert server.seen[0][2]["host"] == f"rebinding.example:{server.port}"


async def test_a_dead_address_is_followed_by_the_next(server: Server) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    server.says("/", body=b"alive")
    assert (await get(f"http://news.example:{server.port}/", client(resolve=resolve))).body == b"alive"


async def test_a_name_that_does_not_resolve_is_an_error_of_its_own() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    assert "resolved" in str(await refused("http://nosuch.example/", client(resolve=resolve)))


async def test_the_guarded_backend_is_the_one_in_use() -> None:
    async with client() as http:
        assert isinstance(http._client._transport._pool._network_backend, GuardedBackend)  # type: ignore[attr-defined]
        assert http._client._mounts == {}
        assert http._client.trust_env is False


async def test_a_proxy_of_the_environment_is_ignored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    assert (await get(server.says("/", body=b"direct"))).body == b"direct"


@pytest.mark.parametrize("url", ["ftp://news.example/", "file:///etc/passwd", "news.example", "http://", "http://a b/"])
async def test_only_http_urls_are_fetched(url: str) -> None:
    await refused(url)


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("gzip", lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])),
    ],
)
async def test_packed_answers_are_unpacked(server: Server, coding: str, pack: Callable[[bytes], bytes]) -> None:
    text = "Die Fähre fährt. ".encode() * 9000
    assert (await get(server.says("/", body=pack(text), Content_Encoding=coding))).body == text


async def test_a_gzip_bomb_stops_early(server: Server) -> None:
    bomb = gzip.compress(bytes(200_000_000), 9)
    error = await refused(server.says("/", body=bomb, Content_Encoding="gzip"), client(max_bytes=100_000))
    assert "100,000 bytes" in str(error)


async def test_a_bomb_in_a_bomb_is_not_opened(server: Server) -> None:
    assert "coding" in str(await refused(server.says("/", body=b"x", Content_Encoding="gzip, gzip")))


async def test_a_body_packed_wrongly_is_an_error(server: Server) -> None:
    assert "packed" in str(await refused(server.says("/", body=b"\x1fnothing", Content_Encoding="gzip")))


async def test_a_body_larger_than_allowed_is_refused(server: Server) -> None:
    url = server.says("/", body=bytes(5000))
    assert len((await get(url, max_bytes=5000)).body) == 5000
    await refused(url, max_bytes=4999)
    await refused(url, client(max_bytes=4999))


async def test_a_server_that_drips_is_left_when_the_time_is_over(server: Server) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        for _ in range(1000):
            request.wfile.write(b"x")
            time.sleep(0.05)

    server.routes["/"] = drip
    started = time.monotonic()
    error = await refused(server.url("/"), client(timeout=1.0))
    assert time.monotonic() - started < 25, "it drips for 50 s"
    assert "1 s" in str(error)


async def test_an_answer_that_breaks_off_is_an_error(server: Server) -> None:
    def broken(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(b"half")
        request.close_connection = True

    server.routes["/"] = broken
    assert "broke off" in str(await refused(server.url("/")))


async def test_errors_show_no_password_and_no_key(server: Server) -> None:
    server.says("/private", 403)
    error = await refused(f"http://user:hunter2@127.0.0.1:{server.port}/private?key=abc123")
    assert "hunter2" not in str(error)
    assert "abc123" not in str(error)
    assert "/private" in str(error)


async def test_many_requests_run_at_once_in_one_client(server: Server) -> None:
    together = threading.Barrier(12, timeout=30)

    def slow(request: BaseHTTPRequestHandler) -> None:
        together.wait()
        body = request.path.encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    server.routes["/"] = slow
    async with client() as http:
        answers = await asyncio.gather(*(http.get(server.url(f"/?{number}")) for number in range(12)))
    assert [answer.body for answer in answers] == [f"/?{number}".encode() for number in range(12)]


async def test_json_is_read_and_what_is_not_json_is_an_error(server: Server) -> None:
    assert (await get(server.says("/", body='{"title":"Fähre"}'.encode()))).json() == {"title": "Fähre"}
    for body in (b"<html>", b"", b"[" * 100_000):
        answer = await get(server.says("/", body=body))
        with pytest.raises(FetchError, match="not JSON"):
            answer.json()


async def post(url: str, http: Http | None = None, **arguments: Any) -> Any:
    async with http or client() as opened:
        return await opened.post(url, **arguments)


async def test_any_status_answers_a_post(server: Server) -> None:
    for status in (200, 202, 302, 400, 500):
        answer = await post(server.says("/hook", status, b"{}", Location="/elsewhere"), json={"title": "Fähre"})
        assert answer.status == status
    assert [(method, path) for method, path, *_ in server.seen] == [("POST", "/hook")] * 5
    assert server.seen[0][2]["content-type"] == "application/json"
    assert server.seen[0][3] == '{"title":"Fähre"}'.encode()


async def test_content_is_posted_as_it_is(server: Server) -> None:
    await post(server.says("/"), content=b"\x00\xff", headers={"Content-Type": "image/png"})
    assert server.seen[0][3] == b"\x00\xff"
    assert server.seen[0][2]["content-type"] == "image/png"


async def test_a_post_without_a_connection_was_not_sent(server: Server) -> None:
    server.close()
    for http, url in [
        (client(), server.url("/secret-hook")),
        (client(allow_loopback=False), server.url("/secret-hook")),
        (client(), "ftp://news.example/"),
    ]:
        with pytest.raises(FetchError) as raised:
            await post(url, http, json={})
        assert raised.value.sent is False
        assert "secret" not in str(raised.value)


async def test_a_post_whose_answer_never_came_may_have_been_sent(server: Server) -> None:
    def silent(request: BaseHTTPRequestHandler) -> None:
        time.sleep(0.5)
        request.close_connection = True

    def hang_up(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True

    server.routes |= {"/secret-silent": silent, "/secret-hang-up": hang_up}
    for path in server.routes:
        with pytest.raises(FetchError) as raised:
            await post(server.url(path), json={}, timeout=0.2)
        assert raised.value.sent is True
        assert "secret" not in str(raised.value)


async def test_a_long_answer_to_a_post_is_cut(server: Server) -> None:
    url = server.says("/", 201, bytes(9000))
    answer = await post(url, client(max_bytes=1000), json={})
    assert (answer.status, len(answer.body)) == (201, 1000)


@pytest.mark.skipif(not shutil.which("openssl"), reason="makes its certificate with openssl")
async def test_tls_verifies_the_name_although_the_connection_goes_to_an_address(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        + ["-subj", "/CN=news.example", "-addext", "subjectAltName=DNS:news.example"]
        + ["-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server = Server(tls)
    server.says("/", body=b"secure")

    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    def trusting() -> Http:
        return client(resolve=resolve, tls=ssl.create_default_context(cafile=str(certificate)))

    try:
        assert (await get(f"https://news.example:{server.port}/", trusting())).body == b"secure"
        assert "certificate" in str(await refused(f"https://other.example:{server.port}/", trusting())).lower()
        assert "certificate" in str(await refused(f"https://news.example:{server.port}/", client(resolve=resolve)))
    finally:
        server.close()


async def test_a_status_is_asked_for_without_the_body(server: Server) -> None:
    big = server.says("/big", body=b"x" * 50_000_000)
    async with client() as http:
        assert await http.status(big) == 200
        assert await http.status(big, method="GET") == 200
    assert [method for method, *_ in server.seen] == ["HEAD", "GET"]


async def test_a_status_is_that_of_the_last_redirect_and_none_of_them_raises(server: Server) -> None:
    server.says("/gone", 410)
    moved, endless = server.says("/moved", 301, location="/gone"), server.says("/round", 302, location="/round")
    async with client() as http:
        assert await http.status(moved) == 410
        with pytest.raises(FetchError, match="more than 5 redirects"):
            await http.status(endless)


async def test_a_name_that_does_not_exist_is_told_from_a_dns_that_does_not_answer() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME if host == "gone.test" else socket.EAI_AGAIN, "no")

    async with client(resolve=resolve) as http:
        with pytest.raises(UnknownHost):
            await http.status("http://gone.test/")
        with pytest.raises(FetchError) as raised:
            await http.status("http://later.test/")
        assert not isinstance(raised.value, UnknownHost)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "::1", "10.0.0.7", "172.16.4.4", "192.168.1.20", "fd00::7", "1.1.1.1"]
)
async def test_a_client_for_what_the_settings_name_may_reach_the_newsrooms_own_network(address: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return [address]

    backend = GuardedBackend(resolve, allow_loopback=False, allow_inside=True)
    assert await backend._checked("model.record.example", 80) == [address]


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fe80::1", "fd00:ec2::254", "168.63.129.16", "100.100.100.200", "0.0.0.0", "224.0.0.1"],
)
async def test_no_client_reaches_where_clouds_keep_their_secrets(address: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["1.1.1.1", address]

    backend = GuardedBackend(resolve, allow_loopback=True, allow_inside=True)
    with pytest.raises((BlockedAddress, FetchError)):
        await backend._checked("model.record.example", 80)
