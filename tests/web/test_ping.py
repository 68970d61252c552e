"""``/ping/TOKEN`` and ``/websub/TOKEN`` as sites, hubs and strangers reach them."""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import replace

import pytest

from bot.audience.links import UNSUBSCRIBE
from bot.errors import StoreError
from bot.schedules import hubs, pings
from bot.store import Store
from bot.store.hubs import ACTIVE, ASKED, NONE, HubState
from bot.testing import KEYS, NOW
from bot.tokens import KeyRing

TOPIC = "https://record.example/feed"
OTHER_KEYS = KeyRing({"k1": b"another key, of 32 bytes or more.."})


@pytest.fixture
def ping_path(web):
    url = pings.ping_url(web.installation.newsroom, KEYS, "site")
    return url.removeprefix("https://news.record.example")


async def _from_outside(web, method, path, **kind):
    async with web.client(address="198.51.100.7", url="https://news.record.example") as client:
        return await client.request(method, path, **kind)


def _pinged(web):
    with web.store.read() as tx:
        return set(tx.flags.named(pings.FLAG))


async def test_a_ping_is_taken_whatever_it_says(web, ping_path):
    headers = {"origin": "https://record.example", "sec-fetch-site": "cross-site", "content-type": "text/xml"}
    answer = await _from_outside(web, "POST", ping_path, content=b"\xff<!DOCTYPE x [", headers=headers)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert _pinged(web) == {"site"}


async def test_a_large_post_is_no_hindrance_and_a_huge_one_is_not_read(web, ping_path):
    assert (await _from_outside(web, "POST", ping_path, content=b"x" * 500_000)).status_code == 204
    large = {"content-length": str(1 << 30)}
    assert (await _from_outside(web, "POST", ping_path, content=b"x", headers=large)).status_code == 413


async def test_pings_in_quick_succession_reach_the_store_once(web, ping_path, monkeypatch):
    reached, taking = [], pings.take
    monkeypatch.setattr(pings, "take", lambda *given: reached.append(given) or taking(*given))
    answers = [await _from_outside(web, "POST", ping_path) for _ in range(20)]
    assert {each.status_code for each in answers} == {204}
    assert len(reached) == 1


@pytest.mark.parametrize(
    "token",
    [
        OTHER_KEYS.sign(pings.PING, "site"),
        KEYS.sign(UNSUBSCRIBE, "site"),
        KEYS.sign(hubs.WEBSUB, "site", "x"),
        KEYS.sign(pings.PING, "gone"),
        KEYS.sign(pings.PING, ["site"]),
        KEYS.sign(pings.PING),
        KEYS.sign(pings.PING, "site")[:-1],
        "v1.k1.ping.x",
        "%00",
        "a" * 5000,
    ],
    ids=["another key", "a reader's", "a hub's", "source gone", "odd", "empty", "cut", "forged", "nul", "long"],
)
async def test_whoever_has_no_good_address_learns_nothing_and_changes_nothing(web, token):
    answer = await _from_outside(web, "POST", f"/ping/{token}")
    assert (answer.status_code, answer.text) == (404, "Not here.\n")
    assert _pinged(web) == set()


async def test_a_ping_is_not_a_page(web, ping_path):
    assert (await _from_outside(web, "GET", ping_path)).status_code == 405
    assert _pinged(web) == set()


async def test_the_answer_is_the_same_while_the_store_is_down_and_the_next_ping_is_taken(web, ping_path, monkeypatch):
    def down(self):
        raise StoreError("the disk is full")

    monkeypatch.setattr(Store, "write", down)
    assert (await _from_outside(web, "POST", ping_path)).status_code == 204
    monkeypatch.undo()
    assert (await _from_outside(web, "POST", ping_path)).status_code == 204
    assert _pinged(web) == {"site"}


@pytest.fixture
def subscription(web):
    """A subscription that a hub over TLS was asked for, in the store; ``fields`` change it."""

    def put(**fields):
        state = HubState(
            source="site",
            hub="https://hub.example/",
            topic=TOPIC,
            held_hub="https://hub.example/",
            held_topic=TOPIC,
            state=ASKED,
            due=NOW,
            tries=1,
        )
        state = replace(state, **fields)
        with web.store.write() as tx:
            tx.hubs.drop("site")
            tx.hubs.name("site", state.hub, state.topic, NOW)
            values = {name: getattr(state, name) for name in ("held_hub", "held_topic", "state", "due", "tries")}
            assert tx.hubs.change(tx.hubs.get("site"), **values)
        url = hubs.callback(web.installation.newsroom, KEYS, state)
        return url.removeprefix("https://news.record.example"), hubs.secret(KEYS, state)

    return put


