"""kill -9 of ``broadsheet up`` in the middle of a send, again and again, against a real Postfix."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.testing import ENVIRONMENT, NEWSROOM

pytestmark = [pytest.mark.real, pytest.mark.slow]

READERS = 500
KILLS = 10
CONNECTIONS = 4
PATIENCE = 120.0

CONFIG = """
[web]
port = 0

[sources.articles]
type = "folder"
path = "articles"

[channels.mail]
type = "email"
from = "The Record <briefing@newsroom.test>"
host = "{SUBMISSION_HOST}"
port = {SUBMISSION_PORT}
username = "{SMTP_USER}"
ca_file = "{TLS_CA}"
connections = 4

[schedules.morning]
name = "Morning briefing"
cron = "0 7 1 1 *"
audience = "readers"
channels = ["mail"]
approval = true

[schedules.morning.selection]
window = "last 24h"
"""


@pytest.fixture
def folder(tmp_path, mail_server):
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "broadsheet.toml").write_text(NEWSROOM + CONFIG.format(**mail_server))
    (tmp_path / "articles").mkdir()
    (tmp_path / "readers.csv").write_text(
        "address\n" + "".join(f"kill{number:03d}@readers.test\n" for number in range(READERS))
    )
    return tmp_path


def _environment(mail_server):
    return {**os.environ, **ENVIRONMENT, "BROADSHEET_MAIL_PASSWORD": mail_server["SMTP_PASSWORD"]}


def _broadsheet(folder, environment, *arguments):
    command = [sys.executable, "-m", "bot", *arguments, "--json"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@contextmanager
def _up(folder, environment):
    log = (folder / "up.log").open("a")
    process = subprocess.Popen([sys.executable, "-m", "bot", "up"], cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(60)
        log.close()


def _states(folder: Path, edition: str) -> Counter[str]:
    with sqlite3.connect(f"file:{folder}/var/broadsheet.db?mode=ro", uri=True, timeout=30) as store:
        rows = store.execute("SELECT state, count(*) FROM deliveries WHERE edition = ? GROUP BY state", (edition,))
        return Counter(dict(rows.fetchall()))


def _wait(until, what):
    deadline = time.monotonic() + PATIENCE
    while not until():
        assert time.monotonic() < deadline, f"no {what} within {PATIENCE} s"
        time.sleep(0.02)


def _edition_state(folder, edition):
    with sqlite3.connect(f"file:{folder}/var/broadsheet.db?mode=ro", uri=True, timeout=30) as store:
        return store.execute("SELECT state FROM editions WHERE id = ?", (edition,)).fetchone()[0]


def test_after_ten_kills_in_mid_send_nobody_has_two_copies_and_nobody_is_missing(folder, mail_server, readers):
    environment = _environment(mail_server)
    assert _broadsheet(folder, environment, "subscribers", "import", "readers.csv")["accepted"] == READERS
    chance = random.Random(20261124)
    for trial in range(KILLS):
        _kill_once(folder, environment, trial, chance)
        _check(folder, readers, _last_edition(folder))


def _last_edition(folder):
    with sqlite3.connect(f"file:{folder}/var/broadsheet.db?mode=ro", uri=True) as store:
        return store.execute("SELECT id FROM editions ORDER BY created DESC LIMIT 1").fetchone()[0]


def _kill_once(folder, environment, trial, chance):
    (folder / "articles" / f"story-{trial}.md").write_text(
        f"---\ntitle: Trial number {trial} of the harbour\nlang: en\n---\nThe harbour's trial number {trial} began.\n"
    )
    edition = _broadsheet(folder, environment, "run", "morning", "--extra")["edition"]
    _broadsheet(folder, environment, "approve", edition)
    share = chance.uniform(0.1, 0.9)
    with _up(folder, environment) as process:
        _wait(lambda: _states(folder, edition)["accepted"] >= share * READERS, "progress")
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert sum(_states(folder, edition).values()) == READERS
    with _up(folder, environment):
        _wait(lambda: _edition_state(folder, edition) == "sent", "end of the send")


def _check(folder, readers, edition):
    states = _states(folder, edition)
    assert set(states) <= {"accepted", "unknown"}
    assert sum(states.values()) == READERS
    assert states["unknown"] <= CONNECTIONS
    with sqlite3.connect(f"file:{folder}/var/broadsheet.db?mode=ro", uri=True) as store:
        query = "SELECT token, destination, state FROM deliveries WHERE edition = ?"
        ledger = {f"<{token}@newsroom.test>": (to, state) for token, to, state in store.execute(query, (edition,))}
    assert len(ledger) == READERS
    arrived: list[dict[str, str]] = []

    def all_arrived():
        arrived[:] = [each for each in readers() if each["message-id"] in ledger]
        return len({each["message-id"] for each in arrived}) >= states["accepted"]

    _wait(all_arrived, "delivery by Postfix")
    assert max(Counter(each["message-id"] for each in arrived).values()) == 1
    got = {each["message-id"] for each in arrived}
    assert {identity for identity, (_, state) in ledger.items() if state == "accepted"} <= got
    assert all(ledger[each["message-id"]][0] == each["envelope-to"] for each in arrived)
