"""How the world's mail servers see a channel: SPF, DKIM, DMARC, PTR and MX, each with the record that is missing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable

from bot.channels.email.deliverability import dmarc, hosts, published_key, signed, spf_check
from bot.channels.email.deliverability.sending import Origin, Sending, origin
from bot.dns import Resolver, is_reserved
from bot.errors import DnsError
from bot.model import Checked, Phrase, said_by
from bot.model.checked import warning

SECONDS = 20.0
"""Longest wait for all that one check asks."""

__all__ = ["Origin", "Sending", "inspect", "origin"]


async def inspect(at: str, sending: Sending, dns: Resolver) -> list[Checked]:
    """All lines on a channel; their ids begin with ``at``. A question that the DNS does not answer is a warning."""
    if is_reserved(sending.domain):
        said = Phrase(
            "from is at %(domain)s, a name for examples and private networks: SPF, DKIM and DMARC cannot be seen",
            domain=sending.domain,
        )
        fix = Phrase("set from to an address at your own domain before mail leaves this machine")
        return [warning(f"{at}.dns", said, fix)]
    asked: list[tuple[str, Awaitable[Iterable[Checked]]]] = [
        ("spf", spf_check.inspect(at, sending, dns)),
        ("dmarc", dmarc.inspect(at, sending, dns)),
        ("ptr", hosts.pointers(at, sending, dns)),
        ("mx", _one(hosts.exchange(f"{at}.mx", sending.domain, dns, bounces=False))),
        *((f"dkim.{key.selector}", _one(published_key.inspect(at, key, dns))) for key in sending.signing),
    ]
    if sending.bounces != sending.domain and sending.keeps_sender:
        asked.append(("mx.bounces", _one(hosts.exchange(f"{at}.mx.bounces", sending.bounces, dns, bounces=True))))
    found = await asyncio.gather(*(_answered(f"{at}.{what}", each) for what, each in asked))
    return [*signed.inspect(at, sending), *(line for lines in found for line in lines)]


async def _one(line: Awaitable[Checked]) -> list[Checked]:
    return [await line]


async def _answered(id: str, lines: Awaitable[Iterable[Checked]]) -> Iterable[Checked]:
    try:
        async with asyncio.timeout(SECONDS):
            return await lines
    except TimeoutError:
        said = Phrase(
            "not looked at: the DNS needed more than %(seconds)s s for all its parts", seconds=f"{SECONDS:.0f}"
        )
        return [warning(id, said, Phrase("try again later; fewer includes are quicker"))]
    except DnsError as error:
        said = Phrase("not looked at: %(why)s", why=said_by(error))
        return [warning(id, said, Phrase("try again later, or see to this machine's DNS"))]
