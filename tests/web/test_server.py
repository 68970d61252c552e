from __future__ import annotations

import signal
import socket
import threading
import urllib.request

import pytest

from bot.accounts import desk_key
from bot.errors import BroadsheetError
from bot.testing import KEYS, NOW
from bot.web.server import serve


@pytest.fixture
def served(web):
    """The URL of a running server."""
    ready, stop, urls = threading.Event(), threading.Event(), []

    def told(url):
        urls.append(url)
        ready.set()

    thread = threading.Thread(
        target=serve, args=(web.installation, "127.0.0.1", 0), kwargs={"ready": told, "stop": stop}
    )
    thread.start()
    assert ready.wait(10)
    yield urls[0]
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_it_tells_the_real_url_answers_and_ends(served):
    with urllib.request.urlopen(f"{served}/healthz", timeout=5) as answer:
        assert answer.status == 200
        assert "server" not in {name.lower() for name in answer.headers}
    let_in = {"Cookie": f"{desk_key.cookie(KEYS)}={desk_key.token(KEYS, NOW)}"}
    with urllib.request.urlopen(urllib.request.Request(f"{served}/", headers=let_in), timeout=5) as page:
        assert b"Nothing needs you" in page.read()


def test_signals_stay_with_the_caller_also_in_the_main_thread(web):
    stop, before = threading.Event(), signal.getsignal(signal.SIGTERM)
    during = []

    def ready(_url):
        during.append(signal.getsignal(signal.SIGTERM))
        stop.set()

    serve(web.installation, "127.0.0.1", 0, ready=ready, stop=stop)
    assert during == [before]


def test_a_busy_port_says_which_setting_to_change(web):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BroadsheetError, match=rf"web\.port: {port} is in use on 127\.0\.0\.1"):
            serve(web.installation, "127.0.0.1", port, ready=lambda _: None, stop=threading.Event())


def test_an_address_of_another_machine_says_which_setting_to_change(web):
    with pytest.raises(BroadsheetError, match=r"web\.host: 192\.0\.2\.7 cannot be listened on"):
        serve(web.installation, "192.0.2.7", 0, ready=lambda _: None, stop=threading.Event())
