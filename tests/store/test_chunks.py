from __future__ import annotations

import threading
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event, select, text

from bot.model import DeliveryState, EditionState, Outcome
from bot.store import chunks, tables
from bot.testing import NOW, edition, subscribe

UNTIL = NOW + timedelta(minutes=10)
S = DeliveryState


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Chunks of three: a few readers make many."""
    monkeypatch.setattr(chunks, "SIZE", 3)


def _begin(store, readers=8, audience="readers"):
    subscribe(store, *(f"reader{number}@example.org" for number in range(readers)), audience=audience)
    made = edition(state=EditionState.SENDING)
    with store.write() as tx:
        tx.editions.add(made, expires=UNTIL, report={})
        tx.editions.set_snapshot(made.id, tx.deliveries.add_audience(made.id, "mail", audience, NOW))
    return made.id


def _claim(store, *, owner="a", now=NOW, **which):
    with store.write() as tx:
        return tx.chunks.claim("mail", owner=owner, now=now, until=now + timedelta(minutes=10), **which)


def _due(store, chunk, now=NOW):
    with store.write() as tx:
        return tx.deliveries.due(chunk, now)


def _release(store, chunk, now=NOW):
    with store.write() as tx:
        return tx.chunks.release(chunk, now)


def _send(store, chunk, due, state, **fields):
    with store.write() as tx:
        tx.deliveries.attempt(chunk, [each.id for each in due], NOW)
        return tx.deliveries.finish(
            Outcome(delivery=each.id, attempt=each.attempt, state=state, began=NOW, ended=NOW, **fields) for each in due
        )


def _move(store, made, to, since=EditionState.SENDING):
    with store.write() as tx:
        assert tx.editions.move(made, to=to, since=[since], now=NOW)


def _kept(store, chunk):
    """What the chunk itself says: its counts, when it is due."""
    with store.read() as tx:
        query = select(tables.chunks.c.counts, tables.chunks.c.due).where(tables.chunks.c.id == chunk.id)
        return tuple(tx.connection.execute(query).one())


def _balanced(store, made):
    with store.read() as tx:
        balance = tx.deliveries.balance(made)
        assert balance == tx.deliveries.balance(made, counted=True)
    assert balance.balanced
    return balance.states


# --- the claim


def test_chunks_cover_the_snapshot_and_the_last_one_is_shorter(store):
    made = _begin(store, readers=8)
    claimed = [_claim(store) for _ in range(3)]
    assert _claim(store) is None
    assert [each.last - each.first + 1 for each in claimed] == [3, 3, 2]
    assert sorted(due.id for each in claimed for due in _due(store, each)) == list(
        range(claimed[0].first, claimed[-1].last + 1)
    )
    assert _balanced(store, made) == {"leased": 8}


def test_a_chunk_is_claimed_by_one_of_many_at_once(store):
    _begin(store, readers=30)
    claimed, failures = [], []
    together = threading.Barrier(4)

    def work(owner):
        try:
            together.wait()
            while chunk := _claim(store, owner=owner):
                claimed.append(chunk)
        except Exception as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert failures == []
    assert set(Counter(each.id for each in claimed).values()) == {1}
    assert len(claimed) == 10
    assert len({each.lease for each in claimed}) == 10


def test_on_postgresql_a_claim_passes_over_what_another_is_claiming(store):
    if store.shown.startswith("sqlite"):
        pytest.skip("SQLite has one writer at a time")
    _begin(store, readers=6)
    with store.write() as tx:
        first = tx.chunks.claim("mail", owner="a", now=NOW, until=UNTIL)
        second = _claim(store, owner="b")
    assert first.id != second.id


def test_editions_take_turns(store):
    large, small = _begin(store, readers=9), _begin(store, readers=9, audience="others")
    first = _claim(store)
    assert first.edition == large
    assert _claim(store, after=[large]).edition == small
    # Where no other has work, its own turn comes again.
    _claim(store, after=[large]), _claim(store, after=[large])
    assert _claim(store, after=[large]).edition == large
    assert _claim(store, edition=small) is None


def test_a_chunk_that_is_named_is_claimed_or_none(store):
    _begin(store)
    first, second = _claim(store), _claim(store)
    _release(store, second)
    assert _claim(store, chunk=first.id) is None
    assert _claim(store, chunk=second.id).id == second.id


def test_a_chunk_of_another_channel_is_not_claimed_by_its_number(store):
    _begin(store)
    first = _claim(store)
    _release(store, first)
    with store.write() as tx:
        assert tx.chunks.claim("wire", owner="a", now=NOW, until=UNTIL, chunk=first.id) is None


def test_only_the_work_of_the_channel_of_what_is_sent_and_due_is_claimed(store):
    made = _begin(store, readers=3)
    with store.write() as tx:
        assert tx.chunks.claim("hook", owner="a", now=NOW, until=UNTIL) is None
    assert _claim(store, now=NOW - timedelta(seconds=1)) is None
    for state in (EditionState.PAUSED, EditionState.SENDING):
        since = EditionState.SENDING if state is EditionState.PAUSED else EditionState.PAUSED
        _move(store, made, state, since)
        assert (_claim(store) is None) is (state is EditionState.PAUSED)


# --- the lease


def test_a_lease_that_is_renewed_is_not_taken_back_and_one_that_ran_out_is(store):
    made = _begin(store, readers=6)
    renewed, left = _claim(store), _claim(store)
    later = UNTIL + timedelta(seconds=1)
    with store.write() as tx:
        assert tx.chunks.renew([renewed.lease, "gone"], UNTIL + timedelta(minutes=10)) == 1
        assert tx.chunks.owners() == {"a": UNTIL}
        assert tx.chunks.recover(dead=[], now=UNTIL) == (0, 0)
        assert tx.chunks.recover(dead=["b"], now=later) == (3, 0)
        assert tx.chunks.is_held(renewed)
        assert not tx.chunks.is_held(left)
        assert tx.chunks.renew([left.lease], later) == 0
    assert _balanced(store, made) == {"leased": 3, "pending": 3}


def test_what_a_dead_owner_held_is_taken_back_at_once_and_what_it_attempted_is_unknown(store):
    made = _begin(store, readers=6)
    dead, alive = _claim(store, owner="dead"), _claim(store, owner="alive")
    one, *_ = _due(store, dead)
    with store.write() as tx:
        tx.deliveries.attempt(dead, [one.id], NOW)
    with store.write() as tx:
        assert tx.chunks.recover(dead=["dead"], now=NOW) == (2, 1)
        assert tx.chunks.owners() == {"alive": UNTIL}
        (said,) = tx.deliveries.attempts(one.id)
        assert (said["number"], said["outcome"]) == (1, "unknown")
        assert tx.deliveries.get(one.id).tries == 1
    assert _kept(store, dead) == ({"pending": 2, "unknown": 1}, NOW)
    assert _balanced(store, made) == {"pending": 2, "unknown": 1, "leased": 3}
    assert _release(store, dead) is None
    assert _release(store, alive) == {"pending": 3}


def test_a_chunk_of_a_paused_edition_is_not_held_and_can_be_given_back(store):
    made = _begin(store, readers=3)
    chunk = _claim(store)
    _move(store, made, EditionState.PAUSED)
    with store.read() as tx:
        assert not tx.chunks.is_held(chunk)
        assert tx.chunks.keep(chunk)
    assert _release(store, chunk) == {"pending": 3}
    assert _balanced(store, made) == {"pending": 3}


# --- counts and the time of the next work


def test_a_chunk_given_back_says_what_is_in_it_and_when_it_has_work(store):
    made = _begin(store, readers=3)
    chunk = _claim(store)
    assert _kept(store, chunk)[0] is None
    one, two, three = _due(store, chunk)
    _send(store, chunk, [one], S.ACCEPTED)
    _send(store, chunk, [two], S.DEFERRED, not_before=UNTIL)
    _send(store, chunk, [three], S.DEFERRED, not_before=UNTIL + timedelta(minutes=1))
    assert _release(store, chunk) == {"accepted": 1, "deferred": 2}
    assert _kept(store, chunk) == ({"accepted": 1, "deferred": 2}, UNTIL)
    assert _claim(store) is None
    with store.read() as tx:
        assert tx.deliveries.next_due(now=NOW) == UNTIL
    again = _claim(store, now=UNTIL)
    assert [each.id for each in _due(store, again, UNTIL)] == [two.id]
    _send(store, again, [replace(two, attempt=2)], S.FAILED)
    _release(store, again, UNTIL)
    assert _kept(store, chunk) == ({"accepted": 1, "failed": 1, "deferred": 1}, UNTIL + timedelta(minutes=1))
    assert _balanced(store, made) == {"accepted": 1, "failed": 1, "deferred": 1}


def test_what_had_no_answer_when_the_chunk_was_given_back_is_unknown(store):
    made = _begin(store, readers=3)
    chunk = _claim(store)
    with store.write() as tx:
        tx.deliveries.attempt(chunk, [chunk.first], NOW)
    assert _release(store, chunk) == {"pending": 2, "unknown": 1}
    assert _balanced(store, made) == {"pending": 2, "unknown": 1}


def test_a_chunk_without_work_is_not_open(store):
    made = _begin(store, readers=3)
    chunk = _claim(store)
    with store.read() as tx:
        assert tx.deliveries.open_channels(made) == ["mail"]
    _send(store, chunk, _due(store, chunk), S.ACCEPTED)
    _release(store, chunk)
    assert _kept(store, chunk) == ({"accepted": 3}, None)
    with store.read() as tx:
        assert tx.deliveries.open_channels(made) == []
        assert tx.deliveries.next_due(now=NOW - timedelta(days=1)) is None


@pytest.mark.parametrize("leased", [False, True], ids=["given back", "leased"])
@pytest.mark.parametrize(
    ("act", "states", "due"),
    [
        (lambda tx, of: tx.deliveries.resolve([of["unknown"]], to=S.PENDING, reason="", now=NOW), "pending", True),
        (lambda tx, of: tx.deliveries.resolve([of["unknown"]], to=S.ACCEPTED, reason="", now=NOW), "accepted", False),
        (lambda tx, of: tx.deliveries.resend_unknown(NOW, since=NOW - timedelta(days=1)), "pending", True),
        (lambda tx, of: tx.deliveries.retry_now([of["deferred"]], NOW), "unknown", True),
        (lambda tx, of: tx.deliveries.cancel_subscriber(of["reader"], "readers", "", NOW), "unknown", None),
        (lambda tx, of: tx.deliveries.cancel_edition(of["edition"], NOW), "unknown", None),
    ],
    ids=["resolve unsent", "resolve sent", "resend", "retry", "cancel reader", "cancel edition"],
)
def test_a_decision_keeps_counts_and_times_right(store, leased, act, states, due):
    """``due``: at once, at the deferral's time, or never again."""
    made = _begin(store, readers=3)
    chunk = _claim(store)
    done, unknown, deferred = _due(store, chunk)
    _send(store, chunk, [done], S.ACCEPTED)
    _send(store, chunk, [unknown], S.UNKNOWN)
    _send(store, chunk, [deferred], S.DEFERRED, not_before=UNTIL)
    if not leased:
        _release(store, chunk)
    of = {
        "unknown": unknown.id,
        "deferred": deferred.id,
        "reader": deferred.recipient.subscriber,
        "edition": made,
    }
    with store.write() as tx:
        assert act(tx, of) == 1
    last = "cancelled" if due is None else "deferred"
    expected = Counter(["accepted", states, last])
    if leased:
        assert _kept(store, chunk)[0] is None
        shown = Counter({"leased" if key == "pending" else key: number for key, number in expected.items()})
        assert _balanced(store, made) == dict(shown)
        _release(store, chunk)
    assert _balanced(store, made) == dict(expected)
    assert _kept(store, chunk) == (dict(expected), {True: NOW, False: UNTIL, None: None}[due])


