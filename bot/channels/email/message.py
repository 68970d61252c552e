"""One message, whole: RFC 5322 headers around a letter's two parts.

Sources, checked 2026-11-24: RFC 5322, RFC 2046 §5.1.4 (alternative: text first), RFC 8058 and 2369 (unsubscribing),
RFC 2919 (List-Id), RFC 3834 (Auto-Submitted), https://support.google.com/mail/answer/6254652 (Feedback-ID); 2026-11-26:
RFC 9477 (CFBL-Address, experimental).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from urllib.parse import quote, urlsplit

from bot.audience.links import archive_url
from bot.channels.email.fields import ascii_domain, ascii_url, machine, mailbox, text
from bot.channels.email.letter import BOUNDARY, Letter, Piece, encoded
from bot.channels.email.options import EmailOptions
from bot.errors import SettingsError
from bot.model import Email, MergeField, Newsroom, Parcel, Recipient
from bot.settings import parse_sender

_TO, _DATE, _TOKEN, _URL = "to", "date", "token", "unsubscribe"
_READABLE = re.compile(r"[\x21-\x7e]{1,900}")
_NAME = re.compile(r"[A-Za-z]+( [A-Za-z]+)*")
_ROOM = 60
_LABEL, _LIST_ID = 63, 255
"""Octets of a label, and of a whole List-Id (RFC 2919 §3)."""
_SIMPLE = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,60}")


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What all messages of one channel share. Its addresses have ASCII only (settings check it).

    ``help``, ``owner`` and ``archive`` are the URLs of RFC 2369, ``cfbl`` the address of RFC 9477; "": none.
    """

    name: str
    address: str
    reply_to: str
    bounces: str
    unsubscribe_mailto: str
    list_id: str
    host: str
    precedence: bool
    help: str = ""
    owner: str = ""
    archive: str = ""
    cfbl: str = ""

    @classmethod
    def of(cls, options: EmailOptions, newsroom: Newsroom) -> Letterhead:
        """Raises ``SettingsError`` when ``public_url`` or the newsroom's host could stand in no header."""
        name, address = parse_sender(options.sender)
        host = ascii_domain(f"x@{urlsplit(newsroom.url).hostname or 'localhost'}").removeprefix("x@")
        if not options.list_id and len(host) + 1 + _LABEL > _LIST_ID:
            raise SettingsError(f"newsroom.url: its host is too long for a List-Id (RFC 2919 §3); set list_id: {host}")
        try:
            public_url = ascii_url(newsroom.public_url) if newsroom.public_url else ""
        except ValueError as error:
            raise SettingsError(f"newsroom.public_url: {error}") from error
        person = options.reply_to or ""
        return cls(
            name=name,
            address=ascii_domain(address),
            reply_to=ascii_domain(options.reply_to) if options.reply_to else "",
            bounces=ascii_domain(options.bounces) if options.bounces else "",
            unsubscribe_mailto=ascii_domain(options.unsubscribe_mailto) if options.unsubscribe_mailto else "",
            list_id=options.list_id,
            host=host,
            precedence=options.precedence,
            help=_url_of(options.list_help or person, subject="help"),
            owner=_url_of(options.list_owner or person),
            archive=archive_url(replace(newsroom, public_url=public_url)) if public_url else "",
            cfbl=ascii_domain(options.cfbl_address) if options.cfbl_address else "",
        )

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def envelope_sender(self, token: str) -> str:
        """The MAIL FROM of the delivery ``token`` ("": of any): VERP when an address for bounces is set."""
        if not (self.bounces and token):
            return self.bounces or self.address
        local, _, domain = self.bounces.rpartition("@")
        return f"{local}+{token}@{domain}"


def write(
    email: Email, parcel: Parcel, audience: str, head: Letterhead, *, extra: Sequence[tuple[str, str]] = ()
) -> Letter:
    """``email`` compiled for all readers of ``audience``; of ``parcel`` only what they share.

    ``extra`` are fields of a relay's own; ``{token}`` in one stands for the delivery's token. Message-ID is
    ``<TOKEN@domain of From>``, the same on each attempt.
    """
    fields: list[Piece] = [
        mailbox("From", head.name, head.address),
        _TO,
        *([mailbox("Reply-To", "", head.reply_to)] if head.reply_to else []),
        text("Subject", email.subject),
        b"Date: ",
        _DATE,
        b"\r\nMessage-ID: <",
        _TOKEN,
        f"@{head.domain}>\r\n".encode(),
        *(_of_list(parcel, audience, head) if email.bulk else ()),
        machine("Auto-Submitted", "auto-generated"),
        # Not "All": that would also keep away the reports of what bounced.
        machine("X-Auto-Response-Suppress", "OOF, AutoReply"),
        *([machine("Precedence", "bulk")] if head.precedence and email.bulk else []),
        *(piece for name, value in extra for piece in _with_token(machine(name, value))),
        machine("MIME-Version", "1.0"),
        machine("Content-Type", f'multipart/alternative; boundary="{BOUNDARY}"'),
    ]
    return Letter.cut(email, parcel.edition, fields)


