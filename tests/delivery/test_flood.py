"""When confirmations stop, and that they come back by themselves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.delivery.flood import LEAST, STOPPED, TRIAL, flooded, watch
from bot.model import Evidence, Preferences, Signup, SignupOutcome
from bot.store.signups import Confirmed
from bot.testing import NOW


def sent(store, count, *, at, confirmed=0, prefix="r"):
    """So many confirmations that went out at that moment."""
    with store.write() as tx:
        for number in range(count):
            name = f"{prefix}{number}-{at:%d%H%M}"
            tx.signups.add(
                Signup(
                    id=name[:26],
                    address=f"{name}@example.org",
                    choices={"readers": Preferences()},
                    language="en",
                    evidence=Evidence(form="page"),
                    requested=at,
                )
            )
            tx.signups.went_ahead(name[:26], SignupOutcome.CONFIRM, at)
            if number < confirmed:
                tx.signups.confirm(name[:26], at)


@pytest.mark.parametrize(
    ("mailed", "confirmed", "usual", "flood"),
    [
        (LEAST, 0, 0, True),
        (LEAST - 1, 0, 0, False),
        (1000, 500, 0, False),
        (1000, 200, 0, False),
        (1000, 199, 0, True),
        (100, 0, 25, False),
        (101, 0, 25, True),
    ],
)
def test_many_unconfirmed_few_confirmed_and_more_than_usual_are_a_flood(mailed, confirmed, usual, flood):
    assert flooded(Confirmed(mailed, confirmed), usual) is flood


def test_a_flood_stops_confirmations_with_an_act_and_they_come_back_by_themselves(store):
    sent(store, 40, at=NOW - timedelta(minutes=20))
    assert watch(store, NOW) == STOPPED
    assert watch(store, NOW + timedelta(minutes=59)) == STOPPED
    assert watch(store, NOW + timedelta(minutes=60)) == TRIAL
    assert watch(store, NOW + timedelta(minutes=119)) == TRIAL
    assert watch(store, NOW + timedelta(minutes=120)) == ""
    with store.read() as tx:
        acts = [(act.what, act.who) for act in reversed(tx.acts.newest(thing="signup"))]
        (first,) = [act for act in tx.acts.newest(thing="signup") if act.after == STOPPED]
    assert acts == [
        ("stop confirmations", "broadsheet"),
        ("try confirmations", "broadsheet"),
        ("resume confirmations", "broadsheet"),
    ]
    assert "40 of 40 unconfirmed" in first.note


def test_a_flood_that_goes_on_stops_the_trial(store):
    sent(store, 40, at=NOW - timedelta(minutes=20))
    watch(store, NOW)
    assert watch(store, NOW + timedelta(minutes=60)) == TRIAL
    sent(store, 30, at=NOW + timedelta(minutes=65))
    assert watch(store, NOW + timedelta(minutes=80)) == STOPPED


def test_a_campaign_whose_readers_confirm_goes_on(store):
    sent(store, 400, at=NOW - timedelta(minutes=20), confirmed=300)
    assert watch(store, NOW) == ""


def test_readers_are_given_time_to_press_the_button(store):
    sent(store, 40, at=NOW - timedelta(minutes=9))
    assert watch(store, NOW) == ""


def test_what_is_usual_here_is_no_flood(store):
    for hour in range(2, 26):
        sent(store, 40, at=NOW - timedelta(hours=hour), prefix="u")
    sent(store, 60, at=NOW - timedelta(minutes=30))
    assert watch(store, NOW) == ""
