# ruff: noqa: E501 (answers are quoted whole)
from __future__ import annotations

from datetime import timedelta

import pytest

from bot.channels.email.answers import QUOTA_WAIT, Reply, Stage, asked_wait, lost, refusal
from bot.delivery.retry import decide
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy
from bot.model import DeliveryState
from bot.testing import NOW

TEMPORARY, PERMANENT = "temporary", "permanent"

# stage, code, what the server says, what it means
ANSWERS = [
    # The recipient is at fault, for good.
    (Stage.RECIPIENT, 550, "5.1.1 The email account that you tried to reach does not exist", PERMANENT),
    (Stage.RECIPIENT, 550, "No such user here", PERMANENT),
    (Stage.RECIPIENT, 550, "5.2.1 Mailbox disabled", PERMANENT),
    (Stage.RECIPIENT, 501, "5.1.3 Bad recipient address syntax", PERMANENT),
    (Stage.RECIPIENT, 553, "Mailbox name not allowed", PERMANENT),
    (Stage.RECIPIENT, 556, "5.1.10 Recipient address has null MX", PERMANENT),
    (Stage.RECIPIENT, 525, "5.7.13 User account disabled", PERMANENT),
    (Stage.BODY, 550, "5.1.1 User unknown", PERMANENT),
    (Stage.BODY, 554, "5.2.1 Mailbox disabled", PERMANENT),
    # The recipient is at fault, for now.
    (Stage.RECIPIENT, 452, "4.2.2 Mailbox full", TEMPORARY),
    (Stage.RECIPIENT, 452, "4.2.2 The recipient's inbox is out of storage space", TEMPORARY),
    (Stage.RECIPIENT, 552, "5.2.2 Mailbox full", TEMPORARY),
    (Stage.RECIPIENT, 550, "5.2.2 Over quota", TEMPORARY),
    (Stage.RECIPIENT, 552, "Requested mail action aborted: exceeded storage allocation", TEMPORARY),
    (Stage.BODY, 552, "5.2.2 Mailbox full", TEMPORARY),
    (Stage.RECIPIENT, 450, "4.7.1 Greylisted, see http://postgrey.schweikert.ch/help/readers.test.html", TEMPORARY),
    (Stage.RECIPIENT, 451, "4.7.1 Greylisting in action, please come back later", TEMPORARY),
    (Stage.RECIPIENT, 451, "Temporarily deferred, graylisted", TEMPORARY),
    (Stage.RECIPIENT, 450, "4.7.1 <ines@readers.test>: Recipient address rejected: try again later", TEMPORARY),
    (Stage.RECIPIENT, 450, "4.1.2 Domain not found", TEMPORARY),
    (Stage.RECIPIENT, 451, "4.4.4 Temporary server error, no MX reachable", TEMPORARY),
    (Stage.RECIPIENT, 450, "Requested mail action not taken: mailbox unavailable", TEMPORARY),
    (Stage.RECIPIENT, 452, "Mailbox full", TEMPORARY),
    # The server is at fault, or wants us slower.
    (Stage.CONNECT, 421, "4.3.2 Service not available", ServerBusy),
    (Stage.CONNECT, 554, "5.7.1 Your address is on a list", ServerBusy),
    (Stage.HELLO, 550, "who are you", ServerBusy),
    (Stage.TLS, 454, "4.7.0 TLS not available due to local problem", ServerBusy),
    (Stage.LOGIN, 454, "4.7.0 Temporary authentication failure", ServerBusy),
    (Stage.LOGIN, 421, "4.7.0 Too many login attempts", ServerBusy),
    (Stage.LOGIN, 432, "4.7.12 A password transition is needed", ServerBusy),
    (Stage.LOGIN, 450, "not now", ServerBusy),
    (Stage.SENDER, 421, "4.7.0 Too many messages", ServerBusy),
    (Stage.SENDER, 451, "4.3.0 Queue file write error", ServerBusy),
    (Stage.SENDER, 452, "4.3.1 Insufficient system storage", ServerBusy),
    (Stage.RECIPIENT, 421, "4.7.0 Try again later, closing connection", ServerBusy),
    (Stage.RECIPIENT, 450, "4.7.1 Error: too much mail from 192.0.2.7", ServerBusy),
    (Stage.RECIPIENT, 450, "4.7.28 Our system has detected an unusual rate of mail", ServerBusy),
    (Stage.RECIPIENT, 451, "4.7.500 Server busy. Please try again later", ServerBusy),
    (Stage.RECIPIENT, 451, "4.3.0 Local error in processing", ServerBusy),
    (Stage.RECIPIENT, 452, "4.5.3 Too many recipients", ServerBusy),
    (Stage.RECIPIENT, 452, "Insufficient system storage", ServerBusy),
    (Stage.RECIPIENT, 550, "5.4.5 Daily user sending limit exceeded", ServerBusy),
    (Stage.BODY, 451, "4.7.1 Service unavailable - try again later", ServerBusy),
    (Stage.BODY, 421, "4.3.0 closing", ServerBusy),
    (Stage.BODY, 550, "Daily message quota exceeded", ServerBusy),
    (Stage.SENDER, 550, "5.4.5 Daily sending quota exceeded", ServerBusy),
    # We are at fault: the edition pauses, and nobody is taken for a dead address.
    (Stage.LOGIN, 535, "5.7.8 Error: authentication failed", ChannelRefused),
    (Stage.LOGIN, 534, "5.7.9 Authentication mechanism is too weak", ChannelRefused),
    (Stage.TLS, 501, "5.5.4 Syntax error", ChannelRefused),
    (Stage.SENDER, 530, "5.7.0 Must issue a STARTTLS command first", ChannelRefused),
    (Stage.SENDER, 550, "5.1.8 Sender address rejected: Domain not found", ChannelRefused),
    (Stage.SENDER, 553, "5.7.1 Sender address rejected: not owned by user bot", ChannelRefused),
    (Stage.SENDER, 552, "5.3.4 Message size exceeds fixed limit", ChannelRefused),
    (Stage.RECIPIENT, 554, "5.7.1 <ines@readers.test>: Relay access denied", ChannelRefused),
    (Stage.RECIPIENT, 550, "5.7.1 Command rejected", ChannelRefused),
    (Stage.RECIPIENT, 550, "relay not permitted", ChannelRefused),
    (Stage.RECIPIENT, 530, "Authentication required", ChannelRefused),
    (Stage.RECIPIENT, 538, "Encryption required", ChannelRefused),
    (Stage.RECIPIENT, 503, "5.5.1 Bad sequence of commands", ChannelRefused),
    (Stage.RECIPIENT, 550, "5.7.515 Access denied, the sending domain lacks authentication", ChannelRefused),
    (Stage.DATA, 554, "5.5.1 No valid recipients", ChannelRefused),
    (Stage.BODY, 550, "5.7.1 Content rejected as spam", ChannelRefused),
    (Stage.BODY, 552, "5.3.4 Message too big for system", ChannelRefused),
    (Stage.BODY, 554, "Transaction failed", ChannelRefused),
    # Our sender is refused, wherever the server says it.
    (Stage.BODY, 550, "5.1.8 Access denied, bad outbound sender AS(42003)", ChannelRefused),
    (Stage.BODY, 554, "5.2.252 SendAsDenied; news@record.example may not send as a@record.example", ChannelRefused),
    (Stage.BODY, 552, "5.2.3 Message size exceeds limit", ChannelRefused),
    (Stage.BODY, 550, "5.1.7 Bad sender's address", ChannelRefused),
    (Stage.BODY, 550, "5.1.0 Address rejected", ChannelRefused),
    (Stage.BODY, 550, "5.1.3 Bad address in a header", ChannelRefused),
    (Stage.BODY, 554, "5.2.0 Mailbox trouble", ChannelRefused),
    (Stage.RECIPIENT, 550, "5.1.8 <news@record.example>: Sender address rejected: Domain not found", ChannelRefused),
    (Stage.RECIPIENT, 550, "5.1.7 <news@record.example>: Sender address rejected: undeliverable", ChannelRefused),
    (Stage.RECIPIENT, 550, "5.1.0 <news@record.example>: Sender address rejected: User unknown", ChannelRefused),
    (Stage.RECIPIENT, 550, "Verification failed for <news@record.example>\nSender verify failed", ChannelRefused),
    (Stage.RECIPIENT, 550, "Sender verify failed", ChannelRefused),
    (Stage.RECIPIENT, 553, "sorry, your envelope sender domain must exist (#5.7.1)", ChannelRefused),
    (Stage.RECIPIENT, 550, "SMTP AUTH is required for message submission on port 587", ChannelRefused),
    (Stage.RECIPIENT, 571, "Message refused", ChannelRefused),
    (Stage.RECIPIENT, 550, "Your IP 192.0.2.7 is not allowed", ChannelRefused),
    (Stage.RECIPIENT, 554, "5.7.1 <x@y.test>: Recipient address rejected: SPF fail, not authorized", ChannelRefused),
    (Stage.RECIPIENT, 504, "5.5.2 <news>: Sender address rejected: need fully-qualified address", ChannelRefused),
    (Stage.SENDER, 550, "5.1.1 User unknown", ChannelRefused),
    (Stage.SENDER, 450, "4.1.8 <news@record.example>: Sender address rejected: Domain not found", ServerBusy),
    (Stage.SENDER, 450, "4.2.0 Not now", ServerBusy),
    (Stage.RECIPIENT, 450, "4.1.8 <news@record.example>: Sender address rejected: Domain not found", ServerBusy),
    (Stage.RECIPIENT, 450, "4.1.7 <news@record.example>: Sender address rejected: unverified", ServerBusy),
    (Stage.BODY, 450, "4.1.8 Sender's domain not found", ServerBusy),
    # What speaks of the recipient, and is said to all of them when we have not logged in.
    (Stage.RECIPIENT, 554, "5.7.1 <x@y.test>: Recipient address rejected: Access denied", ChannelRefused),
    # What looks like policy, and is the recipient all the same.
    (Stage.RECIPIENT, 504, "5.5.2 <x@y>: Recipient address rejected: need fully-qualified address", PERMANENT),
    (Stage.RECIPIENT, 550, "5.4.1 Recipient address rejected: Access denied", PERMANENT),
    (Stage.RECIPIENT, 550, "5.1.1 No such user; the sender should check the address", PERMANENT),
    # Who can tell.
    (Stage.BODY, -1, "Malformed SMTP response line: xyz", OutcomeUnknown),
    (Stage.BODY, 354, "go on", OutcomeUnknown),
    (Stage.RECIPIENT, -1, "Malformed SMTP response line: xyz", ServerBusy),
]  # fmt: skip


