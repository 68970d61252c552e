from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from bot.delivery import folding
from bot.delivery.engine import Engine
from bot.delivery.folding import Task, What, fold, tasks
from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.errors import DeliveryError, OutcomeUnknown, StateError
from bot.model import DeliveryState, EditionState, Receipt
from bot.settings.tables import DeliveryTable
from bot.store.chosen_readers import Run
from bot.store.chunks import Chunks
from bot.store.tables import attempts, chunks, deliveries, editions, reservations
from bot.testing import KEYS, NOW, ScriptedChannel, edition, subscribe

READERS = [f"reader{number:02d}@example.org" for number in range(12)]
RULES = DeliveryTable()
YEAR = timedelta(days=366)
QUARTER = timedelta(days=91)
SENT = {"accepted": 10, "failed": 1, "unknown": 1}


@pytest.fixture
def small_steps(monkeypatch):
    """Transactions of five deliveries."""
    monkeypatch.setattr(folding, "ROWS", 5)


def _answer(parcel):
    if parcel.recipient.address == READERS[3]:
        raise DeliveryError("550 5.1.1 no such user", permanent=True, code=550, enhanced="5.1.1")
    if parcel.recipient.address == READERS[4]:
        raise OutcomeUnknown("the line broke")
    return Receipt(server="mx", code=250, text="queued", id=parcel.token)


def _engine(store, clock, answer=_answer):
    return Engine(store=store, channels={"mail": ScriptedChannel(answer=answer)}, keys=KEYS, clock=clock, rules=RULES)


def _begun(store, **fields):
    subscribe(store, *READERS)
    made = edition(**fields)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    return made


@pytest.fixture
async def sent(store, clock):
    """An edition that went out to twelve readers: one was refused, of one it is unknown."""
    made = _begun(store)
    await _engine(store, clock).deliver()
    assert _books(store, made) == SENT
    return made


def _books(store, made):
    """The deliveries by state; counted in both ways, they balance."""
    with store.read() as tx:
        books = [tx.deliveries.balance(made.id, counted=counted) for counted in (False, True)]
    assert [each.balanced for each in books] == [True, True]
    assert books[0].states == books[1].states
    return books[0].states


def _rows(store, *tables):
    with store.read() as tx:
        return [tx.connection.execute(select(func.count()).select_from(each)).scalar() for each in tables]


def _acts(store, made, what):
    with store.read() as tx:
        return [each for each in tx.acts.newest(thing=f"edition:{made.id}") if each.what == what]


def _fold(store, clock, *, rules=RULES, rest=lambda _: None, **options):
    return fold(store, rules, clock, rest=rest, **options)


def test_an_old_editions_rows_become_its_totals(store, clock, sent):
    clock.advance(days=366)
    done = _fold(store, clock)
    assert (done.editions, done.deliveries, done.attempts, done.left) == ([sent.id], 12, 12, {})
    assert _rows(store, deliveries, attempts, chunks) == [0, 0, 0]
    assert _books(store, sent) == SENT
    (act,) = _acts(store, sent, "fold")
    assert act.note == "10 accepted, 1 failed, 1 unknown; who got it was kept for 365d"


def test_what_corrections_and_later_editions_need_stays(store, clock, sent):
    clock.advance(days=366)
    _fold(store, clock)
    with store.read() as tx:
        kept = tx.editions.get(sent.id)
    assert (kept.state, kept.snapshot, kept.folded) == (EditionState.SENT, 12, clock())
    assert kept.stories == sent.stories
    assert kept.renditions == sent.renditions
    assert _rows(store, reservations) == [1]


def test_what_servers_said_goes_first_and_who_got_it_stays(store, clock, sent):
    clock.advance(days=91)
    done = _fold(store, clock)
    assert (done.editions, done.deliveries, done.attempts) == ([sent.id], 0, 12)
    assert _rows(store, deliveries, attempts) == [12, 0]
    assert _books(store, sent) == SENT
    with store.read() as tx:
        (failed,) = tx.deliveries.page(edition=sent.id, states=[DeliveryState.FAILED])
        kept = tx.editions.get(sent.id)
    assert (failed.destination, failed.attempts, failed.text) == (READERS[3], 1, "")
    assert (kept.attempts_dropped, kept.folded) == (clock(), None)
    assert len(_acts(store, sent, "drop attempts")) == 1
    assert tasks(store, RULES, clock()) == []


