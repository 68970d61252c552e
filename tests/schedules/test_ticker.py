from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.folding import Folded
from bot.editions import lifecycle
from bot.model import EditionState, Image
from bot.schedules import pings, ticker
from bot.schedules.declaring import declare
from bot.schedules.plan import Slot
from bot.schedules.slot import make
from bot.schedules.tick import Ticked, tick
from bot.schedules.ticker import Ticker
from bot.testing import NOW, article
from tests.pictures import photograph, picture_site


@pytest.fixture
def ticking(newsroom, store, clock, monkeypatch):
    """A ticker whose sources take ``seconds`` to visit; says how often they were visited."""

    def build(extra="", *, seconds=0):
        installation = newsroom(extra)
        tick(installation, NOW - timedelta(minutes=10))
        visits, told = [], []

        def visit(*_arguments):
            visits.append(clock())
            clock.advance(seconds=seconds)
            return []

        monkeypatch.setattr(ticker, "collect_now", visit)
        return Ticker(installation, told=told.append), visits, told

    return build


def _state(store):
    with store.read() as tx:
        found = tx.editions.of_slot("morning", "2026-11-24T07:00")
    return found.state if found else None


def test_the_sources_are_visited_before_a_slot_is_made(ticking, publish, store):
    publish("The ferry returns")
    working, visits, told = ticking()
    working._tick()
    assert len(visits) == 1
    assert _state(store) is EditionState.SENDING
    assert [type(each) for each in told] == [list, Ticked]


@pytest.mark.parametrize("seconds", [30, 90])
def test_a_slow_source_does_not_make_its_slot_late(ticking, publish, store, seconds):
    publish("The ferry returns")
    working, _, _ = ticking('catch_up = "skip"\n', seconds=seconds)
    working._tick()
    assert _state(store) is EditionState.SENDING


def test_a_ready_edition_goes_out_before_any_source_is_visited(newsroom, ticking, publish, store, clock, monkeypatch):
    publish("The ferry returns")
    working, _, _ = ticking()
    make(newsroom(), "morning", Slot("morning", "2026-11-24T07:00", NOW), NOW)
    states = []
    monkeypatch.setattr(ticker, "collect_now", lambda *_: states.append(_state(store)) or [])
    working._tick()
    assert states == [EditionState.SENDING]


def test_a_slot_that_cannot_be_made_is_told_once_and_does_not_hammer_the_sources(ticking, publish, clock):
    publish("The ferry returns")
    working, visits, told = ticking('subject = "{{ nonsense }}"\n')
    for _ in range(5):
        working._tick()
        clock.advance(seconds=2)
    assert len(visits) == 1
    assert [len(each.failed) for each in told if isinstance(each, Ticked)] == [1]


def test_old_editions_are_folded_by_night_and_told_of(newsroom, ticking, publish, store, clock):
    publish("The ferry returns")
    working, _, told = ticking()
    working._tick()
    with store.read() as tx:
        sending = tx.editions.of_slot("morning", "2026-11-24T07:00").id
    lifecycle.cancel(store, sending, who="ida", now=NOW)
    clock.advance(days=366)
    working._fold()
    working._fold()
    assert [(each.editions, each.deliveries) for each in told if isinstance(each, Folded)] == [([sending], 1)]


def test_a_folding_stops_with_the_ticker(ticking, clock, store, publish):
    publish("The ferry returns")
    working, _, told = ticking()
    working._tick()
    with store.read() as tx:
        sending = tx.editions.of_slot("morning", "2026-11-24T07:00").id
    lifecycle.cancel(store, sending, who="ida", now=NOW)
    clock.advance(days=366)
    working.start()
    working.stop()
    working._fold()
    assert not [each for each in told if isinstance(each, Folded)]
    with store.read() as tx:
        assert len(tx.deliveries.page(edition=sending)) == 1


