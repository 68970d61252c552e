"""The list of articles: found by words, source, section, day; page by page, and never further than a look may go."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.store import headlines
from bot.store.headlines import Look
from bot.testing import NOW, article


def _put(store, *brought, now=NOW):
    with store.write() as tx:
        for each in brought:
            tx.articles.put(each, url_key=each.url, present={each.guid}, now=now)


def _titles(store, limit=50, **what):
    with store.read() as tx:
        return [each.title for each in tx.headlines.look(Look(**what), limit).articles]


@pytest.fixture
def three(store):
    _put(
        store,
        article(title="Ferry fares frozen until spring", sections=("Transport",), source="site"),
        article(
            title="FERRY crews vote", sections=("Work", "Transport"), source="wire", published=NOW - timedelta(days=2)
        ),
        article(title="Hafen: „Größe“ zählt", sections=("Sport",), published=NOW - timedelta(days=3)),
    )
    return store


@pytest.mark.parametrize(
    ("what", "found"),
    [
        ({}, ["Ferry fares frozen until spring", "FERRY crews vote", "Hafen: „Größe“ zählt"]),
        ({"words": ("ferry",)}, ["Ferry fares frozen until spring", "FERRY crews vote"]),
        ({"words": ("spring", "FERRY")}, ["Ferry fares frozen until spring"]),
        ({"words": ("größe",)}, ["Hafen: „Größe“ zählt"]),
        ({"words": ("%",)}, []),
        ({"source": "wire"}, ["FERRY crews vote"]),
        ({"section": "transport"}, ["Ferry fares frozen until spring", "FERRY crews vote"]),
        ({"section": "port"}, []),
        ({"since": NOW - timedelta(days=2, hours=1), "until": NOW - timedelta(days=1)}, ["FERRY crews vote"]),
        ({"withdrawn": True}, []),
    ],
)
def test_articles_are_found_by_what_an_editor_knows_of_them(three, what, found):
    assert _titles(three, **what) == found


def test_a_page_says_where_the_next_one_begins_also_among_articles_of_one_moment(store):
    _put(store, *(article(title=f"Number {number}") for number in range(5)))
    with store.read() as tx:
        first = tx.headlines.look(Look(), 2)
        second = tx.headlines.look(Look(after=first.further), 2)
        third = tx.headlines.look(Look(after=second.further), 2)
    assert [each.title for page in (first, second, third) for each in page.articles] == [
        f"Number {number}" for number in (4, 3, 2, 1, 0)
    ]
    assert (third.further, third.gave_up) == (None, False)


def test_a_look_that_came_far_enough_stops_and_the_next_one_goes_on_from_there(store, monkeypatch):
    monkeypatch.setattr(headlines, "FAR", 3)
    _put(store, *(article(title=f"Number {number}", published=NOW - timedelta(hours=number)) for number in range(5)))
    with store.read() as tx:
        near = tx.headlines.look(Look(words=("number 4",)))
        assert (near.articles, near.gave_up) == ((), True)
        further = tx.headlines.look(Look(words=("number 4",), after=near.further))
    assert [each.title for each in further.articles] == ["Number 4"]
    assert not further.gave_up


def test_what_is_edited_withdrawn_or_comes_back_is_listed_as_it_is_now(store):
    one = article(guid="a", title="430 homes")
    _put(store, one)
    _put(store, article(guid="a", url=one.url, title="340 homes"))
    assert _titles(store, words=("340",)) == ["340 homes"]
    assert _titles(store, words=("430",)) == []
    with store.write() as tx:
        tx.articles.withdraw(one.source, ["a"], NOW)
    assert _titles(store, withdrawn=True) == ["340 homes"]
    _put(store, article(guid="a", url=one.url, title="340 homes"))
    assert _titles(store, withdrawn=True) == []


def test_a_row_tells_what_the_list_shows(store):
    _put(store, article(title="T", authors=("Jo Prentice",), sections=("A", "B"), language="de", pinned=True))
    with store.read() as tx:
        (found,) = tx.headlines.look(Look()).articles
    assert (found.authors, found.sections, found.language) == (("Jo Prentice",), ("A", "B"), "de")
    assert (found.pinned, found.withdrawn, found.revision, found.told, found.open) == (True, False, 1, 0, False)


def test_sources_are_counted_each_for_itself(three):
    with three.read() as tx:
        assert tx.headlines.counts(["site", "wire", "none"], NOW - timedelta(days=7)) == {"site": 2, "wire": 1}
        assert tx.headlines.counts(["site", "wire"], NOW - timedelta(days=1)) == {"site": 1}
        assert sorted(tx.headlines.moments(["wire"], NOW - timedelta(days=7))) == [("wire", NOW - timedelta(days=2))]


def test_revisions_come_newest_first_with_the_moment_each_was_seen(store):
    one = article(guid="a", title="430 homes")
    _put(store, one)
    _put(store, article(guid="a", url=one.url, title="340 homes"), now=NOW + timedelta(hours=1))
    with store.read() as tx:
        seen = [(moment, each.revision, each.title) for moment, each in tx.articles.revisions(1)]
    assert seen == [(NOW + timedelta(hours=1), 2, "340 homes"), (NOW, 1, "430 homes")]
