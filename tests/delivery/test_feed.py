"""What a carrier takes, gives back and settles, against a real ledger on real stores."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta

import pytest

from bot.delivery import ledger as module
from bot.delivery.counters import Counters
from bot.delivery.engine import Engine
from bot.delivery.feed import Feed, Held
from bot.delivery.ledger import Ledger
from bot.delivery.sending import begin_sending
from bot.delivery.tally import Tally
from bot.editions import lifecycle
from bot.errors import ChannelRefused, DeliveryError, ServerBusy
from bot.model import DeliveryState, EditionState, Post, Receipt, Rendition
from bot.settings.tables import DeliveryTable
from bot.store import chunks
from bot.testing import KEYS, NOW, ScriptedChannel, edition, email, subscribe

UNTIL = NOW + timedelta(minutes=10)
OK = Receipt(server="test", code=250)
S = DeliveryState


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(chunks, "SIZE", 4)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)


class Desk:
    """A feed of one edition's chunks, and what it watched."""

    def __init__(self, store, clock, *, readers=8, renditions=None, rules=None):
        self.store, self.clock = store, clock
        self.stopped = False
        self.held, self.lost, self.released, self.watched = {}, [], [], []
        subscribe(store, *(f"reader{number}@example.org" for number in range(readers)))
        self.edition = edition(**({"renditions": renditions} if renditions else {}))
        with store.write() as tx:
            tx.editions.add(self.edition, expires=UNTIL, report={})
        assert begin_sending(store, self.edition, audience="readers", now=NOW)
        tally = Tally("a", clock)
        self.ledger = Ledger(store, clock, lost=self._lost, released=self._released, tally=tally, counters=Counters())
        self.feed = Feed(
            claim=self._claim,
            ledger=self.ledger,
            clock=clock,
            rules=rules or DeliveryTable(),
            stop=lambda: self.stopped,
            settled=lambda _chunk, _due, outcome: self.watched.append(outcome),
            jitter=lambda: 0.5,
        )

    def _claim(self):
        now = self.clock()
        with self.store.write() as tx:
            chunk = tx.chunks.claim("mail", owner="a", now=now, until=now + timedelta(minutes=10))
            due = tx.deliveries.due(chunk, now) if chunk else []
        if not chunk:
            return None
        held = self.held[chunk.lease] = Held.of(chunk, self.edition, due, KEYS)
        return held

    def _lost(self, chunk):
        self.lost.append(chunk)
        self.feed.stop(self.held[chunk.lease])

    def _released(self, chunk, counts):
        del self.held[chunk.lease]
        self.released.append(counts)

    async def ahead(self, *parcels):
        return await asyncio.gather(*map(self.feed.ahead, parcels))

    def take(self, number):
        return [self.feed.take() for _ in range(number)]

    async def end(self):
        self.feed.close()
        assert await self.ledger.written()
        assert self.held == {}
        with self.store.read() as tx:
            assert tx.chunks.owners() == {}
            balance = tx.deliveries.balance(self.edition.id)
            assert balance == tx.deliveries.balance(self.edition.id, counted=True)
        assert balance.balanced
        return balance.states

    def pause(self):
        lifecycle.pause(self.store, self.edition.id, who="mara", now=NOW)


@pytest.fixture
def desk(store, clock):
    return Desk(store, clock)


async def test_a_feed_gives_every_reader_once_each_with_a_token_of_their_own(desk):
    parcels = []
    while parcel := desk.feed.take():
        parcels.append(parcel)
        assert await desk.feed.ahead(parcel)
        assert desk.feed.settle(parcel, OK) == timedelta(0)
    assert len({each.recipient.address for each in parcels}) == len({each.token for each in parcels}) == 8
    assert {(each.edition, each.rendition) for each in parcels} == {(desk.edition.id, desk.edition.renditions[0])}
    assert await desk.end() == {"accepted": 8}
    assert desk.released == [{"accepted": 4}] * 2
    assert desk.feed.tried == len(desk.watched) == 8


async def test_what_was_not_taken_goes_back_when_the_feed_closes(desk):
    (one,) = desk.take(1)
    assert await desk.feed.ahead(one)
    desk.feed.settle(one, OK)
    assert await desk.end() == {"accepted": 1, "pending": 7}
    assert desk.released == [{"accepted": 1, "pending": 3}]


