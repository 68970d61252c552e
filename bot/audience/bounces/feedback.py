"""Complaints: the Abuse Reporting Format (RFC 5965), and what providers send in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.audience.bounces.address import addresses, first_address, recipient_of
from bot.audience.bounces.fields import Fields, read_fields
from bot.audience.bounces.letter import Letter
from bot.model import Verdict

KIND = "message/feedback-report"
_VERDICTS = {
    "abuse": (Verdict.COMPLAINT, "abuse"),
    "fraud": (Verdict.COMPLAINT, "fraud"),
    "virus": (Verdict.COMPLAINT, "virus"),
    "other": (Verdict.COMPLAINT, "complaint"),
    "miscategorized": (Verdict.NONE, "not spam"),
    "not-spam": (Verdict.NONE, "not spam"),
    "auth-failure": (Verdict.NONE, "authentication report"),
    "dkim": (Verdict.NONE, "authentication report"),
    "opt-out": (Verdict.OPT_OUT, "opt-out"),
    "opt-out-list": (Verdict.OPT_OUT, "opt-out"),
}
_NAMED = (
    "original-rcpt-to",
    "removal-recipient",
    "original-recipient",
    "original-rcpt",
    "redacted-address",
    "x-original-recipient",
)
MARK = "x-hmxmroriginalrecipient"
"""Microsoft's field for whom a complaint is of, on a message that it sends on or encloses."""
_OF_RETURNED = (MARK, "x-rocket-rcpt", "delivered-to", "x-original-to", "envelope-to", "to")
_TYPED = re.compile(
    r"^feedback-type[ \t]{0,4}:[ \t]{0,4}(?:abuse|fraud|virus|opt-out|not-spam|auth-failure|other)\b", re.I | re.M
)
_SUBJECT = re.compile(
    r"^\s*(?:fw:|fwd:)?\s{0,3}(?:complaint about message from|e-?mail feedback report for ip|abuse report|spam report"
    r"|feedback loop)|\bjmrp\b|\bfbl\b|client tos notification",
    re.I,
)
_SURE = re.compile(r"\s*(?:complaint about message from|e-?mail feedback report for ip)", re.I)
_SENDER = re.compile(r"^(?:fbl|scomp|feedback|feedbackloop|staff@hotmail|arf|abuse-?report)", re.I)


@dataclass(frozen=True, slots=True)
class Complaint:
    """``recipients`` is empty where the provider keeps them to itself."""

    verdict: Verdict
    reason: str
    recipients: tuple[str, ...]
    evidence: str


def read_complaint(letter: Letter) -> Complaint | None:
    """The complaint that ``letter`` is; None when it is none."""
    report = _report(letter)
    returned = next((part.fields for part in letter.of("returned", level=1)), Fields())
    if report is None:
        return _unformatted(letter, returned)
    kind = report.get("feedback-type").partition(";")[0].strip().lower()
    # An unknown type is "other" (RFC 5965 §7.3), and a report without a type is what Microsoft sends.
    verdict, reason = _VERDICTS.get(kind, _VERDICTS["abuse" if not kind else "other"])
    said = f"Feedback-Type: {kind or 'missing'}; {report.get('user-agent')}"
    return Complaint(verdict, reason, _recipients(report, returned), said)


def _report(letter: Letter) -> Fields | None:
    for part in letter.parts:
        # Passed on, it lies a level deeper.
        if part.kind == KIND and part.level <= 1:
            return read_fields(part.text)
    for part in letter.of("text/plain"):
        if _TYPED.search(part.text):
            return read_fields(part.text)
    if letter.kind == "multipart/report" and "feedback-report" in letter.fields.get("content-type").lower():
        return Fields()
    return None


def _unformatted(letter: Letter, returned: Fields) -> Complaint | None:
    """A complaint without a report: Microsoft's JMRP, AOL's and old feedback loops."""
    fields = letter.fields
    if "auto-submitted" in fields and "report" in letter.kind:
        return None
    marked = fields.get(MARK) or returned.get(MARK)
    subject, sender = fields.words("subject"), first_address(fields.get("from"))
    by_subject, by_sender = bool(_SUBJECT.search(subject)), bool(_SENDER.match(sender))
    # The mark stands on nothing else: the complaint may be the message itself, sent on.
    if not marked and not (by_subject and (by_sender or (returned and _SURE.match(subject)))):
        return None
    recipients = (first_address(marked),) if first_address(marked) else _recipients(Fields(), returned)
    return Complaint(Verdict.COMPLAINT, "abuse", recipients, subject)


def _recipients(report: Fields, returned: Fields) -> tuple[str, ...]:
    named = [recipient_of(value) for value in report.all(*_NAMED)]
    found = list(dict.fromkeys(each for each in named if each and not _redacted(each)))
    if found:
        return tuple(found)
    for name in _OF_RETURNED:
        inside = [found.address for value in returned.all(name) for found in addresses(value)]
        inside = [each for each in dict.fromkeys(inside) if not _redacted(each)]
        # Among several it is not said who complained.
        if len(inside) == 1:
            return (inside[0],)
    return ()


def _redacted(address: str) -> bool:
    return bool(re.search(r"redact|undisclosed|^(?:x+|\*+|removed|hidden|unknown)@", address, re.I))
