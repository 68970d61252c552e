"""What a real Postfix returns, read: its delivery reports as they lie in the newsroom's Maildir."""

from __future__ import annotations

import secrets
import smtplib
import ssl
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import pytest

from bot.audience.bounces import read_reports
from bot.model import Report, Verdict

pytestmark = pytest.mark.real

PATIENCE = 30.0
LIFE = 150.0
"""Seconds until what is deferred surely came back: the server tries for one minute."""


@pytest.fixture
def returned(mail_server: dict[str, str]) -> Callable[[str, float], Report]:
    """Mails ``address`` through the newsroom's server; the report that comes back within so many seconds."""

    def send(address: str, patience: float) -> Report:
        token = secrets.token_hex(13)
        message = EmailMessage()
        message["From"], message["To"] = "briefing@newsroom.test", address
        message["Subject"], message["Message-ID"] = "The harbour opens", f"<{token}@newsroom.test>"
        message.set_content("The harbour opens again.\n")
        port = int(mail_server["SUBMISSION_PORT"])
        with smtplib.SMTP(mail_server["SUBMISSION_HOST"], port, timeout=20) as server:
            server.starttls(context=ssl.create_default_context(cafile=mail_server["TLS_CA"]))
            server.login(mail_server["SMTP_USER"], mail_server["SMTP_PASSWORD"])
            server.send_message(message, from_addr=f"bounces+{token}@newsroom.test", to_addrs=[address])
        raw = _wait(Path(mail_server["MAILDIR_NEWSROOM"]), token.encode(), patience)
        (report,) = read_reports(raw)
        assert f"bounces+{token}@newsroom.test" in report.named
        assert f"<{token}@newsroom.test>" in report.named
        return report

    return send


def _wait(maildir: Path, token: bytes, patience: float) -> bytes:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        for file in [*maildir.glob("new/*"), *maildir.glob("cur/*")]:
            raw = file.read_bytes()
            if token in raw:
                return raw
        time.sleep(0.3)
    pytest.fail(f"nothing came back within {patience:.0f} s")


@pytest.mark.parametrize("name", ["bounce-hard", "late-bounce"])
def test_rfc3464_an_unknown_user_is_hard_at_once_or_after_it_was_accepted(returned, name) -> None:
    address = f"{name}+{secrets.token_hex(4)}@readers.test"
    report = returned(address, PATIENCE)
    assert (report.verdict, report.recipient, report.code) == (Verdict.HARD, address, "5.1.1")
    assert report.reason == "no such user"


@pytest.mark.slow
def test_b4_a_full_mailbox_that_comes_back_at_last_is_soft(returned) -> None:
    address = f"full+{secrets.token_hex(4)}@readers.test"
    report = returned(address, LIFE)
    assert (report.verdict, report.recipient, report.code) == (Verdict.SOFT, address, "4.2.2")
    assert report.reason == "mailbox full"