def test_two_that_change_a_chunk_at_once_leave_it_with_work(store):
    """A person sends again what is unknown, while the worker gives the chunk back: it must not look done."""
    made = _begin(store, readers=3)
    chunk = _claim(store)
    one, *rest = _due(store, chunk)
    _send(store, chunk, rest, S.ACCEPTED)
    _send(store, chunk, [one], S.UNKNOWN)
    failures = []
    connected, counted = threading.Event(), threading.Event()

    def decide():
        try:
            with store.read() as tx:
                tx.chunks.owners()
            connected.set()
            counted.wait()
            with store.write() as tx:
                tx.deliveries.resolve([one.id], to=S.PENDING, reason="", now=NOW)
        except Exception as error:
            failures.append(error)

    other = threading.Thread(target=decide)
    other.start()
    connected.wait()
    with store.write() as tx:
        assert tx.chunks.release(chunk, NOW) == {"accepted": 2, "unknown": 1}
        counted.set()
        # Until the other one waits for this commit.
        other.join(0.3)
    other.join()
    assert failures == []
    assert _balanced(store, made) == {"accepted": 2, "pending": 1}
    assert _kept(store, chunk) == ({"accepted": 2, "pending": 1}, NOW)


def test_books_read_while_chunks_change_hands_balance(store):
    """A chunk is claimed between the two looks that the books take."""
    made = _begin(store, readers=6)
    claimed = []

    def between(*given):
        if not claimed and "chunks.counts" in given[2]:
            claimed.append(_claim(store))

    with store.read() as tx:
        event.listen(tx.connection, "after_cursor_execute", between)
        balance = tx.deliveries.balance(made)
    assert claimed
    assert balance.balanced


