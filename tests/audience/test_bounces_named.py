"""What identifies a report: the texts in which a token of ours may stand, and the key that makes intake idempotent."""

from __future__ import annotations

from bot.audience.bounces import read_reports
from tests.audience.returned import MAILED, ORIGINAL, RETURN_PATH, dsn, group, letter, only


def test_b1_the_return_path_that_the_bounce_came_to_is_named_first():
    assert only(dsn(group(), **{"Delivered-To": "bounces@record.example", "X-Original-To": RETURN_PATH})).named[:2] == (
        "bounces@record.example",
        RETURN_PATH,
    )


def test_the_return_path_is_found_in_the_line_of_the_server_that_took_the_bounce():
    message = dsn(
        group(), To="postmaster@record.example", Received=f"from x (x [192.0.2.1]) by y for <{RETURN_PATH}>; now"
    )
    assert RETURN_PATH in only(message).named


def test_the_returned_message_names_its_message_id_and_its_unsubscribe_link():
    named = only(dsn(group(), To="")).named
    for text in ("<tok3n@record.example>", RETURN_PATH, "fb-tok3n", "mailto:unsubscribe@record.example?subject=tok3n"):
        assert text in named


def test_so_does_one_that_is_quoted_in_the_text():
    text = f"Hi. This is the qmail-send program.\n\n<{MAILED}>:\nno mailbox here by that name\n\n"
    text += "--- Below this line is a copy of the message.\n\n"
    assert "<tok3n@record.example>" in only(letter(text + ORIGINAL)).named


def test_rfc3461_4_4_the_envelope_id_is_named():
    message = dsn(f"Original-Envelope-Id: tok3n\n\n{group()}")
    assert "tok3n" in only(message).named


def test_what_an_answer_refers_to_is_named():
    message = letter(
        "Thanks!", From=MAILED, Subject="Re: digest", In_Reply_To="<tok3n@record.example>", Return_Path=MAILED
    )
    assert "<tok3n@record.example>" in only(message).named


def test_named_is_short_and_printable_whatever_comes():
    noise = "\n".join(f"X-Noise-{at}: v{at}" for at in range(500))
    named = only(dsn(group(), original=f"{noise}\nMessage-ID: <{'x' * 5000}\x07>\n{ORIGINAL}")).named
    assert len(named) <= 40
    assert all(len(each) <= 1000 and each.isprintable() for each in named)


def test_b6_the_same_report_twice_has_the_same_key():
    first = dsn(group(), Received="from a by b; now")
    again = dsn(group(MAILED.upper()), Received="from c by d; later")
    assert only(first).key == only(again).key


def test_b6_another_recipient_message_or_verdict_has_another_key():
    keys = {
        only(dsn(group())).key,
        only(dsn(group("two@reader.example"))).key,
        only(dsn(group(), **{"Message-ID": "<other.message@mx.reader.example>"})).key,
        only(dsn(group(action="delayed", status="4.4.1"))).key,
    }
    assert len(keys) == 4


def test_b6_without_a_message_id_the_content_makes_the_key():
    one, other = dsn(group(), **{"Message-ID": ""}), dsn(group(), text="Sorry.", **{"Message-ID": ""})
    assert only(one).key == only(one).key != only(other).key
    assert only(dsn(group(), **{"Message-ID": "<>"})).key != only(dsn(group(), text="x", **{"Message-ID": "<>"})).key


def test_the_evidence_is_one_printable_line():
    diagnostic = "smtp; 550 5.1.1 no\x00 such\x1b[31m user " + "x" * 3000
    for report in read_reports(dsn(group(diagnostic=diagnostic))):
        assert report.evidence.isprintable()
        assert len(report.evidence) <= 500
        assert "such" in report.evidence
