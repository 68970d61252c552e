"""The demo's mails as their readers see them."""

from __future__ import annotations

from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from bot.demo.inbox import SHOWN, inbox_app
from bot.demo.mailbox import Mailbox

HOSTILE = "<script>alert(1)</script>"


def mail(subject: str, html: str = "", to: str = "ada@example.org") -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"], message["Subject"] = "briefing@record.example", to, subject
    message["Date"] = "Tue, 24 Nov 2026 07:00:00 +0000"
    message.set_content("The ferry returns.")
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


@pytest.fixture
def box(tmp_path: Path) -> Mailbox:
    return Mailbox(tmp_path)


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    return TestClient(inbox_app(tmp_path, "Asia/Tokyo"), base_url="http://127.0.0.1:8126")


def test_the_newest_mail_stands_first_and_the_list_looks_again(client: TestClient, box: Mailbox) -> None:
    assert "No mail has come yet." in client.get("/").text
    for subject in ("Yesterday", "The ferry returns"):
        box.keep("ada@example.org", mail(subject))
    page = client.get("/").text
    assert page.index("The ferry returns") < page.index("Yesterday")
    assert "2 mails" in page
    assert "to ada@example.org" in page
    assert 'http-equiv="refresh"' in page


def test_a_mail_is_shown_as_its_reader_sees_it(client: TestClient, box: Mailbox) -> None:
    name = box.keep("ada@example.org", mail("Ferry", "<html><head></head><body><h1>Ferry</h1></body></html>")).name
    page = client.get(f"/{name}").text
    assert f'src="/{name}/body"' in page
    assert "From: briefing@record.example" in page
    answer = client.get(f"/{name}/body")
    assert "<h1>Ferry</h1>" in answer.text
    assert '<base target="_blank">' in answer.text
    assert client.get(f"/{box.keep('tom@example.org', mail('Plain')).name}/body").text.strip() == "The ferry returns."


def test_times_are_those_of_the_newsroom_and_say_so(client: TestClient, box: Mailbox) -> None:
    box.keep("ada@example.org", mail("The ferry returns"))
    page = client.get("/").text
    assert "24 Nov 16:00:00" in page, "as on the desk, and not as the machine has it"
    assert "times in Tokyo" in page
    assert "Broadsheet’s demo" in page


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("Tue, 24 Nov 2026 20:00:00 +0000", "Wed, 25 Nov 2026 05:00:00 in Tokyo"),
        ("Tue, 24 Nov 2026 20:00:00 -0000", "Wed, 25 Nov 2026 05:00:00 in Tokyo"),
        ("Fri, 31 Dec 9999 23:00:00 +0000", "Fri, 31 Dec 9999 23:00:00 +0000"),
        ("<next week>", "&lt;next week&gt;"),
    ],
)
def test_an_opened_mail_has_the_date_of_the_newsroom_and_its_file_the_one_it_was_sent_with(
    client: TestClient, box: Mailbox, sent: str, shown: str
) -> None:
    message = mail("Ferry").replace(b"Tue, 24 Nov 2026 07:00:00 +0000", sent.encode())
    file = box.keep("ada@example.org", message)
    assert f"Date: {shown}</div>" in client.get(f"/{file.name}").text
    assert file.read_bytes() == message
    assert client.get("/").status_code == 200


def test_a_mail_without_a_date_is_opened_all_the_same(client: TestClient, box: Mailbox) -> None:
    message = mail("Ferry").replace(b"Date: Tue, 24 Nov 2026 07:00:00 +0000\r\n", b"")
    name = box.keep("ada@example.org", message).name
    page = client.get(f"/{name}").text
    assert "To: ada@example.org" in page
    assert "Date:" not in page


def test_what_a_mail_holds_runs_nothing(client: TestClient, box: Mailbox) -> None:
    name = box.keep("ada@example.org", mail(HOSTILE, f"<p>{HOSTILE}</p>", to=f'"{HOSTILE}" <ada@example.org>')).name
    for path in ("/", f"/{name}"):
        answer = client.get(path)
        assert "<script>" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    policy = client.get(f"/{name}/body").headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy
    assert "allow-same-origin" not in policy


@pytest.mark.parametrize("name", ["1-x.eml", "..%2F..%2Fetc%2Fpasswd", "config", "001-.eml", "demo.json"])
def test_nothing_but_a_mail_is_opened(client: TestClient, tmp_path: Path, name: str) -> None:
    (tmp_path / "demo.json").write_text("{}")
    for path in (f"/{name}", f"/{name}/body"):
        assert client.get(path).status_code == 404


def test_a_foreign_name_of_this_machine_opens_nothing(client: TestClient) -> None:
    assert client.get("/", headers={"Host": "rebound.evil.example"}).status_code == 400


def test_a_long_list_says_what_it_leaves_out(client: TestClient, box: Mailbox) -> None:
    for number in range(SHOWN + 3):
        box.keep("ada@example.org", mail(f"Number {number}"))
    page = client.get("/").text
    assert "and 3 older ones" in page
    assert "Number 2<" not in page
