"""The names of our servers in the DNS: PTR of those that send, MX of the domains that must take answers and bounces."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from bot.channels.email.deliverability.sending import Sending
from bot.channels.email.deliverability.spf import exchangers
from bot.dns import Address, Resolver, addresses, reverse_name
from bot.errors import DnsError
from bot.model import Checked
from bot.model.checked import fault, ok, warning


async def pointers(at: str, sending: Sending, dns: Resolver) -> list[Checked]:
    """Lines on each address from which a server of our own sends. Raises ``DnsError``."""
    ours = [each for origin in sending.origins if origin.ours for each in origin.addresses]
    lines = list(await asyncio.gather(*(_pointer(at, each, dns) for each in dict.fromkeys(ours))))
    return [*lines, *_unknown(at, sending)]


async def _pointer(at: str, address: Address, dns: Resolver) -> Checked:
    id = f"{at}.ptr.{address}"
    names = (await dns.look(reverse_name(address), "PTR")).values
    where = 'ask whoever gave you the address (your provider\'s panel, "reverse DNS") to let it point to'
    if not names:
        return fault(
            id,
            f"{address} has no name (PTR); Gmail and others refuse its mail",
            f"{where} your mail server's name, and let that name have the address {address}",
        )
    for name in names[:10]:
        if address in await addresses(dns, name):
            return ok(id, f"{address} is {name}, and {name} is {address}")
    return fault(
        id,
        f"{address} points to {names[0]}, which does not point back",
        f"publish {names[0]}. 3600 IN {'A' if address.version == 4 else 'AAAA'} {address}, or {where} a name that does",
    )


def _unknown(at: str, sending: Sending) -> Iterator[Checked]:
    for origin in sending.origins:
        if origin.ours and not origin.addresses:
            yield warning(
                f"{at}.ptr.{origin.key}",
                f"from which public addresses {origin.host} sends cannot be told from here, so PTR was not looked at",
                'name them: sends_from = ["…"] in the settings of that server',
            )


async def exchange(id: str, domain: str, what: str, dns: Resolver) -> Checked:
    """A line on the mail servers of ``domain``, which must take ``what``. Raises ``DnsError``."""
    answer = await dns.look(domain, "MX")
    if any(value.endswith(" .") for value in answer.values):
        return fault(
            id,
            f"{domain} says that it takes no mail (null MX, RFC 7505), so {what} are lost and receivers refuse yours",
            f"publish {domain}. 3600 IN MX 10 YOUR-MAIL-SERVER, or use another domain",
        )
    hosts = exchangers(answer) or [domain]
    reached = await asyncio.gather(*(_reaches(host, dns) for host in hosts))
    if not any(reached):
        said = "none of its mail servers has an address" if answer.values else "has no mail server (MX)"
        return fault(id, f"{domain}: {said}, so {what} are lost", f"publish {domain}. 3600 IN MX 10 YOUR-MAIL-SERVER")
    if not answer.values:
        return warning(
            id,
            f"{domain} has no MX; mail goes to its own address, where often a web server stands (RFC 5321 §5.1)",
            f"publish {domain}. 3600 IN MX 10 YOUR-MAIL-SERVER",
        )
    return ok(id, f"{domain} takes {what} at {', '.join(hosts[:3])}")


async def _reaches(host: str, dns: Resolver) -> bool:
    try:
        return bool(await addresses(dns, host))
    except DnsError:
        return False