# --- plans


def test_no_statement_of_a_chunk_looks_through_its_whole_edition(store):
    """On SQLite; PostgreSQL plans by the sizes of the tables."""
    if not store.shown.startswith("sqlite"):
        pytest.skip("SQLite's plans")
    made = _begin(store, readers=9)
    seen = []
    engine = store._engine
    event.listen(
        engine, "before_cursor_execute", lambda _c, _u, said, given, _x, many: seen.append((said, given, many))
    )
    chunk = _claim(store)
    one, two, three = _due(store, chunk)
    _send(store, chunk, [one], S.ACCEPTED)
    _send(store, chunk, [two], S.DEFERRED)
    _send(store, chunk, [three], S.UNKNOWN)
    _release(store, chunk)
    chunk = _claim(store)
    with store.write() as tx:
        tx.deliveries.attempt(chunk, [chunk.first], NOW)
        tx.chunks.recover(dead=["a"], now=NOW)
        tx.deliveries.balance(made)
        tx.deliveries.page(edition=made, states=[S.UNKNOWN])
        tx.deliveries.resolve([three.id], to=S.PENDING, reason="", now=NOW)
        tx.deliveries.retry_now([two.id], NOW)
        tx.deliveries.cancel_subscriber(two.recipient.subscriber, "readers", "", NOW)
        tx.deliveries.resend_unknown(NOW, since=NOW - timedelta(days=1))
    statements = [
        each for each in seen if each[0].startswith(("SELECT", "UPDATE", "INSERT")) and "deliveries" in each[0]
    ]
    assert len(statements) > 15
    with store.read() as tx:
        cursor = tx.connection.connection.cursor()
        for said, given, many in statements:
            plan = [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {said}", given[0] if many else given)]
            bad = [step for step in plan if "SCAN deliveries" in step or step.endswith("deliveries_1 (edition=?)")]
            assert not bad, (said, plan)


# --- whatever happens, the books balance


class Ledger(RuleBasedStateMachine):
    """Two workers, an editor and readers do what they may in any order."""

    store = None

    @initialize(readers=st.integers(1, 8))
    def begin(self, readers):
        self.held, self.attempted, self.now = [], [], NOW
        self.lost = []
        self.edition = _begin(self.store, readers)
        with self.store.read() as tx:
            self.all = [each.id for each in tx.deliveries.page(edition=self.edition)]
            self.readers = [tx.deliveries.get(each).subscriber for each in self.all]
        self.arrived = Counter()

    def _is(self, state):
        with self.store.read() as tx:
            return tx.editions.state(self.edition) is state

    @rule(owner=st.sampled_from(["a", "b"]))
    def claim(self, owner):
        chunk = _claim(self.store, owner=owner, now=self.now, edition=self.edition)
        if chunk:
            assert self._is(EditionState.SENDING)
            self.held.append((owner, chunk, _due(self.store, chunk, self.now)))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def attempt(self, data):
        owner, chunk, due = data.draw(st.sampled_from(self.held))
        some = data.draw(st.lists(st.sampled_from(due), unique_by=lambda each: each.id)) if due else []
        with self.store.write() as tx:
            allowed = tx.deliveries.attempt(chunk, [each.id for each in some], self.now)
        if (owner, chunk) in self.lost or not self._is(EditionState.SENDING):
            assert allowed == set()
        self.attempted += [each for each in some if each.id in allowed]

    @precondition(lambda self: self.attempted)
    @rule(data=st.data(), state=st.sampled_from([S.ACCEPTED, S.DEFERRED, S.FAILED, S.UNKNOWN]), wait=st.integers(0, 3))
    def finish(self, data, state, wait):
        each = data.draw(st.sampled_from(self.attempted))
        self.attempted.remove(each)
        until = self.now + timedelta(minutes=wait) if state is S.DEFERRED and wait else None
        outcome = Outcome(
            delivery=each.id, attempt=each.attempt, state=state, began=self.now, ended=self.now, not_before=until
        )
        with self.store.write() as tx:
            before = tx.deliveries.get(each.id)
            late = tx.deliveries.finish([outcome])
            after = tx.deliveries.get(each.id)
        if late:
            assert after == before
        elif state is S.ACCEPTED:
            self.arrived[each.id] += 1

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def release(self, data):
        each = data.draw(st.sampled_from(self.held))
        self.held.remove(each)
        counts = _release(self.store, each[1], self.now)
        assert (counts is None) is (each[:2] in self.lost)
        if counts is not None:
            assert sum(counts.values()) == each[1].last - each[1].first + 1
            assert not {"leased", "attempting"} & set(counts)

    @rule(owner=st.sampled_from(["a", "b"]))
    def recover(self, owner):
        with self.store.write() as tx:
            tx.chunks.recover(dead=[owner], now=self.now)
        self.lost += [each[:2] for each in self.held if each[0] == owner]

    @rule(data=st.data())
    def leave(self, data):
        reader = data.draw(st.sampled_from(self.readers))
        with self.store.write() as tx:
            tx.deliveries.cancel_subscriber(reader, "", "unsubscribed", self.now)

    @rule(data=st.data(), to=st.sampled_from([S.ACCEPTED, S.PENDING]))
    def resolve(self, data, to):
        ids = data.draw(st.lists(st.sampled_from(self.all), unique=True))
        with self.store.write() as tx:
            tx.deliveries.resolve(ids, to=to, reason="seen", now=self.now)

    @rule(data=st.data())
    def retry(self, data):
        with self.store.write() as tx:
            tx.deliveries.retry_now(data.draw(st.lists(st.sampled_from(self.all), unique=True)), self.now)

    @rule()
    def resend(self):
        with self.store.write() as tx:
            tx.deliveries.resend_unknown(self.now, since=NOW - timedelta(days=1))

    @rule(to=st.sampled_from([EditionState.PAUSED, EditionState.SENDING]))
    def pause_or_resume(self, to):
        with self.store.write() as tx:
            tx.editions.move(self.edition, to=to, since=[EditionState.PAUSED, EditionState.SENDING], now=self.now)

    @rule(minutes=st.integers(1, 3))
    def wait(self, minutes):
        self.now += timedelta(minutes=minutes)

    @invariant()
    def the_books_balance(self):
        if hasattr(self, "edition"):
            states = _balanced(self.store, self.edition)
            assert sum(states.values()) == len(self.all)

    @invariant()
    def what_has_no_holder_says_when_it_is_due(self):
        if hasattr(self, "edition"):
            with self.store.read() as tx:
                wrong = tx.connection.execute(
                    text(
                        """SELECT c.id FROM chunks c WHERE c.lease = '' AND (c.due IS NOT NULL) <> EXISTS (
                            SELECT 1 FROM deliveries d WHERE d.id BETWEEN c.first AND c.last
                            AND d.state IN ('pending', 'deferred'))"""
                    )
                ).all()
            assert wrong == []

    @invariant()
    def each_delivery_is_accepted_once_at_most(self):
        if hasattr(self, "edition"):
            assert all(number == 1 for number in self.arrived.values())

    def teardown(self):
        """Whatever happened: given the chance, everything ends."""
        if not hasattr(self, "edition"):
            return
        self.pause_or_resume(EditionState.SENDING)
        for _, chunk, _ in self.held:
            _release(self.store, chunk, self.now)
        self.now += timedelta(hours=1)
        while chunk := _claim(self.store, now=self.now, edition=self.edition):
            due = _due(self.store, chunk, self.now)
            assert due
            _send(self.store, chunk, due, S.ACCEPTED)
            _release(self.store, chunk, self.now)
        assert set(_balanced(self.store, self.edition)) <= {"accepted", "failed", "cancelled", "unknown"}
        _move(self.store, self.edition, EditionState.SENT)


@pytest.mark.slow
def test_whatever_workers_editors_and_readers_do_the_books_balance(store):
    Ledger.store = store
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    run_state_machine_as_test(
        Ledger,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, derandomize=True, suppress_health_check=checks
        ),
    )
