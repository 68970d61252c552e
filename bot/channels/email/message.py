"""One message, whole: RFC 5322 headers around a letter's two parts.

Sources, checked 2026-11-24: RFC 5322, RFC 2046 §5.1.4 (alternative: text first), RFC 8058 and 2369 (unsubscribing),
RFC 2919 (List-Id), RFC 3834 (Auto-Submitted), https://support.google.com/mail/answer/6254652 (Feedback-ID).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlsplit

from bot.channels.email.fields import ascii_domain, machine, mailbox, text
from bot.channels.email.letter import Letter
from bot.channels.email.options import EmailOptions
from bot.model import MergeField, Newsroom, Parcel, Recipient
from bot.settings import parse_sender

# "=_" never occurs in quoted-printable, so no text can hold the boundary (RFC 2045 §6.7).
_BOUNDARY = "=_broadsheet_alternative"
_PART = 'Content-Type: text/{kind}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all messages of one channel share. Its addresses have ASCII only (settings check it)."""

    name: str
    address: str
    reply_to: str
    bounces: str
    unsubscribe_mailto: str
    list_id: str
    host: str
    precedence: bool

    @classmethod
    def of(cls, options: EmailOptions, newsroom: Newsroom) -> Letterhead:
        name, address = parse_sender(options.sender)
        host = urlsplit(newsroom.url).hostname or "localhost"
        return cls(
            name=name,
            address=ascii_domain(address),
            reply_to=ascii_domain(options.reply_to) if options.reply_to else "",
            bounces=ascii_domain(options.bounces) if options.bounces else "",
            unsubscribe_mailto=ascii_domain(options.unsubscribe_mailto) if options.unsubscribe_mailto else "",
            list_id=options.list_id,
            host=ascii_domain(f"x@{host}").removeprefix("x@"),
            precedence=options.precedence,
        )

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def envelope_sender(self, token: str) -> str:
        """The MAIL FROM of the delivery ``token``: VERP when an address for bounces is set."""
        if not self.bounces:
            return self.address
        local, _, domain = self.bounces.rpartition("@")
        return f"{local}+{token}@{domain}"


def compose(
    parcel: Parcel,
    recipient: Recipient,
    *,
    letter: Letter,
    head: Letterhead,
    values: Mapping[MergeField, str],
    at: datetime,
) -> bytes:
    """The message of ``parcel``, CRLF throughout, no line longer than 998 octets, not dot-stuffed.

    Message-ID is ``<TOKEN@domain of From>``, the same on each attempt; Date is ``at``, the moment of this one. Raises
    ``ValueError`` when the recipient's domain is none.
    """
    headers = [
        mailbox("From", head.name, head.address),
        mailbox("To", recipient.name, ascii_domain(recipient.address)),
        *([mailbox("Reply-To", "", head.reply_to)] if head.reply_to else []),
        text("Subject", letter.email.subject),
        machine("Date", format_datetime(at)),
        machine("Message-ID", f"<{parcel.token}@{head.domain}>"),
        *_list_fields(parcel, recipient, head, values[MergeField.UNSUBSCRIBE_URL]),
        machine("MIME-Version", "1.0"),
        machine("Content-Type", f'multipart/alternative; boundary="{_BOUNDARY}"'),
    ]
    border = f"--{_BOUNDARY}\r\n".encode()
    return b"".join(
        [
            *headers,
            b"\r\n",
            border,
            _PART.format(kind="plain").encode(),
            letter.text_for(values),
            border,
            _PART.format(kind="html").encode(),
            letter.html_for(values),
            f"--{_BOUNDARY}--\r\n".encode(),
        ]
    )


def _list_fields(parcel: Parcel, recipient: Recipient, head: Letterhead, unsubscribe: str) -> list[bytes]:
    audience = _label(recipient.audience) or "readers"
    ways = [f"<{unsubscribe}>"]
    if head.unsubscribe_mailto:
        ways.append(f"<mailto:{head.unsubscribe_mailto}?subject=unsubscribe%20{parcel.token}>")
    # Gmail counts complaints by each of the four, so none may hold a person's data or repeat another.
    feedback = (parcel.edition, f"list-{audience}", f"schedule-{_label(parcel.schedule)}", _sender_id(head.domain))
    return [
        machine("List-Unsubscribe", *ways),
        machine("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        machine("List-Id", f"<{head.list_id or f'{audience}.{head.host}'}>"),
        machine("List-Post", "NO"),
        machine("Auto-Submitted", "auto-generated"),
        # Not "All": that would also keep away the reports of what bounced.
        machine("X-Auto-Response-Suppress", "OOF, AutoReply"),
        machine("Feedback-ID", ":".join(feedback)),
        *([machine("Precedence", "bulk")] if head.precedence else []),
    ]


def _label(word: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", word.lower()).strip("-")[:63]


def _sender_id(domain: str) -> str:
    return re.sub(r"[^a-z0-9]", "", domain.lower())[:15].ljust(5, "0")
