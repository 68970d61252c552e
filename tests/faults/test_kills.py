"""kill -9 at random moments of a send: on SQLite and PostgreSQL, embedded and with two workers; ≥ 40 kills in all."""

from __future__ import annotations

import random

import pytest

from tests.faults.evidence import running_sink
from tests.faults.newsroom import Newsroom, Setting
from tests.faults.trial import LATENCY, MIX, trial

pytestmark = pytest.mark.slow

READERS = 300
OF_WORKERS = 2_000
"""Chunks for both: the one that is left alone is done with few before the other one is back."""
KILLS = 6
POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.postgresql)


def kill(tmp_path, database, *, setup, faults="", policy="ask", kills=KILLS, cold=False):
    seed = f"{setup}/{bool(faults)}/{policy}/{cold}"
    with running_sink(tmp_path / "sink", seed=len(seed), faults=faults, options=LATENCY) as sink:
        newsroom = Newsroom(
            tmp_path / "newsroom", OF_WORKERS if setup == "workers" else READERS, Setting(unknown=policy), database
        ).make(sink.port)
        figures = trial(newsroom, sink, random.Random(seed), kills=kills, setup=setup, cold=cold)
    assert figures.broken == []
    assert figures.lost == 0
    # The last moment may come too late: then the edition was sent before its sender died.
    assert figures.kills >= kills - 1
    return figures


@pytest.mark.parametrize("faults", ["", MIX], ids=["a good server", "a bad server"])
@pytest.mark.parametrize("store_url", ["sqlite", POSTGRESQL], indirect=True)
def test_up_is_killed_again_and_again_and_nobody_has_two_copies_or_none(store_url, tmp_path, faults):
    setup = "sqlite" if store_url.startswith("sqlite") else "postgresql"
    figures = kill(tmp_path, store_url, setup=setup, faults=faults)
    assert figures.copies == 0


@pytest.mark.parametrize("faults", ["", MIX], ids=["a good server", "a bad server"])
@pytest.mark.parametrize("store_url", [POSTGRESQL], indirect=True)
def test_one_of_two_workers_is_killed_again_and_again_and_the_other_goes_on(store_url, tmp_path, faults):
    figures = kill(tmp_path, store_url, setup="workers", faults=faults)
    assert figures.copies == 0


@pytest.mark.parametrize("faults", ["", MIX], ids=["a good server", "a bad server"])
def test_under_the_policy_resend_nobody_is_without_a_copy_and_no_more_are_sent_than_were_unknown(tmp_path, faults):
    figures = kill(tmp_path, "", setup="sqlite", faults=faults, policy="resend")
    assert figures.unknown == 0


def test_a_program_that_was_started_as_a_user_starts_it_is_killed_twice(tmp_path):
    kill(tmp_path, "", setup="sqlite", kills=2, cold=True)
