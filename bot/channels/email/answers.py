"""What a mail server's answer means: one pure function, and one for a line that broke.

Sources: RFC 5321 §4.2 (reply codes) and §4.5.3.1.10 (552 at RCPT), RFC 3463 and its registry at
https://www.iana.org/assignments/smtp-enhanced-status-codes (an enhanced code is preferred to the basic one), RFC 4954
§6 (authentication), RFC 1047 (a line that breaks after the final dot), and the vendors' own lists:
https://support.google.com/a/answer/3726730 and
https://www.twilio.com/docs/sendgrid/for-developers/sending-email/smtp-errors-and-troubleshooting (checked 2026-11-25),
https://senders.yahooinc.com/smtp-error-codes and https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html (not
looked at again).
docs/retries.md is the same table for a postmaster.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import Phrase


class Stage(StrEnum):
    """Where in the conversation the server answered, in the words of errors."""

    CONNECT = "the connection"
    HELLO = "the greeting"
    TLS = "STARTTLS"
    LOGIN = "the login"
    SENDER = "the sender"
    RECIPIENT = "the recipient"
    DATA = "DATA"
    BODY = "the message"


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's answer. ``enhanced`` is "" when it gave none of the code's own class; ``text`` is one line."""

    code: int
    text: str = ""
    enhanced: str = ""

    @classmethod
    def read(cls, code: int, message: str) -> Reply:
        """The answer as a client got it: ``message`` is its lines, without the code."""
        match = _ENHANCED.match(message)
        enhanced = match[1] if match and match[1][0] == str(code)[:1] else ""
        rest = message
        if enhanced and match:
            # Most answers have one line; in others the code stands before each.
            rest = _repeated(enhanced, message) if "\n" in message else message[match.end() :]
        if not rest.isprintable():
            rest = "".join(character if character.isprintable() else " " for character in rest)
        return cls(code, " ".join(rest.split())[:300], enhanced)

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.code, self.enhanced, self.text) if part)


def _repeated(enhanced: str, message: str) -> str:
    return re.sub(rf"(?m)^\s*{re.escape(enhanced)}(?=\s|$)", " ", message)


_ENHANCED = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?=\s|$)")

