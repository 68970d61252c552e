from __future__ import annotations

from datetime import timedelta

from bot.model import Link
from bot.store.links import Clicked
from bot.testing import NOW, edition

URLS = ("https://record.example/a", "https://record.example/b")


def _made(store, **fields):
    made = edition(links=URLS, **fields)
    with store.write() as tx:
        tx.editions.add(made, expires=NOW, report={})
    return made


def test_links_are_numbered_from_one_in_their_order_and_counted_apart(store):
    made = _made(store)
    with store.write() as tx:
        tx.links.count(made.id, 2)
        tx.links.count(made.id, 2)
        tx.links.count(made.id, 9)
    with store.read() as tx:
        assert tx.links.of(made.id) == [Link(1, URLS[0], 0), Link(2, URLS[1], 2)]
        assert tx.links.url(made.id, 2) == URLS[1]


def test_a_number_the_edition_has_not_leads_nowhere(store):
    made = _made(store)
    with store.read() as tx:
        for number in (0, 3, -1, 10**30):
            assert tx.links.url(made.id, number) == ""
        assert tx.links.url("another00000", 1) == ""


def test_other_stories_have_other_links(store):
    made = _made(store)
    with store.write() as tx:
        tx.links.put(made.id, URLS[1:])
    with store.read() as tx:
        assert tx.links.of(made.id) == [Link(1, URLS[1], 0)]


def test_an_edition_whose_clicks_are_not_counted_has_none(store):
    made = edition()
    with store.write() as tx:
        tx.editions.add(made, expires=NOW, report={})
    with store.read() as tx:
        assert tx.links.of(made.id) == []


def test_the_links_followed_most_are_summed_up_over_the_editions_of_a_span(store):
    day = timedelta(days=1)

    def clicked(*numbers, slot=NOW, schedule="morning"):
        made = _made(store, slot=slot, slot_key=f"{slot.isoformat()}-{schedule}", schedule=schedule)
        with store.write() as tx:
            for each in numbers:
                tx.links.count(made.id, each)
        return made.id

    editions = [clicked(1, 2, 2), clicked(2, 2, 2, slot=NOW - 2 * day), clicked(2, slot=NOW + day)]
    clicked(1, 1, 1, 1, 1, 1, 1, slot=NOW - 9 * day)
    clicked(1, 1, 1, 1, 1, 1, 1, schedule="evening")
    with store.read() as tx:
        found = tx.links.clicked(["morning"], since=NOW - 3 * day, until=NOW + 2 * day, limit=5)
        most = tx.links.clicked(["morning"], since=NOW - 3 * day, until=NOW + 2 * day, limit=1)
    assert found == [Clicked(URLS[1], 6, max(editions)), Clicked(URLS[0], 1, editions[0])]
    assert most == found[:1]
