"""Questions to the DNS, behind a seam that tests fill with zones of their own (``bot.testing.Zones``).

An answer of "there is no such name" or "none of that kind" is an answer; that nobody answered is a ``DnsError``.
Only this file imports dnspython.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Literal, Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
from dns.rdata import Rdata
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from bot.errors import DnsError
from bot.model import Phrase

SECONDS = 4.0
"""Longest wait for one question, over all servers and tries."""

Kind = Literal["A", "AAAA", "MX", "PTR", "TXT"]
Address = IPv4Address | IPv6Address

# RFC 2606, RFC 6761, RFC 6762, and ICANN's for private use: nobody outside can ever reach these.
_RESERVED = {"test", "example", "invalid", "localhost", "local", "internal"}
_EXAMPLES = {"example.com", "example.net", "example.org"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of one name and kind. Names have no last dot and are lower case.

    TXT: each record's strings joined without a space. MX: ``10 mail.record.example``; ``0 .`` says that the domain
    takes no mail (RFC 7505). ``exists`` is whether the name does (NXDOMAIN: it does not).
    """

    values: tuple[str, ...] = ()
    exists: bool = True


class Resolver(Protocol):
    """Who answers."""

    async def look(self, name: str, kind: Kind) -> Answer:
        """The records of ``name`` (A-labels). Raises ``DnsError`` when nobody answered."""
        ...


class SystemResolver:
    """The machine's resolver, or ``servers`` (addresses) in its place. It keeps what it has heard."""

    def __init__(self, servers: Sequence[str] = (), *, port: int = 53, seconds: float = SECONDS) -> None:
        """Raises ``DnsError`` when the machine names no resolver."""
        try:
            self._resolver = dns.asyncresolver.Resolver(configure=not servers)
        except (dns.exception.DNSException, OSError) as error:
            said = Phrase("this machine names no resolver; see /etc/resolv.conf")
            raise DnsError(said, reason="unreachable") from error
        if servers:
            self._resolver.nameservers = list(servers)
            self._resolver.port = port
        self._resolver.cache = dns.resolver.Cache()
        self._resolver.lifetime = seconds

    async def look(self, name: str, kind: Kind) -> Answer:
        try:
            asked = dns.name.from_text(name)
        except (dns.exception.DNSException, UnicodeError) as error:
            said = Phrase("%(name)s: is no name that the DNS could hold", name=name[:80])
            raise DnsError(said, reason="name") from error
        try:
            found = await self._resolver.resolve(asked, kind, raise_on_no_answer=False, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.YXDOMAIN):
            return Answer(exists=False)
        except dns.exception.Timeout as error:
            said = Phrase(
                "%(question)s: no answer from the DNS in %(seconds)s s",
                question=f"{name} {kind}",
                seconds=f"{self._resolver.lifetime:.0f}",
            )
            raise DnsError(said, reason="timeout") from error
        except dns.resolver.NoNameservers as error:
            said = Phrase(
                "%(question)s: the DNS answers with a failure of its own (SERVFAIL or REFUSED)",
                question=f"{name} {kind}",
            )
            raise DnsError(said, reason="server") from error
        except (dns.exception.DNSException, OSError) as error:
            said = Phrase("%(question)s: the resolver cannot be reached", question=f"{name} {kind}")
            raise DnsError(said, reason="unreachable") from error
        return Answer(tuple(_text(each) for each in found.rrset or ()))


def _text(record: Rdata) -> str:
    match record:
        case TXT():
            return b"".join(record.strings).decode("utf-8", "replace")
        case MX():
            return f"{record.preference} {_name(record.exchange)}"
        case PTR():
            return _name(record.target)
        case A() | AAAA():
            return str(record.address)
        case _:
            return record.to_text()


def _name(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=name != dns.name.root).lower()


async def addresses(resolver: Resolver, name: str) -> tuple[Address, ...]:
    """The IPv4 and IPv6 addresses of ``name``; of an address, itself. Raises ``DnsError``."""
    try:
        return (ip_address(name),)
    except ValueError:
        four, six = await asyncio.gather(resolver.look(name, "A"), resolver.look(name, "AAAA"))
    return tuple(ip_address(value) for value in (*four.values, *six.values))


def reverse_name(address: Address) -> str:
    """Where the PTR records of ``address`` are (RFC 1035 §3.5, RFC 3596 §2.5)."""
    return address.reverse_pointer


def is_reserved(domain: str) -> bool:
    """Whether ``domain`` is for examples or private networks alone, so that the public DNS can know nothing of it."""
    labels = domain.lower().rstrip(".").split(".")
    return labels[-1] in _RESERVED or ".".join(labels[-2:]) in _EXAMPLES
