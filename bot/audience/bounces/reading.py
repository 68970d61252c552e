"""One message that came back → one report for each recipient it speaks of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from bot.audience.bounces.address import addresses, first_address
from bot.audience.bounces.failures import Failure, lines_of, read_failures, segments
from bot.audience.bounces.feedback import read_complaint
from bot.audience.bounces.judging import code_in, is_filtered, judge, reply_in
from bot.audience.bounces.letter import Letter, read_letter
from bot.audience.bounces.named import named_in
from bot.audience.bounces.notice import Notice, is_bounce, is_delayed, read_notice
from bot.audience.bounces.notification import Notified, read_notification
from bot.audience.bounces.replies import (
    is_automatic,
    is_challenge,
    is_from_a_list,
    is_of_a_challenger,
    is_vacation,
    says_vacation,
)
from bot.audience.bounces.request import asks_to_stop, is_requested
from bot.audience.bounces.status import Group, read_groups
from bot.model import Report, Verdict

LONGEST_EVIDENCE = 500
# What a judgement rests on nothing in: then the words of the notice are asked.
_VAGUE = ("", "refused", "policy", "protocol", "system")
_NOT_YET = {"delayed": "delayed", "relayed": "relayed", "delivered": "delivered", "expanded": "expanded"}


def read_reports(message: bytes) -> tuple[Report, ...]:
    """What ``message`` says, of each recipient it speaks of; one report with ``Verdict.NONE`` where it says nothing.

    Understands delivery status notifications (RFC 3464, 6522, 6533), feedback reports (RFC 5965, 6591), the prose of
    servers that send neither, automatic answers (RFC 3834) and people who ask for no more mail. Never raises, whatever
    the bytes; looks at the first MiB of them, in time linear in it.
    """
    letter = read_letter(message)
    verdicts = _read(letter)
    if not verdicts:
        verdicts = [_Said(Verdict.NONE, _sender(letter), reason="nothing that counts", evidence=_subject(letter))]
    by_a_person = all(said.verdict in (Verdict.OPT_OUT, Verdict.NONE) for said in verdicts)
    named = named_in(letter, subject=by_a_person)
    identity = _identity(letter, message)
    return tuple(_report(said, named, identity) for said in _once(verdicts))


@dataclass(frozen=True, slots=True)
class _Said:
    """What was found, before it is a report."""

    verdict: Verdict
    recipient: str
    reason: str
    evidence: str
    code: str = ""
    reply: int = 0


def _read(letter: Letter) -> list[_Said]:
    complaint = read_complaint(letter)
    if complaint:
        return [
            _Said(complaint.verdict, each, reason=complaint.reason, evidence=complaint.evidence)
            for each in complaint.recipients or ("",)
        ]
    notified = read_notification(letter)
    if notified:
        return [_of_notification(each) for each in notified]
    notice = read_notice(letter)
    groups = read_groups(letter)
    if groups and not is_of_a_challenger(letter, notice.text):
        return [_of_group(group, groups, letter, notice) for group in groups]
    return _of_prose(letter, notice)


def _of_notification(notified: Notified) -> _Said:
    said, recipient = notified.diagnostic, notified.recipient
    if notified.kind == "Complaint":
        return _Said(Verdict.COMPLAINT, recipient, reason="abuse", evidence=said or "SES Complaint")
    if notified.kind == "Delivery":
        return _Said(Verdict.NONE, recipient, reason="delivered", evidence=said or "SES Delivery")
    code, reply = _numbers(said, code_in(notified.status))
    verdict, reason, evidence = _judged([said], code, reply, late=False)
    return _Said(verdict, recipient, reason=reason, evidence=evidence or "SES Bounce", code=code, reply=reply)


def _of_prose(letter: Letter, notice: Notice) -> list[_Said]:
    subject = _subject(letter)
    if is_requested(notice.text):
        return [_Said(Verdict.OPT_OUT, _sender(letter), reason="opt-out", evidence=subject)]
    if is_challenge(letter, notice.text):
        return [_Said(Verdict.AUTO_REPLY, _sender(letter), reason="challenge", evidence=subject)]
    if says_vacation(letter, notice.text):
        return [_Said(Verdict.AUTO_REPLY, _sender(letter), reason="vacation", evidence=subject)]
    if is_bounce(letter, notice):
        failures = read_failures(letter, notice)
        if is_delayed(letter, notice):
            return [_Said(Verdict.NONE, each.recipient, reason="delayed", evidence=each.said[0]) for each in failures]
        return [_of_failure(each, len(failures), notice) for each in failures]
    if is_vacation(letter, notice.text):
        return [_Said(Verdict.AUTO_REPLY, _sender(letter), reason="vacation", evidence=subject)]
    if asks_to_stop(letter, notice.text) and not is_automatic(letter) and not is_from_a_list(letter):
        return [_Said(Verdict.OPT_OUT, _sender(letter), reason="opt-out", evidence=subject or notice.text)]
    return []


def _of_group(group: Group, groups: tuple[Group, ...], letter: Letter, notice: Notice) -> _Said:
    recipient = group.recipient
    if not recipient and len(groups) == 1:
        recipient = _only_recipient(letter, notice)
    code, reply = _numbers(group.diagnostic, group.status)
    if group.action in _NOT_YET or (not group.action and code.startswith("2")):
        reason = _NOT_YET.get(group.action, "delivered")
        return _Said(Verdict.NONE, recipient, reason=reason, evidence=group.diagnostic, code=code, reply=reply)
    if not group.action.startswith("fail") and is_delayed(letter, notice):
        return _Said(Verdict.NONE, recipient, reason="delayed", evidence=group.diagnostic, code=code, reply=reply)
    others = [each.recipient for each in groups]
    said = [group.diagnostic, group.fields.get("status").partition(" ")[2]]
    if recipient:
        said += list(segments(recipient, others, lines_of(notice)))
    if len(groups) == 1:
        said.append(notice.text)
    verdict, reason, evidence = _judged(said, code, reply, late=is_filtered(notice.text) and len(groups) == 1)
    return _Said(verdict, recipient, reason=reason, evidence=evidence, code=code, reply=reply)


def _of_failure(failure: Failure, count: int, notice: Notice) -> _Said:
    texts = failure.said if count == 1 else failure.said[:-1] or failure.said
    numbers = [_numbers(text, "") for text in texts]
    code = next((code for code, _ in numbers if code), "")
    reply_code = next((reply for _, reply in numbers if reply), 0)
    late = is_filtered(notice.text) and count == 1
    verdict, reason, evidence = _judged(list(texts), code, reply_code, late=late)
    return _Said(verdict, failure.recipient, reason=reason, evidence=evidence, code=code, reply=reply_code)


def _judged(texts: list[str], code: str, reply: int, late: bool) -> tuple[Verdict, str, str]:
    """The first of ``texts`` that says something decides; vague ones only where none does."""
    best: tuple[Verdict, str, str] | None = None
    seen: set[str] = set()
    for text in texts:
        if not text.strip() or text in seen:
            continue
        seen.add(text)
        verdict, reason = judge(reply, code, text)
        if late and reason == "no such user":
            verdict, reason = Verdict.SOFT, "filtered"
        if reason and reason not in _VAGUE:
            return verdict, reason, text
        if best is None or (best[1] in ("", "refused") and reason):
            best = (verdict, reason, text)
    if best is None:
        verdict, reason = judge(reply, code, "")
        best = (verdict, reason, "")
    verdict, reason, text = best
    # A server that gives a message back and does not say why has refused it.
    return (Verdict.SOFT if verdict is Verdict.NONE else verdict), reason or "refused", text


def _numbers(text: str, status: str) -> tuple[str, int]:
    """The enhanced code and the SMTP code: a status that says nothing in particular gives way to the answer's own."""
    reply = reply_in(text)
    said = code_in(text)
    if not status or (said and (status.endswith(".0.0") or status[0] != said[0])):
        status = said or status
    return status, reply


