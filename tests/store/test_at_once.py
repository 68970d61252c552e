"""Two processes write the same thing at once: on PostgreSQL nothing keeps them apart but the statements themselves."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from bot.model import Consent
from bot.store.flags import PAUSED
from bot.store.schedules import ScheduleState
from bot.store.sources import SourceState
from bot.testing import NOW, article

ONE = article(guid="a", url="https://record.example/a")
EDITED = replace(ONE, title="Edited")


def _put(tx, brought=ONE):
    return tx.articles.put(brought, url_key=brought.url, present={brought.guid}, now=NOW)


def _subscribe(tx):
    return tx.subscribers.subscribe("ida@example.org", "readers", Consent(at=NOW, via="test"))


def _reckon(tx):
    state = ScheduleState(schedule="s", activated=NOW, cron="0 7 * * *", timezone="UTC", reckoned=NOW)
    return tx.schedules.put(state)


def _at_once(store, write):
    """The first transaction has written, and not committed, when the second one writes."""
    outcomes, failures = [], []

    def second():
        try:
            with store.write() as tx:
                outcomes.append(write(tx))
        except Exception as error:
            failures.append(error)

    other = threading.Thread(target=second)
    with store.write() as tx:
        outcomes.append(write(tx))
        other.start()
        # Until the other one waits for this commit.
        other.join(0.2)
    other.join()
    assert failures == []
    return outcomes


@pytest.mark.parametrize(
    ("write", "outcomes"),
    [
        (_put, ["new", "unchanged"]),
        (_subscribe, ["new", "known"]),
        (_reckon, [None, None]),
        (lambda tx: tx.sources.put(SourceState(source="site")), [None, None]),
        (lambda tx: tx.flags.set(PAUSED, "all", NOW), [None, None]),
    ],
    ids=["article", "subscriber", "schedule", "source", "flag"],
)
def test_the_second_finds_what_the_first_has_put(store, write, outcomes):
    assert _at_once(store, write) == outcomes


def test_one_edit_seen_twice_at_once_is_one_revision(store):
    with store.write() as tx:
        _put(tx)
    assert _at_once(store, lambda tx: _put(tx, EDITED)) == ["changed", "unchanged"]
    with store.read() as tx:
        assert [(each.title, each.revision) for each in tx.articles.newest()] == [("Edited", 2)]