QUOTA_WAIT = 3600.0
"""Seconds to wait when a quota is used up and the answer does not say until when.

An hour's quota is full again by then. A day's quota is most often a rolling window (Amazon SES, Gmail): each hour gives
back what went out in the same hour of the day before, so one message an hour asks whether there is room again.
"""
_OF_RECIPIENT = ("1.", "2.")
# What is left for the recipient to be blamed for once the server took them at RCPT.
_OF_RECIPIENT_LATE = {"5.1.1", "5.1.2", "5.1.6", "5.1.10", "5.2.1"}
# Bad or unknown sender (x.1.7, x.1.8), too long a message (x.2.3), Microsoft's SendAsDenied and its kin (x.2.25x).
_OF_SENDER = re.compile(r"1\.[78]|2\.3|2\.25\d")
# The mailbox has another owner, is switched off, or takes mail of its own people only: codes of the 5.7 class that
# speak of the recipient (RFC 7293, RFC 3463's registry; Exchange's 5.7.124 and 5.7.133–136). All others of that class
# are policy: ours to mend.
_OF_RECIPIENT_IN_5_7 = {"5.7.13", "5.7.17", "5.7.18", "5.7.124", "5.7.133", "5.7.134", "5.7.135", "5.7.136"}
_SLOW_DOWN = {"4.3.1", "4.3.2", "4.4.5", "4.5.3", "4.7.28"}
_QUOTA = re.compile(
    r"(daily|hourly|monthly|sending|message|user|submission) ?(quota|limit|sending limit|message quota)"
    r"|(daily|hourly|per day|per hour)\b.{0,40}\b(limit|quota)|(limit|quota|max|exceed).{0,60}\bper (day|hour)\b"
    r"|credits? exceeded|relay limit exceeded",
    re.I,
)
_HURRY = re.compile(r"\brate\b|ratelimit|throttl|too (many|much|fast|frequent)|slow down|busy|congest|\blimit", re.I)
# The same under a permanent code, where only unmistakable words count.
_THROTTLED = re.compile(
    r"rate[ -]?limit|throttl|too (many|much) (messages|e?-?mails?|connections|recipients)|slow down"
    r"|(sending|connection|message) rate",
    re.I,
)
_GREY = re.compile(r"gr[ea]y-?list", re.I)
_RELAY = re.compile(
    r"relay(ing)? (access )?(is )?(denied|not (permitted|allowed))|(not permitted|not allowed|unable) to relay"
    r"|authentication (is )?required|not authenticated|must (issue a )?starttls|spamhaus|blacklist|block ?list",
    re.I,
)
_SENDER_REFUSED = re.compile(
    r"sender (address )?(rejected|refused|verif|denied)|envelope.sender|bad (outbound )?sender|sendasdenied", re.I
)
# Temporary by its number only: waiting mends none of these.
_MISCONFIGURED = re.compile(
    r"relay access denied|not (allowed|permitted|authori[sz]ed) to send"
    r"|(account|domain) (\S+ )?(is |has been )?(disabled|suspended|terminated|deactivated|not verified|unverified)",
    re.I,
)
_OURS = re.compile(
    r"\bsender\b|mail from|smtp auth\b|\bauth(entication)? (is )?(required|needed)|client host|helo command"
    r"|\byour (ip|host|server|mail ?server|domain)\b|not (allowed|permitted|authori[sz]ed) to send"
    r"|message (was |is |has been )?(refused|rejected)|\b(spf|dkim|dmarc)\b|\bpolic(y|ies)\b|reputation|\bspam"
    r"|unsolicited|administrative prohibition|invalid dns",
    re.I,
)
_RECIPIENT_REJECTED = re.compile(r"recipient address rejected|user unknown|unknown user|no such user", re.I)
# What only a mailbox can be: said even after the message by those who look up the reader that late.
_NO_MAILBOX = re.compile(
    r"user unknown|unknown user|no such (user|mailbox|recipient)|mailbox (not found|is disabled|disabled|is inactive)"
    r"|(user|mailbox|recipient|account|address)\b[^.;]{0,60}\b(does not|doesn.t) (exist|have)|marked as inactive"
    r"|mailbox unavailable|invalid recipient|unrouteable address",
    re.I,
)
_FULL = re.compile(
    r"(mailbox|inbox|storage).{0,40}(full|exceed|out of|over)|over ?quota|full (mail|in)box"
    r"|quota.{0,20}(full|exceed|over)|exceed(s|ed|ing)? (the )?(storage|mailbox)",
    re.I,
)
# Google's 5.2.1 for a reader to whom too many write at once.
_CROWDED = re.compile(r"receiving mail (at a rate|too quickly)", re.I)
_CLOCK = re.compile(r"\b(?:in|after|for) (\d{1,2}):(\d\d):(\d\d)\b", re.I)
_SPAN = re.compile(
    r"\b(?:in|after|for|wait|within|another|least|delay(?:ed)?(?: by)?|=|:) ?(?:about |at least |another )?"
    r"(\d{1,5}) ?(s|secs?|seconds?|m|mins?|minutes?|h|hours?|hrs?)\b",
    re.I,
)
# A server that spoke with us as far as a message works, and wants fewer of them.
_WITH_A_MESSAGE = (Stage.SENDER, Stage.RECIPIENT, Stage.DATA, Stage.BODY)
_UNIT = {"s": 1, "m": 60, "h": 3600}
_NAMES = {
    Stage.CONNECT: Phrase("the connection"),
    Stage.HELLO: Phrase("the greeting"),
    Stage.LOGIN: Phrase("the login"),
    Stage.SENDER: Phrase("the sender"),
    Stage.RECIPIENT: Phrase("the recipient"),
    Stage.BODY: Phrase("the message"),
}
_NEXT = {
    Stage.LOGIN: Phrase("check username and password of the channel"),
    Stage.SENDER: Phrase("check the channel's `from` and `bounces`: may this server send for them?"),
    Stage.RECIPIENT: Phrase("ask whoever runs the server; the edition waits"),
    Stage.TLS: Phrase("check host, port and security of the channel"),
}
_POLICY = Phrase("its policy or the content is the reason; the edition waits until you have looked")


