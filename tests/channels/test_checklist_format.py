"""The form of messages, on the bytes of real digests: RFC 5322, 2045-2047, 3834, 6376, 9477, Gmail's Feedback-ID."""

from __future__ import annotations

import re
from dataclasses import replace
from email.header import decode_header
from email.utils import parsedate_to_datetime

import dkim
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import html as lxml_html

from bot.channels.email.dkim import OVERSIGNED
from bot.channels.email.fields import one_line
from bot.errors import SettingsError
from bot.testing import KEYS, NOW
from bot.tokens import read_delivery_token
from tests.channels.real_mail import (
    ED25519,
    EDITION,
    LANGUAGES,
    RSA,
    channel,
    digest,
    fields_of,
    head_of,
    message,
    parcel,
    read,
)

WORDS = st.text(max_size=150) | st.text(alphabet="ab =?é\r\n\0🏳️‍🌈<>,中ע\u0301", max_size=300)
SHORT = replace(digest(), html="<p>News</p>", text="News\n")
UNSIGNED = channel(dkim_key=None, dkim_selector=None, dkim_ed25519_selector=None, dkim_ed25519_key=None)


# --- F1 to F3


@pytest.mark.parametrize("language", LANGUAGES)
def test_rfc5322_3_6_the_fields_that_must_stand_once_do(language: str) -> None:
    names = [name.lower() for name in read(message(language))]
    for name in ("from", "date", "message-id", "subject", "to", "reply-to", "mime-version", "content-type"):
        assert names.count(name) == 1, name
    assert len(names) - names.count("dkim-signature") == len(set(names) - {"dkim-signature"})
    assert names.count("sender") == names.count("cc") == names.count("bcc") == 0


def test_rfc5322_3_3_the_date_has_a_numeric_zone_and_is_the_moment_of_sending() -> None:
    (date,) = fields_of(message(), "Date")
    assert re.fullmatch(r"\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", date)
    assert parsedate_to_datetime(date) == NOW


def test_rfc5322_3_6_4_the_message_id_is_unique_at_our_own_domain() -> None:
    (first,) = fields_of(message(), "Message-ID")
    assert re.fullmatch(r"<[a-z2-7]{26}@record\.example>", first)
    assert fields_of(channel().compose(parcel(subscriber=8)), "Message-ID") != [first]


@pytest.mark.parametrize("language", LANGUAGES)
def test_rfc5322_2_1_1_lines_are_short_and_end_with_crlf_alone(language: str) -> None:
    raw = message(language)
    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert b"\0" not in raw
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    # Only what must not be broken is longer than 78: URLs for machines.
    assert [line for line in head_of(raw) if len(line) > 78 and b"https://" not in line] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_rfc2045_6_7_lines_of_the_body_have_76_octets_at_most_and_are_ascii(language: str) -> None:
    body = message(language).partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert body.isascii()


@settings(deadline=None)
@given(subject=WORDS, name=WORDS)
def test_rfc5322_2_2_no_text_of_an_article_or_a_reader_begins_a_field(subject: str, name: str) -> None:
    raw = UNSIGNED.compose(parcel(replace(SHORT, subject=subject), name=name))
    assert read(raw).keys() == read(UNSIGNED.compose(parcel(SHORT))).keys()
    assert b"\0" not in raw


# --- F4


@settings(deadline=None)
@given(subject=WORDS, name=WORDS)
def test_rfc2047_2_encoded_words_are_short_whole_and_read_back(subject: str, name: str) -> None:
    raw = UNSIGNED.compose(parcel(replace(SHORT, subject=subject), name=name))
    for line in head_of(raw):
        words = re.findall(rb"=\?utf-8\?[bq]\?[^?]*\?=", line)
        if words:
            assert len(line) <= 76
        for word in words:
            assert len(word) <= 75
            ((data, charset),) = decode_header(word.decode())
            data.decode(charset)  # a word that ends within a character could not be
    assert read(raw)["Subject"] == one_line(subject)


