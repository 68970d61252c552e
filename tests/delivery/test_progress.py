"""How far an edition is, as another process learns it from the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.delivery import owner
from bot.delivery.engine import LEASE, Engine
from bot.delivery.progress import progress
from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.errors import DeliveryError, NotFound
from bot.model import (
    DeliveryState,
    DomainProgress,
    EditionState,
    Placement,
    Preferences,
    Receipt,
    ServerProgress,
    WorkerProgress,
)
from bot.settings.tables import DeliveryTable
from bot.testing import KEYS, NOW, ScriptedChannel, edition, subscribe

READERS = [f"reader{number:02d}@example.org" for number in range(12)]
GONE = DeliveryError("550 5.1.1 no such user", permanent=True, code=550, enhanced="5.1.1", server="mx:25")
FULL = DeliveryError("452 4.2.2 full", permanent=False, code=452, enhanced="4.2.2", server="mx:25")


def begun(store):
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    return made.id


@pytest.fixture
def sending(store):
    subscribe(store, *READERS)
    return begun(store)


async def deliver(store, clock, answers=None):
    def answer(parcel):
        error = (answers or {}).get(parcel.recipient.address)
        if error:
            raise error
        return Receipt(server="mx:25", code=250)

    channels = {"mail": ScriptedChannel(answer=answer)}
    engine = Engine(store=store, channels=channels, keys=KEYS, clock=clock, rules=DeliveryTable(), jitter=lambda: 0.5)
    return await engine.deliver()


def stands(store, edition_id, now=NOW):
    with store.read() as tx:
        return progress(tx, edition_id, now)


def worker(edition_id, **fields):
    given = {"owner": "far/1/1", "began": NOW, "updated": NOW, "tried": 0, "rate": 10.0}
    return WorkerProgress(edition=edition_id, **{**given, **fields})


def say(store, *said):
    with store.write() as tx:
        for each in said:
            tx.progress.put(each)


async def test_what_the_engine_did_is_seen_from_elsewhere(store, clock, sending):
    await deliver(store, clock, {READERS[0]: GONE, READERS[1]: FULL})
    found = stands(store, sending)
    assert (found.state, found.total, found.done) == (EditionState.SENDING, 12, 11)
    assert found.states == {"accepted": 10, "deferred": 1, "failed": 1}
    (server,) = found.servers
    assert (server.address, server.states) == ("mx:25", found.states)
    (domain,) = found.domains
    assert (domain.domain, domain.states) == ("example.org", found.states)
    assert domain.said.startswith(("550", "452"))
    assert found.next_try > NOW
    assert found.stale == ()


async def test_a_delivery_that_was_tried_twice_is_done_once(store, clock, sending):
    await deliver(store, clock, {READERS[0]: FULL})
    clock.advance(hours=2)
    await deliver(store, clock)
    found = stands(store, sending, clock())
    assert (found.state, found.done, found.states) == (EditionState.SENT, 12, {"accepted": 12})
    assert sum(found.servers[0].states.values()) == 13
    assert (found.rate, found.about, found.next_try) == (0, None, None)


def test_before_anybody_said_anything_there_is_no_rate_and_no_end(store, sending):
    found = stands(store, sending)
    assert (found.rate, found.about, found.workers) == (None, None, 0)
    assert (found.done, found.states) == (0, {"pending": 12})


def test_the_rates_of_all_processes_are_one_and_the_end_follows_from_it(store, sending):
    say(store, worker(sending, rate=1.0), worker(sending, owner="near/2/2", rate=2.0))
    found = stands(store, sending)
    assert (found.rate, found.workers) == (3, 2)
    assert found.about == NOW + timedelta(seconds=4)


def test_a_process_that_has_just_begun_does_not_hide_the_rate_of_the_other(store, sending):
    say(store, worker(sending, rate=None), worker(sending, owner="near/2/2", rate=2.0))
    assert (stands(store, sending).rate, stands(store, sending).workers) == (2, 1)


async def test_what_is_deferred_is_not_in_the_end_that_is_told(store, clock, sending):
    await deliver(store, clock, dict.fromkeys(READERS, FULL))
    say(store, worker(sending, rate=2.0))
    found = stands(store, sending)
    assert found.about is None
    assert found.next_try is not None


def test_a_pause_takes_rate_and_end_away(store, sending):
    say(store, worker(sending))
    lifecycle.pause(store, sending, who="editor", now=NOW)
    found = stands(store, sending)
    assert (found.state, found.rate, found.about, found.next_try) == (EditionState.PAUSED, 0, None, None)


def test_a_process_that_holds_work_and_says_nothing_is_stale(store, sending):
    with store.write() as tx:
        assert tx.chunks.claim("mail", owner="far/1/1", now=NOW, until=NOW + LEASE)
    say(store, worker(sending), worker(sending, owner="idle/3/3"))
    assert stands(store, sending).stale == ()
    found = stands(store, sending, NOW + timedelta(seconds=30))
    assert found.stale == ("far/1/1",)
    assert found.rate is None


def test_a_crash_leaves_sums_and_no_rate(store, sending):
    done = ServerProgress(channel="mail", address="mx:25", states={"accepted": 5}, rate=5.0, connections=4, in_use=4)
    say(store, worker(sending, tried=5, servers=(done,)))
    later = NOW + timedelta(minutes=5)
    again = ServerProgress(channel="mail", address="mx:25", states={"accepted": 2}, rate=1.0, connections=4, in_use=3)
    say(store, worker(sending, owner="far/9/9", began=later, updated=later, tried=2, servers=(again,)))
    (server,) = stands(store, sending, later).servers
    assert server.states == {"accepted": 7}
    assert (server.rate, server.in_use, server.connections) == (1, 3, 4)


def test_a_server_rests_until_its_time_though_who_said_it_sleeps(store, sending):
    until = NOW + timedelta(minutes=10)
    resting = ServerProgress(channel="mail", address="mx:25", rests_until=until)
    say(store, worker(sending, servers=(resting,)))
    assert stands(store, sending, NOW + timedelta(minutes=5)).servers[0].rests_until == until
    assert stands(store, sending, NOW + timedelta(minutes=11)).servers[0].rests_until is None


def test_of_many_destinations_ten_are_named_and_the_rest_summed(store, sending):
    domains = tuple(DomainProgress(domain=f"d{number:02d}", states={"accepted": 30 - number}) for number in range(15))
    rest = DomainProgress(domain="*", states={"accepted": 100, "failed": 1})
    say(store, worker(sending, domains=(*domains, rest)))
    found = stands(store, sending).domains
    assert [each.domain for each in found] == [*(f"d{number:02d}" for number in range(10)), "*"]
    assert found[-1].states == {"accepted": 100 + 20 + 19 + 18 + 17 + 16, "failed": 1}


def test_what_a_process_says_replaces_what_it_said(store, sending):
    first = worker(sending, owner=owner.this_process(), tried=1)
    say(store, first, replace(first, tried=2, updated=NOW + timedelta(seconds=1)))
    with store.read() as tx:
        assert [each.tried for each in tx.progress.of_edition(sending)] == [2]


def test_an_edition_that_is_not_there_is_said_so(store):
    with pytest.raises(NotFound):
        stands(store, "nope")


def test_what_a_worker_holds_is_in_the_books(store, sending):
    with store.write() as tx:
        assert tx.chunks.claim("mail", owner="far/1/1", now=NOW, until=NOW + LEASE)
    found = stands(store, sending)
    assert (found.done, found.states) == (0, {"leased": 12})
    with store.read() as tx:
        assert tx.deliveries.balance(sending).balanced
        assert len(tx.deliveries.page(states=[DeliveryState.LEASED])) == 12


async def test_who_waits_for_an_hour_of_their_own_makes_no_send_look_slow(store, clock):
    readers = subscribe(store, *READERS)
    with store.write() as tx:
        for reader in readers[:5]:
            tx.subscribers.prefer(reader, "readers", Preferences(hour=12))
    made, noon = edition(), NOW.replace(hour=12)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW, report={})
        tx.progress.put(worker(made.id, rate=1.0))
    waits = Placement(not_before=noon)
    assert begin_sending(store, made, audience="readers", now=NOW, place=lambda _: waits)
    found = stands(store, made.id)
    assert (found.total, found.done, found.waiting, found.next_try) == (12, 0, 5, noon)
    assert found.about == NOW + timedelta(seconds=7)
    await deliver(store, clock)
    found = stands(store, made.id)
    assert (found.done, found.waiting, found.about, found.state) == (7, 5, None, EditionState.SENDING)
    assert stands(store, made.id, noon).waiting == 0
