"""The names of our servers in the DNS: PTR of those that send, MX of the domains that must take answers and bounces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.channels.email.deliverability.sending import Sending
from bot.channels.email.deliverability.spf import exchangers
from bot.dns import Address, Resolver, addresses, reverse_name
from bot.errors import DnsError
from bot.model import Checked, Phrase, Several
from bot.model.checked import fault, ok, warning


async def pointers(at: str, sending: Sending, dns: Resolver) -> list[Checked]:
    """Lines on each address from which a server of our own sends. Raises ``DnsError``."""
    ours = [each for origin in sending.origins if origin.ours for each in origin.addresses]
    lines = list(await asyncio.gather(*(_pointer(at, each, dns) for each in dict.fromkeys(ours))))
    return [*lines, *_unknown(at, sending)]


async def _pointer(at: str, address: Address, dns: Resolver) -> Checked:
    id = f"{at}.ptr.{address}"
    names = (await dns.look(reverse_name(address), "PTR")).values
    if not names:
        return fault(
            id,
            Phrase("%(address)s has no name (PTR); Gmail and others refuse its mail", address=str(address)),
            Phrase(
                'ask whoever gave you the address (your provider\'s panel, "reverse DNS") to let it point to your mail '
                "server's name, and let that name have the address %(address)s",
                address=str(address),
            ),
        )
    for name in names[:10]:
        if address in await addresses(dns, name):
            both = Phrase("%(address)s is %(name)s, and %(name)s is %(address)s", address=str(address), name=name)
            return ok(id, both)
    return fault(
        id,
        Phrase("%(address)s points to %(name)s, which does not point back", address=str(address), name=names[0]),
        Phrase(
            'publish %(record)s, or ask whoever gave you the address (your provider\'s panel, "reverse DNS") to let it '
            "point to a name that does",
            record=f"{names[0]}. 3600 IN {'A' if address.version == 4 else 'AAAA'} {address}",
        ),
    )


def _unknown(at: str, sending: Sending) -> Iterator[Checked]:
    for origin in sending.origins:
        if origin.ours and not origin.addresses:
            yield warning(
                f"{at}.ptr.{origin.key}",
                Phrase(
                    "from which public addresses %(host)s sends cannot be told from here, so PTR was not looked at",
                    host=origin.host,
                ),
                Phrase('name them: sends_from = ["…"] in the settings of that server'),
            )


async def exchange(id: str, domain: str, dns: Resolver, *, bounces: bool) -> Checked:
    """A line on the mail servers of ``domain``, which must take answers, or ``bounces``. Raises ``DnsError``."""
    answer = await dns.look(domain, "MX")
    record = f"{domain}. 3600 IN MX 10 YOUR-MAIL-SERVER"
    if any(value.endswith(" .") for value in answer.values):
        fix = Phrase("publish %(record)s, or use another domain", record=record)
        return fault(id, _takes_none(domain, bounces=bounces), fix)
    hosts, publish = exchangers(answer) or [domain], Phrase("publish %(record)s", record=record)
    reached = await asyncio.gather(*(_reaches(host, dns) for host in hosts))
    if not any(reached):
        return fault(id, _unreached(domain, named=bool(answer.values), bounces=bounces), publish)
    if not answer.values:
        said = Phrase(
            "%(domain)s has no MX; mail goes to its own address, where often a web server stands (RFC 5321 §5.1)",
            domain=domain,
        )
        return warning(id, said, publish)
    at = Several(tuple(hosts[:3]))
    if bounces:
        return ok(id, Phrase("%(domain)s takes bounces at %(hosts)s", domain=domain, hosts=at))
    return ok(id, Phrase("%(domain)s takes answers at %(hosts)s", domain=domain, hosts=at))


def _takes_none(domain: str, *, bounces: bool) -> Phrase:
    if bounces:
        return Phrase(
            "%(domain)s says that it takes no mail (null MX, RFC 7505), so bounces are lost and receivers refuse yours",
            domain=domain,
        )
    return Phrase(
        "%(domain)s says that it takes no mail (null MX, RFC 7505), so answers are lost and receivers refuse yours",
        domain=domain,
    )


def _unreached(domain: str, *, named: bool, bounces: bool) -> Phrase:
    """Why nothing comes to ``domain``: the servers that it has ``named`` are nowhere, or it names none."""
    if named and bounces:
        return Phrase("%(domain)s: none of its mail servers has an address, so bounces are lost", domain=domain)
    if named:
        return Phrase("%(domain)s: none of its mail servers has an address, so answers are lost", domain=domain)
    if bounces:
        return Phrase("%(domain)s: has no mail server (MX), so bounces are lost", domain=domain)
    return Phrase("%(domain)s: has no mail server (MX), so answers are lost", domain=domain)


async def _reaches(host: str, dns: Resolver) -> bool:
    try:
        return bool(await addresses(dns, host))
    except DnsError:
        return False