def refusal(stage: Stage, reply: Reply, server: str) -> DeliveryError:
    """The error for an answer that is not the positive one the stage asks for.

    What is the server's trouble is ``ServerBusy``; what is our own fault (login, sender, policy, content) is
    ``ChannelRefused``, so that one bad setting never looks like thousands of dead addresses.
    """
    if reply.code < 400 or reply.code > 599:
        return _strange(stage, reply, server)
    facts = {"server": server, "stage": _NAMES.get(stage, stage), "reply": str(reply)}
    said = Phrase("%(server)s refuses %(stage)s: %(reply)s", **facts)
    if stage in (Stage.CONNECT, Stage.HELLO):
        said = Phrase("%(server)s lets nobody in: %(reply)s", server=server, reply=str(reply))
        return _busy(stage, reply, server, said)
    if _is_quota(reply):
        return _busy(stage, reply, server, said, retry_after=asked_wait(reply.text) or QUOTA_WAIT)
    if reply.code < 500:
        return _temporary(stage, reply, server, Phrase("%(server)s puts off %(stage)s: %(reply)s", **facts))
    if stage in (Stage.TLS, Stage.LOGIN, Stage.SENDER):
        if stage is Stage.SENDER and _is_throttle(reply):
            return _busy(stage, reply, server, said)
        return _refused(stage, reply, server, said)
    return _permanent(stage, reply, server, said)


def lost(stage: Stage, server: str, reason: str) -> DeliveryError:
    """The error for a line that broke, or a wait that was too long, at ``stage``.

    A message can only have been taken when its body was on the way; before, it surely did not arrive.
    """
    if stage is Stage.BODY:
        said = Phrase("%(server)s did not answer after the message was sent: %(reason)s", server=server, reason=reason)
        return OutcomeUnknown(said, server=server)
    facts = {"server": server, "stage": _NAMES.get(stage, stage), "reason": reason}
    if stage in (Stage.RECIPIENT, Stage.DATA):
        said = Phrase("%(server)s broke off at %(stage)s: %(reason)s", **facts)
        return DeliveryError(said, permanent=False, server=server)
    return ServerBusy(Phrase("%(server)s cannot be reached, at %(stage)s: %(reason)s", **facts), server=server)


def asked_wait(text: str) -> float | None:
    """Seconds an answer asks to wait ("come back in 00:05:00", "retry in 300 seconds", "greylisted for 5 minutes")."""
    clock = _CLOCK.search(text)
    if clock:
        return float(int(clock[1]) * 3600 + int(clock[2]) * 60 + int(clock[3])) or None
    span = _SPAN.search(text)
    return float(int(span[1]) * _UNIT[span[2][0].lower()]) or None if span else None


def _temporary(stage: Stage, reply: Reply, server: str, said: str) -> DeliveryError:
    subject = reply.enhanced[2:]
    if _MISCONFIGURED.search(reply.text) and not subject.startswith("2."):
        return _refused(stage, reply, server, said)
    if reply.code in (421, 432, 454) or stage is Stage.SENDER or _blames_us(reply):
        return _busy(stage, reply, server, said)
    if subject.startswith(_OF_RECIPIENT) or _GREY.search(reply.text):
        return _put_off(reply, server, said)
    if reply.enhanced in _SLOW_DOWN or (not _FULL.search(reply.text) and _HURRY.search(reply.text)):
        return _busy(stage, reply, server, said)
    if reply.code == 451 and not (stage is Stage.RECIPIENT and subject.startswith(("4.", "7."))):
        return _busy(stage, reply, server, said)
    if reply.code == 452 and not _FULL.search(reply.text):
        return _busy(stage, reply, server, said)
    return _busy(stage, reply, server, said) if stage in (Stage.TLS, Stage.LOGIN) else _put_off(reply, server, said)


