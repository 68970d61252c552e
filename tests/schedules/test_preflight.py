from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.delivery.alert import Command
from bot.delivery.alerts import due
from bot.delivery.sending import begin_sending
from bot.editions import lifecycle
from bot.errors import NotFound
from bot.model import EditionState, Grade
from bot.schedules.installation import Installation
from bot.schedules.plan import Slot
from bot.schedules.preflight import findings, look, look_at_new, looked, reached
from bot.schedules.slot import make
from bot.settings.tables import AlertsTable
from bot.testing import KEYS, NOW, settings, subscribe
from tests.schedules.conftest import SCHEDULE
from tests.test_http import Server

SLOT = Slot("morning", "2026-11-24T07:00", NOW)
LOOPBACK = "\n[http]\nallow_loopback = true\n"
WEEKLY = """
[schedules.weekly]
name = "The week"
cron = "0 9 * * 2"
audience = "readers"
channels = ["mail"]
"""


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def open_newsroom(store, clock, tmp_path, newsroom):
    """An installation that may reach this machine; ``extra`` stands at the end of its settings."""

    def build(extra=""):
        return Installation(settings(tmp_path, SCHEDULE + extra + LOOPBACK), store, KEYS, clock)

    return build


def of(found, check):
    return [(each.grade, each.said) for each in found if each.check == check]


def shown(installation, edition):
    with installation.store.read() as tx:
        return findings(tx, installation, tx.editions.get(edition))


def acts(store, edition):
    with store.read() as tx:
        return [each for each in tx.acts.newest(thing=f"edition:{edition}") if each.what == "preflight"]


def test_who_looks_at_an_edition_asks_nobody(open_newsroom, publish, server):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    assert (Grade.OPEN, "2 links not looked at yet") in of(shown(installation, made.id), "links")
    assert server.seen == []


def test_once_an_edition_is_made_its_addresses_are_asked_once_and_kept(open_newsroom, publish, server):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    assert look_at_new(installation, NOW) == [made.id]
    assert look_at_new(installation, NOW) == []
    assert [path for _, path, *_ in server.seen] == ["/ferry"]
    assert of(shown(installation, made.id), "links") == [
        (Grade.OK, "No dead link: 1 of 2 answer, the other one is for you to try")
    ]


def test_an_edition_that_waits_is_asked_again_after_some_hours(open_newsroom, publish, server, clock):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    look_at_new(installation, NOW)
    clock.advance(hours=7)
    assert look_at_new(installation, clock()) == [made.id]


def test_an_edition_whose_stories_changed_is_asked_again(open_newsroom, publish, store, server):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    look_at_new(installation, NOW)
    story = made.stories[0]
    moved = replace(story, article=replace(story.article, url=server.says("/moved", 404)))
    with store.write() as tx:
        tx.editions.replace_stories(replace(made, stories=(moved,)))
    assert look_at_new(installation, NOW) == [made.id]
    assert of(shown(installation, made.id), "links") == [(Grade.FAULT, "1 link leads nowhere")]


def test_faults_hold_up_nothing_and_are_told_where_nobody_approves(open_newsroom, publish, store, server):
    publish("The ferry returns", url=server.says("/ferry", 404))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    look(installation, made.id)
    look(installation, made.id)
    (act,) = acts(store, made.id)
    assert "1 link leads nowhere" in act.note and "The ferry returns" in act.note
    with store.read() as tx:
        (alert,) = due(tx, AlertsTable(), "UTC", NOW)
        assert tx.editions.state(made.id) is EditionState.DRAFTED
    assert alert.title == "Morning briefing: a look at it found faults"
    assert Command(f"broadsheet hold {made.id}", "holds it") in alert.do


