from __future__ import annotations

import pytest

from bot.channels.email.answers import QUOTA_WAIT, Reply, Stage, lost, queue_id, refusal
from bot.errors import ChannelRefused, DeliveryError, OutcomeUnknown, ServerBusy

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


def test_a_used_up_quota_waits_an_hour() -> None:
    error = refusal(Stage.RECIPIENT, Reply.read(550, "5.4.5 Daily sending quota exceeded"), "s")
    assert error.retry_after == QUOTA_WAIT == 3600


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
    ("said", "expected"),
    [
        ("Ok: queued as 4F2A91C0D3", "4F2A91C0D3"),
        ("Ok: queued as 4ZkQ1x5p2Yz9rNt", "4ZkQ1x5p2Yz9rNt"),
        ("OK id=1tABcd-000000001aB-3xYz", "1tABcd-000000001aB-3xYz"),
        ("Ok 0100018f2c3d4e5f-1a2b3c4d-5e6f-000000", "0100018f2c3d4e5f-1a2b3c4d-5e6f-000000"),
        ("<abc@mx.example> [InternalId=17, Hostname=X] Queued mail for delivery", "abc@mx.example"),
        ("4AO7x01234 Message accepted for delivery", "4AO7x01234"),
        ("OK", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_queue_id_is_recognised(said: str, expected: str) -> None:
    assert queue_id(said) == expected