def _question(**fields):
    given = {"mode": "subscribe", "topic": TOPIC, "challenge": "a<b>c", "lease_seconds": "3600", **fields}
    return {f"hub.{name}": value for name, value in given.items()}


def _state(web):
    with web.store.read() as tx:
        return tx.hubs.get("site").state


async def test_a_hub_is_given_its_challenge_back_as_plain_text(web, subscription):
    path, _ = subscription()
    answer = await _from_outside(web, "GET", path, params=_question())
    assert (answer.status_code, answer.text) == (200, "a<b>c")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert _state(web) == ACTIVE
    assert (await _from_outside(web, "GET", path, params=_question())).status_code == 404, "a replay"


@pytest.mark.parametrize(
    "question",
    [
        _question(topic="https://evil.example/"),
        _question(mode="unsubscribe"),
        _question(mode="subscribe\n"),
        _question(challenge=""),
        _question(challenge="x" * 2000),
        {},
    ],
    ids=["topic", "mode", "odd mode", "no challenge", "long challenge", "nothing"],
)
async def test_what_we_did_not_ask_for_is_not_confirmed(web, subscription, question):
    path, _ = subscription()
    assert (await _from_outside(web, "GET", path, params=question)).status_code == 404
    assert _state(web) == ASKED


@pytest.mark.parametrize("lease", ["", "-1", "9" * 30, "ten", "٣"])
async def test_an_odd_lease_is_no_fault(web, subscription, lease):
    path, _ = subscription()
    assert (await _from_outside(web, "GET", path, params=_question(lease_seconds=lease))).status_code == 200


async def test_a_denial_is_noted(web, subscription):
    path, _ = subscription()
    denial = _question(mode="denied", reason="not yours")
    assert (await _from_outside(web, "GET", path, params=denial)).status_code == 200
    assert _state(web) == NONE


async def test_signed_news_is_a_ping_and_what_it_brings_is_not_believed(web, subscription):
    path, secret = subscription(state=ACTIVE)
    body = b"<rss><channel><item><title>Not true</title></item></channel></rss>"
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature": f"sha256={signature}"}
    for _ in range(2):
        assert (await _from_outside(web, "POST", path, content=body, headers=headers)).status_code == 204
    assert _pinged(web) == {"site"}
    with web.store.read() as tx:
        assert tx.articles.newest() == []


@pytest.mark.parametrize("header", [{}, {"x-hub-signature": "sha256=00"}, {"x-hub-signature": "md5=00"}])
async def test_unsigned_news_is_answered_alike_and_ignored(web, subscription, header, caplog):
    caplog.set_level(logging.WARNING)
    path, _ = subscription(state=ACTIVE)
    answer = await _from_outside(web, "POST", path, content=b"x", headers=header)
    assert (answer.status_code, answer.content) == (204, b"")
    assert _pinged(web) == set()
    assert path.rpartition("/")[2] not in caplog.text


async def test_the_address_of_one_subscription_is_not_that_of_the_next(web, subscription):
    old, _ = subscription(state=ACTIVE)
    subscription(held_hub="https://other.example/", state=ACTIVE)
    assert (await _from_outside(web, "POST", old, content=b"x")).status_code == 410
    assert (await _from_outside(web, "GET", old, params=_question())).status_code == 404


async def test_a_ping_s_address_is_no_hub_s(web, ping_path, subscription):
    subscription()
    path = ping_path.replace("/ping/", "/websub/")
    assert (await _from_outside(web, "GET", path, params=_question())).status_code == 404
    assert (await _from_outside(web, "POST", path)).status_code == 410


async def test_a_hub_is_asked_to_come_again_while_the_store_is_down(web, subscription, monkeypatch):
    path, _ = subscription()

    def down(self):
        raise StoreError("gone")

    monkeypatch.setattr(Store, "read", down)
    assert (await _from_outside(web, "GET", path, params=_question())).status_code == 503
    assert (await _from_outside(web, "POST", path)).status_code == 503
