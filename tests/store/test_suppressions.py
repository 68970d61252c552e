from __future__ import annotations

from datetime import timedelta

from bot.model import Suppression
from bot.testing import NOW


def _add(store, address="ida@example.org", audience="", **how):
    with store.write() as tx:
        return tx.suppressions.add(Suppression(address=address, reason="editor", at=NOW, audience=audience), **how)


def test_an_address_is_suppressed_in_any_spelling_and_once(store):
    assert _add(store)
    assert not _add(store, "IDA@example.org")
    with store.read() as tx:
        assert tx.suppressions.of("Ida@Example.org", "readers").reason == "editor"
        assert tx.suppressions.of("tom@example.org", "readers") is None


def test_a_suppression_of_one_audience_leaves_the_others(store):
    _add(store, audience="readers")
    with store.read() as tx:
        assert tx.suppressions.of("ida@example.org", "readers")
        assert not tx.suppressions.of("ida@example.org", "weekly")
    with store.write() as tx:
        assert not tx.suppressions.remove("ida@example.org")
        assert tx.suppressions.remove("IDA@example.org", "readers")
        assert not tx.suppressions.of("ida@example.org", "readers")


def test_a_forgotten_address_stays_suppressed_by_its_hash_in_every_audience(store):
    _add(store)
    _add(store, audience="readers")
    _add(store, "tom@example.org")
    with store.write() as tx:
        assert tx.suppressions.forget("IDA@example.org")
        assert not tx.suppressions.forget("ida@example.org")
        assert not tx.suppressions.forget("nobody@example.org")
    with store.read() as tx:
        assert sorted(each.address for each in tx.suppressions.newest()) == ["", "", "tom@example.org"]
        assert tx.suppressions.of("ida@example.org", "weekly")


def test_an_erased_address_is_never_kept(store):
    _add(store, keep_address=False)
    with store.read() as tx:
        assert [each.address for each in tx.suppressions.newest()] == [""]
        assert tx.suppressions.newest(after=NOW + timedelta(seconds=1)) == []