def test_who_approves_is_told_by_when_and_what_needs_a_look(newsroom, publish, store):
    publish("The ferry returns", url="http://10.0.0.8/ferry")
    installation = newsroom("approval = true\n")
    made = make(installation, "morning", SLOT, NOW)
    assert made.state is EditionState.AWAITING
    with store.read() as tx:
        assert due(tx, AlertsTable(), "UTC", NOW) == []
    look(installation, made.id)
    assert acts(store, made.id) == []
    with store.read() as tx:
        (alert,) = due(tx, AlertsTable(), "UTC", NOW)
    assert (alert.status, alert.title) == ("Awaiting approval", "Morning briefing waits for your approval")
    assert "Approve it by 24 November 2026, 07:00, and it goes out then." in alert.said
    assert "1 link leads nowhere" in dict(alert.facts)["Needs a look"]
    assert alert.do[0] == Command(f"broadsheet approve {made.id}")
    assert alert.page == f"editions/{made.id}"
    lifecycle.approve(store, made.id, who="ida", now=NOW)
    with store.read() as tx:
        assert due(tx, AlertsTable(), "UTC", NOW) == []


def test_an_approval_is_asked_for_though_nobody_looked(newsroom, publish, store):
    publish("The ferry returns")
    make(newsroom("approval = true\n"), "morning", SLOT, NOW)
    with store.read() as tx:
        (alert,) = due(tx, AlertsTable(), "UTC", NOW + timedelta(minutes=3))
    assert "Needs a look" not in dict(alert.facts)


def test_the_alert_of_a_held_edition_says_what_needs_a_look(newsroom, publish, store):
    publish("The ferry returns", url="http://10.0.0.8/ferry")
    installation = newsroom("approval = true\n")
    made = make(installation, "morning", SLOT, NOW)
    look(installation, made.id)
    lifecycle.hold(store, made.id, who="broadsheet", now=NOW, note="nobody approved it by its slot")
    with store.read() as tx:
        (alert,) = due(tx, AlertsTable(), "UTC", NOW)
    assert "1 link leads nowhere" in dict(alert.facts)["Needs a look"]


def test_what_another_schedule_sent_to_the_same_readers_is_to_know(open_newsroom, publish, store):
    publish("The ferry returns", hours=1)
    installation = open_newsroom(WEEKLY)
    subscribe(store, "reader@example.org")
    daily = make(installation, "morning", SLOT, NOW)
    weekly = make(installation, "weekly", Slot("weekly", "2026-11-24T09:00", NOW + timedelta(hours=2)), NOW)
    assert of(shown(installation, weekly.id), "ran") == []
    assert begin_sending(store, daily, audience="readers", now=NOW)
    (found,) = [each for each in shown(installation, weekly.id) if each.check == "ran"]
    assert (found.grade, found.said) == (Grade.WARNING, "1 story was sent to these readers already")
    assert "Morning briefing" in found.where
    assert of(shown(installation, daily.id), "ran") == []


def test_a_subject_that_the_same_readers_had_lately_is_to_know(open_newsroom, publish, store):
    publish("The ferry returns", hours=1)
    installation = open_newsroom(WEEKLY)
    subscribe(store, "reader@example.org")
    daily = make(installation, "morning", SLOT, NOW)
    weekly = make(installation, "weekly", Slot("weekly", "2026-11-24T09:00", NOW + timedelta(hours=2)), NOW)
    said = "The subject is the same as in Morning briefing, 24 November 2026, 07:00"
    assert said not in [each for _, each in of(shown(installation, weekly.id), "subject")]
    assert begin_sending(store, daily, audience="readers", now=NOW)
    assert (Grade.WARNING, said) in of(shown(installation, weekly.id), "subject")
    assert Grade.WARNING not in [grade for grade, _ in of(shown(installation, daily.id), "subject")]


