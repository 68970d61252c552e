from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.model import TextKind, Written
from bot.testing import NOW

SUMMARY = Written(fingerprint="f1", kind=TextKind.SUMMARY, text="The ferry returns.")
REFUSED = Written(fingerprint="f1", kind=TextKind.SUBJECT, reason="refused: a number")
LATE = Written(fingerprint="f1", kind=TextKind.SUMMARY, reason="not done in time", settled=False)


def _texts(store, maker="m"):
    with store.read() as tx:
        found = tx.machine_texts.of(["f1", "f2"], maker)
    return {kind: (each.text, each.reason, each.settled) for kind, each in found.get("f1", {}).items()}


def test_texts_are_known_by_revision_kind_and_maker(store):
    with store.write() as tx:
        tx.machine_texts.put([SUMMARY, REFUSED], "m", NOW)
    assert _texts(store) == {
        TextKind.SUMMARY: ("The ferry returns.", "", True),
        TextKind.SUBJECT: ("", "refused: a number", True),
    }
    assert _texts(store, "another model") == {}


def test_what_is_settled_is_not_unsettled_by_another_process(store):
    with store.write() as tx:
        tx.machine_texts.put([SUMMARY], "m", NOW)
    with store.write() as tx:
        tx.machine_texts.put([LATE], "m", NOW)
    assert _texts(store)[TextKind.SUMMARY] == ("The ferry returns.", "", True)


def test_what_was_late_is_written_later(store):
    for each in (LATE, SUMMARY):
        with store.write() as tx:
            tx.machine_texts.put([each], "m", NOW)
    assert _texts(store)[TextKind.SUMMARY] == ("The ferry returns.", "", True)


def test_one_process_alone_asks_for_a_text(store):
    def claim(at):
        with store.write() as tx:
            return tx.machine_texts.claim("f1", TextKind.SUMMARY, "m", at, before=at - timedelta(minutes=5))

    assert claim(NOW)
    assert not claim(NOW)
    assert not claim(NOW + timedelta(minutes=4))
    # Whoever asked has died.
    assert claim(NOW + timedelta(minutes=5))
    with store.write() as tx:
        tx.machine_texts.put([SUMMARY], "m", NOW)
    assert not claim(NOW + timedelta(days=1))


def test_outcomes_are_counted_since_a_moment(store):
    with store.write() as tx:
        tx.machine_texts.put([SUMMARY], "m", NOW)
        tx.machine_texts.put([SUMMARY, REFUSED], "n", NOW)
        tx.machine_texts.put([LATE], "o", NOW)
        tx.machine_texts.put([LATE], "p", NOW - timedelta(days=2))
        assert tx.machine_texts.outcomes(NOW - timedelta(days=1)) == {"written": 2, "refused": 1, "missing": 1}


def test_old_texts_are_forgotten(store):
    with store.write() as tx:
        tx.machine_texts.put([SUMMARY], "m", NOW)
        assert tx.machine_texts.prune(NOW) == 0
        assert tx.machine_texts.prune(NOW + timedelta(seconds=1)) == 1
    assert _texts(store) == {}


@pytest.mark.parametrize("letter", ["\0", "\ud83d", "\x1b", "\uffff"])
def test_no_letter_of_a_model_breaks_the_store(store, letter):
    refused = Written(fingerprint="f1", kind=TextKind.SUBJECT, reason=f"“{letter}”")
    with store.write() as tx:
        tx.machine_texts.put([replace(SUMMARY, text=f"The {letter}ferry."), refused], "m", NOW)
    text, _, settled = _texts(store)[TextKind.SUMMARY]
    assert (text[:4], text[-6:], settled) == ("The ", "ferry.", True)
    assert _texts(store)[TextKind.SUBJECT][0] == ""
