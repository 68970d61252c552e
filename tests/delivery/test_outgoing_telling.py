"""Programs are told, against real servers on loopback: once, in order, whatever one of them does."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from bot.clock import SetClock, system_clock
from bot.delivery.outgoing import endpoints
from bot.delivery.outgoing.patience import OFF_AFTER, WAITS
from bot.delivery.outgoing.telling import LEASE, Teller
from bot.http import Http
from bot.model import CallState, EndpointOff, EventType
from bot.settings.tables import HttpTable
from bot.store import Store
from bot.testing import KEYS, edition
from bot.tokens import KeyRing
from tests.delivery.hearing import listening

TYPES = [EventType.EDITION_DRAFTED]
TELLING = """
import asyncio, sys
from bot.clock import system_clock
from bot.delivery.outgoing.telling import Teller
from bot.http import Http
from bot.settings.tables import HttpTable
from bot.store import Store
from bot.testing import KEYS

async def tell():
    async with Http(HttpTable(allow_loopback=True)) as http:
        store = Store.open(sys.argv[1])
        url = "https://news.record.example"
        await Teller(store=store, http=http, keys=KEYS, public_url=url, clock=system_clock).tell()

asyncio.run(tell())
"""
"""A process of its own that tells what is due."""


def _until(so, seconds=30.0):
    end = time.monotonic() + seconds
    while not so() and time.monotonic() < end:
        time.sleep(0.01)


@pytest.fixture
def clock():
    return SetClock(system_clock())


@pytest.fixture
def listener():
    with listening() as one:
        yield one


class Room:
    """Endpoints, what happens, and one look of the process that tells."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.secrets = {}

    def add(self, url, *, name="The CMS", types=TYPES):
        secret, made = endpoints.make(
            self.store, KEYS, name=name, url=url, types=types, who="Mara", now=self.clock(), loopback=True
        )
        self.secrets[made.id] = secret
        return made.id

    def happen(self, *names):
        for name in names:
            made = edition(id=name, slot_key=name, created=self.clock())
            with self.store.write() as tx:
                assert tx.editions.add(made, expires=self.clock() + timedelta(hours=3), report={})

    def tell(self, *, keys=KEYS, store=None, loopback=True, **how):
        async def telling():
            async with Http(HttpTable(allow_loopback=loopback)) as http:
                teller = Teller(
                    store=store or self.store,
                    http=http,
                    keys=keys,
                    public_url="https://news.record.example",
                    clock=self.clock,
                    **how,
                )
                await teller.tell()
                return teller.told

        return asyncio.run(telling())

    def calls(self, endpoint):
        """(edition, state, tries), the oldest first."""
        with self.store.read() as tx:
            found = reversed(tx.endpoints.calls(endpoint, 100))
        return [(each.data.get("id"), str(each.state), each.tries) for each in found]

    def endpoint(self, endpoint):
        with self.store.read() as tx:
            return tx.endpoints.get(endpoint)


@pytest.fixture
def room(store, clock):
    return Room(store, clock)


def ids(listener):
    return [each.event["data"]["id"] for each in listener.heard]


def test_an_event_arrives_as_the_library_of_the_standard_reads_it(room, listener):
    endpoint = room.add(listener.url)
    room.happen("ferry")
    assert len(room.tell()) == 1
    (heard,) = listener.heard
    read = Webhook(room.secrets[endpoint]).verify(heard.body.decode(), heard.headers)
    assert read == heard.event
    assert (read["type"], read["timestamp"]) == ("edition.drafted", room.clock().isoformat())
    assert read["data"]["url"] == "https://news.record.example/editions/ferry"
    assert heard.headers["content-type"] == "application/json"
    assert len(heard.body) < 20_000
    assert room.tell() == []
    assert room.endpoint(endpoint).code == 204


def test_the_longest_event_stays_below_what_the_standard_allows(room, listener):
    room.add(listener.url)
    long = "\U0001f4f0\x01" * 5_000
    with room.store.write() as tx:
        tx.editions.add(
            edition(id="long", name=long, reason=long, schedule="s" * 100, slot_key="k" * 100, created=room.clock()),
            expires=room.clock(),
            report={},
        )
    room.tell()
    assert 5_000 < len(listener.heard[0].body) < 20_000


def test_events_go_in_the_order_in_which_they_happened(room, listener):
    room.add(listener.url)
    room.happen("a", "b", "c", "d")
    room.tell()
    assert ids(listener) == ["a", "b", "c", "d"]


