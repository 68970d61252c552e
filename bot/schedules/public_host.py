"""Whether readers and mail services reach ``newsroom.public_url``: unsubscribing and pictures depend on it."""

from __future__ import annotations

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bot.audience.links import image_url
from bot.channels.email.fields import ascii_domain
from bot.clock import Clock
from bot.dns import Resolver, addresses, is_reserved
from bot.errors import DnsError, FetchError
from bot.http import Http
from bot.model import Checked, Newsroom
from bot.model.checked import fault, ok, warning

SECONDS = 8.0
RENEW = timedelta(days=14)
_TRIED = 4
"""Addresses of the host that are tried."""
_LOCAL = ("127.0.0.1", "localhost", "::1")


def scheme(public_url: str) -> Checked:
    """A line on the form of the address."""
    parts = urlsplit(public_url)
    if parts.scheme == "https":
        return ok("public_url", public_url)
    if parts.hostname in _LOCAL:
        return warning(
            "public_url",
            "subscribers cannot reach this machine's own address",
            "set newsroom.public_url to an https:// one before mail leaves it",
        )
    return fault("public_url", "one-click unsubscribe needs https:// (RFC 8058 §3.1)", "set newsroom.public_url")


async def inspect(public_url: str, dns: Resolver, clock: Clock, *, tls: ssl.SSLContext | None = None) -> list[Checked]:
    """Lines on name and certificate of an https address; none for another. ``tls`` is whom to trust (the machine's)."""
    parts = urlsplit(public_url)
    if parts.scheme != "https" or not parts.hostname:
        return []
    try:
        host = ascii_domain(f"x@{parts.hostname}").removeprefix("x@")
    except ValueError as error:
        return [fault("public_url.dns", str(error), "correct newsroom.public_url")]
    if is_reserved(host):
        return [
            warning("public_url.dns", f"{host} is a name for examples and private networks; nobody else reaches it")
        ]
    try:
        found = await addresses(dns, host)
    except DnsError as error:
        return [warning("public_url.dns", f"not looked at: {error}", "try again later, or see to this machine's DNS")]
    if not found:
        said = f"{host} has no address, so no link of a mail works"
        return [fault("public_url.dns", said, f"publish {host}. 3600 IN A with the address of your web server")]
    context = tls or ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    tried = await asyncio.gather(
        *(_shown(host, str(each), parts.port or 443, context, clock) for each in found[:_TRIED])
    )
    grades = ["fault", "warning", "ok"]
    worst = min(tried, key=lambda line: grades.index(line.grade))
    return [ok("public_url.dns", f"{host} is {', '.join(map(str, found[:_TRIED]))}"), worst]


async def pictures(http: Http, newsroom: Newsroom, name: str) -> list[Checked]:
    """A line on whether the hosted image ``name`` comes from the public address; none where nobody reaches that."""
    host = urlsplit(newsroom.public_url).hostname or ""
    if not host or host in _LOCAL or is_reserved(host):
        return []
    id, url = "public_url.pictures", image_url(newsroom, name)
    try:
        answer = await http.get(url, headers={"Accept": "image/*"})
    except FetchError as error:
        if not error.status:
            return [warning(id, f"not looked at: {error}", "see whether it comes elsewhere: curl -I " + url)]
        said = f"readers see no pictures: {error}"
    else:
        kind = answer.headers.get("content-type", "")
        if kind.lower().startswith("image/"):
            return [ok(id, f"{url} comes, as every mail's pictures do")]
        said = f"readers see no pictures: {url} is {kind[:60] or 'of no type'}, and no picture"
    return [warning(id, said, "let your reverse proxy pass /i/ to `broadsheet up` (docs/first-newsroom.md)")]


async def _shown(host: str, address: str, port: int, context: ssl.SSLContext, clock: Clock) -> Checked:
    id, where = "public_url.tls", f"{host} ({address})"
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except TimeoutError:
        return _unreached(id, where, port, f"no answer in {SECONDS:.0f} s")
    except OSError as error:
        return _unreached(id, where, port, error.strerror or "no connection")
    try:
        async with asyncio.timeout(SECONDS):
            await writer.start_tls(context, server_hostname=host)
        certificate = writer.get_extra_info("peercert")
        version = writer.get_extra_info("ssl_object").version()
    except ssl.SSLCertVerificationError as error:
        return fault(
            id,
            f"{where}: mail services will not trust its certificate: {error.verify_message.rstrip('.')}",
            f"get one for {host}, with all its intermediate certificates, e.g. by ACME (Let's Encrypt)",
        )
    except (OSError, TimeoutError) as error:
        why = error.reason if isinstance(error, ssl.SSLError) and error.reason else "it breaks off"
        said = f"{where}: port {port} speaks no TLS 1.2 or newer: {why.replace('_', ' ').lower()}"
        return fault(id, said, "let your web server speak TLS 1.2 and 1.3 there")
    finally:
        writer.close()
    ends = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    left = ends - clock()
    if left < RENEW:
        said = f"{where}: its certificate ends on {ends:%Y-%m-%d}, in {max(left.days, 0)} days"
        return warning(id, said, "see why it was not renewed; most renewals come 30 days before")
    return ok(id, f"{where}: {version}, a certificate for it until {ends:%Y-%m-%d}")


def _unreached(id: str, where: str, port: int, why: str) -> Checked:
    # A machine may be kept from reaching its own public address although everybody else can.
    return warning(
        id, f"{where}: port {port} was not reached from here: {why}", "see whether it is from elsewhere: curl -I"
    )
