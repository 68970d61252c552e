"""Mail that came back, built by hand: names and hosts are invented, the shapes are those of real servers."""

from __future__ import annotations

from bot.audience.bounces import read_reports
from bot.model import Report

RETURN_PATH = "bounce+k7f3q9xd@news.record.example"
MAILED = "mara@reader.example"
ORIGINAL = f"""\
Return-Path: <{RETURN_PATH}>
Received: from mx.record.example (mx.record.example [192.0.2.10]) by relay.example with ESMTP id 4F00
From: The Record <news@record.example>
To: {MAILED}
Subject: Your Tuesday digest
Message-ID: <tok3n@record.example>
List-Unsubscribe: <https://news.record.example/u/v1.k1.u.abc.def>, <mailto:unsubscribe@record.example?subject=tok3n>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
CFBL-Feedback-ID: fb-tok3n
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
"""


def letter(text: str, **fields: str) -> bytes:
    """A message with ``fields`` (``_`` for ``-``) over ``text``; a server's where they say nothing else."""
    head = {
        "Return-Path": "<>",
        "From": "Mail Delivery System <MAILER-DAEMON@mx.reader.example>",
        "To": RETURN_PATH,
        "Subject": "Undelivered Mail Returned to Sender",
        "Message-ID": "<20261126010203.4F00@mx.reader.example>",
        **{name.replace("_", "-"): value for name, value in fields.items()},
    }
    lines = [f"{name}: {value}" for name, value in head.items() if value]
    return ("\n".join(lines) + "\n\n" + text).encode()


def dsn(
    *groups: str, text: str = "Your message could not be delivered.", original: str = ORIGINAL, **fields: str
) -> bytes:
    """A delivery status notification (RFC 3464) with a group of fields for each recipient."""
    status = "\n\n".join(("Reporting-MTA: dns; mx.reader.example", *groups))
    body = (
        f"--sep\nContent-Type: text/plain\n\n{text}\n"
        f"--sep\nContent-Type: message/delivery-status\n\n{status}\n\n"
        f"--sep\nContent-Type: message/rfc822\n\n{original}\nHello.\n--sep--\n"
    )
    kind = 'multipart/report; report-type=delivery-status; boundary="sep"'
    return letter(body, **{"Auto-Submitted": "auto-replied", "Content-Type": kind, **fields})


def group(
    recipient: str = MAILED, action: str = "failed", status: str = "5.1.1", diagnostic: str = "", **more: str
) -> str:
    """The fields of one recipient."""
    fields = {"Final-Recipient": f"rfc822; {recipient}", "Action": action, "Status": status}
    fields |= {"Diagnostic-Code": diagnostic} if diagnostic else {}
    fields |= {name.replace("_", "-"): value for name, value in more.items()}
    return "\n".join(f"{name}: {value}" for name, value in fields.items() if value)


def feedback(fields: str, original: str = ORIGINAL, **head: str) -> bytes:
    """A feedback report (RFC 5965)."""
    body = (
        "--sep\nContent-Type: text/plain\n\nThis is an email abuse report.\n"
        f"--sep\nContent-Type: message/feedback-report\n\n{fields}\n"
        f"--sep\nContent-Type: message/rfc822\n\n{original}\nHello.\n--sep--\n"
    )
    kind = 'multipart/report; report-type=feedback-report; boundary="sep"'
    return letter(body, **{"From": "fbl@isp.example", "Subject": "FW: Your digest", "Content-Type": kind, **head})


def only(message: bytes) -> Report:
    """The one report of ``message``; fails when there are more."""
    (report,) = read_reports(message)
    return report
