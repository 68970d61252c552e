"""What ``check`` says of a channel, by what stands in the DNS. Zones of the tests' own; keys and messages are real."""

from __future__ import annotations

import asyncio
import re
import ssl
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from bot.channels.email import EmailChannel, EmailOptions, _specimen, deliverability
from bot.channels.email.deliverability import sending
from bot.channels.email.signing_key import SigningKey
from bot.clock import SetClock
from bot.dns import reverse_name
from bot.errors import DnsError
from bot.http import Http
from bot.model import Checked, Newsroom
from bot.settings import checked
from bot.settings.tables import HttpTable
from bot.testing import KEYS, NOW, Zones

RSA = SigningKey.new("record.news", "r1")
ED25519 = SigningKey.new("record.news", "e1", ed25519=True)
ADDRESS = "198.51.100.7"
SIGNED = {"dkim_selector": "r1", "dkim_key": RSA.pem}
OWN = {"host": "mail.record.news", "sends_from": [ADDRESS]}
SES = {"host": "email-smtp.eu-west-1.amazonaws.com"}
GOOGLE = {"host": "smtp-relay.gmail.com"}


@dataclass
class Around:
    newsroom: Newsroom
    http: Any
    keys: Any
    clock: Any
    store: Any = None


def channel(**options: Any) -> EmailChannel:
    table = {"from": "The Record <briefing@record.news>", **options}
    newsroom = Newsroom(name="The Record", url="https://record.news", public_url="https://news.record.news")
    http = Http(HttpTable(), tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    read = checked(EmailOptions, table, file="broadsheet.toml", at="channels.mail")
    return EmailChannel("mail", read, Around(newsroom, http, KEYS, SetClock(NOW)))


def zones(**changes: Any) -> dict[str, Any]:
    """The DNS of a newsroom that has done everything right."""
    return {
        "record.news": {"TXT": [f"v=spf1 ip4:{ADDRESS} -all"], "MX": ["10 mail.record.news"]},
        "mail.record.news": {"A": [ADDRESS]},
        "bounces.record.news": {"TXT": [f"v=spf1 ip4:{ADDRESS} -all"], "MX": ["10 mail.record.news"]},
        reverse_name(sending.ip_address(ADDRESS)): {"PTR": ["mail.record.news"]},
        RSA.record.name: {"TXT": [RSA.record.value]},
        ED25519.record.name: {"TXT": [ED25519.record.value]},
        "_dmarc.record.news": {"TXT": ["v=DMARC1; p=reject; rua=mailto:dmarc@record.news"]},
        **changes,
    }


async def lines(names: dict[str, Any] | None = None, **options: Any) -> dict[str, Checked]:
    given = options or {**OWN, **SIGNED}
    found = await channel(**given).inspect(Zones(zones() if names is None else names))
    assert len({each.id for each in found}) == len(found)
    assert all(each.id.startswith("channel.mail.") for each in found)
    assert all("\n" not in each.said + each.fix for each in found)
    return {each.id.removeprefix("channel.mail."): each for each in found}


def worst(found: dict[str, Checked]) -> list[str]:
    return sorted(name for name, each in found.items() if each.grade != "ok")


async def test_gmail_yahoo_and_microsoft_bulk_rules_are_met_by_a_sender_who_did_everything() -> None:
    found = await lines(**OWN, **SIGNED, bounces="bounces@bounces.record.news")
    assert worst(found) == []
    assert set(found) == {
        "spf",
        "spf.main",
        "signed.main.r1",
        "dkim.r1",
        "dmarc",
        "alignment",
        f"ptr.{ADDRESS}",
        "mx",
        "mx.bounces",
    }


async def test_an_empty_domain_is_told_each_record_to_publish() -> None:
    found = await lines({})
    assert worst(found) == ["dkim.r1", "dmarc", "mx", f"ptr.{ADDRESS}", "spf"]
    assert all(found[name].grade == "fault" and found[name].fix for name in worst(found))
    assert found["spf"].fix == f'publish record.news. 3600 IN TXT ( "v=spf1 ip4:{ADDRESS} ~all" )'
    assert found["dkim.r1"].fix == f"publish {RSA.record.zone_line}"
    assert 'publish _dmarc.record.news. 3600 IN TXT ( "v=DMARC1; p=none; rua=' in found["dmarc"].fix


async def test_what_check_says_to_publish_makes_it_content() -> None:
    told = await lines({})
    names: dict[str, Any] = {"mail.record.news": {"A": [ADDRESS]}}
    names[reverse_name(sending.ip_address(ADDRESS))] = {"PTR": ["mail.record.news"]}
    for each in told.values():
        if " IN TXT " in each.fix:
            name, _, value = each.fix.removeprefix("publish ").partition(". 3600 IN TXT ( ")
            names[name] = {"TXT": ["".join(value.split('"')[1::2])]}
    names["record.news"]["MX"] = ["10 mail.record.news"]
    assert worst(await lines(names)) == []


async def test_a_name_for_examples_is_one_warning_and_no_question() -> None:
    dns = Zones({})
    (only,) = await channel(**{"from": "a@record.example"}, host="127.0.0.1", security="none").inspect(dns)
    assert (only.id, only.grade) == ("channel.mail.dns", "warning")
    assert dns.asked == []


@pytest.mark.parametrize("reason", ["timeout", "server", "unreachable"])
async def test_a_dns_that_does_not_answer_is_a_warning_never_a_fault(reason: str) -> None:
    broken = {name: DnsError("no answer", reason=reason) for name in (*zones(), "_dmarc.news", "news")}
    found = await lines(broken)
    assert {each.grade for each in found.values()} == {"ok", "warning"}
    assert found["spf"].said == "not looked at: no answer"


async def test_a_dns_that_answers_slowly_holds_up_nothing_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    class Slow(Zones):
        async def look(self, name: str, kind: Any) -> Any:
            await asyncio.sleep(0.05)
            return await super().look(name, kind)

    monkeypatch.setattr(deliverability, "SECONDS", 0.2)
    names = zones(**{f"h{at}.news": {"A": ["203.0.113.1"]} for at in range(10)})
    names["record.news"]["TXT"] = [f"v=spf1 {' '.join(f'a:h{at}.news' for at in range(10))} -all"]
    found = {each.id: each for each in await channel(**OWN, **SIGNED).inspect(Slow(names))}
    assert found["channel.mail.spf"].grade == "warning"
    assert "needed more than" in found["channel.mail.spf"].said
    assert found["channel.mail.dkim.r1"].grade == "ok"


@pytest.mark.parametrize("hostile", ["\x1b[2J\r\nok      all is well", "\u202egnp.exe", "x" * 60_000])
async def test_a_hostile_record_writes_no_line_of_its_own(hostile: str) -> None:
    names = zones(
        **{"_dmarc.record.news": {"TXT": [f"v=DMARC1; p={hostile}"]}, RSA.record.name: {"TXT": [f"k={hostile}"]}}
    )
    names["record.news"]["TXT"] = [f"v=spf1 {hostile} -all"]
    for each in (await lines(names)).values():
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e]", each.said + each.fix)
        assert len(each.said + each.fix) < 9000


