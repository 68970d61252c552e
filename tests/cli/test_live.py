"""Progress as it is seen: drawn on a terminal, as JSON for programs, as metrics of a worker."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from datetime import timedelta
from pathlib import Path
from urllib.request import urlopen

import pytest
from rich.console import Console

import bot
from bot.cli.live import picture
from bot.demo.mailbox import mailbox
from bot.model import DomainProgress, EditionState, Progress, ServerProgress
from bot.testing import NOW
from tests.cli.conftest import configure
from tests.delivery.smtp_server import PATIENCE, smtp_server


def standing(**fields):
    given = {
        "edition": "q7m2dk4a9xwz3tbn",
        "state": EditionState.SENDING,
        "at": NOW,
        "total": 1_000_000,
        "done": 612_399,
        "states": {"accepted": 612_100, "failed": 299, "leased": 1000, "pending": 386_401, "deferred": 200},
        "rate": 1832.31,
        "about": NOW + timedelta(seconds=210),
        "next_try": NOW + timedelta(minutes=9, seconds=30),
        "servers": (
            ServerProgress(
                channel="mail",
                address="smtp-submission.relay.newsroom.example:587",
                states={"accepted": 612_100, "deferred": 200, "failed": 299},
                rate=1832.31,
                connections=20,
                in_use=19,
            ),
            ServerProgress(channel="mail", address="backup:25", rests_until=NOW + timedelta(minutes=3)),
        ),
        "domains": (
            DomainProgress(domain="gmail.com", states={"accepted": 306_020}, said="421 4.7.0 Try again later, " * 5),
            DomainProgress(domain="*", states={"accepted": 100}),
        ),
        "workers": 2,
    }
    return Progress(**{**given, **fields})


def seen(found, width=80):
    console = Console(width=width, file=io.StringIO(), color_system=None, force_terminal=True)
    console.print(picture(found, "UTC"))
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_picture_fits_a_terminal_of_80_columns_and_says_all_that_counts():
    lines = seen(standing())
    assert max(map(len, lines)) <= 80
    text = "\n".join(lines)
    for part in (
        "is sending",
        "612,399 of 1,000,000  61 %",
        "1,832 a second · about 4 min left · next try at 07:10 · 2 workers",
        "612,100 accepted   299 failed   387,401 pending   200 deferred",
        "19 of 20",
        "rests to 07:03",
        "421 4.7.0 Try again",
        "all others",
    ):
        assert part in text.replace("   deferred", " deferred"), part


def test_the_picture_does_not_round_up_to_done_and_promises_no_end_it_does_not_know():
    text = "\n".join(seen(standing(done=999_999, rate=None, about=None, next_try=None, workers=1)))
    assert "999,999 of 1,000,000  99 %" in text
    assert "no rate yet" in text
    assert "about" not in text


def test_a_paused_edition_has_no_rate():
    text = "\n".join(seen(standing(state=EditionState.PAUSED, rate=0.0, about=None)))
    assert "is paused" in text
    assert "1,832 a second ·" not in text
    assert "about" not in text


@pytest.fixture
def sent(broadsheet, folder):
    with mailbox(folder / "mailbox") as port:
        configure(folder, port=port)
        broadsheet("subscribers", "add", "ida@example.org")
        yield broadsheet("run", "morning", "--json").value


def test_a_run_and_an_edition_tell_their_progress_to_programs(broadsheet, sent):
    said = sent["progress"]
    assert (said["state"], said["total"], said["done"], said["states"]) == ("sent", 1, 1, {"accepted": 1})
    assert [each["states"] for each in said["servers"] if each["address"]] == [{"accepted": 1}]
    assert [each["domain"] for each in said["domains"]] == ["example.org"]
    shown = broadsheet("editions", sent["edition"], "--json").value["progress"]
    assert {**shown, "at": ""} == {**said, "at": ""}


def test_to_watch_what_has_ended_is_to_look_once(broadsheet, sent):
    said = broadsheet("editions", sent["edition"], "--watch", "--json")
    assert [json.loads(line)["state"] for line in said.out.splitlines()] == ["sent"]
    piped = broadsheet("editions", sent["edition"], "--watch")
    assert piped.err == ""
    assert "state: sent" in piped.out


def test_who_watches_names_an_edition_that_is_there(broadsheet, folder):
    assert broadsheet("editions", "--watch").code == 2
    said = broadsheet("editions", "nope", "--watch", "--json")
    assert (said.code, said.out) == (1, "")
    assert "no edition nope" in said.err


# --- while it sends

READERS = 60


def _environment():
    ours = {"PYTHONPATH": str(Path(bot.__file__).parent.parent), "PYTHONUNBUFFERED": "1", "TERM": "xterm"}
    return {**{name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}, **ours}


def _start(folder, *arguments, **streams):
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.Popen(command, cwd=folder, env=_environment(), text=True, **streams)


@pytest.fixture
def slow(broadsheet, folder):
    """A server that takes its time over each of 60 readers: two seconds at least, for all four connections."""
    with smtp_server(slow=0.15) as server:
        configure(folder, port=server.port)
        file = folder / "readers.csv"
        file.write_text("address\n" + "".join(f"reader{number}@example.org\n" for number in range(READERS)))
        imported = broadsheet("subscribers", "import", str(file), "--consent", "they asked for it", "--json")
        assert imported.value["accepted"] == READERS
        yield server


def _on_a_terminal(folder, *arguments):
    """What a command shows on a terminal of 80 columns, to its end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 80, 0, 0))
    running = _start(folder, *arguments, stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = b""
    try:
        while part := os.read(ours, 65536):
            shown += part
    except OSError:
        # The other side was closed.
        pass
    finally:
        os.close(ours)
    return running.wait(PATIENCE), shown.decode()


@pytest.mark.slow
def test_a_run_draws_itself_on_a_terminal_and_cleans_up(folder, slow):
    code, shown = _on_a_terminal(folder, "run", "morning")
    assert code == 0, shown
    assert len(slow.arrived) == READERS
    assert "is \x1b[1msending" in shown
    assert re.search(r"\d of 60", shown)
    assert "a second" in shown
    # The picture was taken away: what stays is the outcome alone.
    assert "\x1b[2K" in shown.rpartition("is \x1b[1msending")[2]
    assert "60 accepted; together 60 of 60" in shown


@pytest.mark.slow
def test_a_piped_run_draws_nothing(folder, slow):
    said = _start(folder, "run", "morning", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out, err = said.communicate(timeout=PATIENCE)
    assert (said.returncode, err) == (0, "")
    assert "\x1b" not in out


@pytest.mark.slow
def test_an_interrupt_lets_what_is_in_flight_finish_and_the_rest_goes_on_later(broadsheet, folder, slow):
    running = _start(folder, "run", "morning", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    slow.wait_for(4)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    (edition,) = broadsheet("editions", "--json").value
    arrived = len(slow.arrived)
    assert arrived < READERS
    assert edition["deliveries"] == {"accepted": arrived, "pending": READERS - arrived}
    broadsheet("run", "morning")
    assert set(slow.copies.values()) == {1}
    assert len(slow.arrived) == READERS


@pytest.mark.slow
def test_another_process_watches_line_by_line_until_the_end(broadsheet, folder, slow):
    running = _start(folder, "run", "morning", stdout=subprocess.DEVNULL)
    slow.wait_for(1)
    edition = broadsheet("editions", "--json").value[0]["id"]
    watching = _start(folder, "editions", edition, "--watch", "--json", stdout=subprocess.PIPE)
    lines = [json.loads(line) for line in watching.communicate(timeout=PATIENCE)[0].splitlines()]
    assert (watching.returncode, running.wait(PATIENCE)) == (0, 0)
    assert lines[-1]["state"] == "sent"
    assert lines[-1]["states"] == {"accepted": READERS}
    done = [each["done"] for each in lines]
    assert done == sorted(done)
    assert all(sum(each["states"].values()) == each["total"] == READERS for each in lines)


@pytest.mark.slow
def test_a_worker_serves_its_own_counters(folder, slow):
    file = folder / "config" / "broadsheet.toml"
    file.write_text(file.read_text().replace("0 7 * * *", "* * * * *"))
    roles = [
        _start(folder, "scheduler", stdout=subprocess.DEVNULL),
        _start(folder, "worker", "--metrics-port", "0", stdout=subprocess.PIPE),
    ]
    try:
        url = next(line.split()[-1] for line in roles[1].stdout if line.startswith("metrics at "))
        slow.wait_for(READERS)
        found = urlopen(url).read().decode()
        for role in roles:
            role.send_signal(signal.SIGTERM)
        assert re.search(r'^broadsheet_deliveries_total\{.*state="accepted"\} \d', found, re.MULTILINE)
        assert f'server="127.0.0.1:{slow.port}"' in found
        assert [role.wait(PATIENCE) for role in roles] == [0, 0]
    finally:
        for role in roles:
            role.kill()
        roles[1].stdout.close()
