from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest
import uvicorn

from bot.web import server
from bot.web.connection import Connection

TIME = 0.4
"""Seconds for a request here."""
SMALL = 100_000
"""Bytes that the machine holds for a connection."""


@pytest.fixture
def address(web, monkeypatch):
    """Where a server of Broadsheet listens."""
    monkeypatch.setattr(Connection, "request_time", TIME)
    monkeypatch.setattr(server, "MOST", 40)
    ready, stop, urls = threading.Event(), threading.Event(), []

    def told(url):
        urls.append(url)
        ready.set()

    thread = threading.Thread(
        target=server.serve, args=(web.installation, "127.0.0.1", 0), kwargs={"ready": told, "stop": stop}
    )
    thread.start()
    assert ready.wait(10)
    yield "127.0.0.1", int(urls[0].rpartition(":")[2])
    stop.set()
    thread.join(10)


def _ended(connection):
    """Whether the other side ends the connection, however often something arrives."""
    connection.settimeout(10)
    while connection.recv(4096):
        pass
    return True


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /healthz HT",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"POST /subscribe HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 500\r\n\r\nemail=",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nPOST /u/x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
    ],
    ids=["silent", "line", "head", "body", "second"],
)
def test_a_request_that_does_not_arrive_in_time_ends_its_connection(address, sent):
    with socket.create_connection(address) as connection:
        connection.sendall(sent)
        assert _ended(connection)


READS = [b"GET /page HTTP/1.1\r\nHost: a\r\n\r\n" * 400, b"GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"]


@pytest.mark.parametrize("sent", READS, ids=["many", "one"])
async def test_who_reads_no_answer_holds_no_connection(monkeypatch, sent):
    monkeypatch.setattr(Connection, "reading_time", 0.4)
    serves, serving, address = _serve_pages(b"x" * (60_000 if sent.count(b"GET") > 1 else 8_000_000))
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.setblocking(False)
        await asyncio.get_running_loop().sock_connect(client, address)
        await asyncio.get_running_loop().sock_sendall(client, sent)
        await _until(lambda: serves.server_state.connections)
        await _until(lambda: not serves.server_state.connections)
        with pytest.raises(ConnectionResetError):
            while await asyncio.get_running_loop().sock_recv(client, 65536):
                pass
    serves.should_exit = True
    await serving


async def test_who_reads_slowly_gets_it_all(monkeypatch):
    monkeypatch.setattr(Connection, "reading_time", 0.4)
    serves, serving, address = _serve_pages(b"x" * 8_000_000)
    # What the machine itself holds is small: else the window opens again only when megabytes of it were read.
    reads = socket.socket()
    reads.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    reads.connect(address)
    reads.setblocking(False)
    reader, writer = await asyncio.open_connection(sock=reads, limit=2**16)
    writer.write(b"GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    begun, read = time.monotonic(), 0
    while some := await asyncio.wait_for(reader.read(100_000), 10):
        read += len(some)
        if time.monotonic() - begun < 1.2:
            await asyncio.sleep(0.02)
    assert read > 8_000_000
    assert time.monotonic() - begun > 1
    writer.close()
    serves.should_exit = True
    await serving


def _serve_pages(page):
    async def app(_scope, _receive, send):
        length = str(len(page)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        for start in range(0, len(page), 60_000):
            await send({"type": "http.response.body", "body": page[start : start + 60_000], "more_body": True})
        await send({"type": "http.response.body"})

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    serves = uvicorn.Server(uvicorn.Config(app, http=Connection, lifespan="off", log_config=None))
    return serves, asyncio.create_task(serves.serve(sockets=[listener])), listener.getsockname()


async def _until(seen):
    for _ in range(200):
        if seen():
            return
        await asyncio.sleep(0.05)
    pytest.fail("not within ten seconds")


def test_drops_do_not_make_the_time_longer(address):
    with socket.create_connection(address) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        begun = time.monotonic()
        with pytest.raises(OSError):
            while time.monotonic() - begun < 10:
                connection.sendall(b"x")
                time.sleep(TIME / 8)
        assert time.monotonic() - begun < 10


def test_connections_beyond_the_most_are_told_to_come_back_and_then_served_again(address, monkeypatch):
    monkeypatch.setattr(Connection, "request_time", 30)
    idle = [socket.create_connection(address) for _ in range(60)]
    assert _status(address) == b"503"
    for each in idle:
        each.close()
    for _ in range(100):
        if _status(address) == b"200":
            break
        time.sleep(0.05)
    else:
        pytest.fail("it serves nobody after a flood")


def _status(address):
    with socket.create_connection(address) as connection:
        connection.settimeout(10)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return connection.recv(4096).split(b" ")[1]


async def test_an_answer_may_take_longer_than_a_request(monkeypatch):
    monkeypatch.setattr(Connection, "request_time", 0.1)

    async def slow(_scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await asyncio.sleep(0.4)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
        await send({"type": "http.response.body", "body": b"done"})

    serves = uvicorn.Server(uvicorn.Config(slow, http=Connection, lifespan="off", log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(serves.serve(sockets=[listener]))
        reader, writer = await asyncio.open_connection(*listener.getsockname())
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab")
            assert (await asyncio.wait_for(reader.readuntil(b"done"), 10)).startswith(b"HTTP/1.1 200")
        writer.close()
        serves.should_exit = True
        await serving
