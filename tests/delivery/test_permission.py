"""Permissions that end: told 14, 7 and 1 days ahead and when they have ended, each once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.clock import SetClock
from bot.delivery.alerts import FAILED, TOLD
from bot.delivery.permission import consequence, headline, permissions_due, stage
from bot.settings.tables import AlertsTable
from bot.store import Store
from bot.testing import NOW

RULES = AlertsTable(channels=("mail",))


def ends(store: Store, name: str, **after: float) -> None:
    with store.write() as tx:
        serial = tx.channels.get(name).serial
        tx.channels.save(name, "gAAAA", account="@record", expires=NOW + timedelta(**after), now=NOW, serial=serial)


def told(store: Store, clock: SetClock, *, how: str = TOLD) -> list[str]:
    """The flags of what is due, which somebody is told of then."""
    with store.write() as tx:
        due = permissions_due(tx, RULES, ("news",), "Europe/Berlin", clock())
        for each in due:
            tx.flags.set(each.flag, how, clock())
    return [each.flag for each in due]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=14, seconds=1), None),
        (timedelta(days=14), 14),
        (timedelta(days=7, seconds=1), 14),
        (timedelta(days=7), 7),
        (timedelta(days=1, seconds=1), 7),
        (timedelta(days=1), 1),
        (timedelta(seconds=1), 1),
        (timedelta(0), 0),
        (timedelta(days=-9), 0),
    ],
)
def test_the_stages_are_two_weeks_a_week_a_day_and_the_end(left: timedelta, expected: int | None) -> None:
    assert stage(NOW + left, NOW) == expected
    assert stage(None, NOW) is None


def test_each_stage_is_told_once(store: Store, clock: SetClock) -> None:
    ends(store, "news", days=15)
    seen = []
    for _ in range(24 * 18):
        seen += told(store, clock)
        clock.advance(hours=1)
    assert seen == [f"alert:permission:{days}:news" for days in (14, 7, 1, 0)]


def test_an_installation_that_was_down_is_told_how_it_is_now_and_no_more(store: Store, clock: SetClock) -> None:
    ends(store, "news", days=15)
    clock.advance(days=12)
    assert told(store, clock) == ["alert:permission:7:news"]
    assert told(store, clock) == []


def test_what_reached_nobody_is_told_again(store: Store, clock: SetClock) -> None:
    ends(store, "news", days=5)
    told(store, clock, how=FAILED)
    assert told(store, clock) == []
    clock.advance(minutes=6)
    assert told(store, clock) == ["alert:permission:7:news"]


def test_a_permission_that_was_renewed_is_told_of_anew_when_it_ends(store: Store, clock: SetClock) -> None:
    ends(store, "news", days=5)
    assert told(store, clock)
    ends(store, "news", days=65)
    assert told(store, clock) == []
    clock.advance(days=60)
    assert told(store, clock) == ["alert:permission:7:news"]


def test_channels_that_left_the_settings_are_not_told_of(store: Store, clock: SetClock) -> None:
    ends(store, "other", days=1)
    assert told(store, clock) == []


def test_what_ended_long_ago_is_no_news(store: Store, clock: SetClock) -> None:
    ends(store, "news", days=-31)
    assert told(store, clock) == []


def test_an_alert_says_when_what_it_means_and_what_to_do(store: Store, clock: SetClock) -> None:
    ends(store, "news", days=6, hours=5)
    with store.read() as tx:
        (alert,) = permissions_due(tx, RULES, ("news",), "Europe/Berlin", clock())
    assert alert.title == "news stops in 6 days"
    assert alert.said[0] == "Its permission ends on 30 November 2026, 13:00."
    assert ("Account", "@record") in alert.facts
    assert alert.do[0].line == "broadsheet channels connect news"
    assert alert.page == "channels/news"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=13, hours=23), "news stops in 13 days"),
        (timedelta(hours=47), "news stops in 47 hours"),
        (timedelta(hours=1), "news stops within two hours"),
        (timedelta(0), "news has stopped: its permission has ended"),
    ],
)
def test_the_headline_never_promises_more_time_than_there_is(left: timedelta, said: str) -> None:
    assert headline("news", NOW + left, NOW) == said


def test_an_ended_permission_says_that_nothing_is_lost() -> None:
    assert "Its posts wait; nothing is lost." in " ".join(consequence(NOW, NOW, "UTC"))
