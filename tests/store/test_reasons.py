"""Why deliveries were not accepted, as it is counted with their chunks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from bot.model import DeliveryState, EditionState, Outcome
from bot.store import chunks, reasons, tables
from bot.store.reasons import without_reader
from bot.testing import NOW, edition, subscribe

LATER = NOW + timedelta(minutes=20)
S = DeliveryState
GONE = {"code": 550, "enhanced": "5.1.1", "text": "mx:25 refused: 550 5.1.1 {address}: no such user"}
BUSY = {"code": 421, "enhanced": "4.7.0", "text": "mx:25 refused: 421 4.7.0 too many connections", "not_before": LATER}


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Chunks of three: a few readers make many."""
    monkeypatch.setattr(chunks, "SIZE", 3)


@pytest.fixture
def sending(store):
    """An edition to eight readers, the last two at another provider."""
    names = [f"reader{number}@{'example.org' if number < 6 else 'other.example'}" for number in range(8)]
    subscribe(store, *names)
    made = edition(state=EditionState.SENDING)
    with store.write() as tx:
        tx.editions.add(made, expires=LATER, report={})
        tx.editions.set_snapshot(made.id, tx.deliveries.add_audience(made.id, "mail", "readers", NOW))
    return made.id


def work(store, answers, now=NOW, *, give_back=True):
    """Sends all that is due: each reader is answered as ``answers`` say (state, answer), else accepted."""
    while True:
        with store.write() as tx:
            chunk = tx.chunks.claim("mail", owner="a", now=now, until=now + timedelta(minutes=10))
            if chunk is None:
                return
            due = tx.deliveries.due(chunk, now)
            tx.deliveries.attempt(chunk, [each.id for each in due], now)
            tx.deliveries.finish([outcome(each, answers, now) for each in due])
            if give_back:
                tx.chunks.release(chunk, now)


def outcome(due, answers, now):
    address = due.recipient.address
    state, said = answers.get(address, (S.ACCEPTED, {"code": 250, "text": "250 ok"}))
    fields = {**said, "text": said["text"].format(address=address)}
    return Outcome(delivery=due.id, attempt=due.attempt, state=state, began=now, ended=now, **fields)


def told(store, edition_id):
    """(state, code, domain) → number."""
    with store.read() as tx:
        return {(each.state, each.code, each.domain): each.number for each in tx.reasons.of_edition(edition_id)}


def everybody(state, said):
    return {f"reader{number}@{'example.org' if number < 6 else 'other.example'}": (state, said) for number in range(8)}


def test_what_failed_is_counted_by_answer_and_provider(store, sending):
    work(store, everybody(S.FAILED, GONE))
    assert told(store, sending) == {(S.FAILED, 550, "example.org"): 6, (S.FAILED, 550, "other.example"): 2}


def test_refusals_that_differ_by_the_reader_alone_are_one(store, sending):
    work(store, everybody(S.FAILED, GONE))
    with store.read() as tx:
        assert {each.said for each in tx.reasons.of_edition(sending)} == {"550 5.1.1 …: no such user"}


def test_the_reasons_of_a_state_sum_up_to_its_count(store, sending):
    answers = everybody(S.DEFERRED, BUSY)
    answers["reader0@example.org"] = (S.FAILED, GONE)
    answers["reader7@other.example"] = (S.UNKNOWN, {"text": "the line broke after the last byte"})
    del answers["reader3@example.org"]
    work(store, answers)
    found = told(store, sending)
    by_state = {
        state: sum(n for key, n in found.items() if key[0] is state) for state in (S.DEFERRED, S.FAILED, S.UNKNOWN)
    }
    with store.read() as tx:
        states = tx.deliveries.balance(sending).states
    assert by_state == {S.DEFERRED: 5, S.FAILED: 1, S.UNKNOWN: 1}
    assert states == {"accepted": 1, **{state.value: number for state, number in by_state.items()}}


def test_of_what_is_tried_again_it_is_told_when(store, sending):
    work(store, everybody(S.DEFERRED, BUSY))
    with store.read() as tx:
        assert {each.due for each in tx.reasons.of_edition(sending)} == {LATER}


def test_what_was_accepted_in_the_end_has_no_reason_any_more(store, sending):
    work(store, everybody(S.DEFERRED, BUSY))
    work(store, {}, LATER)
    assert told(store, sending) == {}
    with store.read() as tx:
        assert tx.connection.execute(select(tables.reasons)).all() == []


def test_what_a_worker_holds_is_counted_as_it_stands(store, sending):
    work(store, everybody(S.FAILED, GONE), give_back=False)
    assert sum(told(store, sending).values()) == 8


def test_what_was_settled_before_reasons_were_kept_is_counted_when_asked_and_filled_in(store, sending):
    work(store, everybody(S.FAILED, GONE))
    with store.write() as tx:
        tx.connection.execute(tables.reasons.delete())
    assert sum(told(store, sending).values()) == 8
    with store.write() as tx:
        assert tx.reasons.fill(sending) == 3
        assert tx.reasons.fill(sending) == 0
    with store.read() as tx:
        assert sum(tx.connection.execute(select(tables.reasons.c.number)).scalars()) == 8


