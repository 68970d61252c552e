"""One answer of a server: words before codes, blame before death (RFC 3463, RFC 5321 §4.2)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.audience.bounces import judge
from bot.audience.bounces.judging import code_in, reply_in
from bot.audience.bounces.words import ROWS
from bot.model import Verdict

HARD, SOFT = Verdict.HARD, Verdict.SOFT


def judged(said: str) -> tuple[Verdict, str]:
    return judge(reply_in(said), code_in(said), said)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("550 5.1.1 User unknown", "no such user"),
        ("550 5.7.1 No such user here", "no such user"),
        ("550 5.0.0 <x@y.example>: Recipient address rejected: User unknown in virtual alias table", "no such user"),
        ("550 5.5.0 Requested action not taken: mailbox unavailable", "no such user"),
        ("554 delivery error: dd This user doesn't have a y.example account", "no such user"),
        ("550 5.4.1 Recipient address rejected: Access denied. AS(201806281)", "no such user"),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup", "no such user"),
        ("553 sorry, this recipient is not in my validrcptto list; no mailbox here by that name", "no such user"),
        ("550 5.1.1 Address rejected", "no such user"),
        ("550 Empfänger unbekannt", "no such user"),
        ("550 El usuario no existe", "no such user"),
        ("550 5.1.1 <x@y.example>: пользователь не найден", "no such user"),
        ("550 5.1.1 用户不存在", "no such user"),
        ("550 5.2.1 The email account that you tried to reach is disabled", "disabled"),
        ("554 30 Sorry, your message cannot be delivered. This mailbox is disabled (554.30).", "disabled"),
        ("525 5.7.13 Disabled recipient address", "disabled"),
        ("551 5.1.6 User has moved; no forwarding address", "moved"),
        ("550 5.1.2 Host unknown", "no such domain"),
        (
            "Host or domain name not found. Name service error for name=y.example type=A: Host not found",
            "no such domain",
        ),
        ("556 5.1.10 Recipient address has a null MX", "no such domain"),
        ("550 5.1.3 bad", "no such user"),
    ],
)
def test_b4_what_an_address_will_never_get_over_is_hard(said, reason):
    assert judged(said) == (HARD, reason)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("552 5.2.2 The email account that you tried to reach is over quota", "mailbox full"),
        ("550 5.1.1 Mailbox is full", "mailbox full"),
        ("550 5.2.2 user unknown", "mailbox full"),
        ("550 5.7.1 Our system has detected that this message is likely unsolicited mail", "content"),
        ("550 5.1.1 Message rejected: spam", "content"),
        ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "reputation"),
        ("550 5.1.1 rejected: your IP is on our blocklist", "reputation"),
        ("550 5.7.25 The IP address sending this message does not have a PTR record", "reputation"),
        ("550 5.7.26 This mail is unauthenticated", "authentication"),
        ("550 5.1.1 rejected per DMARC policy", "authentication"),
        ("550 5.7.515 Access denied, sending domain does not meet the level", "authentication"),
        ("550 5.1.8 Sender address rejected: Domain not found", "sender"),
        ("550 5.1.1 Sender address rejected: User unknown", "sender"),
        ("552 5.3.4 Message size exceeds fixed limit", "too large"),
        ("554 5.7.1 <x@y.example>: Relay access denied", "relay"),
        ("550 5.4.5 Daily sending quota exceeded", "quota/rate"),
        ("550 Too many invalid recipients", "quota/rate"),
        ("554 5.4.6 Hop count exceeded - possible mail loop", "loop"),
        ("550 5.7.1 You are not allowed to post to this list", "policy"),
        ("554 5.7.1 <x@y.example>: Recipient address rejected: Access denied", "policy"),
        ("Name service error for name=y.example type=MX: Host not found, try again", "network"),
        ("connect to y.example[192.0.2.1]:25: Connection timed out", "expired"),
        ("550 can't create user output file", "delivery program"),
        ("550 This account has been temporarily suspended", "disabled"),
        ("550", "refused"),
    ],
)
def test_b4_what_blames_us_or_passes_is_soft(said, reason):
    assert judged(said) == (SOFT, reason)


@pytest.mark.parametrize(
    ("code", "verdict", "reason"),
    [
        ("5.1.1", HARD, "no such user"),
        ("5.1.2", HARD, "no such domain"),
        ("5.1.3", HARD, "no such user"),
        ("5.1.6", HARD, "moved"),
        ("5.1.10", HARD, "no such domain"),
        ("5.2.1", HARD, "disabled"),
        ("5.1.0", SOFT, "refused"),
        ("5.1.7", SOFT, "sender"),
        ("5.2.2", SOFT, "mailbox full"),
        ("5.2.3", SOFT, "too large"),
        ("5.3.0", SOFT, "system"),
        ("5.3.4", SOFT, "too large"),
        ("5.4.4", SOFT, "network"),
        ("5.4.7", SOFT, "expired"),
        ("5.5.1", SOFT, "protocol"),
        ("5.6.0", SOFT, "content"),
        ("5.7.1", SOFT, "policy"),
        ("4.1.1", SOFT, "refused"),
        ("4.2.2", SOFT, "mailbox full"),
    ],
)
def test_rfc3463_3_a_code_alone(code, verdict, reason):
    assert judge(0, code, "") == (verdict, reason)


@pytest.mark.parametrize("said", ["450 4.1.1 User unknown", "450 5.1.1 User unknown", "421 4.2.1 mailbox disabled"])
def test_rfc5321_4_2_1_a_temporary_answer_is_never_hard(said):
    assert judged(said)[0] is SOFT


def test_an_answer_that_is_positive_or_missing_says_nothing():
    assert judge(250, "2.1.5", "Ok") == (Verdict.NONE, "delivered")
    assert judge(0, "", "") == (Verdict.NONE, "")


def test_words_inside_addresses_and_links_decide_nothing():
    assert judged("550 5.1.1 <spam.filter@quota.example> User unknown, see https://y.example/spam/policy") == (
        HARD,
        "no such user",
    )


def test_codes_are_told_from_numbers_that_look_like_them():
    assert (reply_in("host mx[198.51.100.550] said: 550\n 5.1.1 gone"), code_in("mx 5.1.1.9 said 550 #5.2.1")) == (
        550,
        "5.2.1",
    )
    assert reply_in("queued for 500 minutes") == 0


def test_the_page_shows_the_rows_of_the_table_in_their_order():
    page = (Path(__file__).resolve().parents[2] / "docs" / "bounces.md").read_text("utf-8")
    shown = re.findall(r"^\| \d+ \| ([^|]+) \| \**(\w+)\** \|", page, re.M)
    assert shown == [(row.reason, row.verdict.value) for row in ROWS]