# --- SPF


@pytest.mark.parametrize(
    ("records", "grade", "told", "fix"),
    [
        ([], "fault", "has no SPF record", "v=spf1 ip4:198.51.100.7 ~all"),
        (["v=spf1 mx -all", "v=spf1 a ~all"], "fault", "2 SPF records", '"v=spf1 mx a -all"'),
        (["v=spf1 +all"], "fault", "lets everybody send", '"v=spf1 ~all"'),
        (["v=spf1 ip4:198.51.100.7 ?all"], "warning", "says nothing of all other", '"v=spf1 ip4:198.51.100.7 ~all"'),
        (["v=spf1 ip4:198.51.100.7"], "warning", "says nothing of all other", '"v=spf1 ip4:198.51.100.7 ~all"'),
        (["v=spf1 ip4:198.51.100.7 all"], "fault", "lets everybody send", "~all"),
        (["v=spf1 ipv4:198.51.100.7 -all"], "fault", "nothing that SPF knows", "correct it"),
        (
            ["v=spf1 a:x.news a:y.news a:z.news ip4:198.51.100.7 -all"],
            "warning",
            "do not exist",
            "take those names out",
        ),
        ([f"v=spf1 {' '.join(f'a:h{at}.news' for at in range(11))} -all"], "fault", "costs 11 lookups", "take out"),
    ],
)
async def test_rfc7208_the_record_of_the_envelope_senders_domain(
    records: list[str], grade: str, told: str, fix: str
) -> None:
    names = zones()
    names["record.news"]["TXT"] = records
    found = (await lines(names))["spf"]
    assert (found.grade, told in found.said, fix in found.fix) == (grade, True, True), found


