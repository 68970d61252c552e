"""What one mail that came back says of one recipient."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What follows for the recipient. docs/bounces.md is the table behind it."""

    HARD = "hard"
    """The address is dead: nobody will ever read there."""
    SOFT = "soft"
    """Not delivered, and the address may be good: mailbox full, policy, content, reputation, network, time."""
    COMPLAINT = "complaint"
    """The reader, or a filter of theirs, called it spam (RFC 5965)."""
    OPT_OUT = "opt-out"
    """The reader asks to get no more."""
    AUTO_REPLY = "auto-reply"
    """A machine answered in the reader's place: vacation, ticket, challenge. The mail itself arrived."""
    NONE = "none"
    """Says nothing that counts: ordinary mail, a delay notice, a success notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One recipient's part of one message.

    ``recipient`` is an address, "" when it is unknown; ``code`` an enhanced code of RFC 3463 ("5.1.1"), ""; ``reply``
    an SMTP code, 0. ``reason`` is our own word ("no such user", "mailbox full" …). ``evidence`` is one printable line
    of at most 500 characters. ``named`` are the texts in which a delivery token of ours may stand, the likeliest first:
    addresses the message or the returned one was sent to, Message-IDs, List-Unsubscribe and the like; they are foreign
    text, and a token is only believed when it verifies. ``key`` is equal when the same message says the same of the
    same recipient again.
    """

    verdict: Verdict
    recipient: str
    code: str
    reply: int
    reason: str
    evidence: str
    named: tuple[str, ...]
    key: str