def test_a_slot_finds_its_pictures_hosted_already(ticking, publish, store, clock):
    with picture_site() as site:
        url = site.put("/cranes.jpg", photograph())
        publish("The ferry returns", image=Image(url=url, alt="Cranes"))
        working, _, _ = ticking("[http]\nallow_loopback = true\n")
        clock.advance(seconds=-300)
        working._host()
        assert [path for path, _ in site.asked] == ["/cranes.jpg"]
        clock.advance(seconds=300)
        site.pages.clear()
        working._tick()
        assert len(site.asked) == 1
    with store.read() as tx:
        made = tx.editions.of_slot("morning", "2026-11-24T07:00")
        copy = tx.images.known([url])[url].picture.whole.name
        assert copy in tx.images.of(made.id)


ON_PUBLISH = """
[sources.site]
type = "feed"
url = "https://record.example/feed"

[sources.wire]
type = "feed"
url = "https://wire.example/feed"

[schedules.breaking]
name = "Breaking"
on_publish = true
audience = "readers"
channels = ["mail"]
"""


def _appears(store, clock, number):
    new = article(guid=f"new-{number}", published=clock())
    with store.write() as tx:
        tx.articles.put(new, url_key=new.url, present={new.guid}, now=clock(), appeared=clock())


def test_the_source_of_a_new_article_is_visited_once_more_before_it_is_told(ticking, store, clock, monkeypatch):
    working, _, told = ticking(ON_PUBLISH)
    visited = []
    monkeypatch.setattr(ticker, "collect_now", lambda _installation, names=(): visited.append(names) or [])
    clock.advance(minutes=-8)
    working._tick()
    _appears(store, clock, 1)
    for _ in range(4):
        clock.advance(seconds=20)
        working._tick()
    assert visited == [("site",)]
    assert [len(each.made) for each in told if isinstance(each, Ticked) and each.made] == [1]


def test_an_article_that_cannot_be_told_costs_its_source_one_visit(ticking, store, clock, monkeypatch):
    working, _, _ = ticking(ON_PUBLISH + 'subject = "{{ nonsense }}"\n')
    visited = []
    monkeypatch.setattr(ticker, "collect_now", lambda _installation, names=(): visited.append(names) or [])
    clock.advance(minutes=-8)
    working._tick()
    _appears(store, clock, 1)
    clock.advance(minutes=2)
    for _ in range(5):
        working._tick()
        clock.advance(seconds=2)
    assert visited == [("site",)]


def test_a_ping_is_a_visit_to_that_source_alone(ticking, monkeypatch):
    working, _, _ = ticking(ON_PUBLISH)
    visited = []
    monkeypatch.setattr(ticker, "collect_now", lambda _installation, names=(): visited.append(names) or [])
    pings.take(working._installation, "wire")
    working._pinged()
    working._pinged()
    assert visited == [("wire",)]


def test_there_are_more_threads_than_jobs(ticking):
    working, _, _ = ticking(ON_PUBLISH + '[llm]\nurl = "http://127.0.0.1:9/v1"\nmodel = "m"\n')
    working.start()
    jobs = len(working._scheduler.get_jobs())
    working.stop()
    assert jobs < ticker.THREADS


def test_a_schedule_that_is_made_on_the_desk_fires_without_a_restart(ticking, newsroom, publish, store, clock):
    publish("The ferry returns")
    working, _, _ = ticking()
    working._tick()
    # Another process: the desk's.
    table = {"name": "Noon", "times": ["12:00"], "audience": "readers", "channels": ["mail"]}
    declare(newsroom(), "schedules", "noon", table, who="Inés", now=clock())
    clock.advance(seconds=2)
    working._tick()
    clock.advance(hours=5)
    working._tick()
    with store.read() as tx:
        made = tx.editions.of_slot("noon", "2026-11-24T12:00")
    assert (made.name, made.state) == ("Noon", EditionState.SENDING)


def test_a_source_that_is_made_on_the_desk_is_visited_without_a_restart(newsroom, tmp_path, monkeypatch):
    visited = []
    monkeypatch.setattr(ticker, "collect_now", lambda installation, names=(): visited.append(set(installation.sources)))
    working = Ticker(newsroom(), told=lambda _news: None)
    working._collect()
    table = {"type": "feed", "url": "https://wire.example/feed"}
    declare(newsroom(), "sources", "wire", table, who="Inés", now=NOW)
    working._collect()
    assert visited == [set(), {"wire"}]