def meaning(error: DeliveryError) -> object:
    if type(error) is DeliveryError:
        return PERMANENT if error.permanent else TEMPORARY
    assert not error.permanent
    return type(error)


@pytest.mark.parametrize(("stage", "code", "said", "expected"), ANSWERS)
def test_an_answer_means(stage: Stage, code: int, said: str, expected: object) -> None:
    reply = Reply.read(code, said)
    error = refusal(stage, reply, "smtp.record.example:587")
    assert meaning(error) == expected
    assert error.server == "smtp.record.example:587"
    assert "\n" not in str(error)
    if expected is not OutcomeUnknown and code > 0:
        assert (error.code, error.enhanced) == (code, reply.enhanced)
        assert str(code) in str(error)


CONNECT, HELLO, LOGIN, SENDER = Stage.CONNECT, Stage.HELLO, Stage.LOGIN, Stage.SENDER
RECIPIENT, BODY = Stage.RECIPIENT, Stage.BODY

GONE = "the reader failed"
LATER = "the reader is tried later"
SLOW = "the server gets less"
REST = "the server rests"
QUOTA = "the server rests for the quota's window"
PAUSE = "the edition pauses"

# Who says it, at which stage, what: what becomes of it.
VENDORS = [
    ("Gmail", RECIPIENT, "550 5.1.1 The email account that you tried to reach does not exist. - gsmtp", GONE),
    ("Gmail", RECIPIENT, "550 5.2.1 The email account that you tried to reach is inactive. - gsmtp", GONE),
    ("Gmail", RECIPIENT, "550 5.2.1 The user you are trying to contact is receiving mail at a rate that prevents additional messages from being delivered. - gsmtp", LATER),
    ("Gmail", RECIPIENT, "450 4.2.1 The user you are trying to contact is receiving mail too quickly. - gsmtp", LATER),
    ("Gmail", RECIPIENT, "452 4.2.2 The email account that you tried to reach is over quota. - gsmtp", LATER),
    ("Gmail", RECIPIENT, "552 5.2.2 The email account that you tried to reach is over quota. - gsmtp", LATER),
    ("Gmail", BODY, "421 4.7.0 Our system has detected an unusual rate of unsolicited mail originating from your IP address. - gsmtp", SLOW),
    ("Gmail", BODY, "421 4.7.28 Our system has detected an unusual rate of unsolicited mail. - gsmtp", SLOW),
    ("Gmail", BODY, "550 5.7.1 Our system has detected that this message is likely unsolicited mail. - gsmtp", PAUSE),
    ("Gmail", BODY, "550 5.7.26 This mail has been blocked because the sender is unauthenticated. - gsmtp", PAUSE),
    ("Gmail", BODY, "552 5.7.0 This message was blocked because its content presents a potential security issue. - gsmtp", PAUSE),
    ("Gmail", HELLO, "421 4.7.0 Try again later, closing connection. - gsmtp", REST),
    ("Google Workspace", RECIPIENT, "450 4.2.1 Peak SMTP relay limit exceeded for customer. - gsmtp", QUOTA),
    ("Google Workspace", RECIPIENT, "550 5.4.5 Daily SMTP relay sending limit exceeded for user. - gsmtp", QUOTA),
    ("Google Workspace", BODY, "550 5.7.1 Daily SMTP relay limit exceeded for customer. - gsmtp", QUOTA),
    ("Google Workspace", SENDER, "550 5.7.1 Invalid credentials for relay. - gsmtp", PAUSE),
    ("Google Workspace", LOGIN, "535 5.7.8 Username and Password not accepted. - gsmtp", PAUSE),
    ("Google Workspace", LOGIN, "454 4.7.0 Cannot authenticate due to a temporary system problem. - gsmtp", REST),
    ("Outlook.com", RECIPIENT, "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).", GONE),
    ("Outlook.com", RECIPIENT, "451 4.7.650 The mail server [192.0.2.7] has been temporarily rate limited due to IP reputation. (S775)", SLOW),
    ("Outlook.com", RECIPIENT, "550 5.7.1 Unfortunately, messages from [192.0.2.7] weren't sent. Part of their network is on our block list (S3150).", PAUSE),
    ("Outlook.com", RECIPIENT, "550 SC-001 Mail rejected by Outlook.com for policy reasons.", PAUSE),
    ("Outlook.com", BODY, "550 5.7.515 Access denied, sending domain record.example does not meet the required authentication level.", PAUSE),
    ("Exchange Online", RECIPIENT, "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", GONE),
    ("Exchange Online", RECIPIENT, "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", GONE),
    ("Exchange Online", BODY, "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required", GONE),
    ("Exchange Online", BODY, "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded", SLOW),
    ("Exchange Online", LOGIN, "432 4.3.2 concurrent connection limit exceeded", SLOW),
    ("Exchange Online", RECIPIENT, "451 4.7.500 Server busy. Please try again later from [192.0.2.7]. (S77719)", SLOW),
    ("Exchange Online", BODY, "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients", QUOTA),
    ("Exchange Online", BODY, "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException", QUOTA),
    ("Exchange Online", BODY, "554 5.2.252 SendAsDenied; news@record.example not allowed to send as a@record.example", PAUSE),
    ("Exchange Online", SENDER, "530 5.7.57 Client not authenticated to send mail.", PAUSE),
    ("Exchange Online", LOGIN, "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.", PAUSE),
    ("Exchange Online", BODY, "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP.", PAUSE),
    ("Yahoo", SENDER, "421 4.7.0 [TSS04] Messages from 192.0.2.7 temporarily deferred due to unexpected volume or user complaints", SLOW),
    ("Yahoo", RECIPIENT, "451 Resources temporarily not available - Please try again later [#4.16.5].", SLOW),
    ("Yahoo", CONNECT, "553 5.7.1 [BL21] Connections will not be accepted from 192.0.2.7, because the ip is in Spamhaus's list", REST),
    ("Yahoo", BODY, "554 delivery error: dd This user doesn't have a yahoo.com account (x@yahoo.com)", GONE),
    ("Yahoo", BODY, "554 30 Sorry, your message to x@yahoo.com cannot be delivered. This mailbox is disabled (554.30).", GONE),
    ("Yahoo", BODY, "554 Message not allowed - [PH01] Email not accepted for policy reasons.", PAUSE),
    ("Amazon SES", BODY, "454 Throttling failure: Maximum sending rate exceeded.", SLOW),
    ("Amazon SES", BODY, "454 Throttling failure: Daily message quota exceeded.", QUOTA),
    ("Amazon SES", BODY, "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: news@record.example", PAUSE),
    ("Amazon SES", BODY, "554 Access denied: User is not authorized to perform ses:SendRawEmail", PAUSE),
    ("Amazon SES", BODY, "554 Transaction failed: Duplicate header 'Message-ID'.", PAUSE),
    ("Amazon SES", BODY, "451 4.4.2 Timeout waiting for data from client.", SLOW),
    ("Amazon SES", LOGIN, "535 Authentication Credentials Invalid", PAUSE),
    ("Amazon SES", SENDER, "501 Invalid MAIL FROM address provided", PAUSE),
    ("Amazon SES", CONNECT, "421 Too many concurrent SMTP connections", SLOW),
    ("Mailgun", SENDER, "421 Domain record.example is not allowed to send: Domain is disabled", PAUSE),
    ("Mailgun", BODY, "550 Domain record.example is not verified and requires DNS configuration", PAUSE),
    ("SendGrid", LOGIN, "451 Authentication failed: Maximum credits exceeded", QUOTA),
    ("SendGrid", BODY, "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.", PAUSE),
    ("SendGrid", BODY, "403 You are not authorized to send from that email address", PAUSE),
    ("SendGrid", BODY, "450 too frequent connects from 192.0.2.7, please try again later.", SLOW),
    ("SendGrid", BODY, "452 Too many recipients received this hour (throttled)", SLOW),
    ("SparkPost", BODY, "550 5.7.1 Unconfigured Sending Domain <record.example>", PAUSE),
    ("Brevo", LOGIN, "525 5.7.1 Unauthorized IP address", PAUSE),
    ("Postfix", RECIPIENT, "554 5.7.1 <x@y.test>: Relay access denied", PAUSE),
    ("Postfix", RECIPIENT, "454 4.7.1 <x@y.test>: Relay access denied", PAUSE),
    ("Postfix", RECIPIENT, "550 5.1.1 <x@y.test>: Recipient address rejected: User unknown in virtual mailbox table", GONE),
    ("Postfix", RECIPIENT, "550 5.1.1 <x@y.test>: Recipient address rejected: undeliverable address: host mx.y.test said: 550 5.7.1 spam", GONE),
    ("Postfix", RECIPIENT, "450 4.1.1 <x@y.test>: Recipient address rejected: unverified address: Address verification in progress", LATER),
    ("Postfix", RECIPIENT, "554 5.7.1 Service unavailable; Client host [192.0.2.7] blocked using zen.spamhaus.org", PAUSE),
    ("Postfix", SENDER, "452 4.3.1 Insufficient system storage", SLOW),
    ("Postfix", SENDER, "552 5.3.4 Message size exceeds fixed limit", PAUSE),
    ("Postfix", SENDER, "451 4.3.5 Server configuration problem", SLOW),
    ("Postfix", SENDER, "450 4.7.1 Error: too much mail from 192.0.2.7", SLOW),
    ("Exim", RECIPIENT, "550 Unrouteable address", GONE),
    ("Exim", RECIPIENT, "550-Callout verification failed:\n550 550 5.1.1 unknown or illegal alias", GONE),
    ("Exim", RECIPIENT, "550 Administrative prohibition", PAUSE),
    ("Exim", RECIPIENT, "451 Could not complete sender verify callout", SLOW),
    ("Exim", RECIPIENT, "451 Temporary local problem - please try later", SLOW),
    ("Exim", BODY, "452 Space shortage, please try later", SLOW),
    ("Exim, shared hosting", RECIPIENT, "550 Domain record.example has exceeded the max emails per hour (300/300 (100%)) allowed. Message discarded.", QUOTA),
    ("Sendmail", RECIPIENT, "550 5.1.1 <x@y.test>... User unknown", GONE),
    ("Sendmail", RECIPIENT, "550 5.7.1 <x@y.test>... Relaying denied. Proper authentication required.", PAUSE),
    ("Sendmail", SENDER, "553 5.1.8 <news@record.example>... Domain of sender address news@record.example does not exist", PAUSE),
    ("Sendmail", CONNECT, "421 4.3.2 Connection rate limit exceeded.", SLOW),
    ("Sendmail", SENDER, "452 4.4.5 Insufficient disk space; try again later", SLOW),
    ("milter-greylist", RECIPIENT, "451 4.7.1 Greylisting in action, please come back in 00:05:00", LATER),
    ("Postgrey", RECIPIENT, "450 4.2.0 <x@y.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/", LATER),
    ("GMX", RECIPIENT, "550 Requested action not taken: mailbox unavailable", GONE),
    ("GMX", RECIPIENT, "550 Requested action not taken: mailbox unavailable invalid DNS MX or A/AAAA resource record", PAUSE),
    ("GMX", BODY, "554 Transaction failed Reject due to policy restrictions.", PAUSE),
    ("T-Online", CONNECT, "554 IP=192.0.2.7 - None/bad reputation.", REST),
    ("Proofpoint", RECIPIENT, "554 5.7.0 Blocked - see https://ipcheck.proofpoint.com/?ip=192.0.2.7", PAUSE),
    ("Mimecast", RECIPIENT, "550 Invalid Recipient - https://community.mimecast.com/docs/DOC-1369#550", GONE),
    ("Mimecast", BODY, "550 Rejected by header based Anti-Spoofing policy", PAUSE),
    ("Mimecast", RECIPIENT, "451 Internal resources are temporarily unavailable - https://community.mimecast.com/docs/DOC-1369#451", SLOW),
    ("Barracuda", BODY, "550 permanent failure for one or more recipients (x@y.test:blocked)", PAUSE),
    ("anybody", RECIPIENT, "550 mailbox full", LATER),
    ("anybody", BODY, "552 Requested mail action aborted: exceeded storage allocation", LATER),
    ("anybody", RECIPIENT, "422 The recipient's mailbox is over its storage limit", LATER),
    ("anybody", RECIPIENT, "550 rate limit exceeded", SLOW),
    ("anybody", RECIPIENT, "550 5.7.28 Mail flood detected", SLOW),
    ("anybody", RECIPIENT, "555 5.5.4 Unsupported option: SIZE", PAUSE),
    ("anybody", RECIPIENT, "550 5.4.4 Host or domain name not found", GONE),
    ("anybody", RECIPIENT, "551 User not local; please try <forward-path>", GONE),
]  # fmt: skip


