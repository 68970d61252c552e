"""Delivery status notifications: RFC 3464, RFC 6522, RFC 6533."""

from __future__ import annotations

import base64

import pytest

from bot.audience.bounces import read_reports
from bot.model import Verdict
from tests.audience.returned import MAILED, ORIGINAL, dsn, group, letter, only


def test_rfc3464_2_3_a_failed_recipient_is_reported_with_code_reply_and_words():
    said = f"smtp; 550 5.1.1 <{MAILED}>: Recipient address rejected: User unknown in virtual mailbox table"
    report = only(dsn(group(diagnostic=said)))
    assert (report.verdict, report.recipient, report.code, report.reply) == (Verdict.HARD, MAILED, "5.1.1", 550)
    assert report.reason == "no such user"
    assert "User unknown in virtual mailbox table" in report.evidence


def test_rfc3464_2_3_each_recipient_has_its_own_report():
    message = dsn(
        group("one@reader.example", diagnostic="smtp; 550 5.1.1 No such user"),
        group("two@reader.example", status="5.2.2", diagnostic="smtp; 552 5.2.2 Mailbox is full"),
        group("three@reader.example", action="delivered", status="2.0.0"),
    )
    said = {each.recipient: each.verdict for each in read_reports(message)}
    assert said == {
        "one@reader.example": Verdict.HARD,
        "two@reader.example": Verdict.SOFT,
        "three@reader.example": Verdict.NONE,
    }


@pytest.mark.parametrize(
    ("action", "status", "reason"),
    [
        ("delayed", "4.4.1", "delayed"),
        ("delayed", "5.1.1", "delayed"),
        ("delivered", "2.1.5", "delivered"),
        ("relayed", "2.1.9", "relayed"),
        ("expanded", "2.1.5", "expanded"),
    ],
)
def test_rfc3464_2_3_3_only_the_action_failed_counts(action, status, reason):
    said = "smtp; 451 4.4.1 Connection timed out" if action == "delayed" else ""
    report = only(dsn(group(action=action, status=status, diagnostic=said)))
    assert (report.verdict, report.reason) == (Verdict.NONE, reason)


def test_rfc3464_2_3_1_the_original_recipient_comes_before_the_final_one():
    message = dsn(group("m.vogt@mailbox7.internal.example", Original_Recipient=f"rfc822;{MAILED}"))
    assert only(message).recipient == MAILED


def test_rfc3464_2_3_1_an_empty_original_recipient_gives_way_to_the_final_one():
    assert only(dsn(group(Original_Recipient="rfc822;"))).recipient == MAILED


def test_rfc3461_4_an_original_recipient_left_in_xtext_is_read():
    assert only(dsn(group("x@y.example", Original_Recipient="rfc822;mara+2Bnews+40reader.example"))).recipient == (
        "mara+news@reader.example"
    )


def test_rfc3461_4_a_plus_in_an_address_is_no_xtext():
    address = "mara+2bikes@reader.example"
    assert only(dsn(group("x@y.example", Original_Recipient=f"rfc822;{address}"))).recipient == address


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("utf-8; jörg@müller.example", "jörg@müller.example"),
        (r"utf-8; j\x{F6}rg@m\x{FC}ller.example", "jörg@müller.example"),
        ("utf-8; 用户@例子.广告", "用户@例子.广告"),
        ("rfc822;<mara@reader.example>", MAILED),
        ("rfc822; mara@reader.example (Mara Vogt)", MAILED),
        ("RFC822;mara@reader.example", MAILED),
        ("mara@reader.example", MAILED),
        ('rfc822; "mara vogt"@reader.example', '"mara vogt"@reader.example'),
    ],
)
def test_rfc6533_3_recipients_in_every_spelling(value, address):
    assert only(dsn(f"Final-Recipient: {value}\nAction: failed\nStatus: 5.1.1")).recipient == address


def test_rfc6533_a_global_delivery_status_is_read_like_the_other():
    message = dsn("Final-Recipient: utf-8; jörg@reader.example\nAction: failed\nStatus: 5.1.1").replace(
        b"message/delivery-status", b"message/global-delivery-status"
    )
    assert only(message).recipient == "jörg@reader.example"


def test_rfc3464_2_3_4_a_status_without_meaning_gives_way_to_the_answers_own():
    report = only(dsn(group(status="5.0.0", diagnostic="smtp; 550 5.2.1 Mailbox disabled")))
    assert (report.code, report.verdict, report.reason) == ("5.2.1", Verdict.HARD, "disabled")


def test_rfc3464_2_3_4_the_comment_of_a_status_is_read_too():
    report = only(dsn(group(status="5.0.0 (recipient reached disk quota)"), text=""))
    assert (report.verdict, report.reason) == (Verdict.SOFT, "mailbox full")


def test_rfc3464_a_report_without_diagnostic_is_judged_by_the_notice():
    text = (
        f"This is the mail server of reader.example.\n\n<{MAILED}>\n    The mailbox has exceeded its storage limit.\n"
    )
    assert only(dsn(group(status="5.0.0"), text=text)).reason == "mailbox full"


