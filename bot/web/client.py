"""Who asks, as far as that can be known: the client's address, and the network that limits count.

Nobody's word is taken but that of the proxies in ``web.trusted_proxies``: whoever can write a header of their own
could be a new client with each request. The desk's guard (``bot.web.security``) does not look here.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote, urlsplit

from starlette.requests import HTTPConnection

IPV4_PREFIX, IPV6_PREFIX = 24, 56
"""What one household or office has; IPv6 gives each of them more addresses than could be counted."""
_LONGEST_URL, _LONGEST_PAGE = 4096, 280
"""Of a page no more than fits into a form's token (``KeyRing.verify``)."""

_NETLOC = re.compile(r"[A-Za-z0-9._:\[\]-]+")
_PATH = "/%:@!$&'()*+,=~"

log = logging.getLogger(__name__)

Address = IPv4Address | IPv6Address


class Clients:
    """Tells clients apart, behind the newsroom's own proxies too."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = [ip_network(each) for each in trusted]
        self._warned = False

    def address(self, request: HTTPConnection) -> str:
        """The client's IP address; "" when there is none, as over a Unix socket.

        Of X-Forwarded-For the entries that trusted proxies wrote: from the end, up to the first that is none of them.
        """
        found = _read(request.client.host) if request.client else None
        forwarded = [
            each.strip() for header in request.headers.getlist("x-forwarded-for") for each in header.split(",")
        ]
        if found and forwarded and not self._trusts(found):
            self._warn(found)
        while found and forwarded and self._trusts(found):
            before = _read(forwarded.pop())
            if before is None:
                break
            found = before
        return str(found) if found else ""

    def network(self, request: HTTPConnection) -> str:
        """The network of that address, ``192.0.2.0/24`` or ``2001:db8::/56``; "" when there is none."""
        address = self.address(request)
        if not address:
            return ""
        prefix = IPV4_PREFIX if ip_address(address).version == 4 else IPV6_PREFIX
        return str(ip_network(f"{address}/{prefix}", strict=False))

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _warn(self, proxy: Address) -> None:
        if not self._warned and proxy.is_private:
            self._warned = True
            log.warning(
                "requests come through a proxy at %s that web.trusted_proxies does not name: all readers behind it "
                "share one limit of signup.per_network",
                proxy,
            )


def _read(text: str) -> Address | None:
    text = text.removeprefix("[").partition("]")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        # With a port, as some proxies write it.
        host, colon, _ = text.partition(":")
        try:
            return ip_address(host) if colon else None
        except ValueError:
            return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def source_page(url: str) -> str:
    """A page's URL as evidence keeps it: without query and fragment, which may name a reader; "" for what is none.

    Of one that is very long the site alone.
    """
    if len(url) > _LONGEST_URL or not url.isascii() or not url.isprintable():
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host or not _NETLOC.fullmatch(parts.netloc):
        return ""
    site = f"{parts.scheme}://{parts.netloc}"
    # A semicolon would begin a new cell, and a formula in it, where a spreadsheet of such a country opens an export.
    page = site + quote(parts.path, safe=_PATH)
    return next((each for each in (page, site) if len(each) <= _LONGEST_PAGE), "")