def test_rfc2047_5_an_encoded_word_stands_in_no_quotes_and_no_address() -> None:
    (sender,) = fields_of(message(), "From")
    assert re.fullmatch(r"=\?utf-8\?[bq]\?[^?]+\?=( =\?utf-8\?[bq]\?[^?]+\?=)* <briefing@record\.example>", sender)
    assert read(message())["From"].addresses[0].display_name == "The Port Alder Récord"


# --- F5, F6


def test_rfc6531_3_a_message_to_an_ascii_address_needs_no_smtputf8_and_no_8bitmime() -> None:
    assert message("ja").isascii()


def test_rfc5891_5_a_readers_domain_is_sent_in_a_labels() -> None:
    raw = channel().compose(parcel(address="ines@straße.example", name=""))
    assert fields_of(raw, "To") == ["ines@xn--strae-oqa.example"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_rfc5321_4_5_2_no_line_begins_with_a_dot(language: str) -> None:
    assert b"\r\n." not in message(language)


# --- F7


@pytest.mark.parametrize("language", LANGUAGES)
def test_rfc2046_5_1_4_text_stands_first_html_last_both_in_utf_8_with_the_same_stories(language: str) -> None:
    found = read(message(language))
    assert found.get_content_type() == "multipart/alternative"
    text, html = found.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content_charset() == html.get_content_charset() == "utf-8"
    links = {each.get("href") for each in lxml_html.document_fromstring(html.get_content()).iter("a")}
    stories = {
        url for url in links if url and "/u/" not in url and url.startswith("https://portalder") or "/20" in str(url)
    }
    assert len(stories) > 5
    assert stories <= set(text.get_content().split())


# --- F8


def test_rfc3834_5_auto_submitted_says_that_no_person_wrote_it_now() -> None:
    assert fields_of(message(), "Auto-Submitted") == ["auto-generated"]
    assert fields_of(message(), "X-Auto-Response-Suppress") == ["OOF, AutoReply"]


def test_rfc3834_2_precedence_keeps_older_responders_away_and_can_be_left_out() -> None:
    assert fields_of(message(), "Precedence") == ["bulk"]
    assert fields_of(message(precedence=False), "Precedence") == []


# --- F9


@pytest.mark.parametrize("language", LANGUAGES)
def test_gmail_the_html_is_smaller_than_what_it_clips(language: str) -> None:
    _, html = read(message(language)).iter_parts()
    assert len(html.get_content().encode()) < 100_000


# --- F10


def test_gmail_feedback_id_has_four_fields_the_senders_last_and_stable_and_no_persons() -> None:
    raw = message()
    (field,) = fields_of(raw, "Feedback-ID")
    four = field.split(":")
    assert len(four) == 4
    assert len(set(four)) == 4
    assert 5 <= len(four[-1]) <= 15
    other = channel().compose(replace(parcel(subscriber=8, address="noor@readers.test"), edition="abcdefabcdef"))
    assert fields_of(other, "Feedback-ID")[0].split(":")[1:] == four[1:]
    assert fields_of(channel().compose(parcel(subscriber=8, address="noor@readers.test")), "Feedback-ID") == [field]


# --- F11


def test_rfc9477_5_complaints_have_an_address_at_our_domain_and_a_token_that_names_the_delivery() -> None:
    raw = message()
    assert fields_of(raw, "CFBL-Address") == ["complaints@record.example; report=arf"]
    (feedback,) = fields_of(raw, "CFBL-Feedback-ID")
    assert read_delivery_token(KEYS, feedback) == [(EDITION, 7)]
    without = message(cfbl_address=None)
    assert fields_of(without, "CFBL-Address") == fields_of(without, "CFBL-Feedback-ID") == []


@pytest.mark.parametrize("name", ["CFBL-Address", "CFBL-Feedback-ID"])
def test_rfc9477_3_1_4_both_fields_are_signed(name: str) -> None:
    raw = message()
    assert verdicts(raw) == [True, True]
    start = raw.index(f"\r\n{name}: ".encode()) + len(name) + 4
    assert verdicts(raw[:start] + b"x" + raw[start:]) == [False, False]


@pytest.mark.parametrize("address", ["fbl@elsewhere.example", "fbl@example", "fbl@notrecord.example"])
def test_rfc9477_3_1_the_address_is_at_the_domain_of_from_or_below(address: str) -> None:
    with pytest.raises(SettingsError, match="cfbl_address"):
        channel(cfbl_address=address)
    assert channel(cfbl_address="fbl@mail.record.example")


# --- F12


def test_rfc5322_3_6_4_each_attempt_of_a_delivery_has_the_same_message_id() -> None:
    first, second = channel().compose(parcel()), channel().compose(parcel())
    assert fields_of(first, "Message-ID") == fields_of(second, "Message-ID")


# --- D1 to D6, on the whole digest with every field there is


def verdicts(raw: bytes) -> list[bool]:
    """What dkimpy says of the two signatures."""

    def verdict(at: int) -> bool:
        try:
            record = (RSA, ED25519)[at].record.value.encode()
            return bool(dkim.DKIM(raw).verify(idx=at, dnsfunc=lambda name, timeout=5: record))
        except dkim.DKIMException:
            return False

    return [verdict(at) for at in range(2)]


def signatures(raw: bytes) -> list[dict[str, str]]:
    return [
        dict(re.sub(r"\s+", "", part).split("=", 1) for part in field.split(";"))
        for field in fields_of(raw, "DKIM-Signature")
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_rfc6376_6_1_another_implementation_verifies_the_digest_in_every_language(language: str) -> None:
    assert verdicts(message(language)) == [True, True]


def test_rfc8301_3_1_and_rfc8463_3_sha256_alone_is_used() -> None:
    assert [each["a"] for each in signatures(message())] == ["rsa-sha256", "ed25519-sha256"]


def test_rfc6376_5_4_every_field_is_signed() -> None:
    raw = message()
    present = {name.lower() for name in read(raw)} - {"dkim-signature"}
    for each in signatures(raw):
        assert present <= set(each["h"].lower().split(":"))


def test_rfc6376_8_15_fields_that_matter_are_named_once_more_than_they_stand() -> None:
    raw = message()
    assert {"From", "Subject", "To", "Date", "Reply-To", "List-Unsubscribe", "List-Unsubscribe-Post"} <= set(OVERSIGNED)
    for each in signatures(raw):
        names = each["h"].lower().split(":")
        for name in OVERSIGNED:
            assert names.count(name.lower()) == len(fields_of(raw, name)) + 1


def test_rfc6376_8_2_the_whole_body_is_signed_relaxed_with_its_time_and_no_length() -> None:
    for each in signatures(message()):
        assert (each["c"], each["t"]) == ("relaxed/relaxed", str(int(NOW.timestamp())))
        assert "l" not in each


def test_rfc9989_4_4_1_the_signature_is_of_froms_domain_or_a_parent_of_it() -> None:
    assert [each["d"] for each in signatures(message())] == ["record.example", "record.example"]
    below = message(**{"from": "a@news.record.example", "dkim_domain": "record.example", "cfbl_address": None})
    assert {each["d"] for each in signatures(below)} == {"record.example"}
    with pytest.raises(SettingsError, match="dkim_domain"):
        channel(dkim_domain="elsewhere.example")


# --- B1


def test_rfc5321_4_5_3_1_1_the_local_part_with_a_token_has_64_octets_at_most() -> None:
    longest = f"{'b' * 37}@record.example"
    press = channel(bounces=longest)._lines[0].press
    sender = press.envelope(parcel(), NOW).sender
    assert len(sender.rpartition("@")[0]) == 64
    with pytest.raises(SettingsError, match=r"bounces.*37 characters"):
        channel(bounces=f"{'b' * 38}@record.example")


def test_rfc5321_2_4_the_token_of_the_envelope_sender_survives_the_loss_of_case() -> None:
    sender = channel()._lines[0].press.envelope(parcel(), NOW).sender
    local, _, domain = sender.partition("@")
    assert domain == "record.example"
    token = local.removeprefix("bounces+")
    assert token == token.lower()
    assert read_delivery_token(KEYS, token.upper().lower()) == [(EDITION, 7)]
