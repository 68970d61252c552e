from __future__ import annotations

from collections import Counter
from datetime import timedelta

from bot.model import EditionState
from bot.schedules import agenda as agenda_
from bot.schedules.agenda import agenda
from bot.schedules.moving import move, skip_slot
from bot.schedules.needs import Kind, needs
from bot.schedules.tick import tick
from bot.store.sources import SourceState
from bot.testing import NOW, edition

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _told(store, installation, start, until, now=NOW):
    with store.read() as tx:
        found = agenda(tx, installation, start, until, now)
    return [(each.key, each.due, str(each.state or "planned")) for each in found]


def test_editions_and_slots_to_come_stand_by_their_times_each_once(newsroom, publish, store):
    installation = newsroom()
    tick(installation, NOW - HOUR)
    publish("The ferry returns")
    tick(installation, NOW)
    move(installation, "morning", "2026-11-26T07:00", NOW + DAY - HOUR, who="Inés", now=NOW)
    skip_slot(installation, "morning", "2026-11-25T07:00", who="Inés", now=NOW)
    assert _told(store, installation, NOW - DAY, NOW + 3 * DAY + HOUR) == [
        ("2026-11-24T07:00", NOW, "sending"),
        ("2026-11-26T07:00", NOW + DAY - HOUR, "planned"),
        ("2026-11-25T07:00", NOW + DAY, "skipped"),
        ("2026-11-27T07:00", NOW + 3 * DAY, "planned"),
    ]
    with store.read() as tx:
        first = agenda(tx, installation, NOW + HOUR, NOW + DAY, NOW)[0]
    assert (first.moved_by, first.was) == ("Inés", NOW + 2 * DAY)


def test_of_a_schedule_that_goes_out_each_minute_every_day_tells_some(newsroom, store, monkeypatch):
    monkeypatch.setattr(agenda_, "MOST_SLOTS", 100)
    installation = newsroom(cron="* * * * *")
    told = Counter(due.date() for _, due, _ in _told(store, installation, NOW - 7 * HOUR, NOW + 5 * DAY - 7 * HOUR))
    assert list(told.values()) == [agenda_.A_DAY] * 5


def test_what_waits_for_somebody_is_told_the_most_urgent_first(newsroom, store):
    installation = newsroom("approval = true\n")
    for name, state, slot in [
        ("Late", EditionState.AWAITING, NOW + 2 * HOUR),
        ("Soon", EditionState.AWAITING, NOW + HOUR),
        ("Stopped", EditionState.PAUSED, NOW - HOUR),
    ]:
        made = edition(name=name, state=state, slot=slot, stories=(), renditions=())
        with store.write() as tx:
            tx.editions.add(made, expires=slot + HOUR, report={})
    with store.write() as tx:
        tx.channels.pause("mail", "mail: refused; run `broadsheet channels resume mail`", NOW)
        tx.sources.put(SourceState(source="nobody's", failures=3))
    with store.read() as tx:
        found = needs(tx, installation, NOW)
    assert [(each.kind, each.name) for each in found] == [
        (Kind.APPROVE, "Soon"),
        (Kind.APPROVE, "Late"),
        (Kind.RESUME, "Stopped"),
        (Kind.CHANNEL, "mail"),
    ]
    assert found[-1].why == "refused"
