from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Suppression
from bot.store import suppressions
from bot.testing import NOW


@pytest.fixture
def listed(store):
    with store.write() as tx:
        for number in range(7):
            # Three of one moment, as an import makes them.
            at = NOW + timedelta(hours=number // 3)
            tx.suppressions.add(Suppression(address=f"Reader{number}@example.org", reason="editor", at=at))
    return store


def _pages(store, limit, words=""):
    found, after = [], ""
    while True:
        with store.read() as tx:
            rows, after = tx.suppressions.page(words=words, limit=limit, after=after)
        found += [each.address for each in rows]
        if not after:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_pages_hold_each_address_once_the_newest_first(listed, limit):
    found = _pages(listed, limit)
    assert found == _pages(listed, 50)
    assert len(set(found)) == 7
    assert found[0] == "Reader6@example.org"


@pytest.mark.parametrize("walk", [1, 3, 10_000])
def test_a_search_goes_on_where_it_stopped(listed, monkeypatch, walk):
    monkeypatch.setattr(suppressions, "WALK", walk)
    assert _pages(listed, 50, "reader3@") == ["Reader3@example.org"]
    assert len(_pages(listed, 2, "EXAMPLE")) == 7


@pytest.mark.parametrize("cursor", ["x", "|", "2026-11-24|a|b", "2026-11-24T00:00:00+00:00|\0|", "9" * 400])
def test_what_is_no_cursor_raises_nothing(listed, cursor):
    with listed.read() as tx:
        tx.suppressions.page(after=cursor)


def test_so_many_are_counted_and_no_more(listed):
    with listed.read() as tx:
        assert (tx.suppressions.some(5), tx.suppressions.some(50)) == (5, 7)