async def test_rfc7208_4_6_4_a_record_of_exactly_ten_lookups_is_good() -> None:
    names = zones(**{f"h{at}.news": {"A": ["203.0.113.1"]} for at in range(10)})
    names["record.news"]["TXT"] = [f"v=spf1 {' '.join(f'a:h{at}.news' for at in range(10))} ip4:{ADDRESS} -all"]
    assert (await lines(names))["spf"].grade == "ok"


async def test_a_server_that_the_record_does_not_let_send_is_added_to_it() -> None:
    names = zones()
    names["record.news"]["TXT"] = ["v=spf1 ip4:203.0.113.1 -all"]
    found = (await lines(names))["spf.main"]
    assert found.grade == "fault"
    assert f'"v=spf1 ip4:203.0.113.1 ip4:{ADDRESS} -all"' in found.fix


async def test_a_relay_that_keeps_our_envelope_sender_must_be_included() -> None:
    without = (await lines(zones(), **GOOGLE))["spf.main"]
    assert without.grade == "fault"
    assert f'"v=spf1 ip4:{ADDRESS} include:_spf.google.com -all"' in without.fix
    names = zones(**{"_spf.google.com": {"TXT": ["v=spf1 ip4:203.0.113.0/24 ~all"]}})
    names["record.news"]["TXT"] = ["v=spf1 include:_spf.google.com ~all"]
    assert (await lines(names, **GOOGLE))["spf.main"].grade == "ok"


async def test_the_spf_of_a_relay_with_its_own_envelope_sender_is_its_business() -> None:
    found = await lines(zones(**{"record.news": {"MX": ["10 mail.record.news"]}}), **SES)
    assert found["spf"].grade == "warning"
    assert "include:amazonses.com" in found["spf"].fix
    assert (await lines(zones(), **SES))["spf.main"].grade == "ok"


async def test_the_bounce_domains_record_counts_where_bounces_has_its_own() -> None:
    names = zones()
    del names["bounces.record.news"]["TXT"]
    found = await lines(names, **OWN, **SIGNED, bounces="b@bounces.record.news")
    assert "bounces.record.news has no SPF record" in found["spf"].said


async def test_an_unknown_outward_address_is_a_question_to_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "outward", lambda: ())
    found = await lines(zones(), host="127.0.0.1", security="none", **SIGNED)
    assert worst(found) == ["ptr.main", "spf.main"]
    assert all("sends_from" in found[name].fix for name in worst(found))


async def test_a_host_below_our_domain_is_tried_by_its_own_addresses() -> None:
    names = zones(**{"mail.record.news": {"A": ["8.8.4.4"]}})
    found = await lines(names, host="mail.record.news", **SIGNED)
    assert found["spf.main"].grade == "fault"
    assert "8.8.4.4" in found["spf.main"].said


# --- DKIM


def key_of(bits: int) -> SigningKey:
    private = rsa.generate_private_key(65537, bits)
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return SigningKey.parse(pem, domain="record.news", selector="r1", at="test")


