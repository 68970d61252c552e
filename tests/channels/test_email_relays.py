# ruff: noqa: E501 (answers are quoted whole)
from __future__ import annotations

import json
import re

import pytest

from bot.channels.email.relays import GENERIC, RELAYS, Relay, event_key, provider_id, relay_for, relay_named


def _named(name: str) -> Relay:
    relay = relay_named(name)
    assert relay
    return relay


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("email-smtp.eu-west-1.amazonaws.com", "ses"),
        ("EMAIL-SMTP.us-east-1.amazonaws.com.", "ses"),
        ("email-smtp-fips.us-gov-west-1.amazonaws.com", "ses"),
        ("smtp.mailgun.org", "mailgun"),
        ("smtp.eu.mailgun.org", "mailgun"),
        ("smtp.postmarkapp.com", "postmark"),
        ("smtp-broadcasts.postmarkapp.com", "postmark"),
        ("smtp.sendgrid.net", "sendgrid"),
        ("smtp.sparkpostmail.com", "sparkpost"),
        ("smtp.eu.sparkpostmail.com", "sparkpost"),
        ("smtp-relay.brevo.com", "brevo"),
        ("smtp-relay.sendinblue.com", "brevo"),
        ("in-v3.mailjet.com", "mailjet"),
        ("smtp.gmail.com", "google"),
        ("smtp-relay.gmail.com", "google"),
        ("smtp.office365.com", "office365"),
        ("record-example.mail.protection.outlook.com", "office365"),
        ("mail.record.example", "generic"),
        ("email-smtp.amazonaws.com.evil.example", "generic"),
        ("smtp.mailgun.org.evil.example", "generic"),
        ("", "generic"),
    ],
)
def test_a_relay_is_known_by_the_name_of_its_host(host: str, name: str) -> None:
    assert relay_for(host).name == name


SES = "0100018f2c3d4e5f-1a2b3c4d-5e6f-7081-92a3-b4c5d6e7f809-000000"

# The relay, the text of its 250, the name in it.
ANSWERS = [
    ("postfix", "Ok: queued as 4F2A91C0D3", "4F2A91C0D3"),
    ("postfix", "Ok: queued as 4ZkQ1x5p2Yz9rNt", "4ZkQ1x5p2Yz9rNt"),
    ("exim", "OK id=1tABcd-000000001aB-3xYz", "1tABcd-000000001aB-3xYz"),
    ("sendmail", "4AO7x01234 Message accepted for delivery", "4AO7x01234"),
    ("ses", f"Ok {SES}", SES),
    ("mailgun", "Great success", ""),
    ("sendgrid", "Ok: queued as TkgBDaJwTtGjYhZ1rPCDYQ", "TkgBDaJwTtGjYhZ1rPCDYQ"),
    ("sparkpost", "OK 7F/E7-12345-67890123", "7F/E7-12345-67890123"),
    ("brevo", "OK: queued as <v1.abc@record.example>", "v1.abc@record.example"),
    ("mailjet", "Ok: queued as 0C0151AC06F9", "0C0151AC06F9"),
    ("google", "OK  1764061511 5b1f17b1804b1-477bf1df3a9sm12345e9.5 - gsmtp", "5b1f17b1804b1-477bf1df3a9sm12345e9.5"),
    (
        "office365",
        "OK <CH2PR14MB4005FE869@CH2PR14MB4005.namprd14.prod.outlook.com> [Hostname=CH2PR14MB4005.namprd14.prod.outlook.com]",
        "CH2PR14MB4005FE869@CH2PR14MB4005.namprd14.prod.outlook.com",
    ),
    ("office365", "<abc@mx.example> [InternalId=17, Hostname=X] Queued mail for delivery", "abc@mx.example"),
    ("generic", "Ok: queued as 4F2A91C0D3", "4F2A91C0D3"),
    ("generic", "OK id=1tABcd-000000001aB-3xYz", "1tABcd-000000001aB-3xYz"),
    ("generic", "Ok 0100018f2c3d4e5f-1a2b3c4d-5e6f-000000", "0100018f2c3d4e5f-1a2b3c4d-5e6f-000000"),
    ("generic", "<abc@mx.example> [InternalId=17, Hostname=X] Queued mail for delivery", "abc@mx.example"),
    ("generic", "4AO7x01234 Message accepted for delivery", "4AO7x01234"),
    ("generic", "OK", ""),
    ("generic", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said", "expected"), ANSWERS)
def test_a_relay_names_the_message_it_took(name: str, said: str, expected: str) -> None:
    assert provider_id(_named(name), said) == expected
    if name == "generic":
        assert provider_id(GENERIC, said) == expected


@pytest.mark.parametrize(
    ("name", "answer", "event"),
    [
        ("ses", f"Ok {SES}", SES),
        ("ses", f"Ok {SES}", f"<{SES}@email.amazonses.com>"),
        ("ses", f"Ok {SES}", f"<{SES}@eu-west-1.amazonses.com>"),
        ("sendgrid", "Ok: queued as TkgBDaJwTtGjYhZ1rPCDYQ", "TkgBDaJwTtGjYhZ1rPCDYQ.filterdrecv-5645d9c87f-78xvx-1-5F6.0"),
        ("sendgrid", "Ok: queued as 14c5d75ce93.dfd.64b469", "14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0"),
        ("sendgrid", "Ok: queued as ltOHB6OoQBq", "ltOHB6OoQBq.recvd-canary-7b6c4-n5x4q-1.0"),
        ("brevo", "OK: queued as <v1.abc@record.example>", "<v1.abc@record.example>"),
        ("office365", "<abc@mx.example> Queued mail for delivery", "<abc@mx.example>"),
    ],
)  # fmt: skip
def test_the_name_in_the_answer_and_in_the_event_compare_equal(name: str, answer: str, event: str) -> None:
    relay = _named(name)
    assert provider_id(relay, answer) == event_key(relay, event) != ""


def test_where_the_message_id_is_the_name_it_compares_equal_too() -> None:
    mailgun = _named("mailgun")
    assert mailgun.keeps_message_id
    assert event_key(mailgun, "token@record.example") == event_key(mailgun, "<token@record.example>")


def test_a_relay_that_replaces_the_message_id_has_another_way_to_find_a_message_again() -> None:
    for relay in RELAYS:
        if not relay.keeps_message_id:
            assert (relay.ids and relay.event_id) or relay.event_token, relay.name


@pytest.mark.parametrize("relay", RELAYS, ids=lambda relay: relay.name)
def test_a_profile_is_sound(relay: Relay) -> None:
    assert relay_named(relay.name) is relay
    assert relay.page.startswith("https://")
    assert bool(relay.token_header) == bool(relay.event_token)
    assert set(relay.unverified) <= set(Relay.__dataclass_fields__)
    for pattern in relay.ids:
        assert re.compile(pattern).groups >= 1
    for name, value in (*relay.headers, *([relay.token_header] if relay.token_header else [])):
        assert re.fullmatch(r"X-[A-Za-z-]+", name)
        assert "\n" not in value
        assert value.isascii()


def test_the_token_goes_into_its_header_as_the_vendor_wants_it() -> None:
    for relay in RELAYS:
        if relay.token_header:
            value = relay.token_header[1].replace("{token}", "v1.k1.d.abc-_xyz")
            assert "v1.k1.d.abc-_xyz" in (json.dumps(json.loads(value)) if value.startswith("{") else value)


def test_an_unknown_name_is_no_relay() -> None:
    assert relay_named("pigeon") is None
    assert relay_for("localhost") is GENERIC
