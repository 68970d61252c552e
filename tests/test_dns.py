"""The resolver before a DNS server of the tests' own, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from bot.dns import Answer, SystemResolver, addresses, is_reserved, reverse_name
from bot.errors import DnsError
from bot.testing import Zones

Answering = Callable[[dns.message.Message], dns.message.Message | None]


class Server(asyncio.DatagramProtocol):
    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.questions: list[str] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        self.questions.append(query.question[0].to_text())
        answer = self.answering(query)
        if answer is not None:
            self.transport.sendto(answer.to_wire(), address)


@asynccontextmanager
async def serving(answering: Answering, seconds: float = 4.0) -> AsyncIterator[tuple[SystemResolver, Server]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: Server(answering), local_addr=("127.0.0.1", 0))
    try:
        port = transport.get_extra_info("sockname")[1]
        yield SystemResolver(["127.0.0.1"], port=port, seconds=seconds), server
    finally:
        transport.close()


def with_records(*records: str) -> Answering:
    def answer(query: dns.message.Message) -> dns.message.Message:
        made = dns.message.make_response(query)
        made.flags |= dns.flags.RA
        kind = query.question[0].rdtype
        name = query.question[0].name
        of_kind = [each.partition(" ")[2] for each in records if each.startswith(dns.rdatatype.to_text(kind) + " ")]
        if of_kind:
            made.answer.append(dns.rrset.from_text(name, 300, "IN", kind, *of_kind))
        return made

    return answer


def with_code(code: dns.rcode.Rcode) -> Answering:
    def answer(query: dns.message.Message) -> dns.message.Message:
        made = dns.message.make_response(query)
        made.set_rcode(code)
        return made

    return answer


async def test_a_txt_record_in_several_strings_is_one_value() -> None:
    async with serving(with_records('TXT "v=spf1 ip4:198.51.100.7" " -all"', 'TXT "other"')) as (resolver, _):
        answer = await resolver.look("record.news", "TXT")
    assert sorted(answer.values) == ["other", "v=spf1 ip4:198.51.100.7 -all"]


async def test_names_come_in_lower_case_without_the_last_dot() -> None:
    async with serving(with_records("MX 10 MAIL.Record.news.", "PTR Mail.record.news.")) as (resolver, _):
        assert (await resolver.look("record.news", "MX")).values == ("10 mail.record.news",)
        assert (await resolver.look("7.100.51.198.in-addr.arpa", "PTR")).values == ("mail.record.news",)


async def test_a_null_mx_is_told_from_a_host() -> None:
    async with serving(with_records("MX 0 .")) as (resolver, _):
        assert (await resolver.look("record.news", "MX")).values == ("0 .",)


async def test_both_kinds_of_addresses_are_found() -> None:
    async with serving(with_records("A 198.51.100.7", "AAAA 2001:db8::7")) as (resolver, _):
        assert await addresses(resolver, "mail.record.news") == (ip_address("198.51.100.7"), ip_address("2001:db8::7"))
        assert await addresses(resolver, "198.51.100.9") == (ip_address("198.51.100.9"),)


async def test_no_such_name_and_no_record_of_that_kind_are_answers_and_differ() -> None:
    async with serving(with_code(dns.rcode.NXDOMAIN)) as (resolver, _):
        assert await resolver.look("nobody.news", "TXT") == Answer((), exists=False)
    async with serving(with_records("A 198.51.100.7")) as (resolver, _):
        assert await resolver.look("record.news", "TXT") == Answer((), exists=True)


@pytest.mark.parametrize("code", [dns.rcode.SERVFAIL, dns.rcode.REFUSED])
async def test_a_failure_of_the_dns_itself_is_an_error_of_its_own(code: dns.rcode.Rcode) -> None:
    async with serving(with_code(code), seconds=1.0) as (resolver, _):
        with pytest.raises(DnsError) as raised:
            await resolver.look("record.news", "TXT")
    assert raised.value.reason == "server"


async def test_silence_ends_after_the_time_given() -> None:
    started = asyncio.get_running_loop().time()
    async with serving(lambda _: None, seconds=0.5) as (resolver, _):
        with pytest.raises(DnsError) as raised:
            await resolver.look("record.news", "TXT")
    assert raised.value.reason == "timeout"
    assert asyncio.get_running_loop().time() - started < 3


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".news", ".".join(["x" * 60] * 5), "\udcff.news"])
async def test_what_is_no_name_is_an_error_of_ours(name: str) -> None:
    with pytest.raises(DnsError) as raised:
        await SystemResolver(["127.0.0.1"]).look(name, "A")
    assert raised.value.reason == "name"


async def test_the_same_question_is_asked_once() -> None:
    async with serving(with_records("A 198.51.100.7")) as (resolver, server):
        for _ in range(3):
            await resolver.look("record.news", "A")
    assert len(server.questions) == 1


def test_reverse_names() -> None:
    assert reverse_name(ip_address("198.51.100.7")) == "7.100.51.198.in-addr.arpa"
    assert reverse_name(ip_address("2001:db8::7")).endswith(".8.b.d.0.1.0.0.2.ip6.arpa")


@pytest.mark.parametrize(
    ("domain", "reserved"),
    [
        ("record.example", True),
        ("example.org", True),
        ("www.Example.com.", True),
        ("mail.local", True),
        ("record.news", False),
        ("myexample.com", False),
        ("example.record.news", False),
    ],
)
def test_names_that_the_public_dns_never_knows(domain: str, reserved: bool) -> None:
    assert is_reserved(domain) is reserved


async def test_the_double_for_tests_tells_the_same_apart() -> None:
    zones = Zones({"record.news": {"A": ["198.51.100.7"]}, "broken.news": DnsError("x", reason="server")})
    assert (await zones.look("record.news", "A")).values == ("198.51.100.7",)
    assert await zones.look("record.news", "TXT") == Answer((), exists=True)
    assert await zones.look("nobody.news", "TXT") == Answer((), exists=False)
    with pytest.raises(DnsError):
        await zones.look("broken.news", "TXT")