OTHER = SigningKey.new("record.news", "r1")
P = RSA.record.value.partition("p=")[2]


@pytest.mark.parametrize(
    ("values", "grade", "told"),
    [
        ([], "fault", "no TXT record"),
        ([RSA.record.value], "ok", "2048 bits"),
        ([f"p={P}"], "ok", "of the key that signs"),
        ([f"v=DKIM1;k=rsa;h=sha1:sha256;s=email;n=ours; p={P[:100]} {P[100:]} ;"], "ok", "of the key that signs"),
        ([OTHER.record.value], "fault", "another key"),
        (["v=DKIM1; k=rsa; p="], "fault", "withdrawn"),
        ([f"v=DKIM1; t=y:s; p={P}"], "warning", "t=y"),
        ([f"v=DKIM1; k=ed25519; p={P}"], "fault", "another kind"),
        ([f"v=DKIM1; h=sha1; p={P}"], "fault", "sha256"),
        ([f"v=DKIM1; s=tlsrpt; p={P}"], "fault", "not for mail"),
        ([f"v=DKIM2; p={P}"], "fault", "begin with v=DKIM1"),
        ([f"k=rsa; v=DKIM1; p={P}"], "fault", "begin with v=DKIM1"),
        ([f"v=DKIM1; k=rsa; p={P[:255]}"], "fault", "damaged"),
        (["v=DKIM1; k=rsa; p=not base64!"], "fault", "damaged"),
        (["v=DKIM1; k=rsa"], "fault", "holds no key"),
        (["hello"], "fault", "no list of tags"),
        ([f"p={P}; p={P}"], "fault", "no list of tags"),
        ([RSA.record.value, OTHER.record.value], "fault", "2 TXT records"),
    ],
)
async def test_rfc6376_3_6_1_the_published_key_is_held_against_the_one_that_signs(
    values: list[str], grade: str, told: str
) -> None:
    found = (await lines(zones(**{RSA.record.name: {"TXT": values}})))["dkim.r1"]
    assert (found.grade, told in found.said) == (grade, True), found
    if grade == "fault":
        assert RSA.record.zone_line in found.fix


async def test_rfc8463_an_ed25519_key_is_held_against_its_record_too() -> None:
    options = {**OWN, **SIGNED, "dkim_ed25519_selector": "e1", "dkim_ed25519_key": ED25519.pem}
    assert (await lines(zones(), **options))["dkim.e1"].grade == "ok"
    other = SigningKey.new("record.news", "e1", ed25519=True)
    found = (await lines(zones(**{ED25519.record.name: {"TXT": [other.record.value]}}), **options))["dkim.e1"]
    assert "another key" in found.said


async def test_rfc8301_3_2_a_key_of_1024_bits_is_a_warning() -> None:
    key = key_of(1024)
    found = await lines(
        zones(**{key.record.name: {"TXT": [key.record.value]}}), **OWN, dkim_selector="r1", dkim_key=key.pem
    )
    assert found["dkim.r1"].grade == "warning"


async def test_the_bare_form_of_an_rsa_key_is_the_same_key() -> None:
    raw = RSA.private.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
    found = (await lines(zones(**{RSA.record.name: {"TXT": [f"k=rsa; p={b64encode(raw).decode()}"]}})))["dkim.r1"]
    assert found.grade == "ok"


async def test_rfc8058_4_the_signature_covers_both_headers_of_one_click() -> None:
    found = (await lines())["signed.main.r1"]
    assert found.grade == "ok"
    assert "covers List-Unsubscribe and List-Unsubscribe-Post" in found.said


async def test_a_relay_that_would_break_a_signature_is_told_and_gets_none() -> None:
    found = await lines(zones(), **SES, **SIGNED)
    assert found["signed.main"].grade == "warning"
    assert "ses puts a Message-ID or Date of its own" in found["signed.main"].said
    assert "dkim.r1" not in found