def test_rfc3464_a_report_without_words_is_judged_by_its_status():
    assert only(dsn(group(status="5.1.1"), text="")).verdict is Verdict.HARD
    assert only(dsn(group(status="5.7.1"), text="")).verdict is Verdict.SOFT


def test_rfc3464_a_group_that_names_nobody_is_of_whom_the_returned_message_was_for():
    report = only(dsn("Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 No such user"))
    assert (report.recipient, report.verdict) == (MAILED, Verdict.HARD)


def test_rfc3464_groups_without_the_empty_line_between_them_are_two():
    both = f"{group('one@reader.example')}\n{group('two@reader.example', status='5.2.2')}"
    assert [each.recipient for each in read_reports(dsn(both))] == ["one@reader.example", "two@reader.example"]


def test_rfc3464_an_empty_line_inside_a_group_does_not_cut_it():
    message = dsn(f"Final-Recipient: rfc822; {MAILED}\n\nAction: failed\nStatus: 5.1.1")
    assert only(message).recipient == MAILED


def test_rfc6522_a_report_in_a_forwarded_message_is_read():
    inner = dsn(group(diagnostic="smtp; 550 5.1.1 User unknown")).decode()
    outer = letter(
        f"--o\nContent-Type: text/plain\n\nPlease see below.\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n",
        From="Desk <desk@record.example>",
        Subject="Fwd: Undelivered Mail",
        Content_Type="multipart/mixed; boundary=o",
    )
    assert (only(outer).recipient, only(outer).verdict) == (MAILED, Verdict.HARD)


def test_rfc6522_the_report_inside_a_returned_report_is_somebody_elses():
    inner = dsn(group("stranger@elsewhere.example")).decode().replace("sep", "inner")
    assert [each.recipient for each in read_reports(dsn(group(), original=inner))] == [MAILED]


def test_rfc6522_a_report_whose_mime_was_lost_is_read_from_the_text():
    message = dsn(group(diagnostic="smtp; 550 5.1.1 User unknown")).replace(b'boundary="sep"', b'boundary="gone"')
    assert (only(message).recipient, only(message).verdict) == (MAILED, Verdict.HARD)


def test_rfc6522_a_report_quoted_by_a_mail_program_is_read():
    quoted = "\n".join(f"> {line}" for line in group(diagnostic="smtp; 550 5.1.1 User unknown").split("\n"))
    message = letter(
        f"See this.\n\n{quoted}\n", From="desk@record.example", Subject="Fwd: Returned mail", Return_Path=""
    )
    assert only(message).recipient == MAILED


def test_rfc2045_6_encoded_parts_are_decoded():
    status = base64.encodebytes(f"Reporting-MTA: dns; x.example\n\n{group()}\n".encode()).decode()
    message = letter(
        f"--sep\nContent-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n{status}\n--sep--\n",
        Content_Type="multipart/report; boundary=sep",
    )
    assert only(message).recipient == MAILED


def test_lines_may_end_in_crlf_or_cr():
    message = dsn(group())
    assert only(message.replace(b"\n", b"\r\n")) == only(message) == only(message.replace(b"\n", b"\r"))


def test_the_first_of_an_mbox_line_is_no_field():
    assert only(b"From MAILER-DAEMON Thu Nov 26 01:02:03 2026\n" + dsn(group())).recipient == MAILED


def test_a_returned_message_of_a_mebibyte_does_not_hide_the_report():
    assert only(dsn(group(), original=ORIGINAL + "\n" + "x" * 1_500_000)).verdict is Verdict.HARD


def test_rfc8098_a_read_receipt_says_nothing():
    body = (
        "--sep\n\nYour message was displayed.\n--sep\nContent-Type: message/disposition-notification\n\n"
        f"Final-Recipient: rfc822; {MAILED}\nDisposition: manual-action/MDN-sent-manually; displayed\n--sep--\n"
    )
    message = letter(
        body,
        From=f"Mara <{MAILED}>",
        Subject="Read: Your Tuesday digest",
        Content_Type="multipart/report; report-type=disposition-notification; boundary=sep",
    )
    assert only(message).verdict is Verdict.NONE


def test_a_notification_of_amazon_ses_that_sns_mails_is_read():
    inner = (
        '{\\"notificationType\\":\\"Bounce\\",\\"bounce\\":{\\"bounceType\\":\\"Permanent\\",\\"bouncedRecipients\\":'
        f'[{{\\"emailAddress\\":\\"{MAILED}\\",\\"action\\":\\"failed\\",\\"status\\":\\"5.1.1\\",'
        '\\"diagnosticCode\\":\\"smtp; 550 5.1.1 user unknown\\"}]}}'
    )
    message = letter(
        f'{{"Type":"Notification","Message":"{inner}"}}\n\n--\nTo stop these, click the link below.\n',
        From="AWS <no-reply@sns.amazonaws.com>",
        Subject="AWS Notification Message",
        x_amz_sns_message_id="02f86d9b",
    )
    assert (only(message).recipient, only(message).verdict, only(message).code) == (MAILED, Verdict.HARD, "5.1.1")
