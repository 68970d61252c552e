"""Bytes of strangers: the reader never raises, and no message keeps it busy."""

from __future__ import annotations

import random
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.audience.bounces import judge, read_reports
from bot.audience.bounces.words import ROWS
from bot.model import Report, Verdict
from tests.audience.returned import dsn, feedback, group, letter
from tests.audience.test_bounces_prose import EXIM, POSTFIX, QMAIL, SENDMAIL
from tests.growth import grows_evenly

SEEDS = [
    dsn(group("a@x.example"), group("b@x.example", action="delayed")),
    feedback("Feedback-Type: abuse\nUser-Agent: x\nOriginal-Rcpt-To: a@x.example\n"),
    *(letter(text) for text in (QMAIL, EXIM, POSTFIX, SENDMAIL)),
    letter("away", Subject="Out of Office", Auto_Submitted="auto-replied"),
    letter('{"Message": "{}"}', x_amz_sns_message_id="1"),
]
PIECES = [
    b"\n", b"\n\n", b"--sep\n", b"--sep--\n", b"Content-Type: message/rfc822\n\n",
    b"Content-Type: multipart/mixed; boundary=sep\n\n", b"Content-Type: text/plain; charset=punycode\n",
    b"Content-Transfer-Encoding: base64\n\n", b"Final-Recipient: ", b"rfc822; ", b"utf-8; \\x{110000}@x.example",
    b"Action: failed\n", b"Status: 5.1.1\n", b"a@b.example", b"<", b">", b"@", b'"', b"=?utf-8?b?", b"?=",
    b"=?x?q?=?=", b"\xff\xfe", b"\x00", b"\x1b$B", b"550 5.1.1 user unknown\n", b": ", b" ", b"> ", b"From: ",
    b"Subject: unsubscribe\n", b"X-Failed-Recipients: ", b"(generated from ", b"Received: from x\n", "ü例え".encode(),
]  # fmt: skip

messages = st.one_of(
    st.binary(max_size=2000),
    st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join),
    st.builds(
        lambda seed, at, size, piece: seed[: at % len(seed)] + piece + seed[at % len(seed) + size :],
        st.sampled_from(SEEDS),
        st.integers(0, 5000),
        st.integers(0, 200),
        st.one_of(st.sampled_from(PIECES), st.binary(max_size=30)),
    ),
)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messages)
def test_any_bytes_give_reports_that_keep_their_promises(message):
    reports = read_reports(message)
    assert 1 <= len(reports) <= 200
    for report in reports:
        assert isinstance(report, Report)
        assert len(report.evidence) <= 500
        assert report.evidence == "" or report.evidence.isprintable()
        assert report.reason
        assert report.reply == 0 or 400 <= report.reply < 600 or report.verdict is Verdict.NONE
        assert len(report.key) == 40
    assert len({each.recipient.casefold() for each in reports}) == len(reports)
    assert read_reports(message) == reports


@settings(max_examples=300, deadline=None)
@given(st.integers(-1, 999), st.from_regex(r"([245]\.\d{1,3}\.\d{1,3})?", fullmatch=True), st.text(max_size=300))
def test_any_answer_is_judged(reply, code, text):
    verdict, reason = judge(reply, code, text)
    assert verdict in (Verdict.HARD, Verdict.SOFT, Verdict.NONE)
    assert reason or verdict is Verdict.NONE
    assert not (verdict is Verdict.HARD and 400 <= reply < 500)


MIB = 1 << 20
HEAD = b"From: MAILER-DAEMON@x.example\nTo: a@b.example\nSubject: Undelivered mail\n"
REPORT = b"Content-Type: multipart/report; boundary=a\n\n--a\nContent-Type: message/delivery-status\n\n"
HOSTILE = {
    "zeros": b"\0" * MIB,
    "noise": random.Random(5).randbytes(MIB),
    "empty lines": b"\n" * MIB,
    "one word": b"a" * MIB,
    "at signs": HEAD + b"\n" + b"@" * MIB,
    "addresses on a line": HEAD + b"\n" + b"a@b.example " * (MIB // 12),
    "addresses, a line each": HEAD + b"\n" + b"<a@b.example>: 550 user unknown\n" * (MIB // 32),
    "distinct addresses": HEAD + b"\n" + b"".join(b"<u%d@b.example>: 550 user unknown\n" % at for at in range(25_000)),
    "quotes": HEAD + b"\n" + b'"@' * (MIB // 2),
    "fields": b"X: y\n" * (MIB // 5),
    "a folded field": b"Subject: x\n" + b" y\n" * (MIB // 3),
    "encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 60_000 + b"\n\n",
    "parameters": b"Content-Type: multipart/mixed" + b"; a=b" * 200_000 + b"\n\n",
    "boundaries": b"Content-Type: multipart/mixed; boundary=a\n\n" + b"--a\n\nx\n" * (MIB // 8),
    "nested parts": HEAD
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (at, at) for at in range(4000)),
    "nested messages": b"Content-Type: message/rfc822\n\n" * 30_000,
    "tags": HEAD + b"Content-Type: text/html\n\n" + b"<div " * (MIB // 5),
    "styles": HEAD + b"Content-Type: text/html\n\n" + b"<style>" * (MIB // 7),
    "groups": REPORT + b"Final-Recipient: rfc822;a@b.example\nAction: failed\n" * 15_000,
    "groups of many": REPORT
    + b"".join(
        b"Final-Recipient: rfc822;a%d@b.example\nAction: failed\nStatus: 5.1.1\n\n" % at for at in range(15_000)
    ),
    "a slow codec": HEAD + b"Content-Type: text/plain; charset=punycode\n\n" + b"a" * MIB,
    "json": b"x-amz-sns-message-id: 1\n\n" + b"[" * MIB,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_message_keeps_the_reader_busy(name):
    assert len(read_reports(HOSTILE[name])) <= 200
    assert grows_evenly(read_reports, HOSTILE[name])


@pytest.mark.parametrize("row", ROWS, ids=[row.reason for row in ROWS])
def test_no_words_make_a_row_of_the_table_slow(row):
    for word in (
        "user ",
        "mailbox account ",
        "your ip ",
        "not ",
        "exceed over quota ",
        "for 5 ",
        "message ",
        "host domain ",
        "(",
        "a",
    ):
        assert grows_evenly(row.words.search, word * (2000 // len(word))), word


def test_memory_stays_small_beside_the_message():
    message = HOSTILE["distinct addresses"]
    tracemalloc.start()
    try:
        read_reports(message)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()
