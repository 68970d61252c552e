from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from bot.demo.mailbox import mailbox
from tests.cli.conftest import configure

PATIENCE = 45.0


@pytest.fixture
def sending(folder):
    """The newsroom with a mailbox behind its channel."""
    with mailbox(folder / "mailbox") as port:
        configure(folder, port=port)
        yield folder


def _mails(folder):
    return len(list((folder / "mailbox").glob("*.eml")))


def test_a_backup_is_made_verified_and_restored_into_an_empty_store(broadsheet, folder):
    broadsheet("subscribers", "add", "ada@example.org")
    made = broadsheet("db", "backup", "night.db", "--json").value
    assert made["tables"]["subscribers"] == 1
    assert "night.db: whole" in broadsheet("db", "verify", "night.db").out
    for file in (folder / "var").iterdir():
        file.unlink()
    restored = broadsheet("db", "restore", "night.db")
    assert restored.code == 0
    assert "suppressions add" in restored.out
    assert "db reconcile" in restored.out
    assert broadsheet("db", "stats", "--json").value["subscribers"] == 1


def test_what_cannot_be_done_is_one_line(broadsheet, folder):
    broadsheet("subscribers", "add", "ada@example.org")
    broadsheet("db", "backup", "night.db")
    for arguments, said in (
        (("db", "backup", "night.db"), "exists already"),
        (("db", "backup", "nowhere/night.db"), "cannot be written"),
        (("db", "verify", "none.db"), "no such file"),
        (("db", "verify", "config/broadsheet.toml"), "is not a backup"),
        (("db", "restore", "night.db"), "--replace"),
        (("db", "move"), "BROADSHEET_MOVE_TO"),
        (("db", "move", "--to", "mysql://x"), "not supported"),
        (("db", "move", "--to", "sqlite:///var/broadsheet.db"), "in use"),
    ):
        ended = broadsheet(*arguments)
        assert (ended.code in (1, 2), ended.out, ended.err.count("\n")) == (True, "", 1), ended
        assert said in ended.err


def test_a_store_that_was_not_restored_has_nothing_to_reconcile(broadsheet, folder):
    assert broadsheet("db", "reconcile").code == 3


@pytest.fixture
def restored(broadsheet, sending):
    """The edition of the day went out after the backup; the backup is back."""
    broadsheet("subscribers", "add", "ada@example.org")
    broadsheet("db", "backup", "night.db")
    assert broadsheet("run", "morning").code == 0
    assert _mails(sending) == 1
    broadsheet("db", "restore", "night.db", "--replace")
    return sending


def test_every_command_that_would_send_says_what_helps(broadsheet, restored):
    for arguments in (("run", "morning"), ("run", "morning", "--extra"), ("resume", "--all")):
        ended = broadsheet(*arguments)
        assert (ended.code, ended.err.count("\n")) == (1, 1)
        assert "`broadsheet db reconcile`" in ended.err
    assert "`broadsheet db reconcile`" in broadsheet("check").out
    assert _mails(restored) == 1


def test_an_editor_sees_what_is_asked_and_answers(broadsheet, restored):
    asked = broadsheet("db", "reconcile", "--json").value["left"]
    assert {each["schedule"] for each in asked} == {"morning"}
    assert "--all-sent" in broadsheet("db", "reconcile").out
    answered = broadsheet("db", "reconcile", "--all-sent", "--note", "seen in my mail")
    assert "the store sends again" in answered.out
    assert broadsheet("run", "morning").code == 3
    assert _mails(restored) == 1
    assert "seen in my mail" in broadsheet("acts").out


def test_an_answer_about_one_edition_by_its_id(broadsheet, restored):
    asked = broadsheet("db", "reconcile", "--json").value["left"]
    for each in asked[:-1]:
        broadsheet("db", "reconcile", "--sent", each["edition"])
    last = broadsheet("db", "reconcile", "--unsent", asked[-1]["edition"], "--json").value
    assert (last["unsent"], last["open"]) == ([asked[-1]["edition"]], True)
    assert broadsheet("db", "reconcile", "--sent", "nonesuch").code == 3


def _start(folder):
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "up"],
        cwd=folder,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait(until):
    deadline = time.monotonic() + PATIENCE
    while not (found := until()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


@pytest.mark.slow
def test_up_on_a_restored_store_says_so_and_sends_nothing_and_no_store_is_restored_under_it(broadsheet, sending):
    file = sending / "config" / "broadsheet.toml"
    file.write_text(
        '[web]\nport = 0\n[delivery]\ncollect_every = "10s"\n' + file.read_text().replace("0 7 * * *", "* * * * *")
    )
    broadsheet("subscribers", "add", "ada@example.org")
    broadsheet("db", "backup", "night.db")
    running = _start(sending)
    try:
        _wait(lambda: _mails(sending))
        _wait(lambda: broadsheet("editions", "--state", "sent", "--json").value)
        assert "in use" in broadsheet("db", "restore", "night.db", "--replace").err
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=PATIENCE)
        sent = _mails(sending)
        assert broadsheet("db", "restore", "night.db", "--replace").code == 0
        running = _start(sending)
        assert "broadsheet db reconcile" in next(iter(running.stdout))
        next(line for line in running.stdout if line.startswith("source articles: 3 new"))
        (sending / "articles" / "later.md").write_text("---\ntitle: Later\nlang: en\n---\nLater, said the master.\n")
        # Between two visits to the sources the timetable is looked at several times.
        next(line for line in running.stdout if line.startswith("source articles: 1 new"))
        running.send_signal(signal.SIGTERM)
        assert "edition " not in running.communicate(timeout=PATIENCE)[0]
    finally:
        running.kill()
    assert _mails(sending) == sent
    assert broadsheet("editions", "--json").value == []
    assert broadsheet("db", "reconcile", "--all-sent").code == 0


def test_a_store_moves_and_the_old_one_is_no_longer_used(broadsheet, folder, monkeypatch):
    broadsheet("subscribers", "add", "ada@example.org")
    monkeypatch.setenv("BROADSHEET_MOVE_TO", f"sqlite:///{folder}/var/new.db")
    assert "DATABASE_URL" in broadsheet("db", "move").out
    refused = broadsheet("subscribers", "add", "bo@example.org")
    assert refused.code == 1
    assert "was moved to sqlite:///" in refused.err
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{folder}/var/new.db")
    assert broadsheet("subscribers", "add", "bo@example.org").code == 0
    assert broadsheet("db", "stats", "--json").value["subscribers"] == 2
    monkeypatch.delenv("DATABASE_URL")
    assert "taken back" in broadsheet("db", "move", "--cancel").out
    assert broadsheet("subscribers", "add", "cy@example.org").code == 0


@pytest.mark.postgresql
def test_a_password_of_the_new_store_is_shown_nowhere(broadsheet, folder, monkeypatch):
    broadsheet("subscribers", "add", "ada@example.org")
    monkeypatch.setenv("BROADSHEET_MOVE_TO", "postgresql://bot:hush@127.0.0.1:9/db?connect_timeout=2&password=hush")
    ended = broadsheet("db", "move")
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert "hush" not in ended.err
    assert broadsheet("subscribers", "add", "bo@example.org").code == 0