def test_rare_answers_of_one_chunk_are_counted_without_their_words(store, sending, monkeypatch):
    monkeypatch.setattr(reasons, "KINDS", 1)
    answers = {
        address: (S.FAILED, {"code": 550, "text": f"550 odd {'abcdefgh'[number]}"})
        for number, address in enumerate(everybody(S.FAILED, GONE))
    }
    work(store, answers)
    with store.read() as tx:
        found = {each.said: each.number for each in tx.reasons.of_edition(sending) if not each.domain}
        named = [each.said for each in tx.reasons.of_edition(sending) if each.domain]
    assert found == {"": 5}
    assert len(named) == 3


def _with(store, edition_id, said):
    """The readers' numbers in the chunks that may hold failures of which that was said."""
    with store.read() as tx:
        sought = tx.reasons.holding(edition_id, S.FAILED, lambda _code, _enhanced, text: text == said)
        page = tx.deliveries.page(edition=edition_id, states=[S.FAILED], sought=sought)
        return [each.destination.partition("@")[0].removeprefix("reader") for each in page]


def test_chunks_that_surely_hold_no_such_answer_are_passed_over(store, sending, monkeypatch):
    full = (S.FAILED, {"code": 552, "text": "552 full"})
    work(store, {**everybody(S.FAILED, {"code": 550, "text": "550 gone"}), "reader0@example.org": full})
    with store.read() as tx:
        page = tx.deliveries.page(edition=sending, states=[S.FAILED])
    order = [each.destination.partition("@")[0].removeprefix("reader") for each in page]
    assert len(order) == 8
    gone = _with(store, sending, "550 gone")
    assert gone == [each for each in order if each != "0"], "whose last answer had another code is not looked at"
    assert _with(store, sending, "552 full") == ["0"]
    assert _with(store, sending, "nobody said so") == []
    with store.write() as tx:
        tx.connection.execute(tables.reasons.delete())
    assert _with(store, sending, "552 full") == order, "where nobody counted all are looked through"
    monkeypatch.setattr(reasons, "SOUGHT", 0)
    with store.write() as tx:
        tx.reasons.fill(sending)
    assert _with(store, sending, "552 full") == order


def test_an_answer_that_was_counted_without_its_words_is_looked_for(store, sending, monkeypatch):
    monkeypatch.setattr(reasons, "KINDS", 1)
    answers = {
        address: (S.FAILED, {"code": 550, "text": f"550 odd {'abcdefgh'[number]}"})
        for number, address in enumerate(everybody(S.FAILED, GONE))
    }
    work(store, answers)
    for number, letter in enumerate("abcdefgh"):
        assert str(number) in _with(store, sending, f"550 odd {letter}")


def test_folding_takes_them_away_with_their_chunk(store, sending):
    work(store, everybody(S.FAILED, GONE))
    with store.write() as tx:
        tx.editions.move(sending, to=EditionState.SENT, since=[EditionState.SENDING], now=NOW)
    with store.write() as tx:
        tx.folds.fold(sending, 4, NOW)
    assert sum(told(store, sending).values()) == 4
    with store.write() as tx:
        tx.folds.fold(sending, 100, NOW)
    with store.read() as tx:
        assert tx.connection.execute(select(tables.reasons)).all() == []
        assert tx.deliveries.balance(sending).states == {"failed": 8}


def test_however_many_failed_the_same_few_questions_are_asked(store, sending):
    def asked():
        statements = []
        with store.read() as tx:
            event.listen(tx.connection, "before_cursor_execute", lambda *given: statements.append(given[2]))
            tx.reasons.of_edition(sending)
        return len(statements)

    none = asked()
    work(store, everybody(S.FAILED, GONE))
    assert asked() <= none


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("mx:25 refused: 550 5.1.1 <mara@example.org>: user unknown", "550 5.1.1 …: user unknown"),
        ("550 mailbox of mara.lind is full", "550 mailbox of … is full"),
        ("550 5.7.1 blocked, see https://mail.example/r?id=9f", "550 5.7.1 blocked, see …"),
        ("550 queue id 4f3a9c0de17b refused", "550 queue id … refused"),
        ("550 from 203.0.113.7 too many", "550 from … too many"),
        ("550 \x00\ud800 x" + "y" * 300, None),
    ],
)
def test_an_answer_is_kept_without_what_is_one_readers(said, kept):
    found = without_reader(said, 550, "mara.lind@example.org")
    assert len(found) <= 120
    if kept:
        assert found == kept


def test_a_server_may_say_what_no_database_takes(store, sending):
    work(store, everybody(S.FAILED, {"code": 550, "text": "550 \x00\ud800 gone"}))
    assert sum(told(store, sending).values()) == 8
