from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from bot.audience.links import ReaderLink
from bot.audience.preferences import Asked, Offer, pause_bounds, paused, prefer
from bot.model import Newsroom, Preferences
from bot.testing import NOW, subscribe

RECORD = Newsroom(name="The Record", url="https://record.example", language="en-GB", timezone="Europe/Lisbon")
OFFER = Offer(topics=("City hall", "Harbour", "Sport"), schedules=("daily", "weekly"))


@pytest.fixture
def link(store):
    return ReaderLink(subscribe(store, "mara@example.org")[0], "readers")


@pytest.fixture
def ask(store, link, clock):
    def ask(offers=None, **wanted):
        offers = offers or {"readers": OFFER}
        return prefer(store, link, Asked(**wanted), offers=offers, newsroom=RECORD, clock=clock)

    return ask


def _kept(store, link, audience="readers"):
    with store.read() as tx:
        return tx.subscribers.get(link.subscriber, audience).preferences


def test_what_was_chosen_is_kept(store, link, ask):
    saved = ask(
        topics={"readers": ["Harbour"]},
        schedules={"readers": ["weekly"]},
        hour="7",
        timezone="Asia/Tokyo",
        language="ja",
        paused_until="2026-12-14",
    )
    assert (saved.wrong, saved.changed) == (frozenset(), ("readers",))
    assert _kept(store, link) == Preferences(
        topics=("Harbour",),
        schedules=("weekly",),
        hour=7,
        timezone="Asia/Tokyo",
        language="ja",
        paused_until=date(2026, 12, 14),
    )


@pytest.mark.parametrize("ticked", [[], ["City hall", "Harbour", "Sport"]])
def test_none_or_all_topics_are_all(store, link, ask, ticked):
    ask(topics={"readers": ["Harbour"]})
    ask(topics={"readers": ticked})
    assert _kept(store, link) == Preferences()


def test_all_schedules_are_all_that_will_ever_be(store, link, ask):
    ask(schedules={"readers": ["daily", "weekly"]})
    assert _kept(store, link).schedules is None


def test_no_schedule_at_all_is_no_choice_and_saves_nothing(store, link, ask):
    saved = ask(schedules={"readers": []}, hour="7")
    assert saved.wrong == {"schedules:readers"}
    assert _kept(store, link) == Preferences()


def test_what_is_not_offered_is_passed_over(store, link, ask):
    ask(topics={"readers": ["Harbour", "Secret", "<script>"]}, schedules={"readers": ["weekly", "staff"]})
    assert (_kept(store, link).topics, _kept(store, link).schedules) == (("Harbour",), ("weekly",))


def test_an_audience_that_was_not_shown_keeps_its_topics(store, link, ask):
    ask(topics={"readers": ["Harbour"]}, schedules={"readers": ["weekly"]})
    ask(hour="9")
    assert _kept(store, link) == Preferences(topics=("Harbour",), schedules=("weekly",), hour=9)


def test_hour_language_and_pause_hold_for_all_audiences_of_the_reader(store, link, ask):
    subscribe(store, "mara@example.org", audience="weekend")
    ask(topics={"readers": ["Harbour"]}, hour="7", language="fr")
    assert _kept(store, link, "weekend") == Preferences(hour=7, language="fr")


def test_an_audience_the_reader_left_is_not_touched(store, link, ask):
    subscribe(store, "mara@example.org", audience="weekend")
    with store.write() as tx:
        tx.subscribers.unsubscribe(link.subscriber, "weekend", via="test", now=NOW)
    ask(hour="7")
    assert _kept(store, link, "weekend") == Preferences()


def test_what_the_newsroom_has_is_not_kept_as_a_choice(store, link, ask):
    ask(timezone="Europe/Lisbon", language="en")
    assert _kept(store, link) == Preferences()


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("hour", "24"),
        ("hour", "-1"),
        ("hour", "07"),
        ("hour", "٧"),
        ("hour", "noon"),
        ("timezone", "Mars/Olympus"),
        ("timezone", "../../etc/passwd"),
        ("timezone", "/etc/localtime"),
        ("timezone", "x" * 60_000),
        ("timezone", "Europe\0Lisbon"),
        ("language", "xx"),
        ("language", "../en"),
        ("paused_until", "tomorrow"),
        ("paused_until", "14.12.2026"),
        ("paused_until", "2026-W51-1"),
        ("paused_until", "2026-02-30"),
        ("paused_until", "2026-11-24"),
        ("paused_until", "2027-11-26"),
    ],
)
def test_what_nobody_can_choose_is_refused_by_name_and_nothing_is_saved(store, link, ask, field, text):
    saved = ask(**{"topics": {"readers": ["Harbour"]}, field: text})
    assert saved.wrong == {field}
    assert _kept(store, link) == Preferences()
    with store.read() as tx:
        assert tx.acts.newest() == []


@pytest.mark.parametrize("text", ["2026-11-25", "2027-11-25"])
def test_a_pause_lasts_from_a_day_to_a_year(store, link, ask, text):
    assert not ask(paused_until=text).wrong
    assert _kept(store, link).paused_until == date.fromisoformat(text)


def test_the_days_of_a_pause_are_the_readers_own():
    late = NOW.replace(hour=22)
    assert pause_bounds("Asia/Tokyo", late)[0] == date(2026, 11, 26)
    assert pause_bounds("America/Los_Angeles", late)[0] == date(2026, 11, 25)
    until = Preferences(paused_until=date(2026, 11, 25), timezone="Asia/Tokyo")
    assert paused(until, RECORD, NOW.replace(hour=14)) == date(2026, 11, 25)
    assert paused(until, RECORD, NOW.replace(hour=15)) is None


def test_the_act_is_on_record_with_what_was_before_and_after_and_without_the_address(store, link, ask):
    ask(hour="7")
    ask(hour="8")
    with store.read() as tx:
        act = tx.acts.newest()[0]
    assert (act.who, act.what, act.thing, act.note) == ("reader", "prefer", f"subscriber:{link.subscriber}", "readers")
    assert (json.loads(act.before), json.loads(act.after)) == ({"hour": 7}, {"hour": 8})
    assert "@" not in f"{act}"


def test_saving_the_same_again_is_no_act(store, link, ask, clock):
    ask(hour="7")
    clock.advance(hours=1)
    assert ask(hour="7").changed == ()
    with store.read() as tx:
        assert len(tx.acts.newest()) == 1


def test_a_reader_who_was_erased_chooses_nothing(store, link, ask):
    with store.write() as tx:
        tx.subscribers.forget("mara@example.org", NOW)
    assert ask(hour="7").changed == ()


def test_a_pause_is_over_by_itself():
    until = Preferences(paused_until=date(2026, 11, 20))
    assert paused(until, RECORD, NOW) is None
    assert paused(until, RECORD, NOW - timedelta(days=10)) == date(2026, 11, 20)
