"""SPF as receivers read it; the names of the sections are those of RFC 7208."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.email.deliverability.spf import Policy, joined, read, with_term
from bot.errors import DnsError
from bot.testing import Zones

OURS, THEIRS = ip_address("198.51.100.7"), ip_address("203.0.113.9")


def spf(record: str, **more: Any) -> Zones:
    return Zones({"record.news": {"TXT": ["verification=abc", record]}, **more})


async def policy(record: str, **more: Any) -> Policy:
    return await read("record.news", spf(record, **more))


@pytest.mark.parametrize(
    ("record", "ours", "theirs"),
    [
        ("v=spf1 ip4:198.51.100.7 -all", "pass", "fail"),
        ("v=spf1 ip4:198.51.100.0/24 ~all", "pass", "softfail"),
        ("V=SPF1 IP4:198.51.100.7 -ALL", "pass", "fail"),
        ("v=spf1 -ip4:198.51.100.7 +all", "fail", "pass"),
        ("v=spf1 ip4:198.51.100.7", "pass", "neutral"),
        ("v=spf1 a -all", "pass", "fail"),
        ("v=spf1 a:other.news/24 -all", "fail", "pass"),
        ("v=spf1 mx -all", "pass", "fail"),
        ("v=spf1 mx:other.news -all", "fail", "fail"),
        ("v=spf1 include:relay.news -all", "fail", "pass"),
        ("v=spf1 include:none.news -all", "fail", "fail"),
        ("v=spf1 redirect=relay.news", "softfail", "pass"),
        ("v=spf1 redirect=relay.news ip4:198.51.100.7", "pass", "pass"),
        ("v=spf1 redirect=relay.news -all", "fail", "fail"),
        ("v=spf1 ?include:relay.news exp=why.record.news -all", "fail", "neutral"),
        ("v=spf1 exists:%{i}.allowed.news -all", "fail", "fail"),
    ],
)
async def test_rfc7208_4_6_a_record_says_of_an_address_what_its_terms_say_in_order(
    record: str, ours: str, theirs: str
) -> None:
    zones = spf(record)
    zones.names["record.news"] |= {"A": ["198.51.100.7"], "MX": ["10 mail.record.news"]}
    zones.names |= {
        "relay.news": {"TXT": ["v=spf1 ip4:203.0.113.0/24 ~all"]},
        "none.news": {"TXT": ["v=spf1 -ip4:203.0.113.9 ip4:203.0.113.0/24 ?all"]},
        "other.news": {"A": ["203.0.113.77"]},
        "mail.record.news": {"A": ["198.51.100.7"]},
    }
    found = await read("record.news", zones)
    assert not found.error
    assert (found.verdict(OURS), found.verdict(THEIRS)) == (ours, theirs)


async def test_rfc7208_5_6_an_ipv6_network_is_one_too() -> None:
    found = await policy("v=spf1 ip6:2001:db8::/32 -all")
    assert found.verdict(ip_address("2001:db8::7")) == "pass"
    assert found.verdict(OURS) == "fail"


async def test_rfc7208_3_2_two_records_are_none() -> None:
    zones = Zones({"record.news": {"TXT": ["v=spf1 mx -all", "v=spf1 include:relay.news ~all"]}})
    found = await read("record.news", zones)
    assert "2 SPF records" in found.error
    assert joined(found.records) == "v=spf1 mx include:relay.news -all"


async def test_rfc7208_4_5_a_record_of_another_version_is_none() -> None:
    assert not (await policy("v=spf10 -all")).records
    assert (await policy("v=spf1")).records


def chain(length: int) -> dict[str, Any]:
    """Includes one in another."""
    last = {f"i{length}.news": {"TXT": ["v=spf1 ip4:203.0.113.0/24 -all"]}}
    return last | {f"i{at}.news": {"TXT": [f"v=spf1 include:i{at + 1}.news -all"]} for at in range(1, length)}


@pytest.mark.parametrize("number", [1, 10, 11, 25])
async def test_rfc7208_4_6_4_lookups_of_included_records_count(number: int) -> None:
    assert (await policy("v=spf1 include:i1.news -all", **chain(number))).lookups == number


async def test_rfc7208_4_6_4_each_mechanism_that_asks_counts_and_no_other() -> None:
    found = await policy("v=spf1 a mx ptr exists:%{i}.news ip4:203.0.113.1 ip6:2001:db8::1 include:i1.news", **chain(1))
    assert found.lookups == 5


async def test_rfc7208_4_6_4_names_that_do_not_exist_are_void() -> None:
    found = await policy("v=spf1 a:gone.news a:gone2.news mx:gone3.news ~all")
    assert found.void_lookups == 3


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ("v=spf1 ipv4:198.51.100.7 -all", "nothing that SPF knows"),
        ("v=spf1 ip4:198.51.100.777 -all", "no network"),
        ("v=spf1 ip4:2001:db8::1 -all", "no network of that kind"),
        ("v=spf1 a/99 -all", "no network"),
        ("v=spf1 include: -all", "lacks a domain"),
        ("v=spf1 include:gone.news -all", "no SPF records"),
        ("v=spf1 include:record.news -all", "includes itself"),
        ("v=spf1 redirect=a.news redirect=b.news", "redirect twice"),
    ],
)
async def test_rfc7208_4_6_an_error_makes_receivers_drop_the_record(record: str, told: str) -> None:
    zones = spf(record)
    zones.names["record.news"]["A"] = ["198.51.100.7"]
    for name in ("a.news", "b.news"):
        zones.names[name] = {"TXT": ["v=spf1 -all"]}
    assert told in (await read("record.news", zones)).error


async def test_a_part_that_is_not_answered_is_no_verdict() -> None:
    with pytest.raises(DnsError):
        await policy("v=spf1 include:slow.news -all", **{"slow.news": DnsError("slow", reason="timeout")})


async def test_a_hostile_record_costs_us_few_questions() -> None:
    wide = {"TXT": ["v=spf1 " + " ".join(f"include:w{at}.news" for at in range(40)) + " -all"]}
    zones = spf("v=spf1 include:w0.news -all", **{f"w{at}.news": wide for at in range(40)})
    assert (await read("record.news", zones)).lookups > 10
    assert len(zones.asked) < 40


@given(st.text(max_size=80))
async def test_any_text_is_read_or_refused_in_words(text: str) -> None:
    found = await policy(f"v=spf1 {text}")
    assert found.verdict(OURS) in ("pass", "fail", "softfail", "neutral")


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        ("v=spf1 mx -all", "v=spf1 mx ip4:198.51.100.7 -all"),
        ("v=spf1 redirect=a.news", "v=spf1 ip4:198.51.100.7 redirect=a.news"),
        ("v=spf1", "v=spf1 ip4:198.51.100.7"),
    ],
)
def test_a_term_is_added_before_the_ending(record: str, expected: str) -> None:
    assert with_term(record, "ip4:198.51.100.7") == expected