async def test_what_is_given_back_is_given_again(desk):
    one, two = desk.take(2)
    desk.feed.give_back(two)
    desk.feed.give_back(one)
    assert desk.take(2) == [one, two]
    for each in (one, two):
        desk.feed.give_back(each)
    assert await desk.end() == {"pending": 8}


async def test_what_is_given_back_until_later_waits_till_then(desk, clock):
    one, *others = desk.take(4)
    for each in others:
        desk.feed.give_back(each)
    desk.feed.give_back(one, UNTIL)
    rest = desk.take(7)
    assert one.delivery not in {each.delivery for each in rest}
    assert desk.feed.take() is None
    for each in rest:
        desk.feed.give_back(each)
    assert await desk.end() == {"pending": 8}
    with desk.store.read() as tx:
        row = tx.deliveries.get(one.delivery)
    assert (row.not_before, row.attempts) == (UNTIL, 0)


async def test_what_is_given_back_after_the_next_chunk_was_begun_waits_for_another_holder(desk):
    parcels = desk.take(5)
    desk.feed.give_back(parcels[0])
    rest = desk.take(3)
    assert parcels[0] not in rest
    assert desk.feed.take() is None
    for each in (*parcels[1:], *rest):
        assert await desk.feed.ahead(each)
        desk.feed.settle(each, OK)
    assert await desk.ledger.written()
    assert desk.released == [{"accepted": 3, "pending": 1}, {"accepted": 4}]
    # What is due again is the next feed's: a session that finds nothing does not ask the store each time.
    assert desk.feed.take() is None
    with desk.store.write() as tx:
        chunk = tx.chunks.claim("mail", owner="b", now=NOW, until=NOW + timedelta(minutes=1))
        assert [each.id for each in tx.deliveries.due(chunk, NOW)] == [parcels[0].delivery]


async def test_a_refusal_before_the_last_byte_is_an_attempt(desk):
    (one,) = desk.take(1)
    desk.feed.settle(one, DeliveryError("550 no such user", permanent=True, code=550))
    assert await desk.end() == {"failed": 1, "pending": 7}
    with desk.store.read() as tx:
        row = tx.deliveries.get(one.delivery)
        (attempt,) = tx.deliveries.attempts(one.delivery)
    assert (row.attempts, row.tries, row.code, attempt["outcome"]) == (1, 1, 550, "failed")


async def test_a_busy_server_shall_rest_and_the_destination_is_not_at_fault(desk):
    (one,) = desk.take(1)
    assert await desk.feed.ahead(one)
    assert desk.feed.settle(one, ServerBusy("421", code=421, retry_after=300)) == timedelta(seconds=300)
    assert await desk.end() == {"deferred": 1, "pending": 7}
    with desk.store.read() as tx:
        assert tx.deliveries.get(one.delivery).tries == 0


async def test_a_paused_editions_parcels_go_back(desk):
    parcels = desk.take(3)
    desk.pause()
    assert await desk.ahead(*parcels) == [False] * 3
    assert len(desk.lost) == 1
    assert desk.feed.take() is None
    assert await desk.end() == {"pending": 8}
    assert desk.released == [{"pending": 4}]


async def test_a_lost_chunk_is_sent_no_further_and_what_was_under_way_is_settled(desk):
    sent, waits = desk.take(2)
    assert await desk.feed.ahead(sent)
    with desk.store.write() as tx:
        assert tx.chunks.recover(dead=["a"], now=NOW) == (3, 1)
    assert not await desk.feed.ahead(waits)
    desk.feed.settle(sent, OK)
    assert await desk.ledger.written()
    assert desk.released == [None]
    # The next holder sends what is left of it.
    rest = desk.take(7)
    assert waits.delivery in {each.delivery for each in rest}
    assert sent.delivery not in {each.delivery for each in rest}
    for each in rest:
        assert await desk.feed.ahead(each)
        desk.feed.settle(each, OK)
    assert await desk.end() == {"accepted": 8}


