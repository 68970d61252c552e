"""Complaints: RFC 5965, RFC 6591, RFC 6650, RFC 9477, and providers that send something else."""

from __future__ import annotations

import pytest

from bot.audience.bounces import read_reports
from bot.model import Verdict
from tests.audience.returned import MAILED, ORIGINAL, RETURN_PATH, feedback, letter, only

HEAD = "User-Agent: SomeLoop/1.0\nVersion: 1\n"


@pytest.mark.parametrize("kind", ["abuse", "Abuse", "fraud", "virus", "other", "something-new"])
def test_rfc5965_3_1_a_report_of_abuse_is_a_complaint(kind):
    report = only(feedback(f"Feedback-Type: {kind}\n{HEAD}Original-Rcpt-To: {MAILED}\n"))
    assert (report.verdict, report.recipient) == (Verdict.COMPLAINT, MAILED)


@pytest.mark.parametrize("kind", ["opt-out", "opt-out-list"])
def test_rfc5965_7_3_opt_out_asks_to_stop(kind):
    report = only(feedback(f"Feedback-Type: {kind}\n{HEAD}Removal-Recipient: {MAILED}\n"))
    assert (report.verdict, report.recipient) == (Verdict.OPT_OUT, MAILED)


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure", "dkim"])
def test_rfc6591_what_is_no_complaint_does_not_count(kind):
    assert only(feedback(f"Feedback-Type: {kind}\n{HEAD}Original-Rcpt-To: {MAILED}\n")).verdict is Verdict.NONE


def test_rfc5965_3_2_without_a_recipient_the_returned_message_tells():
    assert only(feedback(f"Feedback-Type: abuse\n{HEAD}")).recipient == MAILED


def test_rfc6590_redacted_recipients_are_unknown_and_the_tokens_are_kept():
    original = ORIGINAL.replace(MAILED, "redacted@isp.example")
    report = only(feedback(f"Feedback-Type: abuse\n{HEAD}Original-Rcpt-To: [REDACTED]\n", original))
    assert (report.verdict, report.recipient) == (Verdict.COMPLAINT, "")
    assert RETURN_PATH in report.named
    assert "<tok3n@record.example>" in report.named


def test_rfc9477_the_feedback_id_and_the_unsubscribe_link_are_named():
    named = only(feedback(f"Feedback-Type: abuse\n{HEAD}")).named
    assert "fb-tok3n" in named
    assert "https://news.record.example/u/v1.k1.u.abc.def" in named


def test_rfc5965_a_complaint_about_several_recipients_names_them_all():
    fields = f"Feedback-Type: abuse\n{HEAD}Original-Rcpt-To: a@isp.example\nOriginal-Rcpt-To: b@isp.example\n"
    assert [each.recipient for each in read_reports(feedback(fields))] == ["a@isp.example", "b@isp.example"]


def test_rfc5965_2_a_report_with_almost_no_fields_is_a_complaint():
    report = only(feedback("Version: 1\n", From="staff@hotmail.example", Subject="complaint about message"))
    assert (report.verdict, report.recipient) == (Verdict.COMPLAINT, MAILED)


def test_microsofts_program_marks_whom_it_speaks_of_in_the_returned_message():
    original = f"X-HmXmrOriginalRecipient: {MAILED}\n" + ORIGINAL.replace(f"To: {MAILED}\n", "")
    body = f"--sep\nContent-Type: message/rfc822\n\n{original}\nHello.\n--sep--\n"
    message = letter(
        body,
        From="staff@hotmail.example",
        Subject="complaint about message from 192.0.2.10",
        Content_Type="multipart/mixed; boundary=sep",
    )
    assert (only(message).verdict, only(message).recipient) == (Verdict.COMPLAINT, MAILED)


def test_microsofts_older_program_sends_on_the_message_itself():
    own = {"Message-ID": "<tok3n@record.example>", "To": MAILED, "From": "news@record.example"}
    message = letter("Hello.", Return_Path="staff@hotmail.example", X_HmXmrOriginalRecipient=MAILED, **own)
    report = only(message)
    assert (report.verdict, report.recipient) == (Verdict.COMPLAINT, MAILED)
    assert "<tok3n@record.example>" in report.named


def test_rfc5965_a_feedback_report_that_was_passed_on_is_read():
    inner = feedback(f"Feedback-Type: abuse\n{HEAD}Original-Rcpt-To: {MAILED}\n").decode()
    outer = letter(
        f"--o\n\nfyi\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n",
        From="desk@record.example",
        Subject="Fwd: complaint",
        Content_Type="multipart/mixed; boundary=o",
    )
    assert (only(outer).verdict, only(outer).recipient) == (Verdict.COMPLAINT, MAILED)


def test_a_reader_who_writes_about_abuse_complains_to_people_not_to_programs():
    message = letter("There is so much abuse report fbl talk.", From=MAILED, Subject="abuse report", Return_Path=MAILED)
    assert only(message).verdict is Verdict.NONE
