"""PostgreSQL goes away in the middle of a send, and comes back."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest

from tests.faults.evidence import running_sink
from tests.faults.invariants import RESOLVED, Case, broken, nobody_is_missing
from tests.faults.newsroom import CONNECTIONS, Newsroom, wait
from tests.faults.trial import LATENCY, SETUPS

pytestmark = [pytest.mark.slow, pytest.mark.postgresql]

READERS = 300


@pytest.mark.parametrize("mode", ["fast", "immediate"])
@pytest.mark.parametrize("setup", ["postgresql", "workers"])
def test_a_send_goes_on_by_itself_after_the_database_restarted_and_nobody_has_two_copies(
    cluster, tmp_path, setup, mode
):
    with running_sink(tmp_path / "sink", options=LATENCY) as sink, ExitStack() as running:
        newsroom = Newsroom(tmp_path / "newsroom", READERS, database=cluster.new_database()).make(sink.port)
        edition, subject = newsroom.approved_edition()
        programs = [running.enter_context(newsroom.running(role)) for role in SETUPS[setup]]
        wait(lambda: len(sink.evidence.read().of(subject)), lambda seen: seen >= READERS // 3, "a third", 60)
        cluster.restart(mode)
        newsroom.settled(edition, patience=60)
        assert all(program.runs for program in programs)
        senders = sum(role != "scheduler" for role in SETUPS[setup])
        # An answer that could not be written down while the database was away is one that nobody knows.
        case = Case(
            newsroom.rows(edition),
            newsroom.books(edition),
            sink.evidence.read().of(subject),
            kills=senders,
            connections=CONNECTIONS,
        )
        assert broken(case) == []


def test_while_the_database_is_away_nothing_goes_out_that_it_could_not_name_first(cluster, tmp_path):
    with running_sink(tmp_path / "sink", options=LATENCY) as sink:
        newsroom = Newsroom(tmp_path / "newsroom", READERS, database=cluster.new_database()).make(sink.port)
        edition, subject = newsroom.approved_edition()
        with newsroom.running("up") as up:
            wait(lambda: len(sink.evidence.read().of(subject)), lambda seen: seen >= READERS // 3, "a third", 60)
            cluster.stop("immediate")
            try:
                wait(lambda: "cannot" in up.said() or "failed" in up.said(), bool, "a word about it", 30)
                sent = len(sink.evidence.read().of(subject))
                time.sleep(1)
                assert len(sink.evidence.read().of(subject)) == sent
                assert up.runs
                assert "Traceback" not in up.said()
            finally:
                cluster.start()
            newsroom.settled(edition, patience=60)
            unknown = [row for row in newsroom.rows(edition) if row.state == "unknown"]
            reached = {each.recipient for each in sink.evidence.of(subject)}
            newsroom.resolve([row for row in unknown if row.destination in reached], sent=True)
            newsroom.resolve([row for row in unknown if row.destination not in reached], sent=False)
            newsroom.settled(edition, patience=60)
        case = Case(newsroom.rows(edition), newsroom.books(edition), sink.evidence.read().of(subject))
        assert broken(case, [*RESOLVED, nobody_is_missing]) == []
