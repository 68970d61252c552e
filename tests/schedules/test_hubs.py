"""Subscriptions against a hub of the test's own, which answers on loopback and verifies as the Recommendation says."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from bot.schedules import hubs
from bot.store.hubs import ACTIVE, ASKED, LEAVING, NONE
from bot.testing import KEYS, NOW

TOPIC = "https://record.example/feed"
SOURCES = """
[http]
allow_loopback = true

[sources.site]
type = "feed"
url = "https://record.example/feed"
"""


class Hub:
    """What it was asked, and how it answers: a status, or (status, Location)."""

    def __init__(self):
        self.asked, self.answers = [], []
        self.url = ""
        self.before = lambda _form: None


@contextmanager
def _serving():
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            hub.asked.append((self.path, form))
            hub.before(form)
            status, location = hub.answers.pop(0) if hub.answers else (202, "")
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_port}/hub"
    yield hub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def hub():
    with _serving() as serving:
        yield serving


@pytest.fixture
def site(newsroom, store, hub):
    """A newsroom whose source named the hub."""
    installation = newsroom(SOURCES)
    with store.write() as tx:
        tx.hubs.name("site", hub.url, TOPIC, NOW)
    return installation


def _state(store):
    with store.read() as tx:
        return tx.hubs.get("site")


def _verify(installation, store, mode="subscribe", topic=TOPIC, lease="864000"):
    return hubs.verify(installation, _state(store), mode, topic, lease)


def _active(site, store):
    hubs.settle(site)
    assert _verify(site, store)


def test_a_hub_is_asked_once_and_tells_us_when_it_has_verified(site, store, hub):
    hubs.settle(site)
    hubs.settle(site)
    ((path, form),) = hub.asked
    assert (path, form["hub.mode"], form["hub.topic"]) == ("/hub", "subscribe", TOPIC)
    assert form["hub.lease_seconds"] == "864000"
    assert form["hub.callback"] == hubs.callback(site.newsroom, KEYS, _state(store))
    assert form["hub.callback"].startswith("https://news.record.example/websub/v1.k1.websub.")
    assert "hub.secret" not in form, "over plain HTTP it would be read on the way"
    assert _state(store).state == ASKED
    assert _verify(site, store, lease="3600")
    assert (_state(store).state, _state(store).until) == (ACTIVE, NOW + timedelta(hours=1))
    assert hubs.standing(_state(store), NOW) == "its hub tells us of news"


def test_a_hub_that_verifies_before_it_answers_is_believed(site, store, hub):
    hub.before = lambda form: _verify(site, store, form["hub.mode"], form["hub.topic"])
    hubs.settle(site)
    assert _state(store).state == ACTIVE


@pytest.mark.parametrize(
    ("mode", "topic"), [("subscribe", "https://evil.example/"), ("unsubscribe", TOPIC), ("publish", TOPIC), ("", "")]
)
def test_only_what_we_asked_for_is_confirmed(site, store, mode, topic):
    hubs.settle(site)
    assert not _verify(site, store, mode, topic)
    assert _state(store).state == ASKED


def test_nothing_is_confirmed_that_was_not_asked_and_nothing_twice(site, store):
    assert not _verify(site, store)
    _active(site, store)
    assert not _verify(site, store)


def test_a_lease_is_renewed_before_it_ends(site, store, hub, clock):
    _active(site, store)
    clock.advance(days=8)
    hubs.settle(site)
    assert len(hub.asked) == 1
    clock.advance(days=1, hours=1)
    hubs.settle(site)
    assert [form["hub.mode"] for _, form in hub.asked] == ["subscribe", "subscribe"]
    assert _state(store).state == ACTIVE, "the old lease holds while the new one is asked for"
    assert _verify(site, store)
    assert _state(store).until == clock() + timedelta(days=10)


def test_the_secret_is_the_subscriptions_own_and_goes_over_tls_alone(site, store):
    hubs.settle(site)
    state = _state(store)
    assert hubs.secret(KEYS, state) == ""
    with store.write() as tx:
        tx.hubs.change(state, held_hub="https://hub.example/")
    over_tls = hubs.secret(KEYS, _state(store))
    with store.write() as tx:
        tx.hubs.change(_state(store), held_hub="https://other.example/")
    assert 40 <= len(over_tls) < 200
    assert over_tls != hubs.secret(KEYS, _state(store))


def test_a_hub_that_refuses_or_does_not_answer_is_asked_again_ever_more_seldom(site, store, hub, clock):
    hub.answers = [(422, ""), (500, ""), (202, "")]
    waits = []
    for _ in range(3):
        hubs.settle(site)
        waits.append(_state(store).due - clock())
        clock.advance(seconds=waits[-1].total_seconds())
    assert waits == [timedelta(minutes=5), timedelta(minutes=10), timedelta(minutes=20)]
    assert len(hub.asked) == 3


def test_why_a_hub_does_not_take_us_is_told(site, store, hub):
    hub.answers = [(422, "")]
    hubs.settle(site)
    assert hubs.standing(_state(store), NOW) == "its hub refuses (HTTP 422)"


def test_a_hub_that_is_elsewhere_is_followed(site, hub):
    hub.answers = [(307, "/new"), (202, "")]
    hubs.settle(site)
    assert [path for path, _ in hub.asked] == ["/hub", "/new"]
    assert hub.asked[0][1] == hub.asked[1][1]


def test_when_the_source_goes_the_hub_is_told_to_stop(site, newsroom, store, hub):
    _active(site, store)
    without = newsroom()
    hubs.settle(newsroom("[http]\nallow_loopback = true\n"))
    assert [form["hub.mode"] for _, form in hub.asked] == ["subscribe", "unsubscribe"]
    assert hub.asked[0][1]["hub.callback"] == hub.asked[1][1]["hub.callback"]
    assert _state(store).state == LEAVING
    assert not _verify(without, store), "not to subscribe again"
    assert _verify(without, store, "unsubscribe")
    hubs.settle(without)
    assert _state(store) is None


def test_a_hub_that_never_confirms_the_end_is_given_up(site, newsroom, store, hub, clock):
    _active(site, store)
    without = newsroom("[http]\nallow_loopback = true\n")
    for _ in range(6):
        hubs.settle(without)
        clock.advance(days=1)
    assert [form["hub.mode"] for _, form in hub.asked].count("unsubscribe") == 3
    assert _state(store) is None


def test_a_feed_that_names_another_hub_moves_there(site, store, hub):
    _active(site, store)
    with store.write() as tx:
        tx.hubs.name("site", hub.url + "/two", TOPIC, NOW)
    hubs.settle(site)
    assert _verify(site, store, "unsubscribe")
    hubs.settle(site)
    assert [(path, form["hub.mode"]) for path, form in hub.asked] == [
        ("/hub", "subscribe"),
        ("/hub", "unsubscribe"),
        ("/hub/two", "subscribe"),
    ]
    assert hub.asked[0][1]["hub.callback"] != hub.asked[2][1]["hub.callback"]


def test_a_feed_that_names_no_hub_any_more_is_not_told_of(site, store, hub):
    _active(site, store)
    with store.write() as tx:
        tx.hubs.name("site", "", "", NOW)
    hubs.settle(site)
    assert _verify(site, store, "unsubscribe")
    hubs.settle(site)
    assert (_state(store).state, len(hub.asked)) == (NONE, 2)


def test_a_hub_may_deny(site, store, clock, hub):
    hubs.settle(site)
    hubs.denied(site, _state(store), "https://evil.example/", "no")
    assert _state(store).state == ASKED
    hubs.denied(site, _state(store), TOPIC, "not\n\x1byours")
    assert (_state(store).state, _state(store).error) == (NONE, "its hub refuses: not yours")
    clock.advance(hours=23)
    hubs.settle(site)
    assert len(hub.asked) == 1


@pytest.mark.parametrize(
    ("url", "public"),
    [
        ("https://news.record.example", True),
        ("http://news.record.example", False),
        ("https://127.0.0.1:8080", False),
        ("https://localhost", False),
        ("https://192.168.1.4", False),
        ("https://newsroom", False),
        ("https://[::1]", False),
    ],
)
def test_only_an_address_that_hubs_reach_over_tls_is_given_to_them(url, public):
    assert hubs.is_public(url) is public
