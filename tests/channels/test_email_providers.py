from __future__ import annotations

import pytest

from bot.channels.email.providers import PROVIDERS, DomainRates, provider_of
from bot.errors import SettingsError
from bot.settings import Rate, Table, checked, is_address, parse_duration


class Options(Table):
    """A channel's, of which only these matter here."""

    domains: DomainRates = {}


def read(**domains):
    return checked(Options, {"domains": domains}, file="broadsheet.toml", at="channels.mail").domains


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("GoogleMail.com", "gmail.com"),
        ("hotmail.co.uk", "outlook.com"),
        ("msn.com", "outlook.com"),
        ("aol.com", "yahoo.com"),
        ("yahoo.co.jp", "yahoo.co.jp"),
        ("Paper.example", "paper.example"),
    ],
)
def test_domains_of_one_provider_count_as_one(domain, provider):
    assert provider_of(domain) == provider


def test_the_list_holds_domains_in_the_form_they_are_looked_up():
    assert all(is_address(f"a@{each}") and each == each.lower() for each in PROVIDERS)
    assert all(PROVIDERS[first] == first for first in PROVIDERS.values())


def test_a_cap_on_any_domain_is_one_on_its_provider():
    read_rates = read(**{"hotmail.com": "1000/h", "*": ["5/s", "300/h"]})
    assert read_rates == {
        "outlook.com": (Rate(1000, parse_duration("1h")),),
        "*": (Rate(5, parse_duration("1s")), Rate(300, parse_duration("1h"))),
    }


@pytest.mark.parametrize(
    ("domains", "why"),
    [
        ({"gmail.com": "1000/h", "googlemail.com": "5/s"}, '"gmail.com" and "googlemail.com" are one provider'),
        ({"gmail": "1000/h"}, '"gmail" is not a domain'),
        ({"gmail.com": "many"}, "a rate is a number and a time"),
    ],
)
def test_what_cannot_be_a_cap_is_refused_in_one_line(domains, why):
    with pytest.raises(SettingsError, match=why) as refused:
        read(**domains)
    assert "channels.mail.domains" in str(refused.value)
    assert "\n" not in str(refused.value)
