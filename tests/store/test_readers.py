from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.sending import begin_sending
from bot.model import Consent, EditionState, Suppression
from bot.store import readers
from bot.testing import NOW, edition, subscribe


def _add(store, address, name="", audience="readers", at=NOW):
    with store.write() as tx:
        tx.subscribers.subscribe(address, audience, Consent(at=at, via="test"), name=name)
        return tx.subscribers.id_of(address)


def _found(store, words, **kind):
    """All that is found, page after page."""
    addresses, after = [], ""
    while True:
        with store.read() as tx:
            page = tx.readers.find(words, after=after, **kind)
        addresses += [address for _, address, _ in page.readers]
        if page.whole:
            return addresses
        assert page.after != after
        after = page.after


@pytest.fixture
def lindgrens(store):
    _add(store, "a.lindgren@coastmail.example", "Astrid Lindgren-Bell")
    _add(store, "lindiwe@quaymail.example")
    _add(store, "m.l@ellery.example", "Morten Lind")
    _add(store, "LIND@ellery.example", "Lind, P.")
    _add(store, "pavel@harbour.example", "Lindner Pavel")
    _add(store, "rosalind@salters.example", "Rosalind Okafor", audience="weekend")
    _add(store, "nobody@salters.example", "Nobody")
    return store


def test_readers_are_found_by_a_part_of_address_or_name_each_once(lindgrens):
    found = _found(lindgrens, "lind")
    assert sorted(found) == sorted(
        [
            "LIND@ellery.example",
            "a.lindgren@coastmail.example",
            "lindiwe@quaymail.example",
            "m.l@ellery.example",
            "pavel@harbour.example",
            "rosalind@salters.example",
        ]
    )
    assert found[:2] == ["LIND@ellery.example", "lindiwe@quaymail.example"]


@pytest.mark.parametrize("words", ["LIND", "Lind", "  lind "])
def test_the_case_of_the_words_does_not_matter(lindgrens, words):
    assert sorted(_found(lindgrens, words)) == sorted(_found(lindgrens, "lind"))


@pytest.mark.parametrize("limit", [1, 2, 50])
@pytest.mark.parametrize("walk", [1, 2, 20_000])
def test_a_search_goes_on_where_it_stopped_and_forgets_nobody(lindgrens, monkeypatch, limit, walk):
    whole = sorted(_found(lindgrens, "lind"))
    monkeypatch.setattr(readers, "WALK", walk)
    assert sorted(_found(lindgrens, "lind", limit=limit)) == whole


def test_a_search_looks_at_a_bounded_part_of_the_readers(lindgrens, monkeypatch):
    monkeypatch.setattr(readers, "WALK", 2)
    with lindgrens.read() as tx:
        page = tx.readers.find("okafor")
    assert not page.readers
    assert not page.whole
    assert page.after


def test_a_search_heeds_audience_and_state(lindgrens):
    assert _found(lindgrens, "lind", audience="weekend") == ["rosalind@salters.example"]
    assert _found(lindgrens, "lind", state="unsubscribed") == []


@pytest.mark.parametrize("words", ["%%%", "a_l", "'; --", "\\\\\\", "日本語", "ÅSA"])
def test_no_sign_has_a_meaning_of_its_own(lindgrens, words):
    assert _found(lindgrens, words) == []


def test_names_of_other_scripts_are_found(store):
    _add(store, "aa@ellery.example", "Åsa Öberg")
    _add(store, "bb@ellery.example", "山田 太郎丸")
    assert _found(store, "öberg") == ["aa@ellery.example"]
    assert _found(store, "太郎丸") == ["bb@ellery.example"]


@pytest.mark.parametrize(
    "cursor", ["x", "[9]", "[-1]", '["a"]', "[2]", "[true]", "{}", '[3,"a\\u0000b","x"]', "[" * 900]
)
def test_what_is_no_cursor_raises_nothing(lindgrens, cursor):
    with lindgrens.read() as tx:
        tx.readers.find("lind", after=cursor)
        tx.readers.page(audience="readers", after=cursor, before=cursor)


@pytest.mark.parametrize("few", [0, 1000])
@pytest.mark.parametrize("chosen", [{}, {"audience": "readers"}, {"state": "subscribed"}])
def test_pages_hold_each_reader_once_forwards_and_backwards(lindgrens, monkeypatch, few, chosen):
    monkeypatch.setattr(readers, "FEW", few)
    pages, after = [], ""
    with lindgrens.read() as tx:
        while True:
            page = tx.readers.page(limit=2, after=after, **chosen)
            pages.append([id for id, _, _ in page.readers])
            if not page.after:
                break
            after = page.after
        everybody = [id for each in pages for id in each]
        back = [pages[-1]]
        while page.before:
            page = tx.readers.page(limit=2, before=page.before, **chosen)
            back.insert(0, [id for id, _, _ in page.readers])
    assert len(everybody) == len(set(everybody)) == (6 if "audience" in chosen else 7)
    assert back == pages


def test_few_readers_are_listed_by_address(lindgrens):
    with lindgrens.read() as tx:
        listed = [address for _, address, _ in tx.readers.page(audience="readers").readers]
    assert [each.lower() for each in listed] == sorted(each.lower() for each in listed)


def test_a_reader_who_left_is_listed_by_that_state(store):
    stays, left = subscribe(store, "stays@example.org", "left@example.org")
    with store.write() as tx:
        tx.subscribers.unsubscribe(left, "readers", via="page", now=NOW)
    with store.read() as tx:
        assert [id for id, _, _ in tx.readers.page(state="unsubscribed").readers] == [left]
        assert [id for id, _, _ in tx.readers.page(audience="readers", state="subscribed").readers] == [stays]


def test_who_must_not_be_mailed_is_told_with_the_reason(store):
    ids = subscribe(store, "ida@example.org", "tom@example.org")
    with store.write() as tx:
        tx.suppressions.add(Suppression(address="IDA@example.org", reason="complaint", at=NOW))
        tx.suppressions.add(Suppression(address="tom@example.org", reason="editor", audience="weekend", at=NOW))
    with store.read() as tx:
        assert tx.readers.suppressed(ids) == {ids[0]: "complaint"}


def _send(store, slot, **fields):
    made = edition(slot=slot, slot_key=f"{slot}", **fields)
    with store.write() as tx:
        tx.editions.add(made, expires=slot + timedelta(hours=3), report={})
    assert begin_sending(store, made, audience="readers", now=slot)
    return made


def test_the_mails_of_a_reader_are_told_edition_by_edition_the_newest_first(store):
    (ida,) = subscribe(store, "ida@example.org")
    first = _send(store, NOW, state=EditionState.DRAFTED)
    second = _send(store, NOW + timedelta(days=1), state=EditionState.DRAFTED)
    subscribe(store, "tom@example.org")
    with store.read() as tx:
        mails, older = tx.readers.mails(ida)
        assert ([each.edition for each in mails], older) == ([second.id, first.id], None)
        mails, older = tx.readers.mails(ida, limit=1)
        assert ([each.edition for each in mails], older) == ([second.id], second.slot)
        mails, older = tx.readers.mails(ida, before=older)
        assert ([each.edition for each in mails], older) == ([first.id], None)
        assert tx.readers.last_mails([ida])[ida].at == mails[0].updated + timedelta(days=1)