async def test_when_we_are_refused_nothing_more_of_the_edition_is_given(desk):
    one, two = desk.take(2)
    assert await desk.ahead(one, two) == [True, True]
    desk.feed.settle(one, ChannelRefused("535 bad password", code=535))
    # What is in flight still has its answer.
    desk.feed.settle(two, OK)
    assert await desk.ledger.written()
    assert desk.feed.take() is None
    assert await desk.end() == {"accepted": 1, "deferred": 1, "pending": 6}
    with desk.store.read() as tx:
        assert tx.editions.state(desk.edition.id) is EditionState.PAUSED


async def test_an_edition_without_a_rendition_for_the_channel_pauses(desk):
    desk.edition = edition(id=desk.edition.id, renditions=(Rendition(channel="hook", post=Post(text="news")),))
    assert desk.feed.take() is None
    assert await desk.end() == {"pending": 8}
    with desk.store.read() as tx:
        assert "no rendition for mail" in tx.editions.get(desk.edition.id).reason


async def test_a_chunk_of_which_all_have_left_is_given_back_and_the_next_one_taken(desk):
    with desk.store.write() as tx:
        first = [each.subscriber for each in tx.deliveries.page(limit=4)]
        for each in first:
            tx.subscribers.unsubscribe(each, "readers", via="link", now=NOW)
    parcel = desk.feed.take()
    assert parcel.recipient.subscriber not in first
    desk.feed.give_back(parcel)
    assert await desk.end() == {"cancelled": 4, "pending": 4}


async def test_a_stop_gives_nothing_more(desk):
    (one,) = desk.take(1)
    desk.stopped = True
    assert desk.feed.take() is None
    desk.feed.give_back(one)
    assert await desk.end() == {"pending": 8}


async def test_a_carrier_that_breaks_off_leaves_no_chunk_held_and_its_attempts_unknown(desk):
    # All of the first chunk, of which nothing waits any more, and one of the second.
    under_way, *_taken = desk.take(5)
    assert await desk.feed.ahead(under_way)
    assert await desk.end() == {"unknown": 1, "pending": 7}
    assert desk.released == [{"unknown": 1, "pending": 3}, {"pending": 4}]


# --- the engine, whose carriers break


def _engine(store, clock, channel):
    return Engine(
        store=store, channels={"mail": channel}, keys=KEYS, clock=clock, rules=DeliveryTable(), jitter=lambda: 0.5
    )


class Breaking(ScriptedChannel):
    """A carrier that fails with one parcel under way and others taken."""

    async def carry(self, feed):
        one, *_others = (feed.take() for _ in range(5))
        assert await feed.ahead(one)
        raise ZeroDivisionError("a fault of the carrier")

    def rests_until(self):
        return None


async def test_an_engine_whose_carrier_breaks_holds_nothing_afterwards(store, clock):
    desk = Desk(store, clock)
    engine = _engine(store, clock, Breaking())
    with pytest.raises(ZeroDivisionError):
        await engine.deliver()
    assert engine._held == {}
    with store.read() as tx:
        assert tx.chunks.owners() == {}
        assert tx.deliveries.balance(desk.edition.id).states == {"unknown": 1, "pending": 7}
    mail = ScriptedChannel()
    assert await _engine(store, clock, mail).deliver() == 7


async def test_a_watcher_that_fails_stops_nobody_and_holds_nothing_afterwards(store, clock, caplog):
    caplog.set_level(logging.CRITICAL)
    desk = Desk(store, clock)
    engine = _engine(store, clock, ScriptedChannel(connections=5))

    def fail(_chunk, _outcome):
        raise ZeroDivisionError("a fault of the watcher")

    engine.watch = fail
    assert await engine.deliver() == 8
    assert engine._held == {}
    with store.read() as tx:
        assert tx.chunks.owners() == {}
        states = tx.deliveries.balance(desk.edition.id).states
    assert states == {"accepted": 8}


async def test_an_answer_that_no_database_takes_stops_no_other(store, clock):
    """A server may say anything; what it says must not become a fault of the program."""
    desk = Desk(store, clock, renditions=(Rendition(channel="mail", email=email()),))
    odd = Receipt(server="mx\0", code=250, text="250 \udcff\0", id="\ud800")
    assert await _engine(store, clock, ScriptedChannel(answer=lambda _: odd)).deliver() == 8
    with store.read() as tx:
        assert tx.editions.state(desk.edition.id) is EditionState.SENT
        assert tx.deliveries.balance(desk.edition.id).states == {"accepted": 8}