def test_what_fails_is_told_again_by_the_same_id_and_those_behind_it_wait_for_it(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a", "b")
    listener.answers = [500]
    room.tell()
    assert ids(listener) == ["a"]
    room.clock.advance(seconds=4)
    assert room.tell() == []
    room.clock.advance(seconds=1)
    room.tell()
    assert ids(listener) == ["a", "a", "b"]
    assert listener.heard[0].id == listener.heard[1].id != listener.heard[2].id
    assert listener.heard[0].body == listener.heard[1].body
    assert all(each.signed_by(room.secrets[endpoint]) for each in listener.heard)
    assert room.calls(endpoint) == [("a", "delivered", 2), ("b", "delivered", 1)]


def test_one_that_fails_for_ever_is_gone_past_and_given_up_on_schedule(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a", "b")
    listener.answers = [500, 500, 500]
    for wait in (timedelta(0), WAITS[0], WAITS[1], WAITS[1]):
        room.clock.moment += wait
        room.tell()
    # It is tried again in half an hour; the others need not wait for that.
    assert ids(listener) == ["a", "a", "a", "b"]
    listener.answers = [500] * 9
    for wait in WAITS[2:]:
        room.clock.moment += wait
        room.tell()
    assert room.calls(endpoint) == [("a", "failed", 10), ("b", "delivered", 1)]
    room.clock.advance(days=30)
    assert room.tell() == []


def test_one_event_that_is_refused_keeps_no_other_waiting(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a", "b")
    listener.answers = [422]
    room.tell()
    assert ids(listener) == ["a", "b"]
    assert room.calls(endpoint) == [("a", "waiting", 1), ("b", "delivered", 1)]


def test_gone_turns_an_endpoint_off_and_on_record(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a", "b")
    listener.answers = [410]
    room.tell()
    room.happen("c")
    room.clock.advance(days=1)
    assert room.tell() == []
    assert ids(listener) == ["a"]
    assert room.endpoint(endpoint).why is EndpointOff.GONE
    assert room.calls(endpoint) == [("a", "failed", 1), ("b", "waiting", 0)]
    with room.store.read() as tx:
        act = tx.acts.newest(thing=f"webhook:{endpoint}")[0]
    assert (act.who, act.what, act.after) == ("broadsheet", "disable webhook", "gone")
    endpoints.enable(room.store, endpoint, who="Mara", now=room.clock())
    room.tell()
    assert ids(listener) == ["a", "b"]


def test_who_asks_to_wait_is_waited_for(room, listener):
    room.add(listener.url)
    room.happen("a", "b")
    listener.answers = [(429, {"Retry-After": "600"})]
    room.tell()
    room.clock.advance(seconds=599)
    assert room.tell() == []
    room.clock.advance(seconds=1)
    room.tell()
    assert ids(listener) == ["a", "a", "b"]


def test_a_redirect_is_not_followed(room, listener):
    with listening() as elsewhere:
        endpoint = room.add(listener.url)
        room.happen("a")
        listener.answers = [(308, {"Location": elsewhere.url})]
        room.tell()
    assert (len(listener.heard), elsewhere.heard) == (1, [])
    assert room.endpoint(endpoint).code == 308
    assert room.calls(endpoint) == [("a", "waiting", 1)]


def test_no_answer_in_time_is_a_failure_and_says_so_without_the_path(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a")
    listener.hang.clear()
    room.tell(seconds=0.2)
    listener.hang.set()
    kept = room.endpoint(endpoint)
    assert (kept.code, kept.failing) == (0, room.clock())
    assert "no whole answer within 0.2 s" in kept.said
    assert "s3cr3t" not in kept.said + repr(kept)


def test_one_that_hangs_holds_up_no_other(room, listener):
    with listening() as slow:
        hanging = room.add(slow.url, name="Slow")
        quick = room.add(listener.url)
        slow.hang.clear()
        room.happen("a")
        telling = threading.Thread(target=room.tell)
        telling.start()
        _until(lambda: listener.heard and slow.heard)
        # What happens while the slow one is waited for goes out, too.
        room.happen("b")
        _until(lambda: len(listener.heard) == 2)
        waited = room.calls(hanging)
        slow.hang.set()
        telling.join()
    assert ids(listener) == ["a", "b"]
    assert waited == [("a", "waiting", 0), ("b", "waiting", 0)]
    assert [state for _, state, _ in room.calls(quick)] == ["delivered"] * 2


def test_an_internal_address_is_never_called(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a")
    room.tell(loopback=False)
    assert listener.heard == []
    assert "internal address" in room.endpoint(endpoint).said
    assert room.calls(endpoint) == [("a", "waiting", 1)]


def test_five_days_without_success_turn_it_off(room, listener):
    endpoint = room.add(listener.url)
    for _day in range(6):
        room.happen(f"day{_day}")
        listener.answers = [500]
        room.tell()
        room.clock.advance(days=1)
        assert room.endpoint(endpoint).disabled is None or _day == 5
    assert timedelta(days=5) == OFF_AFTER
    assert room.endpoint(endpoint).why is EndpointOff.FAILING


def test_one_success_begins_the_five_days_anew(room, listener):
    endpoint = room.add(listener.url)
    for answer in (500, 500, 204):
        room.happen(f"{answer}{len(listener.heard)}")
        listener.answers = [answer, answer]
        room.tell()
        room.clock.advance(days=4)
    assert room.endpoint(endpoint).failing is None
    assert room.endpoint(endpoint).disabled is None


def test_while_secrets_change_both_sign_for_a_day(room, listener):
    endpoint = room.add(listener.url)
    old = room.secrets[endpoint]
    new = endpoints.rotate(room.store, KEYS, endpoint, who="Mara", now=room.clock())
    room.happen("a")
    room.tell()
    room.clock.advance(hours=24)
    room.happen("b")
    room.tell()
    first, second = listener.heard
    assert (first.signed_by(old), first.signed_by(new)) == (True, True)
    assert (second.signed_by(old), second.signed_by(new)) == (False, True)


def test_a_secret_that_no_key_opens_turns_it_off_and_signs_nothing(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a")
    room.tell(keys=KeyRing.parse(KeyRing.generate()))
    assert listener.heard == []
    assert room.endpoint(endpoint).why is EndpointOff.SEALED


def test_an_older_key_of_the_ring_still_opens_it(room, listener):
    room.add(listener.url)
    room.happen("a")
    newer = KeyRing.parse(KeyRing.generate())
    room.tell(keys=KeyRing({**newer.keys, **KEYS.keys}))
    assert ids(listener) == ["a"]


def test_who_dies_before_an_event_was_told_loses_nothing(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a")
    with room.store.write() as tx:
        # Claimed, and no more was heard of who did.
        assert tx.endpoints.claim(endpoint, "dead", room.clock(), room.clock() + LEASE)
    assert room.tell() == []
    room.clock.moment += LEASE + timedelta(seconds=1)
    room.tell()
    assert ids(listener) == ["a"]


def test_a_process_that_is_killed_while_it_tells_has_it_told_again_by_the_same_id(room, listener, store_url):
    endpoint = room.add(listener.url)
    room.happen("a", "b")
    listener.hang.clear()
    teller = subprocess.Popen([sys.executable, "-c", TELLING, store_url])
    _until(lambda: listener.heard)
    teller.kill()
    teller.wait()
    listener.hang.set()
    assert room.calls(endpoint) == [("a", "waiting", 0), ("b", "waiting", 0)]
    assert room.tell() == []
    room.clock.moment = system_clock() + LEASE
    room.tell()
    assert ids(listener) == ["a", "a", "b"]
    assert listener.heard[0].id == listener.heard[1].id
    assert listener.heard[0].body == listener.heard[1].body


def test_fifty_processes_that_race_tell_once(room, listener, store_url):
    room.add(listener.url)
    room.happen(*(f"e{number}" for number in range(5)))
    stores = [Store.open(store_url) for _ in range(5)]
    faults = []

    def race(store):
        try:
            room.tell(store=store)
        except BaseException as error:
            faults.append(error)

    racing = [threading.Thread(target=race, args=(stores[number % 5],)) for number in range(50)]
    for each in racing:
        each.start()
    for each in racing:
        each.join()
    for each in stores:
        each.close()
    assert faults == []
    assert ids(listener) == [f"e{number}" for number in range(5)]


def test_nothing_is_told_from_a_store_that_is_held(room, listener):
    room.add(listener.url)
    room.happen("a")
    with room.store.write() as tx:
        tx.flags.set("moved", "postgresql://elsewhere", room.clock())
    assert room.tell() == []


def test_an_address_that_is_erased_while_an_event_waits_is_not_told(room, listener):
    room.add(listener.url, types=[EventType.SUBSCRIBER_SUPPRESSED])
    with room.store.write() as tx:
        hashed = tx.hashed("ida@example.org")
        tx.outbox.suppressed(room.clock(), "ida@example.org", hashed, audience="", reason="bounced")
        tx.outbox.forget(hashed)
    room.tell()
    assert listener.heard[0].event["data"] == {"id": None, "address": None, "audience": None, "reason": "bounced"}
    assert b"ida@" not in listener.heard[0].body


def test_an_event_is_sent_again_by_hand_with_its_id(room, listener):
    endpoint = room.add(listener.url)
    room.happen("a")
    room.tell()
    message = listener.heard[0].id
    endpoints.send_again(room.store, endpoint, message, who="Mara", now=room.clock())
    assert room.tell() == [message]
    assert room.calls(endpoint) == [("a", str(CallState.DELIVERED), 1)]
    assert json.loads(listener.heard[1].body) == listener.heard[0].event
