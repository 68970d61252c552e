from __future__ import annotations

import pytest

from bot.errors import StoreError
from bot.model import Suppression
from bot.store import Store
from bot.store.address import AddressHash, address_key, mailbox_key
from bot.testing import NOW, subscribe

KEY, OTHER = b"k" * 32, b"o" * 32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mara@example.org", " Mara@EXAMPLE.org "),
        ("mara@bücher.example", "MARA@xn--bcher-kva.example"),
        ("rene\u0301@example.org", "ren\u00e9@example.org"),
    ],
)
def test_spellings_of_one_mailbox_have_one_key_and_one_hash(one, other):
    assert address_key(one) == address_key(other)
    assert AddressHash(KEY)(one) == AddressHash(KEY)(other)


@pytest.mark.parametrize("other", ["mara@example.com", "m.ara@example.org", "mara+news@example.org"])
def test_what_may_be_two_mailboxes_stays_two(other):
    assert address_key("mara@example.org") != address_key(other)


@pytest.mark.parametrize("other", ["ju\u00dfe@example.org", "ju\u017f\u017fe@example.org", "jus\u017fe@example.org"])
def test_letters_that_look_alike_when_folded_are_not_one_mailbox(other):
    assert address_key("jusse@example.org") != address_key(other)
    assert address_key(other) == address_key(other.partition("@")[0] + "@EXAMPLE.org")


@pytest.mark.parametrize("local", ["\u0130mge", "RENE\u0301", "\u0391\u03a3"])
def test_a_key_is_its_own_key(local):
    assert address_key(address_key(f"{local}@example.org")) == address_key(f"{local}@example.org")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("mara@example.org", "Mara+news@example.org"),
        ("mara@gmail.com", "m.a.ra+1@googlemail.com"),
        ("+@example.org", "+@example.org"),
    ],
)
def test_addresses_of_one_mailbox_share_its_key(one, other):
    assert mailbox_key(one) == mailbox_key(other)


@pytest.mark.parametrize("other", ["m.ara@example.org", "noor@example.org", "mara@gmail.com", "+@example.org"])
def test_what_no_provider_is_known_to_leave_out_makes_another_mailbox(other):
    assert mailbox_key("mara@example.org") != mailbox_key(other)


def test_the_hash_of_an_address_tells_nothing_without_the_key():
    assert AddressHash(KEY)("mara@example.org") != AddressHash(OTHER)("mara@example.org")
    assert AddressHash(KEY)("mara@example.org") != AddressHash()("mara@example.org")
    assert "k" * 8 not in repr(AddressHash(KEY))


def test_a_store_without_a_key_is_keyed_once_with_all_that_it_knows(store_url):
    store = Store.open(store_url)
    subscribe(store, "mara@example.org")
    with store.write() as tx:
        tx.suppressions.add(Suppression(address="gone@example.org", reason="erased", at=NOW), keep_address=False)
    store.close()
    for _ in range(2):
        store = Store.open(store_url, KEY)
        with store.read() as tx:
            found = tx.suppressions.of("gone@example.org")
            assert found and found.reason == "erased"
            assert tx.suppressions.of("mara@example.org") is None
        store.close()


@pytest.mark.parametrize("key", [b"", OTHER])
def test_a_store_whose_suppressions_this_key_does_not_know_is_refused(store_url, key):
    Store.open(store_url, KEY).close()
    with pytest.raises(StoreError, match="BROADSHEET_SECRET_KEYS.*last key"):
        Store.open(store_url, key)
    Store.open(store_url, KEY).close()


def test_each_of_many_hashes_is_keyed_once(store_url, monkeypatch):
    monkeypatch.setattr("bot.store.address._AT_ONCE", 3)
    addresses = [f"reader{number}@example.org" for number in range(20)]
    store = Store.open(store_url)
    subscribe(store, *addresses)
    with store.write() as tx:
        for address in addresses:
            tx.suppressions.add(Suppression(address=address, reason="complained", at=NOW))
    store.close()
    store = Store.open(store_url, KEY)
    with store.read() as tx:
        assert all(tx.suppressions.of(address) for address in addresses)
        assert {each.reason for address in addresses for each in tx.suppressions.against(address)} == {"complained"}
        assert len(list(tx.suppressions.every())) == 20
    store.close()
