"""Which addresses may be reached: judged when a connection is made, on the resolved address."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore

from bot.errors import BlockedAddress, FetchError, UnknownHost
from bot.model import Phrase

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port → all its addresses as text. Raises ``OSError``."""

_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
# RFC 1918 and RFC 4193: a newsroom's own network. No link-local address, nor AWS's like one: clouds keep secrets there.
_SECRETIVE = ip_network("fd00:ec2::/32")
_INSIDE = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
_GLOBAL_V6 = ip_network("2000::/3")  # all else (mapped IPv4, NAT64, private, link-local) leads inside or nowhere
# IANA special-purpose registries (checked 2026-11-24). Our own list beside ``is_global``, whose answers differ by
# Python's patch level and which calls 6to4 relays and NAT64 global; and two metadata services on odd addresses.
_REFUSED = [
    ip_network(net)
    for net in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "100.100.100.200/32", "127.0.0.0/8", "168.63.129.16/32"),
        *("169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
]
_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether ``address`` belongs to the public Internet."""
    if isinstance(address, IPv6Address) and address not in _GLOBAL_V6:
        return False
    return address.is_global and not address.is_multicast and not any(address in net for net in _REFUSED)


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The machine's resolver; it reads ``2130706433`` and ``0x7f.1`` as addresses, as browsers do."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=1)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Opens connections to checked addresses only: one internal address among those of a name refuses the name."""

    def __init__(self, resolve: Resolve, *, allow_loopback: bool, allow_inside: bool = False) -> None:
        self._resolve = resolve
        self._allowed = (*(_LOOPBACK if allow_loopback or allow_inside else ()), *(_INSIDE if allow_inside else ()))
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._checked(host, port)
        # Each address gets its share of the time, so that a dead one does not starve those after it.
        share = timeout / len(addresses) if timeout else timeout
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, share, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def _checked(self, host: str, port: int) -> list[str]:
        try:
            found = [ip_address(text) for text in await self._resolve(host, port)]
        except socket.gaierror as error:
            said = _unresolved(host)
            raise (UnknownHost(said) if error.errno in _NO_SUCH_NAME else FetchError(said)) from error
        except (OSError, ValueError) as error:
            raise FetchError(_unresolved(host)) from error
        if not found:
            raise FetchError(Phrase("%(host)s: the name has no address; check its spelling", host=host))
        for address in found:
            allowed = any(address in net for net in self._allowed) and address not in _SECRETIVE
            if not (is_public(address) or allowed):
                raise BlockedAddress(_internal(host, address))
        return [str(address) for address in found]


def _unresolved(host: str) -> Phrase:
    return Phrase("%(host)s: the name cannot be resolved; check its spelling and the DNS", host=host)


def _internal(host: str, address: IPv4Address | IPv6Address) -> Phrase:
    if address.is_loopback:
        return Phrase(
            "%(host)s: leads to the internal address %(address)s, which is never fetched (http.allow_loopback lets "
            "127.0.0.1 through)",
            host=host,
            address=str(address),
        )
    return Phrase(
        "%(host)s: leads to the internal address %(address)s, which is never fetched", host=host, address=str(address)
    )
