from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import pytest

from bot.cli.up import Roles
from bot.demo.mailbox import mailbox
from bot.schedules.installation import opened
from bot.schedules.ticker import Ticker

PATIENCE = 120.0


@pytest.fixture
def inbox(folder):
    """A mailbox; the schedule's slot is every minute, so the present minute's is due at once."""
    with mailbox(folder / "mailbox") as port:
        file = folder / "config" / "broadsheet.toml"
        text = file.read_text().replace("port = 9", f"port = {port}").replace("0 7 * * *", "* * * * *")
        file.write_text("[web]\nport = 0\n" + text)
        yield folder / "mailbox"


def _start(folder, role="up"):
    return subprocess.Popen(
        [sys.executable, "-m", "bot", role],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _ended(role):
    """Its exit code; where it does not end, the test says what each of its threads does."""
    try:
        return role.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        role.send_signal(signal.SIGABRT)
        pytest.fail(role.communicate()[0])


def _wait(until):
    deadline = time.monotonic() + PATIENCE
    while not (found := until()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_up_collects_makes_the_slot_sends_it_once_and_ends_cleanly(broadsheet, folder, inbox):
    readers = [f"reader{number}@example.org" for number in range(8)]
    for reader in readers:
        broadsheet("subscribers", "add", reader)
    running = _start(folder)
    try:
        line = next(line for line in running.stdout if line.startswith("pages at "))
        url = line.split()[-1]
        with urllib.request.urlopen(f"{url}/healthz") as answer:
            assert answer.status == 200
        _wait(lambda: len(list(inbox.glob("*.eml"))) == 8)
        _wait(lambda: broadsheet("editions", "--state", "sent", "--json").value)
        running.send_signal(signal.SIGTERM)
        out = running.communicate(timeout=PATIENCE)[0]
        assert running.returncode == 0, out
    finally:
        running.kill()
    editions = broadsheet("editions", "--json").value
    assert [each["state"] for each in editions if each["snapshot"]] == ["sent"]
    assert editions[-1]["deliveries"] == {"accepted": 8}
    assert len(list(inbox.glob("*.eml"))) == 8


@pytest.mark.slow
def test_the_roles_apart_do_the_same(broadsheet, folder, inbox):
    broadsheet("subscribers", "add", "ada@example.org")
    roles = [_start(folder, "scheduler"), _start(folder, "worker"), _start(folder, "web")]
    try:
        _wait(lambda: len(list(inbox.glob("*.eml"))) == 1)
        assert any(line.startswith("pages at ") for line in roles[-1].stdout)
        for role in roles:
            role.send_signal(signal.SIGTERM)
        assert [_ended(role) for role in roles] == [0, 0, 0]
    finally:
        for role in roles:
            role.kill()
            role.stdout.close()


def test_a_busy_port_ends_up_with_one_line_that_names_the_setting(folder, inbox):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        file = folder / "config" / "broadsheet.toml"
        file.write_text(file.read_text().replace("port = 0", f"port = {taken.getsockname()[1]}"))
        ended = _start(folder, "web")
        out = ended.communicate(timeout=PATIENCE)[0]
    assert ended.returncode == 1
    assert "web.port" in out
    assert "Traceback" not in out


def test_a_role_that_cannot_start_ends_those_that_did(folder, inbox, monkeypatch):
    def start(_self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Ticker, "start", start)
    with opened(folder / "config") as installation, pytest.raises(RuntimeError, match="new thread"):
        Roles(installation, lambda _line: None).run(ticks=True, works=True, serves=False, host="", port=0)
    assert "worker" not in {each.name for each in threading.enumerate()}
