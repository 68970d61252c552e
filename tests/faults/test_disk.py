"""The disk is full when the ledger commits: the edition pauses with a clear error, loses nothing, and goes on."""

from __future__ import annotations

import os
import resource
import subprocess
from contextlib import contextmanager

import pytest

from tests.conftest import skip_or_fail
from tests.faults.evidence import running_sink
from tests.faults.invariants import Case, broken, nobody_is_missing
from tests.faults.newsroom import CONNECTIONS, Newsroom, wait
from tests.faults.program import limit_files
from tests.faults.trial import LATENCY

pytestmark = pytest.mark.slow

READERS = 300
BLOCK = 4096


@contextmanager
def small_disk(folder):
    """A file system of a few megabytes in memory; only root may mount one."""
    folder.mkdir(parents=True)
    if os.geteuid() != 0:
        skip_or_fail("a small file system: only root can mount one")
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "broadsheet-faults", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        skip_or_fail(f"a small file system cannot be mounted here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder):
    """Takes every free byte; returns the file that does."""
    ballast = folder / "ballast"
    with ballast.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(b"\0" * BLOCK)
        except OSError:
            return ballast


def end_of(newsroom, sink, edition, subject, kills=0):
    return Case(
        newsroom.rows(edition),
        newsroom.books(edition),
        sink.evidence.read().of(subject),
        kills=kills,
        connections=CONNECTIONS,
    )


def resolve_all(newsroom, sink, edition, subject):
    unknown = [row for row in newsroom.rows(edition) if row.state == "unknown"]
    reached = {each.recipient for each in sink.evidence.read().of(subject)}
    newsroom.resolve([row for row in unknown if row.destination in reached], sent=True)
    newsroom.resolve([row for row in unknown if row.destination not in reached], sent=False)
    newsroom.settled(edition)


def test_a_full_disk_pauses_the_edition_and_after_resume_everybody_has_one_copy(tmp_path):
    with (
        running_sink(tmp_path / "sink", options=LATENCY) as sink,
        small_disk(tmp_path / "newsroom" / "var") as disk,
    ):
        newsroom = Newsroom(tmp_path / "newsroom", READERS).make(sink.port)
        edition, subject = newsroom.approved_edition()
        with newsroom.running("up") as up:
            wait(lambda: len(sink.evidence.read().of(subject)), lambda seen: seen >= READERS // 4, "a quarter", 60)
            ballast = fill(disk)
            try:
                wait(up.said, lambda said: "disk" in said and "full" in said, "a word about the disk", 30)
                assert "Traceback" not in up.said()
                assert up.runs
                sent = len(sink.evidence.read().of(subject))
                assert sent < READERS - 1
            finally:
                ballast.unlink()
            books = wait(lambda: newsroom.books(edition), lambda seen: seen.state == "paused", "a pause", 30, pause=0.2)
            assert "disk" in books.reason or "full" in books.reason
            assert len(sink.evidence.read().of(subject)) <= sent + CONNECTIONS
            newsroom.ask("resume", edition)
            newsroom.settled(edition)
            assert broken(end_of(newsroom, sink, edition, subject, kills=1)) == []
            resolve_all(newsroom, sink, edition, subject)
        assert broken(end_of(newsroom, sink, edition, subject), [nobody_is_missing]) == []


def test_a_ledger_that_may_not_grow_any_more_stops_the_send_and_later_it_goes_on(tmp_path):
    """The same without root: a limit on the size of files, which SQLite meets as an error of the disk."""
    with running_sink(tmp_path / "sink", options=LATENCY) as sink:
        newsroom = Newsroom(tmp_path / "newsroom", READERS).make(sink.port)
        edition, subject = newsroom.approved_edition()
        with newsroom.running("up") as up:
            wait(lambda: len(sink.evidence.read().of(subject)), lambda seen: seen >= READERS // 4, "a quarter", 60)
            limit_files(up.pid, BLOCK)
            try:
                wait(lambda: len(sink.evidence.read().of(subject)), Still(), "the send to stop", 30, pause=0.5)
                assert len(sink.evidence.read().of(subject)) < READERS - 1
                assert up.runs
            finally:
                limit_files(up.pid, resource.RLIM_INFINITY)
            wait(
                lambda: newsroom.books(edition), lambda seen: seen.state in ("paused", "sent"), "an end", 60, pause=0.2
            )
            if newsroom.books(edition).state == "paused":
                newsroom.ask("resume", edition)
            newsroom.settled(edition)
            assert broken(end_of(newsroom, sink, edition, subject, kills=1)) == []
            resolve_all(newsroom, sink, edition, subject)
        assert broken(end_of(newsroom, sink, edition, subject), [nobody_is_missing]) == []


class Still:
    """Whether a number is the same as at the last look."""

    def __init__(self):
        self.last = None

    def __call__(self, seen):
        before, self.last = self.last, seen
        return before == seen
