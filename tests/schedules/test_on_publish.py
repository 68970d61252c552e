"""Each new article as it appears: once, none that is old, none too late."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event

from bot.articles.url import identity_key
from bot.channels.base import KINDS
from bot.errors import NothingToDo, SourceError, UsageError
from bot.model import EditionState
from bot.schedules.installation import Installation
from bot.schedules.plan import article_slot
from bot.schedules.reconcile import reconcile
from bot.schedules.run import due_slot, extra_slot
from bot.schedules.slot import make
from bot.schedules.tick import sources_due, tick
from bot.sources.base import Collected
from bot.sources.collect import Fetched, keep
from bot.store.flags import RESTORED, Restored
from bot.store.sources import SourceState
from bot.testing import KEYS, NOW, Nothing, ScriptedChannel, article, settings, subscribe
from tests.schedules.conftest import Scripted

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TOML = """
[images]
cards = "never"

[channels.mail]
type = "scripted"

[channels.wire]
type = "posts"

[sources.site]
type = "feed"
url = "https://record.example/feed"

[schedules.breaking]
name = "Breaking"
on_publish = true
audience = "readers"
channels = ["wire"]
"""


class Posts(ScriptedChannel):
    """A network: its post costs no compiled mail."""

    Options = Nothing

    def __init__(self, name, options, around):
        super().__init__(medium="post")


@pytest.fixture
def newsroom(store, clock, tmp_path, monkeypatch):
    monkeypatch.setitem(KINDS, "scripted", Scripted)
    monkeypatch.setitem(KINDS, "posts", Posts)
    subscribe(store, "reader@example.org")

    def build(extra="", *, channel="wire"):
        toml = TOML.replace('["wire"]', f'["{channel}"]')
        return Installation(settings(tmp_path, toml + extra), store, KEYS, clock)

    return build


@pytest.fixture
def visit(store):
    """One visit to a source ``at`` a moment, which brings ``articles`` the way collecting keeps them."""

    def bring(at, *articles, source="site", error=""):
        with store.read() as tx:
            state = tx.sources.get(source)
        fetched = Fetched(state, at, collected=Collected(articles=articles))
        if error:
            fetched = Fetched(state, at, error=SourceError(error))
        with store.write() as tx:
            return keep(tx, fetched)

    return bring


def _story(number, at, **fields):
    words = f"number{number} harbour{number} council{number} ferry{number}"
    body = f"<p>{' '.join(f'{word} {place}' for place in range(12) for word in words.split())}.</p>"
    given = {"guid": f"g{number}", "url": f"https://record.example/{number}", "title": f"Story {words}", "body": body}
    return article(**{**given, "published": at, "standfirst": f"About {words}.", **fields})


def _editions(store):
    with store.read() as tx:
        found = sorted(tx.editions.newest(limit=500), key=lambda each: (each.slot, each.slot_key))
        return [(tx.articles.get(int(each.slot_key.removeprefix("article:"))).guid, str(each.state)) for each in found]


def _listening(newsroom, visit, extra=""):
    """A newsroom whose source was visited and whose schedule listens since ``NOW``."""
    visit(NOW - 5 * MINUTE, _story(0, NOW - HOUR))
    installation = newsroom(extra)
    assert tick(installation, NOW).made == []
    visit(NOW + timedelta(seconds=10))
    return installation


def test_a_new_article_goes_out_by_itself_when_it_has_settled(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE), _story(2, NOW + 4 * MINUTE))
    assert tick(installation, NOW + 5 * MINUTE + timedelta(seconds=30)).made == []
    done = tick(installation, NOW + 6 * MINUTE)
    assert [(each.slot, len(each.stories)) for each in done.made] == [(NOW + 3 * MINUTE, 1), (NOW + 4 * MINUTE, 1)]
    assert set(done.moved.values()) == {EditionState.SENDING}
    assert tick(installation, NOW + 7 * MINUTE).made == []
    assert _editions(store) == [("g1", "sending"), ("g2", "sending")]


def test_breaking_news_goes_to_inboxes_too(newsroom, visit, store):
    _listening(newsroom, visit)
    mailing = newsroom(channel="mail")
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE))
    (made,) = tick(mailing, NOW + 6 * MINUTE).made
    assert made.stories[0].article.title in made.renditions[0].email.subject
    with store.read() as tx:
        assert tx.deliveries.balance(made.id).snapshot == 1


def test_the_first_run_tells_nothing_that_was_there(newsroom, visit, store):
    visit(NOW - MINUTE, *(_story(number, NOW - number * MINUTE) for number in range(2, 9)))
    installation = newsroom()
    for minutes in range(10):
        tick(installation, NOW + minutes * MINUTE)
    visit(NOW + 10 * MINUTE, _story(20, NOW - 2 * MINUTE))
    tick(installation, NOW + 15 * MINUTE)
    assert _editions(store) == [], "what was published before the schedule began is old, whenever it is seen"


def test_the_archive_of_a_new_source_is_old_whatever_its_age(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    later = NOW + HOUR
    visit(later, *(_story(n, later - n * MINUTE, source="wire") for n in range(1, 30)), source="wire")
    tick(installation, later + 2 * MINUTE)
    assert _editions(store) == []
    visit(later + 5 * MINUTE, _story(40, later + 4 * MINUTE, source="wire"), source="wire")
    tick(installation, later + 7 * MINUTE)
    assert _editions(store) == [("g40", "sending")]


def test_an_edited_article_is_never_told_again_and_the_newest_revision_goes_out(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    first = _story(1, NOW + 3 * MINUTE, title="Harbuor tolls rise for the ferry")
    visit(NOW + 5 * MINUTE, first)
    visit(NOW + 5 * MINUTE + timedelta(seconds=50), replace(first, title="Harbour tolls rise for the ferry"))
    (made,) = tick(installation, NOW + 6 * MINUTE).made
    assert made.stories[0].article.title == "Harbour tolls rise for the ferry"
    dated = replace(first, title="Harbour tolls rise by half", published=NOW + 30 * MINUTE)
    visit(NOW + 31 * MINUTE, dated)
    tick(installation, NOW + 40 * MINUTE)
    assert len(_editions(store)) == 1


@pytest.mark.parametrize(
    "again",
    [
        {"guid": "https://record.example/1", "url": "https://record.example/1/"},
        {"guid": "new", "url": "http://record.example/1?utm_source=x"},
        {"guid": "moved", "url": "https://other.example/moved-here"},
    ],
    ids=["guid became https", "address in another form", "near-copy elsewhere"],
)
def test_what_was_told_is_not_told_under_another_name(newsroom, visit, store, again):
    installation = _listening(newsroom, visit)
    told = _story(1, NOW + 3 * MINUTE, guid="http://record.example/1")
    visit(NOW + 5 * MINUTE, told)
    tick(installation, NOW + 6 * MINUTE)
    visit(NOW + 10 * MINUTE, replace(told, **again, published=NOW + 9 * MINUTE))
    tick(installation, NOW + 12 * MINUTE)
    states = [state for _, state in _editions(store)]
    assert states.count("sending") == 1
    assert set(states) <= {"sending", "skipped"}


def test_two_items_of_one_visit_at_one_address_are_told_once(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    one = _story(1, NOW + 3 * MINUTE)
    other = _story(2, NOW + 4 * MINUTE, url="http://record.example/1/")
    assert identity_key(one.url) == identity_key(other.url)
    visit(NOW + 5 * MINUTE, one, other)
    tick(installation, NOW + 6 * MINUTE)
    assert _editions(store) == [("g1", "sending"), ("g2", "skipped")]
    with store.read() as tx:
        skipped = tx.editions.newest(states=[EditionState.SKIPPED])[0]
    assert "Stands at the address of" in skipped.reason


def test_what_the_selection_refuses_is_kept_with_its_reason_and_judged_once(newsroom, visit, store):
    installation = _listening(newsroom, visit, '[schedules.breaking.selection]\nsections = ["Sport"]\n')
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE), _story(2, NOW + 4 * MINUTE, sections=("Sport",)))
    tick(installation, NOW + 6 * MINUTE)
    tick(installation, NOW + 7 * MINUTE)
    assert _editions(store) == [("g2", "sending")]
    with store.read() as tx:
        ((_, _, reason),) = tx.schedules.left_out("breaking", 10)
    assert reason == "Its section is Harbour; the schedule takes Sport."


def test_nothing_queues_up_while_the_schedule_is_off(newsroom, visit, store):
    _listening(newsroom, visit)
    off = newsroom("enabled = false\n")
    tick(off, NOW + 2 * MINUTE)
    visit(NOW + 5 * MINUTE, _story(1, NOW + 4 * MINUTE))
    tick(off, NOW + 10 * MINUTE)
    on = newsroom()
    tick(on, NOW + 20 * MINUTE)
    visit(NOW + 21 * MINUTE, _story(2, NOW + 19 * MINUTE))
    tick(on, NOW + 25 * MINUTE)
    assert _editions(store) == []
    visit(NOW + 30 * MINUTE, _story(3, NOW + 29 * MINUTE))
    tick(on, NOW + 32 * MINUTE)
    assert _editions(store) == [("g3", "sending")]


@pytest.mark.parametrize(
    ("catch_up", "told"),
    [("", {"g2", "g3"}), ('catch_up = "latest"\n', {"g3"}), ('catch_up = "skip"\n', set())],
)
def test_after_an_outage_what_is_not_too_late_goes_out_and_the_rest_is_on_record(
    newsroom, visit, store, catch_up, told
):
    installation = _listening(newsroom, visit, catch_up)
    up = NOW + 10 * HOUR
    visit(up, _story(1, up - 5 * HOUR), _story(2, up - 2 * HOUR), _story(3, up - HOUR))
    tick(installation, up + MINUTE)
    states = dict(_editions(store))
    assert {guid for guid, state in states.items() if state == "sending"} == told
    assert {guid for guid, state in states.items() if state == "skipped"} == {"g1", "g2", "g3"} - told
    with store.read() as tx:
        assert all(each.reason for each in tx.editions.newest(states=[EditionState.SKIPPED]))
    tick(installation, up + 2 * MINUTE)
    assert dict(_editions(store)) == states


def test_a_source_that_failed_for_hours_is_caught_up_on_as_after_an_outage(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    for hours in range(1, 6):
        visit(NOW + hours * HOUR, error="down")
        tick(installation, NOW + hours * HOUR)
    visit(NOW + 6 * HOUR, _story(1, NOW + HOUR), _story(2, NOW + 5 * HOUR))
    tick(installation, NOW + 6 * HOUR + MINUTE)
    assert _editions(store) == [("g1", "skipped"), ("g2", "sending")]


def test_a_backdated_article_is_new_when_it_appears(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    visit(NOW + 5 * MINUTE, _story(1, NOW - 30 * HOUR))
    tick(installation, NOW + 6 * MINUTE)
    assert _editions(store) == [("g1", "sending")]
    visit(NOW + 10 * MINUTE, _story(2, NOW - timedelta(days=4)))
    tick(installation, NOW + 12 * MINUTE)
    assert _editions(store) == [("g1", "sending")], "older than max_age"


@pytest.mark.parametrize("moved", [timedelta(0), -HOUR, 2 * HOUR])
def test_an_embargo_is_waited_for_also_when_it_is_moved(newsroom, visit, store, moved):
    installation = _listening(newsroom, visit)
    hour = NOW + 5 * HOUR
    visit(NOW + 5 * MINUTE, _story(1, hour))
    tick(installation, NOW + 10 * MINUTE)
    if moved:
        visit(NOW + 3 * HOUR, _story(1, hour + moved))
    for minutes in range(0, 10 * 60, 20):
        at = NOW + 10 * MINUTE + minutes * MINUTE
        made = tick(installation, at).made
        if made:
            assert hour + moved <= at < hour + moved + 21 * MINUTE
    assert _editions(store) == [("g1", "sending")]


def test_a_tick_takes_so_many_and_the_next_one_the_rest(newsroom, visit, store):
    installation = _listening(newsroom, visit, "[schedules.breaking.selection]\nmaximum = 2\n")
    visit(NOW + 5 * MINUTE, *(_story(number, NOW + 3 * MINUTE) for number in range(1, 6)))
    made = [len(tick(installation, NOW + 6 * MINUTE + timedelta(seconds=2 * look)).made) for look in range(4)]
    assert made == [2, 2, 1, 0]


def test_a_flood_waits_for_an_editor_to_the_last_of_it(newsroom, visit, store):
    installation = _listening(newsroom, visit, "[schedules.breaking.selection]\nmaximum = 2\nflood = 3\n")
    visit(NOW + 5 * MINUTE, *(_story(number, NOW + 3 * MINUTE) for number in range(1, 6)))
    for look in range(4):
        # A new process each time: what was a flood stays one.
        tick(newsroom("[schedules.breaking.selection]\nmaximum = 2\nflood = 3\n"), NOW + (6 + look) * MINUTE)
    assert {state for _, state in _editions(store)} == {"held"}
    assert len(_editions(store)) == 5
    visit(NOW + 20 * MINUTE, _story(9, NOW + 19 * MINUTE))
    tick(installation, NOW + 22 * MINUTE)
    assert _editions(store)[-1] == ("g9", "sending")


def test_two_tickers_at_once_make_one_edition_an_article(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    visit(NOW + 5 * MINUTE, *(_story(number, NOW + 3 * MINUTE) for number in range(1, 5)))
    start, made = threading.Barrier(2), []

    def run():
        start.wait()
        made.append(tick(installation, NOW + 6 * MINUTE))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.failed for each in made] == [[], []]
    assert sum(len(each.made) for each in made) == 4
    assert sorted(guid for guid, _ in _editions(store)) == ["g1", "g2", "g3", "g4"]


def test_a_process_that_ended_half_way_goes_on(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE), _story(2, NOW + 4 * MINUTE))
    with store.read() as tx:
        first = next(each for each in tx.articles.newest() if each.guid == "g1")
    make(installation, "breaking", article_slot("breaking", first.id, NOW + 3 * MINUTE), NOW + 6 * MINUTE)
    tick(newsroom(), NOW + 6 * MINUTE)
    tick(newsroom(), NOW + 7 * MINUTE)
    assert _editions(store) == [("g1", "sending"), ("g2", "sending")]


def test_an_article_that_a_long_visit_brings_late_is_not_overlooked(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    for minutes in range(0, 60, 5):
        tick(installation, NOW + minutes * MINUTE)
    visit(NOW + 20 * MINUTE, _story(1, NOW + 18 * MINUTE))
    tick(installation, NOW + 60 * MINUTE)
    assert _editions(store) == [("g1", "sending")]


def test_one_article_that_cannot_be_made_stops_no_other(newsroom, visit, store):
    _listening(newsroom, visit)
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE, title="Nine char"), _story(2, NOW + 4 * MINUTE))
    broken = newsroom('subject = "{{ 1 / (lead.title | length - 9) }}"\n', channel="mail")
    done = tick(broken, NOW + 6 * MINUTE)
    assert len(done.made) == 1
    assert len(done.failed) == 1
    tick(newsroom(channel="mail"), NOW + 7 * MINUTE)
    assert sorted(_editions(store)) == [("g1", "sending"), ("g2", "sending")]


def test_with_approval_it_waits_and_goes_out_when_it_is_approved(newsroom, visit, store):
    installation = _listening(newsroom, visit, "approval = true\n")
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE))
    (made,) = tick(installation, NOW + 6 * MINUTE).made
    assert made.state is EditionState.AWAITING
    tick(installation, NOW + 30 * MINUTE)
    assert _editions(store) == [("g1", "awaiting")], "an editor has half an hour"
    tick(installation, NOW + 40 * MINUTE)
    assert _editions(store) == [("g1", "held")]


def test_the_sources_of_what_is_about_to_be_told_are_named(newsroom, visit):
    installation = _listening(newsroom, visit)
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE))
    assert sources_due(installation, NOW + 5 * MINUTE) == {}
    assert set(sources_due(installation, NOW + 6 * MINUTE).values()) == {"site"}
    tick(installation, NOW + 6 * MINUTE)
    assert sources_due(installation, NOW + 7 * MINUTE) == {}


def test_a_tick_with_nothing_new_asks_little_and_writes_nothing(newsroom, visit, store, monkeypatch):
    installation = _listening(newsroom, visit)
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE))
    tick(installation, NOW + 6 * MINUTE)
    monkeypatch.setattr(type(store), "write", lambda self, **_: pytest.fail("a tick wrote"))
    monkeypatch.setattr("bot.schedules.on_publish.circumstances", lambda *_: pytest.fail("a tick judged"))
    monkeypatch.setattr("bot.schedules.tick.advance_waiting", lambda *_, **__: None)
    monkeypatch.setattr("bot.schedules.tick.stop_withdrawn", lambda *_: [])
    assert tick(installation, NOW + 7 * MINUTE).failed == []


def test_an_id_that_a_restored_store_gives_again_makes_another_edition(newsroom):
    installation = newsroom()
    frames = [installation.frame("breaking", article_slot("breaking", 7, NOW + late)) for late in (MINUTE, HOUR)]
    assert frames[0].edition != frames[1].edition


def test_a_restored_store_tells_nothing_that_appeared_before_the_editors_word(newsroom, visit, store):
    installation = _listening(newsroom, visit)
    with store.write() as tx:
        tx.flags.set(RESTORED, Restored(backup=NOW + MINUTE, at=NOW + HOUR).text(), NOW)
    visit(NOW + HOUR, _story(1, NOW + 30 * MINUTE), _story(2, NOW + 50 * MINUTE))
    assert tick(installation, NOW + HOUR + 2 * MINUTE).made == []
    reconcile(installation, all_sent=True, who="ida", now=NOW + 2 * HOUR)
    tick(installation, NOW + 2 * HOUR + MINUTE)
    assert _editions(store) == []
    visit(NOW + 2 * HOUR + 5 * MINUTE, _story(3, NOW + 2 * HOUR + 3 * MINUTE))
    tick(installation, NOW + 2 * HOUR + 7 * MINUTE)
    assert _editions(store) == [("g3", "sending")]


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_look_for_what_is_new_goes_by_indexes(store):
    # PostgreSQL plans by what the tables hold.
    with store.read() as tx:
        asked = []
        event.listen(tx.connection, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        tx.articles.arrived("breaking", floor=NOW, after=NOW, settled=NOW, now=NOW, limit=9)
        statement, values = next(each for each in asked if each[0].startswith("SELECT"))
        plan = [row[3] for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert not [line for line in plan if line.startswith("SCAN")], plan


def test_run_makes_the_newest_at_once_and_nothing_outside_of_what_appears(newsroom, visit, clock):
    installation = _listening(newsroom, visit)
    with pytest.raises(NothingToDo, match="none is new"):
        due_slot(installation, "breaking", NOW + MINUTE)
    visit(NOW + 5 * MINUTE, _story(1, NOW + 3 * MINUTE))
    assert due_slot(installation, "breaking", NOW + 5 * MINUTE).key.startswith("article:")
    with pytest.raises(UsageError, match="as it appears"):
        extra_slot(installation, "breaking", NOW)


def test_a_source_that_was_never_visited_well_is_at_its_first_visit(visit, store):
    visit(NOW, error="down")
    visit(NOW + MINUTE, _story(1, NOW))
    with store.read() as tx:
        assert tx.sources.get("site") == SourceState(source="site", last_visit=NOW + MINUTE, last_success=NOW + MINUTE)
        arrived = tx.articles.arrived(
            "breaking", floor=NOW - HOUR, after=NOW - HOUR, settled=NOW + HOUR, now=NOW + HOUR, limit=9
        )
    assert arrived == []


def test_what_cannot_be_told_keeps_no_other_article_waiting(newsroom, visit, store, tmp_path):
    (tmp_path / "templates" / "posts").mkdir(parents=True)
    (tmp_path / "templates" / "posts" / "default.txt.j2").write_text(
        "{{ title }} {{ 1 // (0 if 'harbour1 ' in title or 'harbour2 ' in title else 1) }}", "utf-8"
    )
    installation = _listening(newsroom, visit, "\n[schedules.breaking.selection]\nmaximum = 1\n")
    at = NOW + MINUTE
    visit(at, *(_story(number, at) for number in (1, 2, 3, 4)))
    for tick_at in (at + 2 * MINUTE, at + 3 * MINUTE):
        assert len(tick(installation, tick_at).failed) == 2
    assert sorted(guid for guid, _ in _editions(store)) == ["g3", "g4"]