@pytest.mark.parametrize(
    ("rules", "age", "what"),
    [
        (RULES, timedelta(days=89), []),
        (RULES, QUARTER, [What.ATTEMPTS]),
        (RULES, YEAR, [What.DELIVERIES]),
        (DeliveryTable(keep_deliveries="forever"), YEAR, [What.ATTEMPTS]),
        (DeliveryTable(keep_attempts="forever"), QUARTER, []),
        (DeliveryTable(keep_attempts="forever", keep_deliveries="1d"), timedelta(days=2), [What.DELIVERIES]),
        (DeliveryTable(keep_attempts="forever", keep_deliveries="forever"), YEAR * 10, []),
    ],
)
def test_everything_is_kept_for_as_long_as_the_newsroom_says(store, sent, rules, age, what):
    assert [each.what for each in tasks(store, rules, NOW + age)] == what
    assert {each.edition for each in tasks(store, rules, NOW + age)} == ({sent.id} if what else set())


@pytest.mark.parametrize("state", [each for each in EditionState if not each.ended])
def test_an_edition_that_has_not_ended_is_never_folded(store, clock, sent, state):
    with store.write() as tx:
        tx.connection.execute(update(editions).values(state=state))
        with pytest.raises(StateError, match=f"is {state}"):
            tx.folds.fold(sent.id, 5, NOW)
    assert tasks(store, RULES, NOW + YEAR) == []


async def test_a_cancelled_edition_is_folded_as_a_sent_one(store, clock):
    made = _begun(store)
    lifecycle.cancel(store, made.id, who="ida", now=NOW)
    clock.advance(days=366)
    _fold(store, clock)
    assert _books(store, made) == {"cancelled": 12}
    assert _rows(store, deliveries, chunks) == [0, 0]


def test_stopped_after_any_transaction_the_books_balance_and_the_next_folding_goes_on(store, clock, sent, small_steps):
    clock.advance(days=366)

    class Killed(Exception):
        pass

    def die(_count):
        raise Killed

    seen = []
    for _ in range(2):
        with pytest.raises(Killed):
            _fold(store, clock, watch=die)
        assert _books(store, sent) == SENT
        seen += _rows(store, deliveries)
        assert _acts(store, sent, "fold") == []
    assert seen == [7, 2]
    assert _fold(store, clock).deliveries == 2
    assert _books(store, sent) == SENT
    assert len(_acts(store, sent, "fold")) == 1
    assert tasks(store, RULES, clock()) == []


def test_stopped_within_a_transaction_nothing_has_changed(store, sent):
    before = _rows(store, deliveries, attempts, chunks)
    with pytest.raises(ZeroDivisionError), store.write() as tx:
        assert tx.folds.fold(sent.id, 5, NOW).deliveries == 5
        raise ZeroDivisionError
    assert _rows(store, deliveries, attempts, chunks) == before
    assert _books(store, sent) == SENT


def test_dropping_attempts_that_was_stopped_is_done_by_the_next(store, clock, sent, small_steps):
    clock.advance(days=91)
    ends = iter([False, False, True])
    assert _fold(store, clock, stop=lambda: next(ends)).attempts == 5
    assert [each.what for each in tasks(store, RULES, clock())] == [What.ATTEMPTS]
    assert _fold(store, clock).attempts == 7
    assert _rows(store, attempts) == [0]


def test_it_rests_after_a_transaction_for_as_long_as_that_took(store, clock, sent, small_steps):
    clock.advance(days=366)
    ticks, rests = iter(range(0, 1000, 4)), []
    _fold(store, clock, timer=lambda: next(ticks), rest=rests.append)
    assert rests == [4, 4]


def test_an_unknown_that_is_folded_is_nobodys_to_settle(store, clock, sent, small_steps):
    with store.read() as tx:
        (unknown,) = tx.deliveries.page(states=[DeliveryState.UNKNOWN])
    clock.advance(days=366)
    _fold(store, clock)
    for arrived in (True, False):
        assert lifecycle.resolve(store, [unknown.id], arrived=arrived, who="ida", now=clock()) == 0
    assert _books(store, sent) == SENT


def test_nothing_is_sent_again_of_an_edition_that_is_half_folded(store, clock, sent):
    with store.write() as tx:
        (found,) = tx.deliveries.page(states=[DeliveryState.UNKNOWN])
        # Ids are drawn: the unknown one shall be the last, and the first ones be folded.
        unknown = tx.deliveries.page()[-1]
        for each, state in ((found, unknown.state), (unknown, found.state)):
            tx.connection.execute(update(deliveries).where(deliveries.c.id == each.id).values(state=state))
        tx.folds.fold(sent.id, 2, clock())
    with pytest.raises(StateError, match="folded"):
        lifecycle.resolve(store, [unknown.id], arrived=False, who="ida", now=clock())
    assert lifecycle.resolve(store, [unknown.id], arrived=True, who="ida", now=clock()) == 1
    assert _books(store, sent) == {"accepted": 11, "failed": 1}
    clock.advance(days=366)
    _fold(store, clock)
    assert _books(store, sent) == {"accepted": 11, "failed": 1}


