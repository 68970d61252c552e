from __future__ import annotations

import logging

import pytest
from starlette.requests import Request

from bot.web.client import Clients, source_page


def asked(*forwarded, client="203.0.113.9"):
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    return Request({"type": "http", "client": (client, 1) if client else None, "headers": headers})


@pytest.mark.parametrize(
    ("trusted", "forwarded", "client", "address"),
    [
        # Nobody is trusted: what a client writes about itself is nothing.
        ((), ("198.51.100.1",), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.1",), ("198.51.100.1",), "203.0.113.9", "203.0.113.9"),
        # The last entry is the proxy's, all before it are the client's own words.
        (("127.0.0.1",), ("1.1.1.1, 198.51.100.1",), "127.0.0.1", "198.51.100.1"),
        (("127.0.0.1",), ("1.1.1.1", "198.51.100.1"), "127.0.0.1", "198.51.100.1"),
        # Two of our own proxies.
        (("127.0.0.1", "10.0.0.0/8"), ("1.1.1.1, 198.51.100.1, 10.1.2.3",), "127.0.0.1", "198.51.100.1"),
        (("127.0.0.1",), ("nonsense",), "127.0.0.1", "127.0.0.1"),
        (("127.0.0.1",), ("198.51.100.1:4711",), "127.0.0.1", "198.51.100.1"),
        (("127.0.0.1",), ("[2001:db8::7]:4711",), "127.0.0.1", "2001:db8::7"),
        (("127.0.0.1",), (), "127.0.0.1", "127.0.0.1"),
        ((), (), "::ffff:203.0.113.9", "203.0.113.9"),
        ((), (), None, ""),
    ],
)
def test_only_trusted_proxies_say_who_a_reader_is(trusted, forwarded, client, address):
    assert Clients(trusted).address(asked(*forwarded, client=client)) == address


@pytest.mark.parametrize(
    ("address", "network"),
    [("203.0.113.9", "203.0.113.0/24"), ("2001:db8:1:2ff::7", "2001:db8:1:200::/56"), (None, "")],
)
def test_limits_count_a_household_and_not_an_address(address, network):
    assert Clients(()).network(asked(client=address)) == network


def test_a_proxy_that_the_settings_do_not_name_is_told_of_once(caplog):
    clients = Clients(())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            clients.address(asked("198.51.100.1", client="127.0.0.1"))
    assert [record.message for record in caplog.records if "trusted_proxies" in record.message].__len__() == 1


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://record.example/a/b?mail=mara@example.org#x", "https://record.example/a/b"),
        ("https://record.example", "https://record.example"),
        ("javascript:alert(1)", ""),
        ("https://user@record.example/", ""),
        ("https://record.example/\r\nX: y", ""),
        ("https://record.example/" + "a" * 500, "https://record.example"),
        ("https://record.example/" + "a" * 5000, ""),
        ("https://" + "a" * 500 + ".example", ""),
        ("http://[", ""),
        ("https://record.example/a;=1+1;b", "https://record.example/a%3B=1+1%3Bb"),
        ('https://record.example/"<b>', "https://record.example/%22%3Cb%3E"),
        ("https://record.example/%C3%A9", "https://record.example/%C3%A9"),
        ("https://a;=1+1;/", ""),
        ("", ""),
    ],
)
def test_a_source_page_is_a_plain_address_without_what_may_name_a_reader(url, page):
    assert source_page(url) == page
