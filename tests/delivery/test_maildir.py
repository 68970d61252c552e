"""A Maildir is read, and nothing in it is lost."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from bot.delivery.intake import message as intake
from bot.delivery.intake.maildir import read_maildir
from bot.delivery.intake.message import Intake
from bot.errors import SettingsError, StoreError
from bot.model import Verdict
from tests.delivery.returned import RETURNS, Sent, dsn, mail

IDA, BEN = "ida@example.org", "ben@example.org"


@pytest.fixture
def maildir(tmp_path):
    folder = tmp_path / "bounces"
    for part in ("new", "cur", "tmp"):
        (folder / part).mkdir(parents=True)
    return folder


@pytest.fixture
async def sent(store, clock):
    made = Sent(store, clock)
    made.id = await made.edition(IDA, BEN)
    return made


def _read(sent, maildir, **how):
    return read_maildir(maildir, Intake(sent.store, RETURNS, sent.clock, "maildir"), **how)


def _files(folder):
    return sorted(each.name for part in ("new", "cur") for each in (folder / part).iterdir())


def _bounce(sent, address=IDA):
    return dsn(address, token=sent.tokens[sent.id, address])


def test_messages_of_new_and_cur_are_on_record_and_then_moved(sent, maildir):
    (maildir / "new" / "1.a.mx").write_bytes(_bounce(sent))
    (maildir / "cur" / "2.b.mx:2,S").write_bytes(_bounce(sent, BEN))
    box = _read(sent, maildir)
    assert (box.messages, box.events, box.left) == (2, {"hard": 2}, [])
    assert _files(maildir) == []
    assert _files(maildir / ".Processed") == ["1.a.mx:2,S", "2.b.mx:2,S"]
    assert sent.settle().suppressed == 2


def test_b5_mail_that_reports_nothing_is_kept_for_a_person(sent, maildir):
    letter = mail(subject="A question on the ferry", text="When does it leave?")
    (maildir / "new" / "1.a.mx").write_bytes(letter)
    box = _read(sent, maildir)
    assert (box.messages, box.other) == (1, 1)
    assert _files(maildir) == _files(maildir / ".Processed") == []
    assert (maildir / ".Other" / "cur" / "1.a.mx:2,S").read_bytes() == letter


def test_b5_nothing_leaves_the_maildir_while_the_store_takes_nothing(sent, maildir):
    (maildir / "new" / "1.a.mx").write_bytes(_bounce(sent))
    (maildir / "new" / "2.b.mx").write_bytes(_bounce(sent, BEN))

    def down(message):
        raise StoreError("the disk is full")

    with pytest.raises(StoreError):
        read_maildir(maildir, down)
    assert _files(maildir) == ["1.a.mx", "2.b.mx"]
    assert _read(sent, maildir).events == {"hard": 2}


def test_b6_a_crash_between_the_record_and_the_move_counts_nothing_twice(sent, maildir, monkeypatch):
    (maildir / "new" / "1.a.mx").write_bytes(_bounce(sent))
    monkeypatch.setattr(Path, "rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        _read(sent, maildir)
    monkeypatch.undo()
    assert _files(maildir) == ["1.a.mx"]
    box = _read(sent, maildir)
    assert (box.known, box.events, _files(maildir)) == (1, {}, [])
    assert len(sent.events()) == 1


def test_a_message_on_which_the_program_fails_stays_is_told_and_stops_no_other(sent, maildir, monkeypatch):
    real = intake.read_reports

    def faulty(message):
        if b"Undeliverable poison" in message:
            raise RecursionError
        return real(message)

    monkeypatch.setattr(intake, "read_reports", faulty)
    (maildir / "new" / "1.a.mx").write_bytes(b"Subject: Undeliverable poison\r\n\r\n")
    (maildir / "new" / "2.b.mx").write_bytes(_bounce(sent, BEN))
    box = _read(sent, maildir)
    assert box.events == {"hard": 1}
    (line,) = box.left
    assert "1.a.mx" in line
    assert _files(maildir) == ["1.a.mx"]


def test_links_and_pipes_are_not_followed(sent, maildir, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(_bounce(sent))
    (maildir / "new" / "1.link").symlink_to(secret)
    os.mkfifo(maildir / "new" / "2.pipe")
    (maildir / "new" / "3.folder").mkdir()
    box = _read(sent, maildir)
    assert (box.messages, len(box.left)) == (0, 3)
    assert secret.exists()


def test_what_its_owner_trashed_and_what_is_being_delivered_is_left_alone(sent, maildir):
    (maildir / "cur" / "1.a.mx:2,ST").write_bytes(_bounce(sent))
    (maildir / "tmp" / "2.b.mx").write_bytes(_bounce(sent, BEN))
    assert _read(sent, maildir).messages == 0


def test_of_a_huge_message_only_the_beginning_is_read(sent, maildir):
    (maildir / "new" / "1.a.mx").write_bytes(_bounce(sent) + b"x" * (40 << 20))
    assert _read(sent, maildir).events == {"hard": 1}


def test_a_name_that_is_taken_among_the_processed_is_not_overwritten(sent, maildir):
    for address in (IDA, BEN):
        (maildir / "new" / "1.a.mx").write_bytes(_bounce(sent, address))
        _read(sent, maildir)
    assert len(_files(maildir / ".Processed")) == 2


def test_a_stop_leaves_the_rest_for_the_next_time(sent, maildir):
    for number in range(4):
        (maildir / "new" / f"{number}.mx").write_bytes(_bounce(sent))
    asked = iter([False, False, True])
    assert _read(sent, maildir, stop=lambda: next(asked)).messages == 2
    assert len(_files(maildir)) == 2


def test_two_processes_at_once_put_each_message_on_record_once(sent, maildir):
    for number in range(30):
        (maildir / "new" / f"{number:02d}.mx").write_bytes(dsn(IDA, token=sent.tokens[sent.id, IDA]))
    boxes = []
    threads = [threading.Thread(target=lambda: boxes.append(_read(sent, maildir))) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(boxes) == 2
    assert _files(maildir) == []
    assert len(sent.events(verdicts=[Verdict.HARD])) == 30
    assert sum(box.events["hard"] for box in boxes) == 30


@pytest.mark.parametrize("made", [False, True])
def test_what_is_no_maildir_is_a_fault_in_the_settings(sent, tmp_path, made):
    folder = tmp_path / "elsewhere"
    if made:
        folder.mkdir()
    with pytest.raises(SettingsError, match=r"bounces\.maildir"):
        _read(sent, folder)
