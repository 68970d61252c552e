"""Mailbox providers that answer for many domains: to them, and so to a cap, these are one destination.

After Twilio SendGrid's inbox provider insights (twilio.com/docs/sendgrid/concepts/inbox-provider-insights) and Spam
Resource's list of domains by their MX (spamresource.com, "MAGY"), checked 2026-11-25. Left out: ``yahoo.co.jp``, which
is another company, and ``att.net``, which has its own gateway before Yahoo's.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from bot.settings import Rate, Rates, is_address

_OF: Mapping[str, str] = {
    "gmail.com": "googlemail.com",
    "outlook.com": "hotmail.com live.com msn.com "
    "hotmail.be hotmail.ca hotmail.ch hotmail.co.uk hotmail.com.ar hotmail.com.au hotmail.com.br hotmail.de hotmail.dk "
    "hotmail.es hotmail.fi hotmail.fr hotmail.gr hotmail.it hotmail.nl hotmail.no hotmail.se "
    "live.at live.be live.ca live.cl live.cn live.co.uk live.co.za live.com.ar live.com.au live.com.mx live.com.pt "
    "live.de live.dk live.fi live.fr live.ie live.it live.jp live.nl live.no live.ru live.se "
    "outlook.at outlook.be outlook.cl outlook.co.id outlook.co.nz outlook.co.th outlook.com.ar outlook.com.au "
    "outlook.com.br outlook.com.gr outlook.com.tr outlook.com.vn outlook.cz outlook.de outlook.dk outlook.es "
    "outlook.fr outlook.hu outlook.ie outlook.in outlook.it outlook.jp outlook.kr outlook.lv outlook.my outlook.ph "
    "outlook.pt outlook.sa outlook.sg outlook.sk",
    "yahoo.com": "ymail.com rocketmail.com myyahoo.com aol.com aim.com verizon.net "
    "aol.co.uk aol.de aol.es aol.fr aol.it "
    "yahoo.at yahoo.be yahoo.ca yahoo.ch yahoo.cl yahoo.co.id yahoo.co.in yahoo.co.nz yahoo.co.th yahoo.co.uk "
    "yahoo.co.za yahoo.com.ar yahoo.com.au yahoo.com.br yahoo.com.co yahoo.com.hk yahoo.com.mx yahoo.com.my "
    "yahoo.com.pe yahoo.com.ph yahoo.com.sg yahoo.com.tr yahoo.com.tw yahoo.com.ve yahoo.com.vn yahoo.cz yahoo.de "
    "yahoo.dk yahoo.es yahoo.fi yahoo.fr yahoo.gr yahoo.hu yahoo.ie yahoo.in yahoo.it yahoo.nl yahoo.no yahoo.pl "
    "yahoo.pt yahoo.ro yahoo.se",
    "icloud.com": "me.com mac.com",
}

PROVIDERS: Mapping[str, str] = MappingProxyType(
    {domain: first for first, others in _OF.items() for domain in (first, *others.split())}
)
"""The provider of a domain, by the name of its best-known domain. A domain that is not here is its own provider."""

OTHERS = "*"
"""Stands for each provider that has no rate of its own."""


def provider_of(domain: str) -> str:
    """The name under which caps count ``domain`` (of any case)."""
    domain = domain.lower()
    return PROVIDERS.get(domain, domain)


def by_provider(rates: Mapping[str, tuple[Rate, ...]]) -> dict[str, tuple[Rate, ...]]:
    """The rates of each provider. Raises ``ValueError`` for what is no domain, and for one provider named twice."""
    found: dict[str, tuple[Rate, ...]] = {}
    named: dict[str, str] = {}
    for domain, rate in rates.items():
        if domain != OTHERS and not is_address(f"a@{domain}"):
            raise ValueError(f'"{domain}" is not a domain; write "gmail.com", or "*" for each other domain')
        provider = provider_of(domain)
        if provider in found:
            raise ValueError(f'"{named[provider]}" and "{domain}" are one provider: give them one rate')
        found[provider], named[provider] = rate, domain
    return found


def _named_once(rates: dict[str, tuple[Rate, ...]]) -> dict[str, tuple[Rate, ...]]:
    try:
        return by_provider(rates)
    except ValueError as error:
        raise PydanticCustomError("domains", "{reason}", {"reason": str(error)}) from error


DomainRates = Annotated[dict[str, Rates], AfterValidator(_named_once)]
"""A setting: how much may go to each provider, ``{"gmail.com" = "1000/h", "*" = "300/h"}``."""