def _only_recipient(letter: Letter, notice: Notice) -> str:
    listed = [each.address for value in letter.fields.all("x-failed-recipients") for each in addresses(value)]
    if len(listed) == 1:
        return listed[0]
    failures = read_failures(letter, notice)
    return failures[0].recipient if len(failures) == 1 else ""


def _sender(letter: Letter) -> str:
    return first_address(letter.fields.get("from")) or first_address(letter.fields.get("reply-to", "return-path"))


def _subject(letter: Letter) -> str:
    return letter.fields.words("subject")


def _once(found: Iterable[_Said]) -> list[_Said]:
    """One for each recipient: of several, the one that says most."""
    weight = [Verdict.NONE, Verdict.AUTO_REPLY, Verdict.OPT_OUT, Verdict.SOFT, Verdict.HARD, Verdict.COMPLAINT]
    kept: dict[str, _Said] = {}
    for said in found:
        key = said.recipient.casefold()
        if key not in kept or weight.index(said.verdict) > weight.index(kept[key].verdict):
            kept[key] = said
    return list(kept.values())


def _identity(letter: Letter, message: bytes) -> bytes:
    own = letter.fields.get("message-id").strip().strip("<>").strip()
    # Some servers write one without anything in it.
    return own.encode("utf-8", "replace") if len(own) > 5 else hashlib.sha256(message).digest()


def _report(said: _Said, named: tuple[str, ...], identity: bytes) -> Report:
    about = f"\0{said.recipient.casefold()}\0{said.verdict}".encode("utf-8", "replace")
    return Report(
        verdict=said.verdict,
        recipient=said.recipient,
        code=said.code,
        reply=said.reply,
        reason=said.reason,
        evidence=_line(said.evidence),
        named=named,
        key=hashlib.sha256(identity + about).hexdigest()[:40],
    )


def _line(text: str) -> str:
    text = "".join(character if character.isprintable() else " " for character in text[: 4 * LONGEST_EVIDENCE])
    return " ".join(text.split())[:LONGEST_EVIDENCE]