def test_a_subject_that_a_schedule_always_has_is_not_said_to_be_the_same(open_newsroom, publish, store):
    publish("The ferry returns", hours=1)
    installation = open_newsroom(WEEKLY + 'subject = "Your week"\n')
    subscribe(store, "reader@example.org")
    last = make(installation, "weekly", Slot("weekly", "2026-11-24T08:00", NOW), NOW)
    assert begin_sending(store, last, audience="readers", now=NOW)
    publish("The library opens", hours=-1)
    later = NOW + timedelta(hours=2)
    this = make(installation, "weekly", Slot("weekly", "2026-11-24T09:00", later), later)
    assert [grade for grade, _ in of(shown(installation, this.id), "subject")] == [Grade.OK]


def test_a_story_that_its_own_schedule_sent_is_to_know_too(open_newsroom, publish, store):
    publish("The ferry returns", hours=1)
    installation = open_newsroom()
    subscribe(store, "reader@example.org")
    first = make(installation, "morning", SLOT, NOW)
    assert begin_sending(store, first, audience="readers", now=NOW)
    later = replace(first, id="again", slot=NOW + timedelta(hours=2), slot_key="extra:1", state=EditionState.DRAFTED)
    with store.read() as tx:
        found = looked(tx, installation, later)
    assert [(each.name, each.slot, each.article) for each in found.ran] == [
        ("Morning briefing", NOW, first.stories[0].article.id)
    ]
    with store.read() as tx:
        assert looked(tx, installation, replace(later, slot_key="correction:1")).ran == ()


def test_an_edition_without_stories_is_not_looked_at(newsroom, store):
    installation = newsroom()
    made = make(installation, "morning", SLOT, NOW)
    assert made.state is EditionState.SKIPPED
    assert look_at_new(installation, NOW) == []
    assert shown(installation, made.id) == ()


def test_an_edition_that_does_not_exist_is_said(newsroom):
    with pytest.raises(NotFound, match="there is no edition nope"):
        look(newsroom(), "nope")


def test_the_selection_stays_in_the_report(open_newsroom, publish, store, server):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    look(installation, made.id)
    with store.read() as tx:
        assert tx.editions.report(made.id)["picks"]
        assert reached(tx, made.id).at == NOW


def test_what_was_stopped_half_way_is_not_kept(open_newsroom, publish, store, server):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    assert look(installation, made.id, stop=lambda: True) == ()
    with store.read() as tx:
        assert reached(tx, made.id) is None


def test_what_was_asked_is_kept_though_the_look_at_it_fails(open_newsroom, publish, store, server, clock, monkeypatch):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)

    def fails(*_arguments, **_more):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("bot.schedules.preflight.preflight", fails)
    for _ in range(3):
        look_at_new(installation, clock())
        clock.advance(minutes=10)
    with store.read() as tx:
        assert reached(tx, made.id).at == NOW
    assert [path for _, path, *_ in server.seen] == ["/ferry"]


def test_of_several_processes_one_asks(open_newsroom, publish, store, server, clock):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    threads = [threading.Thread(target=look_at_new, args=(installation, NOW)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [path for _, path, *_ in server.seen] == ["/ferry"]
    clock.advance(hours=7)
    assert look_at_new(installation, clock()) == [made.id]


def _die():
    raise KeyboardInterrupt


def test_the_claim_of_a_process_that_died_over_it_runs_out(open_newsroom, publish, store, server, clock):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    with pytest.raises(KeyboardInterrupt):
        look_at_new(installation, NOW, stop=_die)
    assert look_at_new(installation, clock()) == []
    clock.advance(minutes=6)
    assert look_at_new(installation, clock()) == [made.id]
    with store.read() as tx:
        assert reached(tx, made.id) is not None


def test_one_that_was_stopped_half_way_leaves_it_to_the_next(open_newsroom, publish, server):
    publish("The ferry returns", url=server.says("/ferry"))
    installation = open_newsroom()
    made = make(installation, "morning", SLOT, NOW)
    look_at_new(installation, NOW, stop=lambda: True)
    assert look_at_new(installation, NOW) == [made.id]
