"""What the outside sees of a channel that sends mail: its domains, its keys, and from where it comes."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from bot.channels.email.relays import Relay
from bot.channels.email.server_options import ServerOptions, is_loopback
from bot.channels.email.signing_key import SigningKey
from bot.dns import Address, Resolver, addresses
from bot.errors import DnsError
from bot.guard import is_public


@dataclass(frozen=True, slots=True)
class Origin:
    """A submission server. ``addresses`` are those from which its mail reaches receivers, () when we cannot know.

    ``ours``: it is the newsroom's own, so its names in the DNS are too. ``key`` is its name in the settings.
    ``message`` is a whole message as it would be given to it, signed if we sign.
    """

    key: str
    host: str
    relay: Relay
    ours: bool
    addresses: tuple[Address, ...] = ()
    message: bytes = b""


@dataclass(frozen=True, slots=True)
class Sending:
    """A channel. Domains are A-labels: ``domain`` of From, ``bounces`` of the envelope sender we give.
    ``keys`` are those of the settings.
    """

    domain: str
    bounces: str
    keys: tuple[SigningKey, ...]
    origins: tuple[Origin, ...]

    @property
    def signing(self) -> tuple[SigningKey, ...]:
        """The keys that are in use: a relay that changes what is signed gets its mail unsigned."""
        return self.keys if any(each.message.startswith(b"DKIM-Signature:") for each in self.origins) else ()

    @property
    def keeps_sender(self) -> bool:
        """Whether some server leaves the envelope sender as we give it."""
        return any(each.relay.keeps_sender for each in self.origins)


async def origin(
    key: str, options: ServerOptions, relay: Relay, domain: str, dns: Resolver, *, message: bytes = b""
) -> Origin:
    """Where the mail of a server comes from: what the settings say, else what its name in the DNS says, or this
    machine's own address when the server is on it."""
    host = options.host.lower().rstrip(".")
    local = is_loopback(host)
    ours = bool(options.sends_from) or local or (not relay.hosts and _same_owner(host, domain))
    known = tuple(ip_address(each) for each in options.sends_from)
    if not known and local:
        known = outward()
    elif not known and ours:
        try:
            known = tuple(each for each in await addresses(dns, host) if is_public(each))
        except DnsError:
            known = ()
    return Origin(key, host, relay, ours, known, message)


def outward() -> tuple[Address, ...]:
    """This machine's public addresses, as far as it knows them itself: behind NAT there is none."""
    found = []
    # Nothing is sent: connecting a datagram socket only asks for the route. The addresses are for documentation.
    for family, target in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect((target, 9))
                found.append(ip_address(probe.getsockname()[0]))
        except OSError:
            continue
    return tuple(each for each in found if is_public(each))


def _same_owner(host: str, domain: str) -> bool:
    # Two labels in common are the least that one owner has; that "co.uk" is no owner does no harm here.
    return host.split(".")[-2:] == domain.split(".")[-2:]


def tags(record: str) -> Mapping[str, str] | None:
    """A list of ``tag=value`` (RFC 6376 §3.2) without white space around; None when it is none, or names one twice."""
    found: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not part.strip():
            continue
        if not equals or not name or name in found:
            return None
        found[name] = value.strip()
    return found