def becomes(stage: Stage, answer: str) -> str:
    reply = Reply.read(int(answer[:3]), answer[4:].replace("\n550 ", "\n"))
    error = refusal(stage, reply, "smtp.record.example:587")
    decision = decide(
        error,
        tries=0,
        first_try=NOW,
        now=NOW,
        first_wait=timedelta(minutes=1),
        life=timedelta(hours=24),
        jitter=0.5,
    )
    if decision.pause:
        return PAUSE
    if decision.state is DeliveryState.FAILED:
        return GONE
    assert decision.state is DeliveryState.DEFERRED
    assert decision.not_before
    if not decision.cool:
        return LATER
    assert not decision.counts, "a server's trouble is no try of the reader's"
    if decision.throttle:
        return SLOW
    return QUOTA if decision.cool == timedelta(hours=1) else REST


@pytest.mark.parametrize(("who", "stage", "answer", "expected"), VENDORS)
def test_what_becomes_of_an_answer(who: str, stage: Stage, answer: str, expected: str) -> None:
    assert becomes(stage, answer) == expected


def test_a_used_up_quota_waits_an_hour_unless_the_answer_says_until_when() -> None:
    for said, seconds in [
        ("5.4.5 Daily sending quota exceeded", QUOTA_WAIT),
        ("5.7.1 Hourly limit exceeded, retry in 20 minutes", 1200),
    ]:
        error = refusal(Stage.RECIPIENT, Reply.read(550, said), "s")
        assert isinstance(error, ServerBusy)
        assert (error.retry_after, error.throttle) == (seconds, False)
    assert QUOTA_WAIT == 3600


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("Greylisting in action, please come back in 00:05:00", 300),
        ("Greylisted for 5 minutes", 300),
        ("Greylisted, please try again in 281 seconds", 281),
        ("temporarily greylisted by greyd, retry after 10m", 600),
        ("Please try again in about 4 hours", 14_400),
        ("Try again later", None),
        ("Deferred, see RFC 6647 in 2 minds", None),
        ("queue 4.7.1 for 192.0.2.7", None),
        ("come back in 00:00:00", None),
    ],
)
def test_the_wait_an_answer_asks_for_is_read(said: str, seconds: float | None) -> None:
    assert asked_wait(said) == seconds


