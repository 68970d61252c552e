import re
import smtplib
import socket
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest

from bot.demo.mailbox import Mailbox, mailbox


def mail(text: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = "briefing@portalderrecord.example"
    message["Subject"] = "Schön"
    message.set_content(text)
    return message.as_bytes()


def send(port: int, to: str, text: str) -> tuple[int, bytes]:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        client.ehlo("newsroom.example")
        client.mail("bounce@portalderrecord.example")
        client.rcpt(to)
        return client.data(mail(text))


def test_a_message_is_on_disk_whole_when_it_is_accepted(tmp_path: Path) -> None:
    with mailbox(tmp_path) as port:
        code, text = send(port, "amara@example.org", "First line\n.dot line\nlast line\n")
        kept = (tmp_path / "001-amara.eml").read_bytes()
    assert code == 250
    assert re.search(rb"queued as [0-9A-F]{10}", text)
    assert kept == mail("First line\n.dot line\nlast line\n")


def test_two_copies_are_two_files(tmp_path: Path) -> None:
    with mailbox(tmp_path) as port:
        send(port, "ivan+record@example.com", "one")
        send(port, "ivan+record@example.com", "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["001-ivan+record.eml", "002-ivan+record.eml"]
    assert "two" in (tmp_path / "002-ivan+record.eml").read_text()


def test_numbers_go_on_after_a_restart_and_nothing_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "041-old.eml").write_bytes(b"old")
    with mailbox(tmp_path) as port:
        send(port, "new@example.com", "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["041-old.eml", "042-new.eml"]
    assert (tmp_path / "041-old.eml").read_bytes() == b"old"


def test_two_mailboxes_in_one_folder_lose_nothing(tmp_path: Path) -> None:
    one, other = Mailbox(tmp_path), Mailbox(tmp_path)
    names = {box.keep("same@example.com", b"x").name for _ in range(5) for box in (one, other)}
    assert len(names) == 10


@pytest.mark.parametrize("recipient", ["../../etc/passwd@example.com", "a/b@example.com", ".x@example.com", "@"])
def test_an_address_never_leads_out_of_the_folder(tmp_path: Path, recipient: str) -> None:
    kept = Mailbox(tmp_path).keep(recipient, b"x")
    assert kept.parent == tmp_path
    assert list(tmp_path.iterdir()) == [kept]


def test_a_mailbox_that_cannot_write_says_try_later(tmp_path: Path) -> None:
    folder = tmp_path / "box"
    with mailbox(folder) as port:
        folder.rmdir()
        code, text = send(port, "amara@example.org", "text")
    assert code == 451
    assert b"could not write" in text


def test_a_taken_port_is_replaced(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with mailbox(tmp_path, taken) as port:
            assert port != taken
            assert send(port, "amara@example.org", "text")[0] == 250