async def test_who_signs_nothing_and_no_relay_does_is_warned() -> None:
    assert (await lines(zones(), **OWN))["signed.main"].grade == "warning"
    assert (await lines(zones(), **SES))["signed.main"].grade == "ok"


async def test_each_of_several_servers_is_looked_at() -> None:
    servers = {"ours": {"host": "mail.record.news", "sends_from": [ADDRESS]}, "spare": {**SES, "weight": 0}}
    found = await lines(zones(), servers=servers, **SIGNED)
    assert {"spf.ours", "spf.spare", "signed.ours.r1", "signed.spare"} <= set(found)
    assert (found["signed.ours.r1"].grade, found["signed.spare"].grade) == ("ok", "warning")


# --- DMARC


@pytest.mark.parametrize(
    ("name", "values", "grade", "told"),
    [
        ("_dmarc.record.news", [], "fault", "no DMARC record"),
        ("_dmarc.record.news", ["v=DMARC1; p=none; rua=mailto:d@record.news"], "ok", "p=none"),
        ("_dmarc.record.news", ["v=DMARC1; p=quarantine; rua=mailto:d@record.news"], "ok", "p=quarantine"),
        ("_dmarc.record.news", ["v=DMARC1; p=reject"], "warning", "no reports"),
        ("_dmarc.record.news", ["v=DMARC1; p=rejct; rua=mailto:d@record.news"], "fault", "no policy"),
        ("_dmarc.record.news", ["v=DMARC1; rua=mailto:d@record.news"], "fault", "missing"),
        ("_dmarc.record.news", ["v=dmarc1; p=none"], "fault", "no DMARC record"),
        ("_dmarc.record.news", ["p=none; v=DMARC1"], "fault", "no DMARC record"),
        ("_dmarc.record.news", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "fault", "several"),
        ("_dmarc.record.news", ["something else", "v=DMARC1; p=reject; rua=mailto:d@record.news"], "ok", "p=reject"),
    ],
)
async def test_rfc9989_4_7_the_policy_of_froms_domain(name: str, values: list[str], grade: str, told: str) -> None:
    found = (await lines(zones(**{name: {"TXT": values}})))["dmarc"]
    assert (found.grade, told in found.said) == (grade, True), found


BELOW = {"from": "a@news.record.news", **OWN}


async def test_rfc9989_4_10_a_domain_without_a_record_has_that_of_the_organisation() -> None:
    names = zones(**{"_dmarc.record.news": {"TXT": ["v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@record.news"]}})
    names["news.record.news"] = names["record.news"]
    found = (await lines(names, **BELOW))["dmarc"]
    assert found.grade == "ok"
    assert "p=quarantine" in found.said
    assert "holds for news.record.news too" in found.said


async def test_rfc9989_4_10_a_registrys_own_record_is_not_ours() -> None:
    names = zones(**{"_dmarc.record.news": {}, "_dmarc.news": {"TXT": ["v=DMARC1; p=reject; psd=y; rua=mailto:d@n"]}})
    assert (await lines(names))["dmarc"].grade == "fault"


@pytest.mark.parametrize(
    ("options", "policy", "grade", "told"),
    [
        ({**SIGNED}, "", "ok", "both aligned"),
        ({**SIGNED}, "; adkim=s; aspf=s", "ok", "both aligned"),
        ({**SIGNED, "bounces": "b@bounces.record.news"}, "", "ok", "both aligned"),
        ({**SIGNED, "bounces": "b@bounces.record.news"}, "; aspf=s", "ok", "is not"),
        ({**SIGNED, "bounces": "b@elsewhere.news"}, "", "ok", "SPF of elsewhere.news is not"),
        ({"bounces": "b@elsewhere.news"}, "", "fault", "DMARC fails"),
        ({"bounces": "b@bounces.record.news"}, "; aspf=s", "fault", "DMARC fails"),
        ({}, "", "warning", "nothing here signs"),
    ],
)
async def test_rfc9989_4_4_what_is_proved_is_aligned_with_from(
    options: dict[str, Any], policy: str, grade: str, told: str
) -> None:
    record = f"v=DMARC1; p=reject; rua=mailto:d@record.news{policy}"
    names = zones(**{"_dmarc.record.news": {"TXT": [record]}, "elsewhere.news": zones()["record.news"]})
    found = (await lines(names, **OWN, **options))["alignment"]
    assert (found.grade, told in found.said) == (grade, True), found


