"""Addresses asked of a real server on loopback."""

from __future__ import annotations

import threading

import pytest

from bot.http import Http
from bot.model import Reach
from bot.schedules.reachable import reach
from bot.settings.tables import HttpTable
from bot.testing import NOW
from tests.test_http import NO_TRUST, Server


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


def client(**options):
    return Http(HttpTable(allow_loopback=True, timeout="5s"), tls=NO_TRUST, **options)


async def asked(*urls, http=None, **limits):
    async with http or client() as opened:
        return (await reach(opened, urls, NOW, **limits)).found


@pytest.mark.parametrize(
    ("status", "what"),
    [
        (200, Reach.ANSWERS),
        (204, Reach.ANSWERS),
        (404, Reach.DEAD),
        (410, Reach.DEAD),
        (401, Reach.REFUSES),
        (403, Reach.REFUSES),
        (405, Reach.REFUSES),
        (429, Reach.REFUSES),
        (451, Reach.REFUSES),
        (500, Reach.SILENT),
        (503, Reach.SILENT),
    ],
)
async def test_only_what_is_gone_is_dead(server, status, what):
    url = server.says("/story", status)
    found, said = (await asked(url))[url]
    assert found is what
    assert said == "" if what is Reach.ANSWERS else str(status) in said


async def test_a_server_that_knows_no_head_is_asked_by_get(server):
    def answer(request):
        request.send_response(404 if request.command == "HEAD" else 200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    server.routes["/story"] = answer
    url = server.url("/story")
    assert (await asked(url))[url] == (Reach.ANSWERS, "")
    assert [method for method, *_ in server.seen] == ["HEAD", "GET"]


async def test_a_server_that_asks_us_to_come_later_is_not_asked_again(server):
    await asked(server.says("/story", 429))
    assert [method for method, *_ in server.seen] == ["HEAD"]


async def test_an_address_that_stands_twice_is_asked_once(server):
    url = server.says("/story")
    await asked(url, url)
    assert len(server.seen) == 1


async def test_one_that_answers_too_late_holds_up_no_other(server):
    free = threading.Event()
    server.routes["/late"] = lambda _: free.wait(30)
    good, late = server.says("/good"), server.url("/late")
    found = await asked(late, good, deadline=1.0)
    free.set()
    assert found[good] == (Reach.ANSWERS, "")
    assert found[late][0] is Reach.SILENT


async def test_no_host_is_asked_for_more_than_two_at_once(server):
    lock, now, most = threading.Lock(), 0, 0
    free = threading.Event()

    def answer(request):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        if most < 3:
            free.wait(0.2)
        with lock:
            now -= 1
        request.send_response(200)
        request.send_header("Content-Length", "0")
        request.end_headers()

    for number in range(8):
        server.routes[f"/{number}"] = answer
    found = await asked(*(server.url(f"/{number}") for number in range(8)))
    assert {each for each, _ in found.values()} == {Reach.ANSWERS}
    assert most == 2


async def test_what_leads_inside_or_to_no_server_is_said(server):
    closed = server.url("/story")
    server.close()
    found = await asked("http://10.0.0.8/story", closed)
    assert found["http://10.0.0.8/story"][0] is Reach.DEAD
    assert "internal address" in found["http://10.0.0.8/story"][1]
    assert found[closed][0] is Reach.SILENT


async def test_names_for_examples_are_not_looked_up():
    async def resolve(host, port):
        pytest.fail(f"{host} was looked up")

    url = "https://record.example/story"
    assert (await asked(url, http=client(resolve=resolve)))[url][0] is Reach.REFUSES


async def test_what_is_no_address_fails_alone(server):
    good, bad = server.says("/good"), ("http://[", "http://", "http://a b/")
    found = await asked(*bad, good)
    assert found[good][0] is Reach.ANSWERS
    assert all(found[url][0] in (Reach.DEAD, Reach.SILENT) and found[url][1] for url in bad)


async def test_who_stops_it_does_not_wait_for_a_server(server):
    free, began = threading.Event(), threading.Event()

    def answer(_):
        began.set()
        free.wait(30)

    server.routes["/late"] = answer
    late = server.url("/late")
    found = await asked(late, deadline=30.0, each=30.0, stop=began.is_set)
    free.set()
    assert found[late][0] is Reach.SILENT