def _of_list(parcel: Parcel, audience: str, head: Letterhead) -> list[Piece]:
    """The fields of what goes to a list: how to leave it, which one it is, and by what Gmail counts complaints."""
    label = _label(audience) or "readers"
    # By each of the four, so none may hold a person's data or repeat another.
    feedback = (parcel.edition, f"list-{label}", f"schedule-{_label(parcel.schedule)}", _sender_id(head.domain))
    mailto: list[Piece] = []
    if head.unsubscribe_mailto:
        mailto = [f",\r\n <mailto:{head.unsubscribe_mailto}?subject=unsubscribe%20".encode(), _TOKEN, b">"]
    return [
        b"List-Unsubscribe: <",
        _URL,
        b">",
        *mailto,
        b"\r\n",
        machine("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        machine("List-Id", f"<{head.list_id or f'{label}.{head.host}'}>"),
        machine("List-Post", "NO"),
        *([machine("List-Help", f"<{head.help}>")] if head.help else []),
        *([machine("List-Owner", f"<{head.owner}>")] if head.owner else []),
        *([machine("List-Archive", f"<{head.archive}>")] if head.archive else []),
        machine("Feedback-ID", ":".join(feedback)),
        *_complaints(head),
    ]


def fill(letter: Letter, token: str, recipient: Recipient, values: Mapping[MergeField, str], at: datetime) -> bytes:
    """One reader's message: CRLF throughout, no line longer than 998 octets, none that begins with a dot.

    Date is ``at``, the moment of this attempt. Raises ``ValueError`` when the
    recipient's address cannot stand in a header.
    """
    url = values[MergeField.UNSUBSCRIBE_URL]
    if not _READABLE.fullmatch(url):
        raise ValueError(f"List-Unsubscribe: not a value for a machine to read: {url[:60]!r}")
    own = {
        _TO: _to(recipient),
        _DATE: _date(at.replace(microsecond=0)),
        _TOKEN: token.encode(),
        _URL: url.encode(),
    }
    return letter.whole.filled({**own, **encoded(values)})


def _with_token(field: bytes) -> list[Piece]:
    before, found, after = field.partition(b"{token}")
    return [before, _TOKEN, after] if found else [field]


def _complaints(head: Letterhead) -> list[Piece]:
    if not head.cfbl:
        return []
    return [machine("CFBL-Address", f"{head.cfbl}; report=arf"), b"CFBL-Feedback-ID: ", _TOKEN, b"\r\n"]


def _url_of(value: str, *, subject: str = "") -> str:
    """``value`` as a URL of RFC 2369: a page's as it is, an address as ``mailto:``."""
    if not value or value.startswith("https://"):
        return value
    # Of what an address may hold, these mean something else in a URL (RFC 6068 §2).
    local, _, domain = ascii_domain(value).rpartition("@")
    return f"mailto:{quote(local, safe='!$*+-._~')}@{domain}" + (f"?subject={subject}" if subject else "")


def _to(recipient: Recipient) -> bytes:
    if _SIMPLE.fullmatch(recipient.address):
        if not recipient.name:
            return f"To: {recipient.address}\r\n".encode()
        if _NAME.fullmatch(recipient.name) and len(recipient.name) + len(recipient.address) <= _ROOM:
            return f"To: {recipient.name} <{recipient.address}>\r\n".encode()
    return mailbox("To", recipient.name, ascii_domain(recipient.address))


@lru_cache(maxsize=4)
def _date(at: datetime) -> bytes:
    return format_datetime(at).encode()


def _label(word: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", word.lower()).strip("-")[:_LABEL]


def _sender_id(domain: str) -> str:
    return re.sub(r"[^a-z0-9]", "", domain.lower())[:15].ljust(5, "0")