def test_books_that_do_not_balance_stay_as_they_are(store, clock, sent):
    with store.write() as tx:
        tx.editions.set_snapshot(sent.id, 13)
    clock.advance(days=366)
    done = _fold(store, clock)
    assert "do not balance: 12 deliveries, 13 in the snapshot" in done.left[sent.id]
    assert _rows(store, deliveries) == [12]


def test_a_row_that_is_missing_stops_the_folding_and_not_that_of_others(store, clock, sent):
    other = _begun(store)
    lifecycle.cancel(store, other.id, who="ida", now=NOW)
    with store.write() as tx:
        first = tx.deliveries.page(edition=sent.id)[0].id
        tx.connection.execute(delete(deliveries).where(deliveries.c.id == first + 1))
    clock.advance(days=366)
    done = _fold(store, clock)
    assert done.editions == [other.id]
    assert "do not balance" in done.left[sent.id]
    with store.read() as tx:
        assert len(tx.deliveries.page(edition=sent.id)) == 11


def test_two_that_fold_at_once_fold_each_row_once(store, clock, sent, small_steps):
    clock.advance(days=366)
    done, failures = [], []

    def work():
        try:
            done.append(_fold(store, clock))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert sum(each.deliveries for each in done) == 12
    assert _books(store, sent) == SENT
    assert len(_acts(store, sent, "fold")) == 1


async def test_a_send_goes_on_while_old_editions_are_folded(store, clock, sent, monkeypatch):
    monkeypatch.setattr(folding, "ROWS", 1)
    old = _large(store, 300)
    now = _begun(store)
    later = DeliveryTable(keep_deliveries="1d")
    thread = threading.Thread(target=lambda: fold(store, later, lambda: NOW + timedelta(days=2), rest=time.sleep))
    thread.start()
    try:
        await _engine(store, clock, lambda parcel: Receipt(server="mx", code=250)).deliver()
    finally:
        thread.join()
    assert _books(store, now) == {"accepted": 12}
    assert _books(store, sent) == SENT
    assert _books(store, old) == {"accepted": 300}
    with store.read() as tx:
        assert {each.edition for each in tx.deliveries.page()} == {now.id}


def _large(store, size):
    """An edition that was sent to ``size`` readers, each in one attempt."""
    made = edition()
    numbers = text(f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {size}) SELECT i FROM n")
    with store.write() as tx:
        tx.editions.add(made, expires=NOW, report={})
        first = (tx.connection.execute(select(func.max(deliveries.c.id))).scalar() or 0) + 1
        ids = [row.i for row in tx.connection.execute(numbers)]
        for start in range(0, size, 10_000):
            some = [first + each - 1 for each in ids[start : start + 10_000]]
            row = {"edition": made.id, "channel": "mail", "subject": "", "state": "accepted", "attempts": 1}
            tx.connection.execute(
                insert(deliveries), [{**row, "id": each, "subscriber": each, "updated": NOW} for each in some]
            )
            said = {"number": 1, "outcome": "accepted", "began": NOW, "ended": NOW, "text": "queued"}
            tx.connection.execute(insert(attempts), [{**said, "delivery": each} for each in some])
        added = tx.chunks.add(made.id, "mail", "readers", first, [Run(size)], NOW)
        Chunks(tx.connection).settle(added, NOW)
        if tx.connection.dialect.name == "postgresql":
            tx.connection.execute(
                text("SELECT setval(pg_get_serial_sequence('deliveries', 'id'), max(id)) FROM deliveries")
            )
        tx.editions.set_snapshot(made.id, size)
        tx.editions.move(made.id, to=EditionState.SENT, since=list(EditionState), now=NOW)
    return made


def _peak(store, clock):
    """Bytes that the folding of all that is old takes at most."""
    # What the filling of the store left to be collected is not the folding's.
    gc.collect()
    tracemalloc.start()
    try:
        _fold(store, clock)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_an_edition_of_a_hundred_thousand_takes_hardly_more_memory_than_one_of_a_third(store, clock):
    clock.advance(days=366)
    warm = _large(store, 5_000)
    _fold(store, clock)
    few = _large(store, 34_000)
    peak_of_few = _peak(store, clock)
    many = _large(store, 100_000)
    assert _peak(store, clock) < 1.3 * peak_of_few
    assert [_books(store, each) for each in (warm, few, many)] == [
        {"accepted": 5_000},
        {"accepted": 34_000},
        {"accepted": 100_000},
    ]
    assert _rows(store, deliveries, attempts, chunks) == [0, 0, 0]


def test_the_oldest_edition_goes_first_with_the_rows_it_has(store, clock, sent):
    later = _begun(store)
    lifecycle.cancel(store, later.id, who="ida", now=NOW + timedelta(days=1))
    assert tasks(store, RULES, NOW + YEAR * 2) == [
        Task(sent.id, What.DELIVERIES, 12, NOW),
        Task(later.id, What.DELIVERIES, 12, NOW + timedelta(days=1)),
    ]