async def test_rfc9989_4_4_a_parents_signature_is_aligned_unless_it_must_be_strict() -> None:
    names = zones()
    names["news.record.news"] = names["record.news"]
    options = {**BELOW, "bounces": "b@elsewhere.news", **SIGNED, "dkim_domain": "record.news"}
    names["elsewhere.news"] = names["record.news"]
    assert (await lines(names, **options))["alignment"].grade == "ok"
    names["_dmarc.record.news"] = {"TXT": ["v=DMARC1; p=reject; adkim=s; rua=mailto:d@record.news"]}
    found = (await lines(names, **options))["alignment"]
    assert found.grade == "fault"
    assert "adkim=s" in found.fix


async def test_a_relays_signature_alone_carries_dmarc_and_only_a_mail_can_show_it() -> None:
    found = (await lines(zones(), **SES))["alignment"]
    assert found.grade == "warning"
    assert "Authentication-Results" in found.fix


# --- PTR and MX


async def test_gmail_ptr_must_lead_back() -> None:
    pointer = reverse_name(sending.ip_address(ADDRESS))
    none = (await lines(zones(**{pointer: {}})))[f"ptr.{ADDRESS}"]
    assert (none.grade, "no name (PTR)" in none.said) == ("fault", True)
    away = await lines(zones(**{pointer: {"PTR": ["host-7.isp.news"]}, "host-7.isp.news": {"A": ["203.0.113.1"]}}))
    assert away[f"ptr.{ADDRESS}"].grade == "fault"
    assert f"host-7.isp.news. 3600 IN A {ADDRESS}" in away[f"ptr.{ADDRESS}"].fix


async def test_ptr_of_a_relay_is_its_business() -> None:
    assert not [name for name in await lines(zones(), **SES) if name.startswith("ptr")]


@pytest.mark.parametrize(
    ("records", "grade", "told"),
    [
        ({"MX": ["0 ."]}, "fault", "null MX"),
        ({}, "fault", "has no mail server"),
        ({"A": [ADDRESS]}, "warning", "has no MX"),
        ({"MX": ["10 gone.record.news"]}, "fault", "none of its mail servers"),
        ({"MX": ["10 gone.record.news", "20 mail.record.news"]}, "ok", "gone.record.news, mail.record.news"),
    ],
)
async def test_rfc7505_and_rfc5321_5_1_from_and_bounces_take_mail(
    records: dict[str, Any], grade: str, told: str
) -> None:
    spf = {"TXT": [f"v=spf1 ip4:{ADDRESS} -all"]}
    found = await lines(
        zones(**{"bounces.record.news": {**spf, **records}}), **OWN, **SIGNED, bounces="b@bounces.record.news"
    )
    assert (found["mx.bounces"].grade, told in found["mx.bounces"].said) == (grade, True), found["mx.bounces"]
    assert found["mx"].grade == "ok"
    assert (await lines(zones(**{"record.news": {**spf, **records}})))["mx"].grade == grade


async def test_bounces_to_a_relay_that_has_its_own_are_not_asked_for() -> None:
    assert "mx.bounces" not in await lines(zones(), **SES, bounces="b@elsewhere.news")


# --- another implementation's eyes


async def test_a_message_of_the_checked_channel_verifies_with_the_checked_record() -> None:
    assert (await lines())["dkim.r1"].grade == "ok"
    made = channel(**OWN, **SIGNED)
    message = made.compose(_specimen(NOW))
    published = zones()[RSA.record.name]["TXT"][0]
    assert dkimpy.verify(message, dnsfunc=lambda name, timeout=5: published.encode())
