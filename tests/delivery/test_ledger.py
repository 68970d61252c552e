"""The ledger's pen against real stores, also such as do not answer for a while."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import event, text

from bot.delivery import ledger as module
from bot.delivery.counters import Counters
from bot.delivery.ledger import Ledger
from bot.delivery.tally import Tally
from bot.errors import StoreError
from bot.model import DeliveryState, EditionState, Outcome
from bot.store import Store
from bot.testing import NOW, edition, subscribe

UNTIL = NOW + timedelta(minutes=10)
S = DeliveryState


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("bot.store.engine.BUSY_SECONDS", 0.05)
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.02)


class Desk:
    """A ledger at work on the one chunk of an edition."""

    def __init__(self, store, clock, readers=8):
        self.store = store
        self.lost, self.released = [], []
        self.ledger = Ledger(
            store,
            clock,
            lost=self.lost.append,
            released=lambda chunk, counts: self.released.append(counts),
            tally=Tally("a", clock),
            counters=Counters(),
        )
        subscribe(store, *(f"reader{number}@example.org" for number in range(readers)))
        made = edition(state=EditionState.SENDING)
        self.edition = made.id
        with store.write() as tx:
            tx.editions.add(made, expires=UNTIL, report={})
            tx.editions.set_snapshot(made.id, tx.deliveries.add_audience(made.id, "mail", "readers", NOW))
        self.claim()

    def claim(self, owner="a"):
        with self.store.write() as tx:
            self.chunk = tx.chunks.claim("mail", owner=owner, now=NOW, until=UNTIL)
            self.due = tx.deliveries.due(self.chunk, NOW)
        return self.chunk

    async def ahead(self, *due):
        return await asyncio.gather(*(self.ledger.ahead(self.chunk, each) for each in due))

    def settle(self, each, state=S.ACCEPTED, *, refused=False, **fields):
        outcome = Outcome(delivery=each.id, attempt=each.attempt, state=state, began=NOW, ended=NOW, **fields)
        self.ledger.settle(outcome, refused=self.chunk if refused else None)

    @property
    def states(self):
        with self.store.read() as tx:
            balance = tx.deliveries.balance(self.edition)
            assert balance == tx.deliveries.balance(self.edition, counted=True)
        assert balance.balanced
        return balance.states

    def get(self, each):
        with self.store.read() as tx:
            return tx.deliveries.get(each.id)

    def attempts(self, each):
        with self.store.read() as tx:
            return [(said["number"], said["outcome"]) for said in tx.deliveries.attempts(each.id)]


@pytest.fixture
def desk(store, clock):
    return Desk(store, clock)


@contextmanager
def _counted(store):
    """How many transactions are committed."""
    commits = []

    def count(connection):
        commits.append(connection)

    event.listen(store._engine, "commit", count)
    yield commits
    event.remove(store._engine, "commit", count)


@contextmanager
def _down(store):
    """The store takes nothing: SQLite's file is locked by another, PostgreSQL ends each connection at its commit."""
    if store._engine.dialect.name == "sqlite":
        other = sqlite3.connect(store._engine.url.database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return

    def cut(connection):
        if connection.get_execution_options().get("writes"):
            connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    event.listen(store._engine, "commit", cut)
    yield
    event.remove(store._engine, "commit", cut)


# --- together


async def test_many_sessions_are_committed_together(desk):
    with _counted(desk.store) as commits:
        assert await desk.ahead(*desk.due) == [True] * 8
    assert len(commits) == 1
    assert desk.states == {"attempting": 8}


async def test_an_answer_rides_on_the_next_ones_commit(desk):
    first, second, *_ = desk.due
    await desk.ahead(first)
    with _counted(desk.store) as commits:
        desk.settle(first)
        assert await desk.ahead(second) == [True]
    assert len(commits) == 1
    assert desk.states == {"accepted": 1, "attempting": 1, "leased": 6}


async def test_what_sessions_count_on_is_not_read_in_the_thread_that_writes(desk):
    readers = []

    class Counting(Tally):
        def due(self):
            readers.append(threading.current_thread())
            return super().due()

    desk.ledger._tally = Counting("a", lambda: NOW)
    assert await desk.ahead(*desk.due) == [True] * 8
    assert readers == [threading.main_thread()]


async def test_the_chunk_is_given_back_after_all_that_was_said_of_it(desk):
    await desk.ahead(*desk.due[:2])
    desk.ledger.postpone(desk.chunk, desk.due[2].id, UNTIL)
    desk.settle(desk.due[0])
    desk.settle(desk.due[1], S.DEFERRED, not_before=UNTIL)
    with _counted(desk.store) as commits:
        desk.ledger.release(desk.chunk)
        assert await desk.ledger.written()
    assert len(commits) == 1
    assert desk.released == [{"accepted": 1, "deferred": 1, "pending": 6}]
    assert desk.get(desk.due[2]).not_before == UNTIL


async def test_a_refusal_before_the_last_byte_is_an_attempt_without_having_asked(desk):
    refused, later, *_ = desk.due
    desk.settle(refused, S.FAILED, refused=True, code=550, text="no such user")
    desk.settle(later, S.DEFERRED, refused=True, code=451, not_before=UNTIL)
    assert await desk.ledger.written()
    assert desk.states == {"failed": 1, "deferred": 1, "leased": 6}
    assert (desk.attempts(refused), desk.attempts(later)) == ([(1, "failed")], [(1, "deferred")])
    found = desk.get(refused)
    assert (found.attempts, found.tries, found.code, found.first_try) == (1, 1, 550, NOW)


async def test_the_stories_are_consumed_with_the_first_attempt(desk):
    with desk.store.read() as tx:
        assert not tx.connection.execute(text("SELECT consumed FROM reservations")).scalar()
    await desk.ahead(desk.due[0])
    with desk.store.read() as tx:
        assert tx.connection.execute(text("SELECT consumed FROM reservations")).scalar()


# --- what must not be sent


async def test_a_cancelled_reader_alone_is_kept_back_and_the_chunk_goes_on(desk):
    gone, stays, *_ = desk.due
    with desk.store.write() as tx:
        tx.deliveries.cancel_subscriber(gone.recipient.subscriber, "readers", "unsubscribed", NOW)
    assert await desk.ahead(gone, stays) == [False, True]
    assert desk.lost == []


@pytest.mark.parametrize("how", ["paused", "taken over"])
async def test_a_chunk_that_must_not_be_sent_on_is_told_lost(desk, how):
    with desk.store.write() as tx:
        if how == "paused":
            tx.editions.move(desk.edition, to=EditionState.PAUSED, since=[EditionState.SENDING], now=NOW)
        else:
            tx.chunks.recover(dead=["a"], now=NOW)
    assert await desk.ahead(*desk.due[:2]) == [False, False]
    assert desk.lost == [desk.chunk]
    desk.ledger.release(desk.chunk)
    assert await desk.ledger.written()
    assert desk.released == [{"pending": 8} if how == "paused" else None]
    assert desk.states == {"pending": 8}


async def test_a_pause_is_written_once_with_its_reason(desk):
    desk.ledger.pause(desk.edition, "535 bad password")
    desk.ledger.pause(desk.edition, "and again")
    assert await desk.ledger.written()
    with desk.store.read() as tx:
        found = tx.editions.get(desk.edition)
        acts = [act.what for act in tx.acts.newest(thing=f"edition:{desk.edition}")]
    assert (found.state, found.reason, acts) == (EditionState.PAUSED, "535 bad password", ["pause"])


async def test_a_chunk_whose_books_do_not_balance_pauses_its_edition(desk):
    with desk.store.write() as tx:
        tx.connection.execute(text("DELETE FROM deliveries WHERE id = :id"), {"id": desk.due[0].id})
    desk.ledger.release(desk.chunk)
    assert await desk.ledger.written()
    with desk.store.read() as tx:
        found = tx.editions.get(desk.edition)
    assert found.state is EditionState.PAUSED
    assert "7 deliveries in chunk" in found.reason


# --- a store that does not answer


async def test_what_happened_is_kept_and_written_once_the_store_is_back(desk):
    accepted, deferred, refused, unsent, waits, *_ = desk.due
    await desk.ahead(accepted, deferred)
    with _down(desk.store):
        desk.settle(accepted, provider_id="Q1")
        desk.settle(deferred, S.DEFERRED, not_before=UNTIL)
        desk.settle(refused, S.FAILED, refused=True)
        desk.ledger.postpone(desk.chunk, waits.id, UNTIL)
        assert await desk.ahead(unsent) == [False]
        assert desk.ledger.trouble
        assert desk.lost == [desk.chunk]
        desk.ledger.release(desk.chunk)
        assert not await desk.ledger.written(patience=lambda: False)
    assert await desk.ledger.written()
    assert desk.ledger.trouble == ""
    assert desk.released == [{"accepted": 1, "deferred": 1, "failed": 1, "pending": 5}]
    assert desk.get(accepted).provider_id == "Q1"
    assert (desk.get(unsent).attempts, desk.attempts(unsent)) == (0, [])
    assert desk.get(waits).not_before == UNTIL
    assert [desk.attempts(each) for each in (accepted, deferred, refused)] == [
        [(1, "accepted")],
        [(1, "deferred")],
        [(1, "failed")],
    ]


class Torn:
    """Commits reach the disk although their answers do not reach us."""

    def __init__(self, store):
        self._store = store
        self.torn = True

    @property
    def is_remote(self):
        return self._store.is_remote

    @contextmanager
    def write(self):
        with self._store.write() as tx:
            yield tx
        if self.torn:
            raise StoreError("the connection was lost")

    def begin(self):
        writing = self._store.begin()
        commit = writing.commit

        def torn():
            commit()
            if self.torn:
                raise StoreError("the connection was lost")

        writing.commit = torn
        return writing


async def test_a_commit_whose_answer_was_lost_is_not_done_twice(desk, clock):
    """Nothing is sent on it; what it wrote, and what is written again, is one attempt."""
    accepted, unknown, refused, unsent, *_ = desk.due
    await desk.ahead(accepted, unknown)
    torn = Torn(desk.store)
    desk.ledger._store = torn
    desk.settle(accepted)
    desk.settle(unknown, S.UNKNOWN)
    desk.settle(refused, S.DEFERRED, refused=True)
    assert await desk.ahead(unsent) == [False]
    assert desk.get(unsent).state is S.ATTEMPTING
    torn.torn = False
    desk.ledger.release(desk.chunk)
    assert await desk.ledger.written()
    # What was committed and not sent is not unknown: we know that it was not sent.
    assert desk.states == {"accepted": 1, "unknown": 1, "deferred": 2, "pending": 4}
    assert [desk.attempts(each) for each in (accepted, unknown, refused, unsent)] == [
        [(1, "accepted")],
        [(1, "unknown")],
        [(1, "deferred")],
        [(1, "deferred")],
    ]
    found = desk.get(unsent)
    assert (found.tries, found.not_before) == (0, None)
    assert desk.ledger.fault is None


async def test_what_we_did_not_send_changes_nothing_of_what_another_worker_sends(desk):
    """Cut off from the store for longer than the lease: the same attempt's number is another's by then."""
    unsent, refused, *_ = desk.due
    with _down(desk.store):
        assert await desk.ahead(unsent) == [False]
        desk.settle(refused, S.FAILED, refused=True)
        assert not await desk.ledger.written(patience=lambda: False)
        desk.ledger._writer.cancel()
    with desk.store.write() as tx:
        tx.chunks.recover(dead=["a"], now=NOW)
        other = tx.chunks.claim("mail", owner="b", now=NOW, until=UNTIL)
        assert tx.deliveries.attempt(other, [unsent.id, refused.id], NOW) == {unsent.id, refused.id}
    desk.ledger.release(desk.chunk)
    assert await desk.ledger.written()
    assert desk.released == [None]
    assert desk.states == {"attempting": 2, "leased": 6}
    assert desk.attempts(unsent) == desk.attempts(refused) == []


async def test_a_full_disk_pauses_the_edition_with_what_to_do(store, clock, tmp_path):
    if store._engine.dialect.name != "sqlite":
        pytest.skip("a disk cannot be filled from here")
    desk = Desk(store, clock)
    accepted, unsent, *_ = desk.due
    await desk.ahead(accepted)

    def small(connection):
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {limit or pages}")

    limit = 0
    event.listen(store._engine, "begin", small)
    desk.settle(accepted, text="x" * 500, server="y" * 100_000)
    assert await desk.ahead(unsent) == [False]
    assert "full" in desk.ledger.trouble
    limit = 1_000_000
    desk.ledger.release(desk.chunk)
    assert await desk.ledger.written()
    assert desk.states == {"accepted": 1, "pending": 7}
    with store.read() as tx:
        found = tx.editions.get(desk.edition)
    assert found.state is EditionState.PAUSED
    assert "full; make room, then resume" in found.reason


async def test_a_fault_of_the_program_sends_nothing_more_and_keeps_no_chunk(desk):
    accepted, waits, *_ = desk.due
    await desk.ahead(accepted)
    # No number of attempts is a word: a statement that the database refuses.
    desk.settle(accepted, code="two hundred and fifty" if desk.store.shown.startswith("postgresql") else object())
    desk.ledger.release(desk.chunk)
    assert await desk.ahead(waits) == [False]
    assert desk.ledger.fault is not None
    assert await desk.ledger.written()
    assert desk.released == [{"pending": 7, "unknown": 1}]
    assert desk.states == {"pending": 7, "unknown": 1}
    with desk.store.read() as tx:
        assert tx.chunks.owners() == {}


async def test_two_ledgers_write_side_by_side(store, clock):
    one, two = Desk(store, clock), Desk(Store(store._engine), clock)
    for _ in range(5):
        a, b = one.due.pop(), two.due.pop()
        assert await asyncio.gather(one.ahead(a), two.ahead(b)) == [[True], [True]]
        one.settle(a)
        two.settle(b)
    for each in (one, two):
        each.ledger.release(each.chunk)
        assert await each.ledger.written()
        assert each.states == {"accepted": 5, "pending": 3}