def test_a_greylist_is_waited_for_as_long_as_it_asks_or_as_for_any_other_trouble() -> None:
    asked = refusal(RECIPIENT, Reply.read(451, "4.7.1 Greylisted for 15 minutes"), "s")
    silent = refusal(RECIPIENT, Reply.read(450, "4.2.0 Greylisted, see http://postgrey.schweikert.ch/"), "s")
    assert (asked.retry_after, silent.retry_after) == (900, None)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Stage.CONNECT, ServerBusy),
        (Stage.HELLO, ServerBusy),
        (Stage.TLS, ServerBusy),
        (Stage.LOGIN, ServerBusy),
        (Stage.SENDER, ServerBusy),
        (Stage.RECIPIENT, TEMPORARY),
        (Stage.DATA, TEMPORARY),
        (Stage.BODY, OutcomeUnknown),
    ],
)
def test_a_broken_line_is_unknown_only_when_the_body_was_on_its_way(stage: Stage, expected: object) -> None:
    assert meaning(lost(stage, "smtp.record.example:587", "connection lost")) == expected


def test_an_enhanced_code_is_taken_only_when_it_has_the_class_of_the_code() -> None:
    assert Reply.read(550, "5.1.1 gone") == Reply(550, "gone", "5.1.1")
    assert Reply.read(450, "5.1.1 odd") == Reply(450, "5.1.1 odd", "")
    assert Reply.read(550, "192.0.2.1 is listed") == Reply(550, "192.0.2.1 is listed", "")


def test_an_answer_of_several_lines_becomes_one_without_control_characters() -> None:
    reply = Reply.read(550, "5.7.1 first\n5.7.1 second\x1b[31m\n5.7.1 third")
    assert str(reply) == "550 5.7.1 first second [31m third"


def test_an_endless_answer_is_cut() -> None:
    assert len(Reply.read(550, "x" * 5000).text) == 300


@pytest.mark.parametrize(
    "said", ["(" * 300, "a account " * 30, "in " * 100, "limit " * 50, "exceed storage " * 20, "user " * 60]
)
def test_no_answer_takes_long_to_understand(said: str) -> None:
    for stage in Stage:
        for code in (421, 450, 550, 554):
            assert str(code) in str(refusal(stage, Reply.read(code, said), "s"))
