"""``broadsheet bounces``: read, shown, settled, and the pipe of a mail server."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

import bot
from bot.clock import SetClock, system_clock
from bot.delivery.intake.poll import Polled
from bot.delivery.sending import begin_sending
from bot.model import Consent, DeliveryState
from bot.schedules.installation import Installation
from bot.schedules.ticker import Ticker, prune_events
from bot.settings import load_settings
from bot.store import Store
from bot.testing import ENVIRONMENT, KEYS, NOW, edition
from bot.tokens import delivery_token
from tests.cli.conftest import configure
from tests.delivery.returned import complaint, dsn, mail

IDA, BEN = "ida@example.org", "ben@example.org"


@pytest.fixture
def newsroom(folder):
    """A newsroom with a Maildir and an edition that went out; ``tokens`` by address."""
    for part in ("new", "cur", "tmp"):
        (folder / "bounces" / part).mkdir(parents=True)
    configure(folder, '\n[bounces]\nmaildir = "bounces"\n')
    (folder / "var").mkdir(exist_ok=True)
    store = Store.open(f"sqlite:///{folder}/var/broadsheet.db", KEYS.address_key)
    made = edition()
    tokens = {}
    with store.write() as tx:
        for address in (IDA, BEN):
            tx.subscribers.subscribe(address, "readers", Consent(at=NOW, via="test"))
        tx.editions.add(made, expires=NOW + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=NOW)
    with store.write() as tx:
        tx.deliveries.doubt_edition(made.id, "", NOW)
        found = tx.deliveries.page(edition=made.id)
        tx.deliveries.resolve([each.id for each in found], to=DeliveryState.ACCEPTED, reason="", now=NOW)
        for each in found:
            tokens[each.destination] = delivery_token(KEYS, made.id, "mail", "", each.subscriber)
    store.close()
    return SimpleNamespace(folder=folder, edition=made.id, tokens=tokens, new=folder / "bounces" / "new")


def test_process_reads_the_maildir_and_suppresses_the_dead(newsroom, broadsheet):
    (newsroom.new / "1.mx").write_bytes(dsn(IDA, token=newsroom.tokens[IDA]))
    (newsroom.new / "2.mx").write_bytes(mail(subject="When does it leave?"))
    (newsroom.new / "3.mx").write_bytes(dsn(BEN))
    said = broadsheet("bounces", "process", "--json")
    assert said.code == 0
    assert said.value["events"] == {"hard": 2, "none": 1}
    assert (said.value["messages"], said.value["other"], said.value["unproven"]) == (3, 1, 1)
    assert said.value["suppressed"] == 1
    listed = broadsheet("suppressions", "list", "--json").value
    assert [(each["address"], each["reason"]) for each in listed] == [(IDA, "bounced")]
    again = broadsheet("bounces", "process", "--json").value
    assert (again["messages"], again["suppressed"]) == (0, 0)


def test_process_says_in_words_how_many_of_what(newsroom, broadsheet):
    report = dsn(IDA, token=newsroom.tokens[IDA])
    (newsroom.new / "1.mx").write_bytes(report)
    assert broadsheet("bounces", "process").out.splitlines() == ["1 message: 1 hard", "  1 newly suppressed"]
    (newsroom.new / "2.mx").write_bytes(report)
    (newsroom.new / "3.mx").write_bytes(mail(subject="When does it leave?"))
    assert broadsheet("bounces", "process").out.splitlines() == [
        "2 messages: 1 none",
        "  1 known already",
        "  1 reporting nothing, for a person to look at",
    ]


def test_list_shows_what_came_back_of_whom_and_what_followed(newsroom, broadsheet):
    (newsroom.new / "1.mx").write_bytes(dsn(IDA, token=newsroom.tokens[IDA]))
    (newsroom.new / "2.mx").write_bytes(complaint(token=newsroom.tokens[BEN]))
    broadsheet("bounces", "process")
    found = broadsheet("bounces", "list", "--json").value
    assert {(each["address"], each["event"]["verdict"], each["event"]["effect"]) for each in found} == {
        (IDA, "hard", "suppressed"),
        (BEN, "complaint", "suppressed"),
    }
    one = broadsheet("bounces", "list", "--edition", newsroom.edition, "--verdict", "complaint")
    assert BEN in one.out
    assert IDA not in one.out
    assert broadsheet("bounces", "list", "--waiting", "--json").value == []
    shown = broadsheet("editions", newsroom.edition, "--json").value["came_back"]
    assert (shown["hard"], shown["complaint"], shown["bounce_share"]) == (1, 1, 0.5)
    assert "came back: 1 complaint, 1 hard" in broadsheet("editions", newsroom.edition).out


def test_wrong_words_are_told(newsroom, broadsheet):
    assert 'did you mean "hard"' in broadsheet("bounces", "list", "--verdict", "hart").err
    assert "no edition" in broadsheet("bounces", "list", "--edition", "nothing").err
    assert "dead" in broadsheet("bounces", "settle", newsroom.edition, "--as", "gone").err
    assert broadsheet("bounces", "settle", newsroom.edition, "--as", "dead").code == 3
    assert broadsheet("bounces", "settle", "nothing", "--as", "dead").code == 1


def test_a_mailbox_that_cannot_be_read_is_one_line(newsroom, broadsheet):
    (newsroom.folder / "bounces" / "cur").rmdir()
    said = broadsheet("bounces", "process")
    assert said.code == 1
    assert said.err.count("\n") == 1
    assert "bounces.maildir" in said.err


def test_without_a_mailbox_there_is_nothing_to_do(folder, broadsheet):
    assert broadsheet("bounces", "process").code == 3


def _pipe(monkeypatch, message):
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(message)))


def test_a_piped_message_is_on_record_and_known_again(newsroom, broadsheet, monkeypatch):
    message = dsn(IDA, token=newsroom.tokens[IDA])
    _pipe(monkeypatch, message)
    said = broadsheet("bounces", "process", "--stdin", "--json")
    assert (said.code, said.value["events"], said.value["suppressed"]) == (0, {"hard": 1}, 1)
    _pipe(monkeypatch, message)
    assert broadsheet("bounces", "process", "--stdin", "--json").value["known"] == 1


@pytest.mark.parametrize("fault", ["settings", "store", "program"])
def test_whatever_fails_the_mail_server_is_told_to_keep_the_message(newsroom, broadsheet, monkeypatch, fault):
    if fault == "settings":
        (newsroom.folder / "config" / "broadsheet.toml").write_text("[nothing")
    elif fault == "store":
        (newsroom.folder / "var" / "broadsheet.db").write_bytes(b"this is no database" * 1000)
    else:
        monkeypatch.setattr("bot.delivery.intake.message.read_reports", lambda message: 1 / 0)
    _pipe(monkeypatch, dsn(IDA, token=newsroom.tokens[IDA]))
    said = broadsheet("bounces", "process", "--stdin")
    assert said.code == 75, said.err
    assert said.err.splitlines()[-1].startswith("broadsheet: ")


def test_a_real_pipe_takes_a_message_of_any_size_to_its_end(newsroom):
    message = dsn(IDA, token=newsroom.tokens[IDA]) + b"x" * (5 << 20)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "bounces", "process", "--stdin"],
        input=message,
        capture_output=True,
        cwd=newsroom.folder,
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(Path(bot.__file__).parent.parent)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"1 hard" in done.stdout


def test_old_events_are_pruned(newsroom, broadsheet):
    (newsroom.new / "1.mx").write_bytes(dsn(IDA, token=newsroom.tokens[IDA]))
    broadsheet("bounces", "process")
    configured = load_settings(newsroom.folder / "config")
    store = Store.open(configured.store_url, KEYS.address_key)
    now = datetime.now(UTC)
    assert prune_events(Installation(configured, store, KEYS, SetClock(now))) == 0
    assert prune_events(Installation(configured, store, KEYS, SetClock(now + timedelta(days=366)))) == 1
    store.close()


def test_up_and_scheduler_look_into_the_mailbox_by_themselves(newsroom):
    (newsroom.new / "1.mx").write_bytes(dsn(IDA, token=newsroom.tokens[IDA]))
    configured = load_settings(newsroom.folder / "config")
    store = Store.open(configured.store_url, KEYS.address_key)
    told = []
    ticker = Ticker(Installation(configured, store, KEYS, system_clock), told=told.append)
    ticker.start()
    try:
        until = time.monotonic() + 60
        while not any(isinstance(each, Polled) for each in told) and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        ticker.stop()
        store.close()
    (polled,) = (each for each in told if isinstance(each, Polled))
    assert (polled.box.events["hard"], polled.settled.suppressed) == (1, 1)