def _permanent(stage: Stage, reply: Reply, server: str, said: str) -> DeliveryError:
    subject = reply.enhanced[2:]
    if _blames_us(reply):
        return _refused(stage, reply, server, said)
    if reply.enhanced == "5.2.2" or (reply.enhanced == "5.2.1" and _CROWDED.search(reply.text)):
        return _put_off(reply, server, said)
    if not reply.enhanced and (_FULL.search(reply.text) or (reply.code == 552 and stage is Stage.RECIPIENT)):
        return _put_off(reply, server, said)
    if reply.enhanced in _OF_RECIPIENT_LATE | _OF_RECIPIENT_IN_5_7:
        return _failed(reply, server, said)
    if _is_throttle(reply):
        return _busy(stage, reply, server, said)
    if _RELAY.search(reply.text) or _OURS.search(reply.text):
        return _refused(stage, reply, server, said)
    if not reply.enhanced and _NO_MAILBOX.search(reply.text):
        return _failed(reply, server, said)
    if stage is not Stage.RECIPIENT:
        return _refused(stage, reply, server, said)
    if reply.enhanced == "5.7.1" and "access denied" in reply.text.lower():
        # So Postfix's submission answers every recipient of who has not logged in (seen on a real one).
        return _refused(stage, reply, server, said)
    if subject.startswith(_OF_RECIPIENT) or _RECIPIENT_REJECTED.search(reply.text) or _NO_MAILBOX.search(reply.text):
        return _failed(reply, server, said)
    if subject.startswith(("7.", "3.", "5.", "6.")) or reply.code in (500, 502, 503, 504, 530, 534, 535, 538, 555):
        return _refused(stage, reply, server, said)
    return _failed(reply, server, said)


def _blames_us(reply: Reply) -> bool:
    """Whether the answer speaks of the sender, at whatever stage: then every reader would get the same one."""
    return bool(_OF_SENDER.fullmatch(reply.enhanced[2:]) or _SENDER_REFUSED.search(reply.text))


def _is_quota(reply: Reply) -> bool:
    """Whether our allowance is used up. Not the reader's: that is subject 2, mailbox status."""
    if reply.enhanced in ("5.4.5", "5.1.90") or "SubmissionQuotaExceeded" in reply.text:
        return True
    if reply.enhanced[2:].startswith("2.") and "relay limit" not in reply.text.lower():
        return False
    # "Limit" is also what a message of too many bytes exceeds.
    sized = reply.enhanced[2:] == "3.4" or re.search(r"\bsize\b", reply.text, re.I)
    return bool(_QUOTA.search(reply.text)) and not sized and not _CROWDED.search(reply.text)


def _is_throttle(reply: Reply) -> bool:
    return reply.enhanced == "5.7.28" or bool(_THROTTLED.search(reply.text))


def _strange(stage: Stage, reply: Reply, server: str) -> DeliveryError:
    if stage is Stage.BODY:
        said = Phrase(
            "%(server)s answered the message with what is not SMTP: %(reply)s", server=server, reply=str(reply)
        )
        return OutcomeUnknown(said, server=server)
    said = Phrase(
        "%(server)s answers %(stage)s with what is not SMTP: %(reply)s",
        server=server,
        stage=_NAMES.get(stage, stage),
        reply=str(reply),
    )
    return ServerBusy(said, server=server)


def _busy(stage: Stage, reply: Reply, server: str, said: str, retry_after: float | None = None) -> ServerBusy:
    return ServerBusy(
        said,
        code=reply.code,
        enhanced=reply.enhanced,
        retry_after=retry_after or asked_wait(reply.text),
        server=server,
        throttle=retry_after is None and (stage in _WITH_A_MESSAGE or bool(_HURRY.search(reply.text))),
    )


def _put_off(reply: Reply, server: str, said: str) -> DeliveryError:
    wait = asked_wait(reply.text)
    return DeliveryError(
        said, permanent=False, code=reply.code, enhanced=reply.enhanced, retry_after=wait, server=server
    )


def _failed(reply: Reply, server: str, said: str) -> DeliveryError:
    return DeliveryError(said, permanent=True, code=reply.code, enhanced=reply.enhanced, server=server)


def _refused(stage: Stage, reply: Reply, server: str, said: str) -> ChannelRefused:
    hint = Phrase("%(said)s; %(what)s", said=said, what=_NEXT.get(stage, _POLICY))
    return ChannelRefused(hint, code=reply.code, enhanced=reply.enhanced, server=server)
